"""Do the tests notice? Each mistake of a list is made in a copy of charrnn, and the tests of its
row must turn red.

    python tests/faults/mutations.py [WORDS ...]     only those mistakes that hold any of these

First the same tests run on an unchanged copy and must be green. Ends with 1 where a mistake went
unnoticed. A mistake that no longer fits the code ends it too: bring the list up to date.
"""

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
    """`before` stands once in the module, `after` takes its place, `test` notices; it is one of
    tests/faults, or of another folder: ../stumbles/….
    """

    what: str
    module: str
    before: str
    after: str
    test: str


MISTAKES = [
    # Saving.
    Mistake(
        "the data is not synced before the rename",
        "_atomic",
        "        os.fsync(descriptor)\n    finally:\n        os.close(descriptor)\n\n\ndef _remove",
        "    finally:\n        os.close(descriptor)\n\n\ndef _remove",
        "test_saving.py::test_whatever_reached_the_disk_when_the_power_went_a_checkpoint_loads",
    ),
    Mistake(
        "the folder is not synced after the rename",
        "_atomic",
        "        raise\n    _fsync_folder(path.parent)\n",
        "        raise\n",
        "test_saving.py::test_whatever_reached_the_disk_when_the_power_went_a_checkpoint_loads",
    ),
    Mistake(
        "a file is written in place",
        "_atomic",
        "    temporary = temporary_beside(path)\n    try:",
        "    temporary = path\n    try:",
        "test_saving.py::test_a_save_that_ends_before_any_touch_of_the_disk_leaves_the_old_one_or_the_new",
    ),
    Mistake(
        "a file is written in place, as a reader sees it",
        "_atomic",
        "    temporary = temporary_beside(path)\n    try:",
        "    temporary = path\n    try:",
        "test_runs_at_once.py::test_a_reader_never_sees_half_a_checkpoint",
    ),
    Mistake(
        "the old file is removed before the new one takes its name",
        "_atomic",
        "        _replace(temporary, path)\n    except",
        "        _remove(path)\n        _replace(temporary, path)\n    except",
        "test_saving.py::test_a_save_killed_at_any_system_call_leaves_the_old_checkpoint_or_the_new",
    ),
    Mistake(
        "what a full disk left half written stays",
        "_atomic",
        "        _remove(temporary)\n        raise",
        "        raise",
        "test_saving.py::test_a_touch_of_the_disk_that_fails_costs_no_checkpoint",
    ),
    Mistake(
        "a disk that takes a part of a write is believed to have taken all",
        "_atomic",
        "left = left[os.write(descriptor, left[:_MAX_BYTES_AT_ONCE]) :]",
        "os.write(descriptor, left[:_MAX_BYTES_AT_ONCE])\n                left = left[_MAX_BYTES_AT_ONCE:]",
        "test_saving.py::test_a_disk_that_takes_a_part_of_a_write_is_given_the_rest",
    ),
    Mistake(
        "a file is for its owner only, whatever the umask says",
        "_atomic",
        "0o666",
        "0o600",
        "test_saving.py::test_the_file_has_the_mode_that_the_umask_says",
    ),
    Mistake(
        "what killed processes left is never removed",
        "_atomic",
        "            _remove(leftover)",
        "            pass",
        "test_saving.py::test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not",
    ),
    Mistake(
        "what a living process writes is removed",
        "_atomic",
        " and not _is_alive(int(pid))",
        "",
        "test_saving.py::test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not",
    ),
    Mistake(
        "the checkpoint before the last is not kept",
        "runs.folder",
        "                keep_beside(self.last, self.previous)",
        "                pass",
        "test_damage.py::test_a_run_with_a_damaged_last_checkpoint_goes_on_from_the_one_before",
    ),
    Mistake(
        "a run is not saved before its first step",
        "training.trainer",
        "        if self.state.step == 0:\n            self.checkpoints.save()",
        "        if False:\n            self.checkpoints.save()",
        "test_saving.py::test_a_disk_that_refuses_at_the_start_ends_the_run_before_step_one",
    ),
    Mistake(
        "a full disk ends a run in the middle",
        "training.checkpoints",
        "        except StorageError as error:\n            self._saved = time.monotonic()\n",
        "        except StorageError as error:\n            raise\n",
        "test_saving.py::test_a_disk_that_refuses_in_mid_run_costs_nothing_but_a_warning",
    ),
    # Reading what may be damaged or hostile.
    Mistake(
        "the digest is not compared",
        "runs.safetensors_file",
        "    if hashlib.sha256(memoryview(data)[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]:",
        "    if False:",
        "test_damage.py::test_every_flipped_bit_of_the_header_and_many_of_the_rest_are_noticed",
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
        "runs.safetensors_file",
        "        if place.first != start:",
        "        if False:",
        "test_damage.py::test_two_arrays_in_one_place_are_refused",
    ),
    Mistake(
        "a name may stand twice in a header",
        "runs.safetensors_file",
        "    if len(found) < len(pairs):",
        "    if False:",
        "test_damage.py::test_a_header_of_which_a_little_is_wrong_is_refused",
    ),
    Mistake(
        "declared shapes are not compared with the configuration",
        "runs.checkpoint",
        "    if declared != expected:",
        "    if False:",
        "test_damage.py",
    ),
    Mistake(
        "a header may be in any UTF",
        "runs.safetensors_file",
        "file.read(num_bytes).decode()",
        "file.read(num_bytes)",
        "test_damage.py::test_a_header_in_another_encoding_is_refused",
    ),
    Mistake(
        "weights need not be finite",
        "runs.checkpoint",
        "    if not np.isfinite(array).all():",
        "    if False:",
        "test_damage.py::test_weights_that_are_not_finite_are_refused",
    ),
    Mistake(
        "weights may be of any size",
        "runs.checkpoint",
        "max(array.max(), -array.min()) > MAX_WEIGHT",
        "False",
        "test_damage.py::test_weights_that_no_network_has_are_refused",
    ),
    Mistake(
        "a newer format is read as if it were known",
        "runs.checkpoint",
        '        if facts["format"] > FORMAT:',
        "        if False:",
        "test_damage.py",
    ),
    Mistake(
        "the first format is not brought up to date",
        "runs.checkpoint",
        '        if facts["format"] == 1:',
        "        if False:",
        "test_damage.py",
    ),
    Mistake(
        "format 5 is not brought up to date",
        "runs.checkpoint",
        '        if facts["format"] <= 5:',
        "        if False:",
        "test_damage.py::test_the_golden_checkpoint_of_each_format_still_loads",
    ),
    Mistake(
        "pickle is there to be used",
        "runs.safetensors_file",
        "import json\n",
        "import json\nimport pickle\n",
        "../test_architecture.py",
    ),
    Mistake(
        "a damaged last checkpoint ends a resume",
        "runs.folder",
        "                    skipped.append(error)",
        "                    raise",
        "test_damage.py::test_a_damaged_last_checkpoint_gives_way_to_the_best",
    ),
    Mistake(
        "verify does not say what is damaged",
        "training.verify",
        '"damaged", error.message)',
        '"damaged")',
        "../training/test_verify.py",
    ),
    Mistake(
        "verify does not compare what it makes again",
        "training.verify",
        "        if any(comparisons):",
        "        if False:",
        "../training/test_verify.py",
    ),
    # The same trajectory, always.
    Mistake(
        "a save resets the hidden state",
        "training.checkpoints",
        "        arrays = state.arrays()\n",
        "        arrays = state.arrays()\n"
        "        state.carried = state.module.initial_state(trainer.config.batch_size)\n",
        "test_trajectory.py::test_saving_more_often_or_showing_less_changes_nothing",
    ),
    Mistake(
        "a sample is spoken with the learner's own state",
        "training.callbacks.samples",
        "    arrays = state.task.arrays(state.module)\n",
        "    arrays = state.task.arrays(state.module)\n"
        "    state.carried = state.module.initial_state(trainer.config.batch_size)\n",
        "test_trajectory.py::test_sampling_while_it_trains_changes_nothing",
    ),
    Mistake(
        "random draws follow from nothing",
        "models.dropout",
        "np.random.default_rng(seeds)",
        "np.random.default_rng()",
        "test_trajectory.py::test_a_resumed_run_equals_an_uninterrupted_one",
    ),
    Mistake(
        "the optimiser begins anew at every resume",
        "training.loop",
        "    tensor.copy_(values)",
        '    if not name.startswith("optimizer"):\n        tensor.copy_(values)',
        "test_trajectory.py::test_a_resumed_run_equals_an_uninterrupted_one",
    ),
    Mistake(
        "the hidden state begins anew at every resume",
        "training.loop",
        "    tensor.copy_(values)",
        '    if not name.startswith("state"):\n        tensor.copy_(values)',
        "test_trajectory.py::test_a_resumed_run_equals_an_uninterrupted_one",
    ),
    Mistake(
        "a resume repeats the metrics of steps it makes again",
        "runs.folder",
        "        discard_unfinished(self.folder)\n        self.forget_metrics_after(step)\n",
        "        discard_unfinished(self.folder)\n",
        "test_damage.py::test_a_run_with_a_damaged_last_checkpoint_goes_on_from_the_one_before",
    ),
    Mistake(
        "a resume forgets the losses since the last figures",
        "training.checkpoints",
        "        arrays[RECENT] = np.array(",
        "        arrays[RECENT] = 0 * np.array(",
        "test_trajectory.py::test_resuming_again_and_again_equals_one_run",
    ),
    Mistake(
        "another number of threads is not told",
        "training.setup",
        'for name in ("device", "threads")\n',
        'for name in ("device",)\n',
        "test_trajectory.py::test_another_number_of_threads_is_a_warning",
    ),
    Mistake(
        "a GPU that is not here ends a resume",
        "training.setup",
        '        if "device" in given:\n            raise\n',
        "        raise\n",
        "test_trajectory.py::test_a_gpu_that_is_not_here_is_replaced_and_said",
    ),
    Mistake(
        "other sizes at a resume are passed over",
        "cli.resume_flags",
        "        if value != has[name]:",
        "        if False:",
        "test_trajectory.py::test_other_sizes_are_refused_with_the_difference",
    ),
    Mistake(
        "losses since the last figures come back on the processor",
        "training.trainer",
        "np.empty(0))).to(start.runtime.device)",
        "np.empty(0)))",
        "../training/test_trainer.py::test_losses_since_the_last_figures_go_on_where_the_new_ones_are",
    ),
    Mistake(
        "what another machine writes is taken for left behind",
        "_atomic",
        'folder.glob(f".*.{_MACHINE}.*.tmp")',
        'folder.glob(".*.tmp")',
        "test_saving.py::test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not",
    ),
    Mistake(
        "files go unchecked where the steps cannot be made again",
        "training.verify",
        "    except (CorpusError, UsageError) as error:",
        "    except CheckpointError as error:",
        "../training/test_verify.py::test_where_the_steps_cannot_be_made_again_the_files_are_still_looked_at",
    ),
    # Divergence.
    Mistake(
        "weights that are not finite are saved",
        "training.checkpoints",
        "        if reason := checkpoint.what_is_wrong_with(name, array):",
        "        if reason := False:",
        "test_divergence.py",
    ),
    Mistake(
        "a run that diverged does not go back",
        "training.checkpoints",
        "    if newest.progress.rollbacks == MAX_ROLLBACKS:",
        "    if True:",
        "test_divergence.py",
    ),
    Mistake(
        "a run that diverged goes back at the same rate",
        "training.checkpoints",
        "newest.train.learning_rate / 2",
        "newest.train.learning_rate / 1",
        "test_divergence.py",
    ),
    Mistake(
        "a run goes back for ever",
        "training.checkpoints",
        "    if newest.progress.rollbacks == MAX_ROLLBACKS:",
        "    if False:",
        "test_divergence.py::test_a_run_that_always_diverges_ends_with_its_code",
    ),
    # Signals, and several at once.
    Mistake(
        "a signal does not end training",
        "training.trainer",
        "if self.received or self.state.step >= self.config.steps:",
        "if self.state.step >= self.config.steps:",
        "test_stopping.py::test_a_signal_finishes_the_step_saves_and_says_how_to_go_on",
    ),
    # Several processes.
    Mistake(
        "each process draws dropout for its own lanes alone",
        "models.dropout",
        "draw(x_TBD, config.batch_size)[share]",
        "draw(x_TBD, x_TBD.shape[1])",
        "../training/test_distributed.py::test_two_processes_walk_the_path_of_one",
    ),
    Mistake(
        "a process divides by what its own lanes score",
        "data.batches",
        "num_scored = int(np.clip(ends_B - firsts_B, 0, self._seq_length).sum())",
        "num_scored = int(np.clip(ends_B - firsts_B, 0, self._seq_length)[self._share].sum())",
        "../training/test_distributed.py::test_two_processes_walk_the_path_of_one",
    ),
    Mistake(
        "a launch is not remembered",
        "training.setup",
        "    restarts.remember(run, request.arguments)\n",
        "",
        "test_ranks_lost.py::test_a_process_that_is_killed_changes_nothing[kills0]",
    ),
    Mistake(
        "each process tells a mistake that is found early",
        "cli.app",
        "    if not restarts.is_one_of_several():  # else the run of an earlier attempt may be there",
        "    if True:",
        "test_ranks_lost.py::test_a_mistake_is_told_once_and_ends_all_with_its_code",
    ),
    Mistake(
        "only the first process hears a signal",
        "training.trainer",
        "self.state.group.agreed(received or 0,",
        "self.state.group.agreed((received or 0) * (self.state.group.rank == 0),",
        "test_ranks_lost.py::test_a_signal_to_one_process_ends_all_and_saves[1]",
    ),
    # Signals.
    Mistake(
        "signals end the process where it stands",
        "training.signals",
        "signal.signal(kind, self._receive)",
        "signal.signal(kind, signal.SIG_DFL)",
        "test_stopping.py::test_a_signal_to_the_whole_group_still_saves",
    ),
    Mistake(
        "a signal that was to be ignored is not",
        "training.signals",
        "            and signal.getsignal(kind) != signal.SIG_IGN",
        "            and True",
        "test_stopping.py::test_a_signal_that_was_ignored_stays_ignored",
    ),
    Mistake(
        "a run is not locked",
        "runs.folder",
        "held.enter_context(alone_at(self._lock, wait=False))",
        "pass",
        "test_runs_at_once.py::test_two_processes_cannot_train_one_run_and_a_killed_one_frees_it",
    ),
    Mistake(
        "two launches may share a run",
        "runs.folder",
        "(folder / candidate).mkdir()",
        "(folder / candidate).mkdir(exist_ok=True)",
        "test_runs_at_once.py::test_fifty_launches_at_once_make_fifty_runs",
    ),
    # Texts and terminals.
    Mistake(
        "a traceback on a bad corpus",
        "__main__",
        '    if "--debug" in sys.argv[1:2]:',
        "    if True:",
        "test_texts.py::test_a_corpus_that_is_none_is_told_at_once",
    ),
    Mistake(
        "a corpus that changes between two readings goes unnoticed",
        "data.shards",
        "    if text.hexdigest() != writing.place.sha256:",
        "    if False:",
        "test_texts.py::test_a_file_that_changes_between_the_passes_is_noticed",
    ),
    Mistake(
        "a read-only folder is taken for one to write in",
        "data.workspace",
        "    return os.access(folder, os.W_OK | os.X_OK)",
        "    return True",
        "test_read_only.py::test_what_reads_a_run_works_in_a_read_only_folder",
    ),
    Mistake(
        "a resume goes on with another text",
        "data.dataset",
        "if surveyed.sha256 != facts.sha256 or",
        "if False and",
        "test_texts.py::test_a_changed_corpus_stops_a_resume_unless_told_otherwise",
    ),
    Mistake(
        "a byte that is not of the encoding is named at another place",
        "sources.decoding",
        "offset = num_bytes - len(held_back) + ",
        "offset = num_bytes + ",
        "test_texts.py::test_a_byte_that_is_not_utf8_is_named_by_line_and_offset",
    ),
    Mistake(
        "the byte order mark is learned",
        "sources.decoding",
        "                plain = plain[1:]\n",
        "",
        "test_texts.py::test_what_was_normalised_is_said",
    ),
    Mistake(
        "out of memory is a bug of ours",
        "__main__",
        "    if isinstance(error, MemoryError) or re.search(_NO_MEMORY, reason):",
        "    if False:",
        "test_divergence.py::test_out_of_memory_is_one_line_and_leaves_the_checkpoint",
    ),
    Mistake(
        "a model's text drives the terminal",
        "_text",
        "    return text.translate(_SYMBOLS)",
        "    return text",
        "test_terminals.py::test_what_a_model_learned_cannot_drive_the_terminal",
    ),
    Mistake(
        "a pipe gets colours",
        "cli.console",
        "    console = Console(highlight=False, width=width)",
        "    console = Console(force_terminal=True, width=width)",
        "test_terminals.py::test_what_is_piped_has_no_escape_codes",
    ),
    Mistake(
        "a closed pipe is a failure",
        "__main__",
        "        if code == 1:",
        "        if False:",
        "test_terminals.py::test_a_closed_pipe_ends_it_quietly",
    ),
    # Standard input.
    Mistake(
        "standard input is read though nobody asked for it",
        "cli.inputs",
        '        note_unread(asking)\n        return b""\n',
        "        return sys.stdin.buffer.read()\n",
        "test_standard_input.py::test_a_pipe_that_nobody_asked_for_is_not_waited_for",
    ),
    Mistake(
        "looking for a piped text takes it",
        "cli.inputs",
        "            return any(event & select.POLLIN for _, event in poll.poll(0))\n",
        "            return any(poll.poll(0)) and bool(os.read(0, 1))\n",
        "test_standard_input.py::test_what_nobody_asked_for_is_left_for_others_and_said",
    ),
    # A machine that others use.
    Mistake(
        "a correction of the clock rules before it is saved",
        "training.clock",
        "    if not trainer.state.group.number_of_first(trainer.checkpoints.try_to_save()):",
        "    if False:",
        "../training/test_clock.py::test_a_correction_is_saved_before_it_rules",
    ),
    Mistake(
        "the learning rate follows the steps, whatever share of the time is over",
        "training.loop",
        "    at = schedule_share(step, config) * config.steps if is_corrected else step\n",
        "    at = step\n",
        "../training/test_clock.py::test_the_learning_rate_follows_the_time_and_ends_at_zero",
    ),
    Mistake(
        "validations take as much of the time as they like",
        "training.clock",
        "eval_every = max(config.eval_every, min_eval_every)",
        "eval_every = config.eval_every",
        "../training/test_clock.py::test_validations_on_the_way_take_a_small_share_of_the_time",
    ),
    Mistake(
        "another number of threads rules before it is saved",
        "training.clock",
        "        header = dataclasses.replace(header, runtime=dataclasses.replace(runtime, threads=threads))\n",
        "        device.set_threads(threads)\n",
        "../training/test_threads.py::test_another_number_of_threads_is_saved_before_it_rules",
    ),
    Mistake(
        "a trial of threads learns",
        "training.loop",
        "    for weight in state.module.parameters():\n        weight.grad = None\n",
        "",
        "../training/test_threads.py::test_a_trial_has_no_effect_on_what_is_learned",
    ),
    Mistake(
        "threads that wait keep a core busy",
        "_cores",
        "            environment.setdefault(name, value)\n",
        "            pass\n",
        "../test_cores.py::test_the_threads_of_every_library_spin_shortly",
    ),
    Mistake(
        "a quota is passed over",
        "_cores",
        "*(int(quota) for quota in _quotas(root))",
        "",
        "test_machine_in_use.py::test_a_quota_below_the_cores_that_one_sees_limits_the_threads",
    ),
    Mistake(
        "a run that learned nothing ends like any other",
        "training.callbacks.baselines",
        "        if reason:",
        "        if False:",
        "../stumbles/test_stumbles_machine.py::test_a_run_that_learned_next_to_nothing_says_so",
    ),
    # Records, files and splits.
    Mistake(
        "the end of a file does not end a record",
        "data.records",
        "begins_file = np.isin(begins, begins_F)",
        "begins_file = np.isin(begins, _ONE_FILE)",
        "../stumbles/test_stumbles_records.py::test_records_of_neighbouring_files_do_not_merge",
    ),
    Mistake(
        "validation takes the end of the last file alone",
        "data.splits",
        "groups = list(grouped(files, config, len(ids)))",
        "groups = [(0, end)]",
        "../stumbles/test_stumbles_records.py::test_validation_holds_a_part_of_every_file",
    ),
    Mistake(
        "a run that is named by its path gets what has its corpus's name here",
        "data.workspace",
        "(root.parent,) if is_same else (root.parent, Path())",
        "(Path(),)",
        "../stumbles/test_stumbles_places.py"
        "::test_a_file_of_the_same_name_here_is_not_taken_for_the_corpus",
    ),
    Mistake(
        "--errors skip leaves out the good lines around a bad one",
        "sources.units",
        '"".join(unit + end for unit, end in pairs if BAD not in unit)',
        '""',
        "../stumbles/test_stumbles_reading.py::test_errors_skip_leaves_out_the_line_and_no_other",
    ),
    Mistake(
        "a compressed file that is cut short is read in silence",
        "sources.file_types",
        "lzma.LZMAError, gzip.BadGzipFile) as error:\n        raise _damaged(label) from error\n",
        "lzma.LZMAError, gzip.BadGzipFile):\n        return\n",
        "../stumbles/test_stumbles_reading.py::test_a_compressed_file_that_was_cut_says_so",
    ),
    Mistake(
        "all files of a folder are read in one encoding",
        "data.shards",
        "may_differ = source.is_one_of_many and",
        "may_differ = False and",
        "../stumbles/test_stumbles_reading.py"
        "::test_each_file_of_a_folder_is_read_in_its_own_encoding",
    ),
    # What is spoken.
    Mistake(
        "a copy may be one character longer than was said",
        "generation.constraints",
        "start = self._num_said - self._length + 1",
        "start = self._num_said - self._length",
        "../generation/test_constraints.py::test_it_keeps_from_being_drawn_exactly_what_would_complete_a_copy",
    ),
    Mistake(
        "an end that can never come is waited for",
        "cli.sample",
        "if not model.can_say(model.spelled(text))]",
        "if False]",
        "../stumbles/test_stumbles_speaking.py::test_an_end_that_can_never_come_is_said",
    ),
    Mistake(
        "what was not read of a prompt is part of the record",
        "cli.sample",
        'return prompts if model.records == "none" else [model.known(prompt) for prompt in prompts]',
        "return prompts",
        "../stumbles/test_stumbles_speaking.py"
        "::test_what_was_not_read_of_a_prompt_is_not_in_the_record",
    ),
]


