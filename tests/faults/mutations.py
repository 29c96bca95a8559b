"""Do the tests notice mistakes? Make each mistake of a list in a copy of charrnn; its test must fail.

    python tests/faults/mutations.py [WORDS ...]     only mistakes whose text contains a word

First the same tests run on an unchanged copy and must pass. Exits with 1 if a mistake is not noticed
or no longer fits the code. When a function moves or is renamed, change its name in the list.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ALL_PASSED, SOME_FAILED = 0, 1  # pytest's exit codes


class Mistake(NamedTuple):
    """An edit of one function, as code.

    what: the mistake in words.
    place: module and qualified function, "training.trainer:Trainer.steps"; a module alone for its constants.
    before: an expression, or statements in a row, that the function holds once. Syntax trees are
        compared, so layout, comments and quotes do not matter.
    after: the code that takes its place; "" drops it.
    test: the tests that must turn red, in tests/faults or another folder: ../stumbles/….
    """

    what: str
    place: str
    before: str
    after: str
    test: str


MISTAKES = [
    # Saving.
    Mistake(
        "the data is not synced before the rename",
        "_atomic:_write",
        "os.fsync(descriptor)",
        "",
        "test_saving.py::test_a_checkpoint_loads_after_a_power_cut_at_any_moment",
    ),
    Mistake(
        "the folder is not synced after the rename",
        "_atomic:write_atomically",
        "_fsync_folder(path.parent)",
        "",
        "test_saving.py::test_a_checkpoint_loads_after_a_power_cut_at_any_moment",
    ),
    Mistake(
        "a file is written in place",
        "_atomic:write_atomically",
        "temporary_beside(path)",
        "path",
        "test_saving.py::test_a_save_killed_at_any_os_call_leaves_the_old_checkpoint_or_the_new",
    ),
    Mistake(
        "a file is written in place, as a reader sees it",
        "_atomic:write_atomically",
        "temporary_beside(path)",
        "path",
        "test_runs_at_once.py::test_a_reader_never_sees_half_a_checkpoint",
    ),
    Mistake(
        "the old file is removed before the new one takes its name",
        "_atomic:write_atomically",
        "_replace(temporary, path)",
        "_remove(path)\n_replace(temporary, path)",
        "test_saving.py::test_a_save_killed_at_any_system_call_leaves_the_old_checkpoint_or_the_new",
    ),
    Mistake(
        "what a full disk left half written stays",
        "_atomic:write_atomically",
        "_remove(temporary)",
        "",
        "test_saving.py::test_a_failing_os_call_loses_no_checkpoint",
    ),
    Mistake(
        "a disk that takes a part of a write is believed to have taken all",
        "_atomic:_write",
        "left = left[os.write(descriptor, left[:_MAX_BYTES_AT_ONCE]):]",
        "os.write(descriptor, left[:_MAX_BYTES_AT_ONCE])\nleft = left[_MAX_BYTES_AT_ONCE:]",
        "test_saving.py::test_a_partial_write_is_completed",
    ),
    Mistake(
        "a file is for its owner only, whatever the umask says",
        "_atomic:_write",
        "0o666",
        "0o600",
        "test_saving.py::test_the_file_has_the_mode_that_the_umask_says",
    ),
    Mistake(
        "what killed processes left is never removed",
        "_atomic:discard_unfinished",
        "remove(leftover)",
        "",
        "test_saving.py::test_temporary_files_of_dead_processes_are_removed_and_those_of_living_ones_kept",
    ),
    Mistake(
        "what a living process writes is removed",
        "_atomic:discard_unfinished",
        "pid.isdecimal() and (not _is_alive(int(pid)))",
        "pid.isdecimal()",
        "test_saving.py::test_temporary_files_of_dead_processes_are_removed_and_those_of_living_ones_kept",
    ),
    Mistake(
        "the checkpoint before the last is not kept",
        "runs.run:Run.save",
        "keep_beside(self.last, self.previous)",
        "pass",
        "test_damage.py::test_a_run_with_a_damaged_last_checkpoint_resumes_from_the_previous_one",
    ),
    Mistake(
        "a run is not saved before its first step",
        "training.trainer:Trainer.steps",
        "self.state.step == 0",
        "False",
        "test_saving.py::test_a_full_disk_at_the_start_ends_the_run_before_step_one",
    ),
    Mistake(
        "a full disk ends a run in the middle",
        "training.checkpoints:Checkpoints._try",
        "self._saved = time.monotonic()",
        "raise",
        "test_saving.py::test_a_full_disk_in_mid_run_costs_only_warnings",
    ),
    # Reading what may be damaged or hostile.
    Mistake(
        "the digest is not compared",
        "runs.safetensors_file:read_arrays",
        "hashlib.sha256(memoryview(data)[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]",
        "False",
        "test_damage.py::test_flipped_bits_in_the_header_and_elsewhere_are_noticed",
    ),
    Mistake(
        "a header may be of any length",
        "runs.safetensors_file",
        "_MAX_HEADER_BYTES = 2 << 20",
        "_MAX_HEADER_BYTES = 2 << 30",
        "test_damage.py",
    ),
    Mistake(
        "arrays may overlap",
        "runs.safetensors_file:_locations",
        "location.first != start",
        "False",
        "test_damage.py::test_two_arrays_at_one_offset_are_refused",
    ),
    Mistake(
        "a name may stand twice in a header",
        "runs.safetensors_file:_distinct",
        "len(values) < len(pairs)",
        "False",
        "test_damage.py::test_a_header_with_one_small_mistake_is_refused",
    ),
    Mistake(
        "declared shapes are not compared with the configuration",
        "runs.checkpoint:_require_shapes",
        "declared != expected",
        "False",
        "test_damage.py",
    ),
    Mistake(
        "a header may be in any UTF",
        "runs.safetensors_file:read_header",
        "file.read(num_bytes).decode()",
        "file.read(num_bytes)",
        "test_damage.py::test_a_header_in_another_encoding_is_refused",
    ),
    Mistake(
        "weights need not be finite",
        "runs.checkpoint:array_problem",
        "not np.isfinite(array).all()",
        "False",
        "test_damage.py::test_weights_that_are_not_finite_are_refused",
    ),
    Mistake(
        "weights may be of any size",
        "runs.checkpoint:array_problem",
        "max(array.max(), -array.min()) > MAX_WEIGHT",
        "False",
        "test_damage.py::test_weights_with_overflowing_outputs_are_refused",
    ),
    Mistake(
        "a newer format is read as if it were known",
        "runs.header:_require_known_format",
        "number > FORMAT",
        "False",
        "test_damage.py",
    ),
    Mistake(
        "the first format is not brought up to date",
        "runs.migrations:_from_format_1",
        '{"ngrams": 1, "skip": False}',
        "{}",
        "test_damage.py",
    ),
    Mistake(
        "format 5 is not brought up to date",
        "runs.migrations:_from_format_5",
        '{"schedule_step": 0, "schedule_done": 0.0}',
        "{}",
        "test_damage.py::test_the_golden_checkpoint_of_each_format_still_loads",
    ),
    Mistake(
        "pickle is there to be used",
        "runs.safetensors_file",
        "import math",
        "import pickle\nimport math",
        "../test_architecture.py",
    ),
    Mistake(
        "a damaged last checkpoint ends a resume",
        "runs.run:Run._first_valid",
        "skipped.append(error)",
        "raise",
        "test_damage.py::test_the_best_checkpoint_replaces_a_damaged_last_one",
    ),
    Mistake(
        "verify does not say what is damaged",
        "training.verify_run:files",
        'Finding(path.name, "damaged", error.message)',
        'Finding(path.name, "damaged")',
        "../training/test_verify_run.py",
    ),
    Mistake(
        "verify does not compare what it makes again",
        "training.verify_run:_repeated",
        "any(comparisons)",
        "False",
        "../training/test_verify_run.py",
    ),
    # The same trajectory, always.
    Mistake(
        "a save resets the hidden state",
        "training.checkpoints:Checkpoints.current",
        "require_valid(trainer, arrays)",
        "state.carried = state.module.initial_state(trainer.config.batch_size)\n"
        "require_valid(trainer, arrays)",
        "test_trajectory.py::test_saving_more_often_or_showing_less_changes_nothing",
    ),
    Mistake(
        "a sample is spoken with the learner's own state",
        "training.callbacks.samples:_drawn",
        "require_valid(trainer, arrays)",
        "state.carried = state.module.initial_state(trainer.config.batch_size)\n"
        "require_valid(trainer, arrays)",
        "test_trajectory.py::test_sampling_while_it_trains_changes_nothing",
    ),
    Mistake(
        "random draws follow from nothing",
        "models.dropout:Draws._random",
        "np.random.default_rng(seeds)",
        "np.random.default_rng()",
        "test_trajectory.py::test_a_resumed_run_equals_an_uninterrupted_one",
    ),
    Mistake(
        "the optimiser begins anew at every resume",
        "training.loop:_overwrite",
        "tensor.copy_(values)",
        'if not name.startswith("optimizer"):\n    tensor.copy_(values)',
        "test_trajectory.py::test_a_resumed_run_equals_an_uninterrupted_one",
    ),
    Mistake(
        "the hidden state begins anew at every resume",
        "training.loop:_overwrite",
        "tensor.copy_(values)",
        'if not name.startswith("state"):\n    tensor.copy_(values)',
        "test_trajectory.py::test_a_resumed_run_equals_an_uninterrupted_one",
    ),
    Mistake(
        "a resume repeats the metrics of steps it makes again",
        "runs.run:Run.clean_up",
        "self.drop_metrics_after(step)",
        "",
        "test_damage.py::test_a_run_with_a_damaged_last_checkpoint_resumes_from_the_previous_one",
    ),
    Mistake(
        "a resume forgets the losses since the last figures",
        "training.checkpoints:Checkpoints.current",
        "np.array([float(loss) for loss in trainer.recent_losses], np.float32)",
        "0 * np.array([float(loss) for loss in trainer.recent_losses], np.float32)",
        "test_trajectory.py::test_resuming_again_and_again_equals_one_run",
    ),
    Mistake(
        "another number of threads is not told",
        "training.setup.machine:runtime_here",
        '("device", "threads")',
        '("device",)',
        "test_trajectory.py::test_resuming_with_another_number_of_threads_warns",
    ),
    Mistake(
        "a GPU that is not here ends a resume",
        "training.setup.machine:runtime_here",
        'if "device" in settings:\n    raise',
        "raise",
        "test_trajectory.py::test_a_missing_gpu_is_replaced_by_the_cpu_with_a_warning",
    ),
    Mistake(
        "other sizes at a resume are passed over",
        "cli.flags.resumed:require_same",
        "value != settings[name]",
        "False",
        "test_trajectory.py::test_resuming_with_other_sizes_names_the_difference",
    ),
    Mistake(
        "of equal error rates the first is the best",
        "training.callbacks.validation:Validation._validate",
        "decisive <= trainer.best",
        "decisive < trainer.best",
        "test_trajectory_of_tasks.py::test_of_equal_error_rates_the_latest_is_the_best",
    ),
    Mistake(
        "which n-grams are dropped depends on the process that has the text",
        "models.dropout:Draws.vector_dropout",
        "mask_TBN1[:, share]",
        "mask_TBN1[:, : x_TBD.shape[1]]",
        "../models/test_dropout.py::test_whole_vectors_are_dropped_each_time_anew",
    ),
    Mistake(
        "the same mask is dropped from every layer of an encoder–decoder",
        "models.encoders.encoder:Dropouts.of",
        "cls(inputs, outputs, recurrent)",
        "cls(inputs, lambda x: (draws.lane_dropout() or (lambda x: x))(x), recurrent)",
        "../tasks/pairs/test_seq2seq.py::test_dropout_is_held_over_time_and_differs_from_layer_to_layer",
    ),
    Mistake(
        "a process scores the pairs of its own share of a batch",
        "data.pairs.buckets:PairBatches._padded",
        "self.targets.lengths(pairs).sum()",
        "self.targets.lengths(pairs[self.share]).sum()",
        "../tasks/test_every_task.py::test_processes_that_share_a_batch_have_the_gradient_of_one",
    ),
    Mistake(
        "translations come in the order of their batches",
        "models.seq2seq.validation:translations",
        "[made[number] for number in numbers.tolist()]",
        "list(made.values())",
        "../models/seq2seq/test_validation.py"
        "::test_translations_come_in_the_order_asked_for_whatever_their_batches",
    ),
    Mistake(
        "a flag that means nothing to pairs is passed over",
        "cli.flags.of_task:typed_settings",
        "name in meaningful | typed",
        "name in meaningful",
        "../cli/flags/test_of_task.py::test_flags_that_contradict_the_task_cost_one_line",
    ),
    Mistake(
        "a run of pairs begins with the weights of a text",
        "training.setup.start:_model",
        "found.task != request.task",
        "False",
        "test_messages.py::test_a_mistake_costs_one_line_and_changes_no_run",
    ),
    Mistake(
        "an edit distance counts no edit at the end",
        "data.pairs.error_rates:edit_distance",
        "distance += bool(right_up & last_row) - bool(right_down & last_row)",
        "distance += bool(right_up & last_row)",
        "../data/pairs/test_error_rates.py::test_the_distance_is_the_one_of_the_definition",
    ),
    Mistake(
        "words of symbols between spaces are counted one by one",
        "data.pairs.error_rates:edit_counts",
        "not isinstance(side.vocab, SymbolVocab)",
        "True",
        "../data/pairs/test_error_rates.py::test_symbols_between_spaces_are_one_word",
    ),
    Mistake(
        "translate waits for the end of standard input",
        "cli.inputs:_chunks",
        "'read1' if as_it_comes else 'read'",
        "'read'",
        "../cli/test_inputs.py::test_lines_come_as_soon_as_they_are_written",
    ),
    Mistake(
        "an answer to a line is held back",
        "cli.translate:_Answers.write",
        "self._write.end(new_line=False)",
        "",
        "../cli/test_translate.py::test_a_line_is_answered_before_the_next_one_comes",
    ),
    Mistake(
        "draws begin anew with each part of a pipe",
        "cli.translate:_Answers._answer",
        "self._translator.write_many(lines, vars(request.config), with_alignment=request.as_json or request.is_drawn, first_number=self._num_answered, progress=self._bar.so_far)",
        "self._translator.write_many(lines, vars(request.config), with_alignment=request.as_json or request.is_drawn, first_number=0, progress=self._bar.so_far)",
        "../cli/test_translate.py::test_draws_depend_on_the_seed_and_the_number_of_the_line_alone",
    ),
    Mistake(
        "a model averages over pairs that one member has learned",
        "cli.pairs.score:pairs_to_score",
        "require_same_split(checkpoints, files.split)",
        "",
        "../cli/pairs/test_score.py::test_an_ensemble_scores_a_split_that_none_of_its_members_learned",
    ),
    Mistake(
        "a damaged copy of pairs is not noticed",
        "training.verify_corpus:_encoded_pairs",
        "encoded.sha256_of(pairs, vocabs, num_val=facts.num_val) != facts.sha256",
        "False",
        "../training/test_verify_corpus.py::test_a_damaged_copy_is_found",
    ),
    Mistake(
        "losses since the last figures come back on the processor",
        "training.trainer:Trainer.continue_from",
        "torch.from_numpy(start.arrays.get(RECENT, np.empty(0))).to(start.runtime.device)",
        "torch.from_numpy(start.arrays.get(RECENT, np.empty(0)))",
        "../training/test_trainer.py::test_recent_losses_move_to_the_device_of_the_run",
    ),
    Mistake(
        "what another machine writes is taken for left behind",
        "_atomic:discard_unfinished",
        'f".*.{_MACHINE}.*.tmp"',
        '".*.tmp"',
        "test_saving.py::test_temporary_files_of_dead_processes_are_removed_and_those_of_living_ones_kept",
    ),
    Mistake(
        "files go unchecked where the steps cannot be made again",
        "training.verify_run:replay",
        "(CorpusError, TeacherError, UsageError)",
        "CheckpointError",
        "../training/test_verify_run.py::test_where_the_steps_cannot_be_made_again_the_files_are_still_looked_at",
    ),
    # Teachers.
    Mistake(
        "a teacher that has changed goes on teaching",
        "tasks.teachers:_found",
        "teacher.weights_sha256() != sha256",
        "False",
        "test_teachers_lost.py::test_without_its_teachers_a_run_does_not_go_on",
    ),
    Mistake(
        "what teachers expect depends on where a run went on",
        "tasks.taught_batches:Reading.at",
        "stretch != self._stretch or step < self._next - 1",
        "self._stretch < 0 or step < self._next - 1",
        "../tasks/test_taught_batches.py::test_a_run_that_goes_on_anywhere_computes_the_same_to_the_bit",
    ),
    Mistake(
        "teachers go on with the state of another text",
        "tasks.taught_batches:Reading._read",
        "keep_lanes(self._states[m], ~window.begins_B)",
        "self._states[m]",
        "../tasks/test_taught_batches.py::test_it_is_what_they_say_together_after_a_warm_up",
    ),
    Mistake(
        "teachers are asked again in every epoch",
        "tasks.taught_batches:Kept._keep",
        "self._is_read[window] = True",
        "",
        "../tasks/test_taught_batches.py::test_from_the_second_epoch_on_teachers_are_not_asked_again",
    ),
    Mistake(
        "what another number of threads has computed is kept",
        "tasks.taught_batches:TaughtBatches.batch",
        "torch.get_num_threads()",
        "1",
        "../tasks/test_taught_batches.py::test_another_number_of_threads_computes_anew",
    ),
    Mistake(
        "teachers also teach where nothing is scored",
        "tasks.distillation:_cross_entropies",
        "nats_TB * (targets_TB != NOT_SCORED)",
        "nats_TB",
        "../tasks/test_distillation.py::test_loss_and_gradient_are_those_of_the_formula",
    ),
    # Divergence.
    Mistake(
        "weights that are not finite are saved",
        "training.checkpoints:require_valid",
        "checkpoint.array_problem(name, array)",
        "False",
        "test_divergence.py",
    ),
    Mistake(
        "a run that diverged does not go back",
        "training.checkpoints:roll_back",
        "newest.position.rollbacks == MAX_ROLLBACKS",
        "True",
        "test_divergence.py",
    ),
    Mistake(
        "a run that diverged goes back at the same rate",
        "training.checkpoints:roll_back",
        "newest.train.learning_rate / 2",
        "newest.train.learning_rate / 1",
        "test_divergence.py",
    ),
    Mistake(
        "a run goes back for ever",
        "training.checkpoints:roll_back",
        "newest.position.rollbacks == MAX_ROLLBACKS",
        "False",
        "test_divergence.py::test_a_run_that_keeps_diverging_ends_with_its_exit_code",
    ),
    # Signals, and several at once.
    Mistake(
        "a signal does not end training",
        "training.trainer:Trainer.steps",
        "self.received or self.state.step >= self.config.steps",
        "self.state.step >= self.config.steps",
        "test_stopping.py::test_a_signal_finishes_the_step_saves_and_says_how_to_continue",
    ),
    # Several processes.
    Mistake(
        "each process draws dropout for its own lanes alone",
        "models.dropout:Draws.lane_dropout",
        "draw(x_TBD, config.batch_size)[share]",
        "draw(x_TBD, x_TBD.shape[1])",
        "../training/test_distributed.py::test_two_processes_learn_what_one_does",
    ),
    Mistake(
        "a process divides by what its own lanes score",
        "data.batches:RecordLanes.window",
        "np.clip(ends_B - firsts_B, 0, self._seq_length)",
        "np.clip(ends_B - firsts_B, 0, self._seq_length)[self._share]",
        "../training/test_distributed.py::test_two_processes_learn_what_one_does",
    ),
    Mistake(
        "a launch is not remembered",
        "training.setup.start:_create_folder",
        "restarts.note(run, request.launch)",
        "pass",
        "test_ranks_lost.py::test_a_killed_process_does_not_change_the_result[kills0]",
    ),
    Mistake(
        "each process tells a mistake that is found early",
        "cli.train:train",
        "not torchrun.is_one_of_several()",
        "True",
        "test_ranks_lost.py::test_a_mistake_is_reported_once_and_ends_all_processes_with_its_exit_code",
    ),
    Mistake(
        "only the first process hears a signal",
        "training.trainer:Trainer._agreed",
        "received or 0",
        "(received or 0) * (self.state.group.rank == 0)",
        "test_ranks_lost.py::test_a_signal_to_one_process_ends_all_and_saves[1]",
    ),
    # Signals.
    Mistake(
        "signals end the process where it stands",
        "training.signals:Signals.__enter__",
        "self._receive",
        "signal.SIG_DFL",
        "test_stopping.py::test_a_signal_to_the_process_group_still_saves",
    ),
    Mistake(
        "a signal that was to be ignored is not",
        "training.signals:Signals.__enter__",
        "signal.getsignal(kind) != signal.SIG_IGN",
        "True",
        "test_stopping.py::test_an_ignored_signal_stays_ignored",
    ),
    Mistake(
        "a run is not locked",
        "runs.run:Run.locked",
        "held.enter_context(alone_at(self._lock, wait=False))",
        "pass",
        "test_runs_at_once.py::test_a_locked_run_names_its_trainer_and_a_killed_trainer_frees_it",
    ),
    Mistake(
        "two launches may share a run",
        "runs.root:Root.create",
        "(folder / candidate).mkdir()",
        "(folder / candidate).mkdir(exist_ok=True)",
        "test_runs_at_once.py::test_fifty_launches_at_once_make_fifty_runs",
    ),
    # Texts and terminals.
    Mistake(
        "a traceback on a bad corpus",
        "__main__:_fail",
        '"--debug" in sys.argv[1:2]',
        "True",
        "test_texts.py::test_an_unusable_corpus_is_refused_at_once",
    ),
    Mistake(
        "a corpus that changes between two readings goes unnoticed",
        "data.encoding.encode:write_shard",
        "digest.hexdigest() != job.place.sha256",
        "False",
        "test_texts.py::test_a_file_that_changes_between_two_readings_is_noticed",
    ),
    Mistake(
        "a read-only folder is taken for one to write in",
        "data.corpus:_is_writable",
        "os.access(folder, os.W_OK | os.X_OK)",
        "True",
        "test_read_only.py::test_commands_that_only_read_work_in_a_read_only_folder",
    ),
    Mistake(
        "a resume goes on with another text",
        "data.reload:_read_in",
        'scan.sha256 != facts.sha256 or facts.files_sha256 not in ("", files.sha256)',
        "False",
        "test_texts.py::test_a_changed_corpus_stops_a_resume_unless_keep_corpus_is_given",
    ),
    Mistake(
        "a byte that is not of the encoding is named at another place",
        "sources.decoding:_Decoder._decode",
        "self._num_bytes - len(held_back)",
        "self._num_bytes",
        "test_texts.py::test_invalid_utf8_is_named_by_line_and_byte",
    ),
    Mistake(
        "the byte order mark is learned",
        "sources.decoding:_Decoder._without_mark",
        "text = text[1:]",
        "",
        "test_texts.py::test_normalised_text_is_mentioned",
    ),
    Mistake(
        "out of memory is a bug of ours",
        "__main__:_translated",
        "isinstance(error, MemoryError) or re.search(_NO_MEMORY, reason)",
        "False",
        "test_divergence.py::test_out_of_memory_is_one_line_and_leaves_the_checkpoint",
    ),
    Mistake(
        "a model's text drives the terminal",
        "_text:visible",
        "text.translate(_SYMBOLS)",
        "text",
        "test_terminals.py::test_learned_escape_codes_are_shown_but_not_executed",
    ),
    Mistake(
        "a pipe gets colours",
        "cli.console.tables:_console",
        "Console(highlight=False, width=width)",
        "Console(force_terminal=True, width=width)",
        "test_terminals.py::test_piped_output_has_no_escape_codes",
    ),
    Mistake(
        "a closed pipe is a failure",
        "__main__:main",
        "code == 1",
        "False",
        "test_terminals.py::test_a_closed_pipe_ends_sampling_quietly",
    ),
    # Standard input.
    Mistake(
        "standard input is read though nobody asked for it",
        "cli.prompts:read",
        'inputs.note_unread(asking)\nreturn b""',
        "return sys.stdin.buffer.read()",
        "test_standard_input.py::test_no_command_waits_for_standard_input_unasked",
    ),
    Mistake(
        "looking for a piped text takes it",
        "cli.inputs:_is_waiting",
        "any((event & select.POLLIN for _, event in poll.poll(0)))",
        "any(poll.poll(0)) and bool(os.read(0, 1))",
        "test_standard_input.py::test_unread_standard_input_is_left_alone_and_mentioned",
    ),
    # Labels.
    Mistake(
        "of labels that are sources all texts of one are in the same split",
        "data.pairs.reading.spool:PairSpool.identify",
        "targets if is_label else sources",
        "sources",
        "../data/pairs/test_read_pairs.py::test_where_a_source_is_a_label_no_text_is_in_two_splits",
    ),
    Mistake(
        "the maximum over a text sees its padding, while it learns",
        "models.classifier.classifier:_mean_and_maximum",
        "x_SBD.masked_fill(~is_source_SB1, -math.inf).amax(0)",
        "x_SBD.amax(0)",
        "../models/classifier/test_classifier.py::test_padding_changes_nothing_and_gets_no_gradient",
    ),
    Mistake(
        "the maximum over a text sees its padding, in numpy",
        "models.classifier.classifier_numpy:_mean_and_maximum",
        "x_SDB.max(0, where=is_source_S1B, initial=-np.inf)",
        "x_SDB.max(0)",
        "../models/classifier/test_classifier_numpy.py::test_it_is_the_textbook",
    ),
    Mistake(
        "n-grams go from one text into the next",
        "tasks.pairs.source_ngrams:_between_boundaries",
        "np.array([RESERVED, ngrams.NOTHING])",
        "np.array([RESERVED, RESERVED])",
        "../tasks/pairs/test_source_ngrams.py::test_ngrams_are_learned_within_texts_and_their_boundaries",
    ),
    Mistake(
        "an idle example has the label before the first",
        "tasks.labels.labels:Classify.on_device",
        "np.where(ids_B == NOT_SCORED, NOT_SCORED, ids_B - 1)",
        "np.maximum(ids_B - 1, 0)",
        "../tasks/labels/test_labels.py::test_the_loss_is_that_of_every_text_by_itself",
    ),
    Mistake(
        "processes that share texts look up different numbers of embeddings",
        "data.pairs.buckets:PairBatches._padded",
        "self.sources.padded(mine, least=longest)",
        "self.sources.padded(mine)",
        "../data/pairs/test_buckets.py::test_every_share_of_a_batch_has_rows_for_its_longest_source",
    ),
    Mistake(
        "macro F1 counts labels that nothing is about",
        "analysis.label_scores:macro_f1",
        "counts_K + predicted_K > 0",
        "counts_K + predicted_K >= 0",
        "../analysis/test_label_scores.py::test_a_label_that_neither_occurs_nor_is_predicted_does_not_count",
    ),
    Mistake(
        "several classifiers add up their probabilities",
        "models.step_ensemble:log_mean_probabilities",
        "sum_V.dtype.type(np.log(num))",
        "0",
        "../generation/test_classification.py::test_several_networks_average_their_probabilities",
    ),
    # Labels that a language model never saw.
    Mistake(
        "equal numbers do not share their ranks",
        "analysis.neurons.auc:midranks",
        "np.cumsum(counts) - (counts - 1) / 2",
        "np.cumsum(counts)",
        "../analysis/neurons/test_auc.py::test_auc_is_the_share_of_pairs_in_the_right_order",
    ),
    Mistake(
        "a threshold is chosen by the half that is reported",
        "analysis.neurons.label_units:_Halves._measured",
        "auc.best_threshold(sign * self._choosing_NU[:, u], is_chosen_by_N)",
        "auc.best_threshold(sign * self._reported_NU[:, u], self._reported_label_N == c)",
        "../analysis/neurons/test_label_units.py::test_the_reported_half_chooses_nothing",
    ),
    Mistake(
        "the biases of a probe are penalised",
        "analysis.neurons.probe:fit",
        "penalised_PC[-1] = 0",
        "",
        "../analysis/neurons/test_probe.py::test_units_that_tell_nothing_leave_the_shares_of_the_labels",
    ),
    Mistake(
        "the order of the lines decides which texts are in which half",
        "analysis.neurons.labelled_texts:drawn",
        "sorted(heap, key=lambda item: (-item[0], item[1]))",
        "heap",
        "../analysis/neurons/test_label_units.py::test_the_order_of_the_lines_changes_nothing",
    ),
    # The loop in C.
    Mistake(
        "the loop in C draws unknown characters",
        "models.compiled.step_c:_SideBySide.draw",
        "-1 if unknown_id is None else unknown_id",
        "-1",
        "../models/compiled/test_step_c.py::test_an_unknown_character_is_never_drawn",
    ),
    Mistake(
        "a ramp of temperatures begins anew with each call of the loop in C",
        "generation.sampler:_drawn_in_turn",
        "np.arange(position, position + num)",
        "np.arange(num)",
        "../models/compiled/test_step_c.py::test_the_same_characters_are_drawn",
    ),
    Mistake(
        "a stream that begins again in a batch remembers what was read before",
        "models.compiled.step_c:CBatch.restart",
        "self._before_BK[streams] = self._before_start_BK[streams]",
        "",
        "../models/compiled/test_step_c.py::test_a_batch_is_numpys",
    ),
    Mistake(
        "the loop in C ignores what a sample asks for beside a temperature",
        "generation.batch:_Running._next_ids",
        "isinstance(batch, CBatch) and self._is_plain",
        "isinstance(batch, CBatch)",
        "../models/compiled/test_step_c.py::test_samples_side_by_side_are_those_drawn_alone",
    ),
    # A decision on each symbol.
    Mistake(
        "a causal tagger reads the n-grams that begin with a symbol",
        "config.networks:TaggerConfig.reads_ahead",
        "not self.is_causal",
        "True",
        "../models/tagger/test_tagger.py::test_of_a_causal_tagger_no_decision_depends_on_what_comes_later",
    ),
    Mistake(
        "n-grams that begin with a symbol are those of the symbol before",
        "models.encoders.text_encoder_equations:ngram_rows",
        "rows_SBN[k : k + num_symbols, :, k]",
        "rows_SBN[k - 1 : k - 1 + num_symbols, :, k]",
        "../models/encoders/test_text_encoder_equations.py::test_where_a_network_may_look_ahead_it_reads_what_begins_with_a_symbol_too",
    ),
    Mistake(
        "a tagger that reads a text as it comes forgets the n-grams across two parts",
        "models.tagger.tagger_numpy:TaggerStream.logits",
        "self._before_K1 = ngrams.after(ids_S1, self._before_K1)",
        "",
        "../models/tagger/test_tagger_numpy.py::test_a_source_read_as_it_comes_has_the_decisions_of_the_whole",
    ),
    Mistake(
        "pairs that were read before are in step whatever their lengths",
        "data.pairs.pair_files:PairFiles._scan_path",
        "what += ['in step'] * config.are_in_step",
        "",
        "../data/pairs/test_read_pairs.py::test_pairs_that_were_read_before_are_read_again_to_be_in_step",
    ),
    Mistake(
        "lengths are compared before the texts are normalised",
        "data.pairs.reading.table:TableReader._num_symbols",
        "num_symbols(normalised(text, form), self._kinds[side])",
        "num_symbols(text, self._kinds[side])",
        "../data/pairs/reading/test_table.py::test_in_step_each_symbol_of_a_source_has_one_of_the_target",
    ),
    Mistake(
        "the boundary after a target in step is learned, too",
        "tasks.in_step.tagging:Tag.on_device",
        "np.arange(len(targets_SB))[:, None] < pairs.lengths_B",
        "np.arange(len(targets_SB))[:, None] <= pairs.lengths_B",
        "../tasks/in_step/test_tagging.py::test_the_loss_is_that_of_every_pair_by_itself",
    ),
    Mistake(
        "an idle pair in step counts",
        "tasks.in_step.tagging:Tag.on_device",
        "is_scored_SB &= targets_SB != NOT_SCORED",
        "",
        "../tasks/in_step/test_tagging.py::test_the_loss_is_that_of_every_pair_by_itself",
    ),
    Mistake(
        "a symbol that a tagger does not know gets a decision",
        "generation.translation.in_step:Tagger._has_decision",
        "ids_S != RESERVED",
        "ids_S == ids_S",
        "../generation/translation/test_in_step.py::test_what_is_unknown_is_named_and_left_as_it_is",
    ),
    Mistake(
        "a line that is open is forgotten when more of it comes",
        "cli.pairs.tagged_texts:_write_as_it_comes",
        "stream = stream or tagger.stream()",
        "stream = tagger.stream()",
        "../cli/pairs/test_tagged_texts.py::test_each_symbol_is_answered_before_the_next_one_comes",
    ),
    # Translations.
    Mistake(
        "a translation looks at the padding of its source",
        "models.seq2seq.encoder_decoder_numpy:_Memory.attend",
        "alignment_BKS += self.padding_B1S",
        "",
        "../models/seq2seq/test_encoder_decoder_numpy.py::test_its_steps_are_those_of_the_textbook",
    ),
    Mistake(
        "an encoder reads on in the padding",
        "models.encoders.encoder_numpy:_read_layer",
        "part_HB *= s < lengths_B",
        "",
        "../models/encoders/test_encoder_numpy.py::test_it_reads_as_the_textbook_does",
    ),
    Mistake(
        "a translation goes on from the state of another",
        "generation.translation.search:_Beam._go_on",
        "self._decoder.rearrange((first_B1 + parents_BK).ravel())",
        "",
        "../generation/translation/test_search.py::test_a_wide_beam_finds_the_best_of_all_short_targets",
    ),
    Mistake(
        "a translation ends on a symbol that has no place in the beam",
        "generation.translation.search:_Beam.step",
        "is_end_BC & (np.arange(is_end_BC.shape[1]) < self._size)",
        "is_end_BC",
        "../generation/translation/test_search.py::test_a_beam_of_one_is_the_greedy_search",
    ),
    Mistake(
        "the search in a beam is over with the first ends, however unlikely they are",
        "generation.translation.search:_Beam._is_settled_B",
        "(num_ended_B >= self._size) & is_better_B",
        "num_ended_B >= self._size",
        "../generation/translation/test_search.py::test_unlikely_ends_do_not_end_the_search_for_a_long_target",
    ),
    Mistake(
        "the log probability of a cut translation counts a symbol that it does not have",
        "generation.translation.search:_SinglePaths.step",
        "is_open_N & ~is_cut_N",
        "is_open_N",
        "../generation/translation/test_search.py::test_a_beam_of_one_is_the_greedy_search",
    ),
    Mistake(
        "short translations win",
        "generation.translation.search:_length_penalty",
        "math.pow((5 + length) / 6, _LENGTH_POWER)",
        "1",
        "../generation/translation/test_search.py::test_longer_targets_are_not_punished_for_their_length_alone",
    ),
    Mistake(
        "an ensemble of translations averages logarithms",
        "generation.translation.members:EnsembleDecoder.step",
        "log_mean_probabilities(logits)",
        "sum(logits) / np.float32(len(logits))",
        "../generation/translation/test_members.py::test_probabilities_and_alignments_are_averaged",
    ),
    Mistake(
        "a translation writes a letter before its accent",
        "generation.translation.incremental:_composed",
        "unicodedata.combining(symbol) == 0 and not _compose(held, symbol)",
        "True",
        "../generation/translation/test_incremental.py::test_joined_it_is_the_decoded_text",
    ),
    Mistake(
        "translations come in the order of their lengths",
        "generation.translation.batching:in_order",
        "answers.update(zip(batch, answered, strict=True))",
        "answers.update(zip(range(len(answers), len(window)), answered, strict=False))",
        "../generation/translation/test_batching.py::test_answers_come_in_order",
    ),
    Mistake(
        "all texts draw the same translation",
        "generation.translation.target_writer:_choice",
        "(source.number, k)",
        "(0, k)",
        "../generation/translation/test_translator.py::test_draws_follow_from_the_seed_and_the_number_of_the_text",
    ),
    Mistake(
        "the loss of a translation leaves out the end",
        "generation.translation.target_writer:TargetWriter._losses",
        "np.append(ids_T != RESERVED, True)",
        "np.append(ids_T != RESERVED, False)",
        "../generation/translation/test_teacher_forcing.py::test_the_loss_of_a_pair_is_that_of_the_torch_model",
    ),
    # A machine that others use.
    Mistake(
        "a correction of the clock rules before it is saved",
        "training.clock:_change",
        "not trainer.state.group.broadcast_number(trainer.checkpoints.try_to_save())",
        "False",
        "../training/test_clock.py::test_a_correction_is_saved_before_it_applies",
    ),
    Mistake(
        "the learning rate follows the steps, whatever share of the time is over",
        "training.schedule:learning_rate",
        "schedule_share(step, config) * config.steps if is_corrected else step",
        "step",
        "../training/test_clock.py::test_the_learning_rate_follows_the_time_and_ends_at_zero",
    ),
    Mistake(
        "validations take as much of the time as they like",
        "training.clock:Pace.correction",
        "max(config.eval_every, min_eval_every)",
        "config.eval_every",
        "../training/test_clock.py::test_validations_on_the_way_take_a_small_share_of_the_time",
    ),
    Mistake(
        "another number of threads rules before it is saved",
        "training.clock:follow",
        "header = dataclasses.replace(header, runtime=dataclasses.replace(runtime, threads=threads))",
        "device.set_threads(threads)",
        "../training/test_threads.py::test_another_number_of_threads_is_saved_before_it_applies",
    ),
    Mistake(
        "a trial of threads learns",
        "training.loop:rehearse",
        "for weight in state.module.parameters():\n    weight.grad = None",
        "",
        "../training/test_threads.py::test_a_trial_has_no_effect_on_what_is_learned",
    ),
    Mistake(
        "threads that wait keep a core busy",
        "_cores:let_threads_sleep",
        "environment.setdefault(name, value)",
        "pass",
        "../test_cores.py::test_the_threads_of_every_library_spin_shortly",
    ),
    Mistake(
        "a quota is passed over",
        "_cores:num_cores",
        "[num_bound, *(int(quota) for quota in _quotas(root))]",
        "[num_bound]",
        "test_machine_in_use.py::test_a_cpu_quota_limits_the_threads",
    ),
    Mistake(
        "a run that learned nothing ends like any other",
        "training.callbacks.baselines:Baselines.on_finish",
        "(trainer.notify if trainer.clock is None else trainer.warn)(message)",
        "",
        "../stumbles/test_stumbles_machine.py::test_a_run_that_learned_next_to_nothing_says_so",
    ),
    # Pairs.
    Mistake(
        "pairs of the same source are in two splits",
        "data.pairs.pair_splits:PairSplits._places",
        "self.hashes_N[numbers].astype(np.uint64)",
        "numbers.astype(np.uint64)",
        "../data/pairs/test_pair_splits.py::test_no_source_is_in_two_splits",
    ),
    Mistake(
        "pairs whose source is in the validation files are learned",
        "data.pairs.pair_splits:PairSplits._learned",
        "is_learned &= ~np.isin(self.hashes_N[numbers], hashes_V)",
        "",
        "../data/pairs/test_pair_splits.py::test_validation_files_are_the_split_and_training_leaves_their_sources_out",
    ),
    Mistake(
        "pairs with a target that cannot be written are learned",
        "data.pairs.pair_splits:PairSplits._learned",
        "~np.isin(numbers, self.left_out)",
        "np.ones(len(numbers), bool)",
        "../data/pairs/test_read_pairs.py::test_rare_symbols_of_sources_are_unknown_and_pairs_with_rare_targets_are_left_out",
    ),
    Mistake(
        "a picture that has changed is not noticed",
        "data.pairs.pictures.caption_spool:_facts",
        "status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino",
        "()",
        "../data/pairs/pictures/test_encoded_pictures.py::test_a_changed_picture_needs_permission_to_use_the_old_copy",
    ),
    Mistake(
        "captions of one picture are in two splits",
        "data.pairs.pictures.caption_spool:CaptionSpool.identify",
        "self.take_in(both, targets, decisive=digests)",
        "self.take_in(both, targets, decisive=sources)",
        "../data/pairs/pictures/test_encoded_pictures.py::test_captions_of_one_picture_are_in_one_split",
    ),
    Mistake(
        "a path may lead out of the folder of pictures",
        "sources.pictures:PictureFolder.locate",
        'drive or inside.split(os.sep)[0] in ("", ".", os.pardir)',
        "drive",
        "../sources/test_pictures.py::test_a_path_may_not_leave_the_folder",
    ),
    Mistake(
        "a picture is opened in a format that runs programs",
        "sources.pictures:read_picture",
        "Image.open(file, formats=FORMATS)",
        "Image.open(file)",
        "../sources/test_pictures.py::test_what_is_no_picture_is_named",
    ),
    Mistake(
        "a resume goes on with other pairs",
        "data.pairs.reload_pairs:_read_in",
        "reference.vocabs if scan.sha256 == reference.facts.sha256 else None",
        "reference.vocabs",
        "../data/pairs/test_reload_pairs.py::test_changed_pairs_need_permission_to_use_the_old_copy",
    ),
    Mistake(
        "bad lines are left out in silence",
        "data.pairs.reading.bad_lines:BadLines.require_none",
        "self.num and not self.are_skipped",
        "False",
        "../data/pairs/reading/test_table.py::test_the_first_bad_line_is_named_with_their_number",
    ),
    # Records, files and splits.
    Mistake(
        "the end of a file does not end a record",
        "data.records:Records.find",
        "np.isin(starts, file_starts_F)",
        "np.isin(starts, _ONE_FILE)",
        "../stumbles/test_stumbles_records.py::test_records_of_neighbouring_files_do_not_merge",
    ),
    Mistake(
        "validation takes the end of the last file alone",
        "data.splits:Splits.of",
        "list(grouped(files, config, len(ids)))",
        "[(0, end)]",
        "../stumbles/test_stumbles_records.py::test_validation_holds_a_part_of_every_file",
    ),
    Mistake(
        "a run that is named by its path gets what has its corpus's name here",
        "data.corpus:folders_of",
        "(root.parent,) if is_same else (root.parent, Path())",
        "(Path(),)",
        "../stumbles/test_stumbles_places.py::test_a_file_of_the_same_name_here_is_not_taken_for_the_corpus",
    ),
    Mistake(
        "--errors skip leaves out the good lines around a bad one",
        "sources.lines:without_damaged",
        '"".join((line + end for line, end in pairs if UNDECODABLE not in line))',
        '""',
        "../stumbles/test_stumbles_reading.py::test_errors_skip_leaves_out_the_line_and_no_other",
    ),
    Mistake(
        "a compressed file that is cut short is read in silence",
        "sources.file_types:damage_named",
        "yield",
        "try:\n"
        "    yield\n"
        "except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):\n"
        "    return",
        "../stumbles/test_stumbles_reading.py::test_a_compressed_file_that_was_cut_says_so",
    ),
    Mistake(
        "all files of a folder are read in one encoding",
        "data.encoding.counting:_count_in_some_encoding",
        "source.is_one_of_many",
        "False",
        "../stumbles/test_stumbles_reading.py::test_each_file_of_a_folder_is_read_in_its_own_encoding",
    ),
    # The library.
    Mistake(
        "the library leaves the process as the run set it",
        "api:_run_to_the_end",
        "device.settings_restored()",
        "ExitStack()",
        "../test_api.py::test_a_call_changes_nothing_of_the_process",
    ),
    Mistake(
        "Ctrl-C in the library is not waited for and nothing is saved",
        "api:_Interrupts._receive",
        "self.received is not None",
        "True",
        "../test_api.py::test_ctrl_c_saves_the_run_and_resuming_it_changes_nothing",
    ),
    Mistake(
        "torch's random numbers are drawn from by a call of the library",
        "models.device:settings_restored",
        "torch.random.fork_rng(gpus)",
        "warnings.catch_warnings()",
        "../test_api.py::test_a_call_changes_nothing_of_the_process",
    ),
    # Samples.
    Mistake(
        "a copy may be one character longer than was said",
        "generation.constraints:NoCopies.apply",
        "self._num_read - self._length + 1",
        "self._num_read - self._length",
        "../generation/test_constraints.py::test_it_keeps_from_being_drawn_exactly_what_would_complete_a_copy",
    ),
    Mistake(
        "an end that can never come is waited for",
        "cli.prompts:check_end",
        "not model.can_say(model.spelled(text))",
        "False",
        "../stumbles/test_stumbles_sampling.py::test_a_stop_that_can_never_occur_is_reported",
    ),
    Mistake(
        "what was not read of a prompt is part of the record",
        "cli.prompts:checked",
        'prompts if model.records == "none" else [model.known(prompt) for prompt in prompts]',
        "prompts",
        "../stumbles/test_stumbles_sampling.py::test_unread_characters_of_a_prompt_are_not_in_the_record",
    ),
    # Several runs as one, and runs of several tasks.
    Mistake(
        "an ensemble adds up the logits of its members",
        "models.step_ensemble:log_mean_probabilities",
        "np.logaddexp(sum_V, log_softmax(logits_V, axis))",
        "sum_V + log_softmax(logits_V, axis)",
        "../generation/test_ensemble.py::test_its_probabilities_are_the_mean_of_the_members",
    ),
    Mistake(
        "a member of an ensemble has the characters before of another",
        "models.step_ensemble:EnsembleBackend._states",
        "joint.before_KB[len(joint.before_KB) - K:]",
        "joint.before_KB[:K]",
        "../models/test_step_ensemble.py::test_streams_side_by_side_give_what_each_gives_alone",
    ),
    Mistake(
        "runs with the same characters in another order are averaged",
        "generation.ensemble:_difference_of_vocabs",
        "symbols == others",
        "set(symbols) == set(others)",
        "../generation/test_ensemble.py::test_what_differs_is_said_in_one_line",
    ),
    Mistake(
        "an ensemble is scored on a text that one of its members learned",
        "analysis.scoring:score_split",
        "_require_same_splits(checkpoints)",
        "",
        "../analysis/test_scoring.py::test_several_runs_share_their_validation_split_or_need_a_file",
    ),
    Mistake(
        "PPM learns a character before it predicts it",
        "analysis.mixture:Mixture.losses",
        "situation = _situation(self._ppm.evidence(), self._lead)",
        "self._ppm.learn(id)\nsituation = _situation(self._ppm.evidence(), self._lead)",
        "../analysis/test_mixture.py::test_the_mixture_sums_to_one_at_every_character",
    ),
    Mistake(
        "PPM leaves an escape where no character is left",
        "analysis.ppm:PPM._levels",
        "is_last * len(new)",
        "0",
        "../analysis/test_ppm.py::test_probabilities_are_those_of_the_definition",
    ),
    Mistake(
        "PPM counts the validation split before it predicts it",
        "analysis.adaptive:ppm_of_training",
        "text.ids[max(0, text.num_train - MAX_COUNTED) : text.num_train]",
        "text.ids[max(0, text.num_train - MAX_COUNTED) :]",
        "../analysis/test_adaptive.py::test_ppm_counts_the_end_of_the_training_split_alone",
    ),
    Mistake(
        "samples of several runs are compared with the text of the first alone",
        "cli.sample_writer:_job_of",
        "_require_same_corpus(checkpoints)",
        "pass",
        "../cli/test_sample.py::test_records_of_several_runs_are_new_to_the_text_that_all_learned",
    ),
    Mistake(
        "the newest run is taken, whatever it learned",
        "runs.root:Root._newest",
        "_task_of(run) in (*tasks, None)",
        "True",
        "../runs/test_root.py::test_the_newest_run_of_a_task_is_found",
    ),
    # A step as a graph.
    Mistake(
        "a graph takes an n-gram for the one with the same end",
        "export.onnx_step:_longer",
        'graph.node("And", [inside_BF, same_BF], (None, F))',
        "inside_BF",
        "../export/test_onnx_step.py::test_rows_of_ngrams_are_found_whatever_is_known",
    ),
    Mistake(
        "a graph reads past the n-grams with the same end",
        "export.onnx_step:_longer",
        'graph.node("And", [inside_BF, same_BF], (None, F))',
        "same_BF",
        "../export/test_onnx_step.py::test_rows_of_ngrams_are_found_whatever_is_known",
    ),
    # Runs as things.
    Mistake(
        "a copy to hand over tells which files were learned",
        "runs.speaking_part:speaking_part",
        "facts.left_out()",
        "facts",
        "../runs/test_speaking_part.py::test_a_copy_says_the_same_and_nothing_private_is_in_it",
    ),
    Mistake(
        "a copy to hand over has the training state in it",
        "runs.speaking_part:speaking_part",
        "whole.without_training_state().arrays",
        "whole.arrays",
        "../runs/test_speaking_part.py::test_columns_of_a_table_and_splits_are_left_out_and_how_a_text_is_read_is_kept",
    ),
    Mistake(
        "the encoded text of other runs is removed, too",
        "runs.removal:_unneeded_in",
        "set().union(*going).difference(*files.values())",
        "set().union(*going)",
        "../runs/test_removal.py::test_the_files_of_pairs_go_with_their_last_run",
    ),
    Mistake(
        "a run that another process has renamed is made again, empty",
        "runs.run:Run.at_rest",
        "not self.checkpoints",
        "False",
        "../runs/test_run.py::test_a_run_that_another_process_moved_does_not_come_back",
    ),
    Mistake(
        "a run that is being trained is removed",
        "runs.removal:planned",
        "with run.at_rest():\n    pass",
        "",
        "../runs/test_removal.py::test_a_run_that_is_trained_stays_and_so_do_the_others",
    ),
    Mistake(
        "a folder is removed with what is no part of a run",
        "runs.removal:planned",
        "_require_nothing_else_in(run)",
        "",
        "../runs/test_removal.py::test_a_folder_that_holds_something_else_is_not_removed",
    ),
    Mistake(
        "an encoded text goes that a run needs which is not saved yet",
        "runs.removal:Removal._remove_corpora_of",
        "_needed_in(folder) | claimed",
        "_needed_in(folder)",
        "../runs/test_removal.py::test_what_a_run_needs_that_is_not_saved_yet_stays",
    ),
    Mistake(
        "the claim on an encoded text stays when the run is saved",
        "training.setup.start:start_run",
        "corpus.release",
        "lambda: None",
        "../runs/test_removal.py::test_what_a_run_needs_that_is_not_saved_yet_stays",
    ),
    Mistake(
        "a copy replaces a checkpoint of a run",
        "runs.speaking_part:hand_over",
        "path.name in NAMES_IN_A_RUN",
        "False",
        "../runs/test_speaking_part.py::test_no_copy_becomes_a_checkpoint_of_another_run",
    ),
    # A server.
    Mistake(
        "a client that goes away keeps its place",
        "server.event_stream:EventStream.__call__",
        "with self._place, contextlib.suppress(ClientDisconnect):\n    await unless_gone(receive, self._send(in_time(send, self._send_seconds)))",
        "with contextlib.suppress(ClientDisconnect):\n    await unless_gone(receive, self._send(in_time(send, self._send_seconds)))",
        "../server/test_event_stream.py::test_a_client_that_goes_away_frees_its_place_and_gets_no_more",
    ),
    Mistake(
        "a page of the web may ask by a name of its own",
        "server.access:Gate._refusal",
        "self._is_local and not _is_of_loopback(_name(host))",
        "False",
        "../server/test_access.py::test_on_loopback_other_names_are_refused",
    ),
    Mistake(
        "a server beyond this machine needs no key",
        "cli.share.running_server:run",
        "request.key is None and not is_local",
        "False",
        "../cli/share/test_serve.py::test_beyond_this_machine_it_takes_a_key",
    ),
    Mistake(
        "as many requests wait as like to",
        "server.waiting_line:WaitingLine.place",
        "self._free.locked() and self.num_waiting >= self._most_waiting",
        "False",
        "../server/test_waiting_line.py::test_a_request_that_finds_the_line_full_is_told_when_to_come_again",
    ),
    # While a person types.
    Mistake(
        "what may show the end of a word in two characters is not looked at",
        "generation.typing.suggestions:_WordSearch._grow",
        "bound = self._completion(beginning, num_after).prob + beginning.prob(ids)",
        "bound = 0.0",
        "../generation/typing/test_suggestions.py::test_the_likeliest_are_those_of_brute_force",
    ),
    Mistake(
        "a search ends with the first words that it finds",
        "generation.typing.suggestions:_WordSearch._is_found",
        "best[-1].prob >= -self._heap[0].lowest",
        "True",
        "../generation/typing/test_suggestions.py::test_the_likeliest_are_those_of_brute_force",
    ),
    Mistake(
        "a changed text keeps the cursors behind the change",
        "generation.typing.positions:Positions._follow",
        "place > num_shared",
        "False",
        "../generation/typing/test_positions.py::test_wherever_a_text_is_changed_the_cursor_is_that"
        "_of_the_whole_text",
    ),
    Mistake(
        "a correction is not found where another one moved it",
        "cli.typing.editor:_Check.after",
        "self.done._replace(start=self.done.start + shift)",
        "self.done",
        "../cli/typing/test_editor.py::test_a_correction_finds_its_word_when_more_was_typed_meanwhile",
    ),
    Mistake(
        "a typed text is lost where standard output refuses it",
        "cli.typing.delivery:_try",
        "kept = _keep(data)",
        "kept = None",
        "../cli/typing/test_delivery.py::test_where_standard_output_refuses_the_text_is_kept_in_a_file",
    ),
    Mistake(
        "a typed text replaces a file that was made meanwhile",
        "cli.typing.delivery:_write",
        "path.exists()",
        "False",
        "../cli/typing/test_delivery.py::test_a_file_that_exists_is_never_replaced",
    ),
    Mistake(
        "a second hang-up ends the program before the text is kept",
        "cli.typing.write:_called_by_signals",
        "signal.signal(number, lambda n, _: end(128 + n))",
        "signal.signal(number, lambda n, _: (end(128 + n), signal.signal(n, signal.default_int_handler)))",
        "../cli/typing/test_write.py::test_hang_ups_while_the_text_is_being_written_change_nothing",
    ),
    # Sharing.
    Mistake(
        "an exported file replaces whatever has its name",
        "_exported:require_replaceable",
        "not is_ours(path)",
        "False",
        "../test_exported.py::test_what_somebody_else_wrote_stays",
    ),
    Mistake(
        "the data of a page can end the element that it stands in",
        "export.page:_as_json",
        'json.dumps(values, separators=(",", ":")).replace("<", "\\\\u003c")',
        'json.dumps(values, separators=(",", ":"))',
        "../export/test_page.py::test_markup_in_a_name_or_vocabulary_opens_no_tag",
    ),
    Mistake(
        "a page is called by the path of its checkpoint",
        "export.page_facts:_name",
        "return checkpoint.run_name if is_in_a_run else valid_unicode(checkpoint.path.stem)",
        "return str(checkpoint.path)",
        "../export/test_page_facts.py::test_no_path_and_no_name_of_the_corpus_is_told",
    ),
    Mistake(
        "the loss that a page tells is that of weights that were not rounded",
        "export.measured_loss:with_rounded_weights",
        "packing.rounded(array, weights)",
        "array",
        "../export/test_measured_loss.py::test_the_loss_is_that_of_the_beginning_of_the_validation_text",
    ),
]


def main() -> int:
    """Make the mistakes, as many at once as there are cores; print which were noticed."""
    words = sys.argv[1:] or [""]
    chosen = [m for m in MISTAKES if any(word in m.what for word in words)]
    if not chosen:
        raise SystemExit(f"no mistake of the list holds any of: {' '.join(words)}")
    for mistake in chosen:
        mutated(mistake)  # ends the program at once if the list is out of date
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        num_at_once = os.cpu_count() or 1
        for number in range(num_at_once):
            copies.put(_copy(Path(folder, str(number))))
        print(f"unchanged, the tests of {len(chosen)} mistakes: ", end="", flush=True)
        first = copies.get()
        done = _tested(first, sorted({mistake.test for mistake in chosen}))
        if done.returncode != ALL_PASSED:
            print(f"not green\n{done.stdout}")
            return 1
        print("green", flush=True)
        copies.put(first)

        def tried(mistake: Mistake) -> bool:
            copy = copies.get()
            try:
                return _is_noticed(mistake, copy)
            finally:
                copies.put(copy)

        unnoticed = 0
        with ThreadPoolExecutor(num_at_once) as pool:
            for mistake, noticed in zip(chosen, pool.map(tried, chosen), strict=True):
                unnoticed += not noticed
                print(f"{'noticed' if noticed else 'UNNOTICED':9}  {mistake.what}", flush=True)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} mistakes were noticed")
    return 1 if unnoticed else 0


def _copy(folder: Path) -> Path:
    """Copy the program and its tests into a folder."""
    for name in ("charrnn", "docs", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def _path(module: str) -> str:
    return f"charrnn/{module.replace('.', '/')}.py"


def mutated(mistake: Mistake) -> str:
    """Return the module's code with the mistake in it; end the program where it does not fit once."""
    module, _, function = mistake.place.partition(":")
    tree = ast.parse((ROOT / _path(module)).read_text(encoding="utf-8"))
    scope = _find(tree, function.split(".") if function else [])
    if scope is None:
        raise SystemExit(f"{mistake.what}: {module} has no {function}")
    num_fits = _replace(scope, ast.parse(mistake.before).body, ast.parse(mistake.after).body)
    if num_fits != 1:
        times = "twice or more" if num_fits else "nowhere"
        raise SystemExit(f"{mistake.what}: {mistake.place} holds this {times}: {mistake.before}")
    return ast.unparse(tree)