def main() -> int:
    """Make the mistakes, a few at once, and say which were noticed."""
    words = sys.argv[1:] or [""]
    chosen = [m for m in MISTAKES if any(word in m.what for word in words)]
    if not chosen:
        raise SystemExit(f"no mistake of the list holds any of: {' '.join(words)}")
    for mistake in chosen:
        mutated(mistake)  # a list that is out of date is said at once
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
    """The program and its tests, to be spoiled."""
    for name in ("charrnn", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def _path(module: str) -> str:
    return f"charrnn/{module.replace('.', '/')}.py"


def mutated(mistake: Mistake) -> str:
    """The module's text with the mistake in it. Ends the program where it does not fit."""
    text = (ROOT / _path(mistake.module)).read_text()
    if text.count(mistake.before) != 1:
        raise SystemExit(f"{mistake.what}: {mistake.module}.py does not hold its text just once")
    return text.replace(mistake.before, mistake.after)


def _is_noticed(mistake: Mistake, copy: Path) -> bool:
    module = copy / _path(mistake.module)
    original = module.read_text()
    module.write_text(mutated(mistake))
    try:
        return _tested(copy, [mistake.test]).returncode == SOME_FAILED
    finally:
        module.write_text(original)


def _tested(copy: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """How pytest ends there, and what it says."""
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