def _find(node: ast.AST, names: Sequence[str]) -> ast.AST | None:
    """Return the class or function that a qualified name leads to."""
    for name in names:
        children = [
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and child.name == name
        ]
        if not children:
            return None
        node = children[-1]  # after its overloads
    return node


def _replace(scope: ast.AST, before: list[ast.stmt], after: list[ast.stmt]) -> int:
    """Replace one expression by another, or statements in a row by others; return how often."""
    if all(len(code) == 1 and isinstance(code[0], ast.Expr) for code in (before, after)):
        return _replace_expression(scope, _expression(before), _expression(after))
    sought, num_fits = [ast.dump(each) for each in before], 0
    for node in list(ast.walk(scope)):
        for _, body in ast.iter_fields(node):
            if not isinstance(body, list) or not all(isinstance(each, ast.stmt) for each in body):
                continue
            dumped = [ast.dump(each) for each in body]
            for at in reversed(range(len(body) - len(before) + 1)):
                if dumped[at : at + len(before)] == sought:
                    body[at : at + len(before)] = after
                    body[:] = body or [ast.Pass()]
                    num_fits += 1
    return num_fits


def _expression(code: list[ast.stmt]) -> ast.expr:
    [statement] = code
    assert isinstance(statement, ast.Expr)
    return statement.value


def _replace_expression(scope: ast.AST, before: ast.expr, after: ast.expr) -> int:
    sought, num_fits = ast.dump(before), 0
    for node in list(ast.walk(scope)):
        for name, value in ast.iter_fields(node):
            values = value if isinstance(value, list) else [value]
            for at, each in enumerate(values):
                if isinstance(each, ast.expr) and ast.dump(each) == sought:
                    num_fits += 1
                    if isinstance(value, list):
                        value[at] = after
                    else:
                        setattr(node, name, after)
    return num_fits


def _is_noticed(mistake: Mistake, copy: Path) -> bool:
    module = copy / _path(mistake.place.partition(":")[0])
    original = module.read_text()
    module.write_text(mutated(mistake))
    try:
        return _tested(copy, [mistake.test]).returncode == SOME_FAILED
    finally:
        module.write_text(original)


def _tested(copy: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run tests in a copy; return pytest's exit code and output."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-m", "slow or not slow"]
    return subprocess.run(
        [*command, *(f"tests/faults/{test}" for test in tests)],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(main())
