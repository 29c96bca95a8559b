"""Every mistake of a user costs one line: what is wrong, the value seen, what to type instead.

The lines are snapshots in __snapshots__/. After rewording a message, run

    pytest -n 0 tests/faults/test_messages.py --snapshot-update

and read the difference before committing it. The last tests find every place of the source that
makes an error for users: each is reached by a command of the table or proved by another test.
"""

import ast
import gzip
import io
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, small_text

import charrnn as package
from charrnn import __main__ as program
from charrnn import _cores, errors
from charrnn.cells import CELLS
from charrnn.errors import CharRNNError
from charrnn.runs import checkpoint

SOURCE = Path(package.__file__).parent
TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.xdist_group("messages")  # all in one process: they share the world below
EXIT_CODES = {  # of charrnn with these arguments
    # flags
    ("trian",): 2,
    ("train", "--colour"): 2,
    ("sample", "a", "--num", "-2"): 2,
    ("train", "--val-fraction", "0.9", "--test-fraction", "0.2"): 2,
    ("train", "--cell", "elman"): 2,
    ("train", "--hidden-size", "0"): 2,
    ("train", "--lr", "nan"): 2,
    ("train", "--steps", "9", "--minutes", "1"): 2,
    ("train", "--minutes", "0"): 2,
    ("train", "text", "--save-every", "nan"): 2,
    ("train", "--lines", "--records", "blank"): 2,
    ("train", "text", "--device", "tpu"): 2,
    ("train", "text", "--device", "cuda:99"): 2,
    ("train", "text", "--run", "a b"): 2,
    ("train", "text", "--run", "a"): 2,
    ("train", "text", "--init-from", "a", "--hidden-size", "99"): 2,
    ("train", "text", "--init-from", "bytes"): 2,
    ("train", "text", "--quiet", "--teacher", "bytes"): 2,
    ("train", "text", "--teacher", "none"): 4,
    ("train", "text", "--teacher", "pairs"): 2,
    ("train", "text", "--teacher-weight", "0.2"): 2,
    ("train", "text", "--pairs", "--teacher", "a"): 2,
    ("train", "text", "--encoding", "klingon"): 2,
    ("train", "text", "--quiet", "--hidden-size", "65536", "--num-layers", "64"): 9,
    # corpora
    ("train", "none.txt"): 3,
    ("train", "empty"): 3,
    ("train", "folder"): 3,
    ("train", "pipe"): 3,
    ("train", "/dev/null"): 3,
    ("train", "text", "--errors", "ignore"): 2,
    ("train", "table.csv", "--column", "txt"): 2,
    ("train", "table.csv", "--column", "3"): 2,
    ("train", "table.csv", "--column", "text"): 3,
    ("train", "array.json", "--column", "text"): 3,
    ("train", "text", "--column", "2", "--bytes"): 2,
    ("train", "damaged"): 3,
    ("train", "two-damaged"): 3,
    ("train", "latin", "latin"): 3,
    ("train", "picture.png"): 3,
    ("train", "cut.gz"): 3,
    ("train", "latin"): 3,
    ("train", "rubbish"): 3,
    ("train", "-", "-"): 2,
    ("train", "half", "--encoding", "unicode-escape"): 3,
    ("train", "no\0name"): 3,
    ("train", "line", "--lines"): 3,
    ("train", "line"): 3,
    ("train", "-", "--val", "-"): 2,
    ("train", "text", "--val", "empty"): 3,
    ("train", "empty", "--val", "text"): 3,
    ("train", "text", "--val", "text", "--val-fraction", "0.2"): 2,
    # pairs
    ("train", "--pairs"): 2,
    ("train", "--labels"): 2,
    ("train", "text", "--pairs", "--given", "label"): 2,
    ("train", "text", "--given", "x"): 2,
    ("train", "text", "--given", "x", "--source-column", "a", "--target-column", "b"): 2,
    ("sample", "a", "--given", "one"): 2,
    ("sample", "--given", "one", "-p", "x"): 2,
    ("train", "text", "--labels"): 3,
    ("train", "text", "--labels", "--pairs"): 2,
    ("train", "--source", "text"): 2,
    ("train", "text", "--source", "text", "--target", "text"): 2,
    ("train", "text", "--pairs", "--lines"): 2,
    ("train", "text", "--pairs", "--ngrams", "2"): 2,
    ("train", "text", "--max-length", "9"): 2,
    ("train", "text", "--normalise", "nfd"): 2,
    ("train", "text", "--pairs", "--normalise", "nfx"): 2,
    ("train", "text", "--pairs", "--normalise", "nfd", "--source-normalise", "nfc"): 2,
    ("train", "pairs.tsv", "--pairs", "--normalise", "x"): 2,
    ("train", "text", "--pairs", "--init-from", "a"): 2,
    ("train", "few.tsv", "--pairs"): 3,
    ("train", "few.tsv", "--pairs", "--allow-short", "--quiet", "--hidden-size", "65536"): 9,
    ("resume", "changed", "--steps", "9"): 3,
    ("resume", "gone", "--steps", "9"): 3,
    # runs and checkpoints
    ("resume", "x"): 4,
    ("resume", "folder"): 4,
    ("resume", "a", "--hidden-size", "13"): 2,
    ("resume", "a", "--init-from", "lines"): 2,
    ("resume", "a", "--run", "lines"): 2,
    ("resume", "a", "--colour"): 2,
    ("resume", "a", "--steps", "2"): 2,
    ("resume", "voice"): 4,
    ("resume", "copied"): 4,
    ("score", "--run", "copied"): 3,
    ("copy", "a", "lines"): 2,
    ("plot", "a", "--export", "picture.png"): 2,
    ("copy", "a", "checkpoints/a/last.safetensors"): 2,
    ("copy", "a", "none/a.safetensors"): 6,
    ("info", "mine.safetensors"): 4,
    ("compare", "a"): 2,
    ("compare", "a", "pairs"): 2,
    ("rename", "a", "lines"): 2,
    ("rename", "a", "a b"): 2,
    ("rename", "a", "voice.safetensors"): 2,
    ("rename", "a", "a" * 151): 2,
    ("rename", "a", "notes"): 2,
    ("remove", "a"): 2,
    ("remove", "a", "x"): 4,
    ("remove", "kept", "--yes"): 2,
    ("sample", "text"): 4,
    ("sample", "a", "--run", "lines"): 2,
    ("sample", "--run", "gone", "--run", "a"): 2,
    ("sample", "pairs"): 2,
    ("translate", "--run", "a", "one"): 2,
    # speaking and scoring
    ("sample", "a", "--temp", "hot"): 2,
    ("sample", "a", "--temp", "1:2", "-n", "1"): 2,
    ("sample", "lines", "--temp", "1:2"): 2,
    ("sample", "a", "--stop", ""): 2,
    ("sample", "a", "--until", ""): 2,
    ("sample", "a", "-n", "-1", "--stop", "\\n"): 2,
    ("sample", "a", "-n", "-1", "--until", "☃"): 2,
    ("sample", "a", "--num", "0"): 2,
    ("sample", "a", "--num", "-1", "--report"): 2,
    ("sample", "a", "-p", "x", "--prompts", "text"): 2,
    ("sample", "a", "--prompts", "empty"): 2,
    ("sample", "lines", "-p", "a\nb"): 2,
    ("sample", "a", "-n", "-1", "--json"): 2,
    ("sample", "a", "--novel"): 2,
    ("sample", "a", "--match", "("): 2,
    ("sample", "a", "-p", "x", "-f", "text"): 2,
    ("sample", "a", "-f", "none"): 2,
    ("sample", "a", "-f", "latin"): 2,
    ("sample", "a", "-f", "damaged"): 2,
    ("sample", "bytes", "-f", "latin", "--encoding", "latin-1"): 2,
    ("translate", "--run", "tags", "x", "--beam", "2"): 2,
    ("train", "pairs.tsv", "--in-step"): 3,
    ("train", "pairs.tsv", "--causal"): 2,
    ("train", "pairs.tsv", "--in-step", "--attention", "none"): 2,
    ("train", "pairs.tsv", "--in-step", "--labels"): 2,
    ("translate",): 2,
    ("translate", "-abc"): 2,
    ("translate", "x", "--beam", "2", "--temp", "1"): 2,
    ("translate", "x", "--json", "--attention"): 2,
    ("translate", "x", "y", "--export", "map.svg"): 2,
    ("translate", "x", "--export", "map.gif"): 2,
    ("translate", "x", "--export", "map.svg", "--unrolled", "map.svg"): 2,
    ("classify",): 2,
    ("classify", "-abc"): 2,
    ("classify", "x", "y", "--steps"): 2,
    ("classify", " ", "--steps"): 2,
    ("classify", "x", "--export", "map.png"): 2,
    ("classify", "--run", "a", "one"): 2,
    ("train", "few.tsv", "--images", "folder"): 3,
    ("train", "few.tsv", "--images", "none"): 3,
    ("train", "few.tsv", "--images", "folder", "--pairs"): 2,
    ("train", "text", "--images", "folder"): 3,
    ("train", "--images", "folder"): 2,
    ("train", "text", "--image-size", "9"): 2,
    ("caption",): 2,
    ("caption", "picture.png", "--json", "--attention"): 2,
    ("caption", "x", "y", "--export", "map.svg"): 2,
    ("caption", "x", "--export", "map.gif"): 2,
    ("caption", "x", "--beam", "2", "--temp", "1"): 2,
    ("caption", "--run", "a", "picture.png"): 2,
    ("serve", "--run", "a", "--run", "a"): 2,
    ("serve", "--run", "tags"): 2,
    ("serve", "--host", "0.0.0.0", "--port", "0"): 2,
    ("serve", "--host", "192.0.2.1"): 2,
    ("serve", "--host", "a" * 64): 2,
    ("serve", "--port", "65536"): 2,
    ("score", "--run", "a", "text", "--images", "folder"): 2,
    ("score", "--run", "a", "--split", "all"): 2,
    ("score", "--run", "a", "--split", "test"): 3,
    ("score", "--run", "a", "empty"): 3,
    ("score", "--run", "lines", "--adapt"): 2,
    ("score", "--run", "lines", "--mix", "ppm"): 2,
    ("score", "--run", "a", "--mix", "ppmd"): 2,
    ("score", "--run", "a", "--run", "bytes"): 2,
    ("score", "--run", "a", "latin"): 2,
    ("score", "--run", "a", "picture.png"): 2,
    ("score", "--run", "a", "text", "--json", "--heatmap"): 2,
    ("score", "--run", "a", "--split", "val", "--heatmap"): 2,
    ("score", "--run", "a", "large", "--heatmap"): 2,
    ("score", "--run", "a", "text", "--beam", "2"): 2,
    ("score", "--run", "a", "--per-line"): 2,
    ("score", "--run", "pairs", "pairs.tsv", "--adapt"): 2,
    ("score", "--run", "pairs", "pairs.tsv", "--mix", "ppm"): 2,
    ("score", "--run", "pairs", "--source", "pairs.tsv"): 2,
    ("score", "--run", "pairs", "--source", "text", "--target", "pairs.tsv"): 3,
    ("score", "--run", "pairs", "empty"): 3,
    ("score", "--run", "pairs", "text"): 3,
    ("score", "--run", "pairs", "--split", "test"): 3,
    # sharing a model
    ("export", "voice.txt"): 2,
    ("export", "voice.html", "--run", "a", "--run", "lines"): 2,
    ("export", "voice.html", "--run", "a", "--weights", "int4"): 2,
    ("export", "voice.onnx", "--run", "pairs"): 2,
    ("export", "voice.onnx", "--run", "a", "--weights", "int8"): 2,
    ("export", "none/voice.html", "--run", "a"): 6,
    # looking into a model
    ("predict", "-the"): 2,
    ("suggest", "-the"): 2,
    ("write",): 2,
    ("write", "-o", "text"): 2,
    ("write", "-o", "none/new.txt"): 2,
    ("suggest", "the", "--num", "0"): 2,
    ("suggest", "the", "--run", "pairs"): 2,
    ("predict", "to", "be", "--run", "a"): 2,
    ("predict", "a", "--run", "a", "--steps", "--temp", "1"): 2,
    ("score", "--run", "a", "text", "--export", "map.png"): 2,
    ("score", "--run", "a", "text", "--export", "none/map.svg"): 6,
    ("neurons", "a", "--feature", "hue"): 2,
    ("neurons", "a", "--feature", "digit", "--unit", "h0.0"): 2,
    ("neurons", "a", "--export", "map.svg"): 2,
    ("neurons", "a", "--unit", "h9.9"): 2,
    ("neurons", "a", "--text", "empty"): 3,
    ("neurons", "a", "--labels", "none"): 3,
    ("neurons", "a", "--labels", "text"): 3,
    ("neurons", "a", "--labels", "few.tsv"): 3,
    ("neurons", "a", "--labels", "few.tsv", "--unit", "h0.0"): 2,
    ("neurons", "a", "--labels", "few.tsv", "--target-column", "2"): 2,
    ("neurons", "a", "--labels", "-", "--text", "-"): 2,
    ("neurons", "a", "--label", "good"): 2,
    ("memory", "--compare", "a"): 2,
    ("memory", "a", "--export", "chart.gif"): 2,
    ("plot", "a", "--against", "days"): 2,
    ("plot", "a", "pairs"): 2,
    ("plot", "voice"): 2,
    ("history", "voice"): 2,
    ("plot", "copied"): 2,
    ("history", "copied"): 2,
}
# What takes a fault or another machine to cause: a test for each error that a function makes.
_TRANSLATOR = ["generation/translation/test_translator.py"]
_REQUESTS = ["server/test_completion_request.py"]
_PICTURES = ["sources/test_pictures.py"]
PROVED_BY = {
    "__main__:_refused": ["faults/test_terminals.py"],
    "_exported:_refusals": ["cli/test_written_files.py"],
    "data.pairs.pictures.given_captions:_refusals_of": ["cli/pairs/test_caption_score.py"],
    "__main__:_translated": ["faults/test_divergence.py", "cli/test_app.py"],
    "analysis.context:Places.drawn": ["analysis/test_context.py"],
    "analysis.neurons.label_units:rank_by_labels": ["analysis/neurons/test_label_units.py"],
    "analysis.neurons.labelled_texts:_require_several": ["analysis/neurons/test_labelled_texts.py"],
    "analysis.neurons.activities:_at_the_start": ["analysis/neurons/test_activities.py"],
    "cli.inspect.label_neurons:_label": ["cli/inspect/test_label_neurons.py"],
    "analysis.pair_scores:sentence_scores": ["analysis/test_pair_scores.py"],
    "export.measured_loss:_of_pairs": ["export/test_measured_loss.py"],
    "export.onnx_graph:Graph.serialized": ["export/test_onnx_graph.py"],
    "export.onnx_graph:TracedMath.__getattr__": ["export/test_onnx_graph.py"],
    "export.onnx_graph:require_onnx": ["export/test_onnx_step.py"],
    "export.packing:packed": ["export/test_packing.py"],
    "export.page_facts:facts_of": ["export/test_page_facts.py"],
    "export.page_forms:form_of": ["export/test_page_forms.py"],
    "data.text_index:sorted_positions": ["data/test_text_index.py"],
    "analysis.scoring:_require_same_splits": ["analysis/test_scoring.py"],
    "cli.typing.delivery:_try": ["cli/typing/test_delivery.py"],
    "cli.typing.delivery:require_new": ["cli/typing/test_delivery.py"],
    "cli.typing.write:write": ["cli/typing/test_write.py"],
    "generation.model:_require_one_or_more": ["generation/test_model.py"],
    "cli.sample_writer:_require_same_corpus": ["cli/test_sample.py"],
    "api:load": ["test_api.py"] * 2,
    "api:Run.plot": ["test_api.py"],
    "api:Run.score": ["test_api.py"] * 2,
    "api:_require_not_negative": ["test_api.py"],
    "cli.app:_charrnn": ["faults/test_homes.py"],
    "cli.inputs:lines_as_they_come": ["cli/test_inputs.py"],
    "cli.inputs:open_file": ["stumbles/test_stumbles_second_look.py"],
    "cli.inspect.memory:memory": ["cli/pairs/test_memory.py", "cli/test_classify.py"],
    "cli.pairs.memory:show_costs_of_length": ["cli/pairs/test_memory.py"],
    "cli.keep.runs:verify": ["training/test_verify_run.py"],
    "cli.pairs.given_samples:require_known": ["cli/pairs/test_given_samples.py"],
    "cli.pairs.given_samples:_require_meaning": ["cli/pairs/test_given_samples.py"],
    "cli.pairs.next_symbol:show": ["cli/pairs/test_next_symbol.py"] * 2,
    "cli.pairs.next_symbol:_line": ["cli/pairs/test_next_symbol.py"],
    "cli.pairs.score:_require_readable": ["cli/pairs/test_score.py"],
    "cli.pairs.score:require_same_split": ["cli/pairs/test_score.py"],
    "cli.sample_writer:_stream": ["cli/test_copies.py"],
    "cli.pairs.typed_texts:answered": ["cli/pairs/test_tagged_texts.py"],
    "generation.translation.in_step:Tagger._pair": ["generation/translation/test_in_step.py"] * 2,
    "generation.translation.in_step:Tagger.stream": ["generation/translation/test_in_step.py"],
    "cli.translate:_Answers._draw": ["cli/test_translate.py"] * 2,
    "cli.translate:_Answers.write": ["cli/test_translate.py"],
    "cli.pairs.typed_texts:lines_of": ["cli/test_translate.py"],
    "cli.translate:_require_attention": ["cli/test_translate.py"],
    "config.setting:Checked.from_json": ["faults/test_damage.py"],
    "config.setting:_check": ["config/test_setting.py"],
    "data.encoding.cache_files:writable": ["faults/test_saving.py"],
    "data.encoding.shards:corpus_changed": ["faults/test_texts.py"],
    "data.encoding.counting:_count": ["data/encoding/test_encode.py"],
    "data.encoding.scan:_status": ["faults/test_texts.py"],
    "data.pairs.pair_corpus:PairCorpus.split": ["data/pairs/test_read_pairs.py"],
    "data.pairs.pair_files:PairFiles._opened": ["data/pairs/test_read_pairs.py"],
    "data.pairs.pair_files:PairFiles._require_pairs": ["data/pairs/test_read_pairs.py"] * 2,
    "data.pairs.read_pairs:_require_same_symbols": ["data/pairs/test_read_pairs.py"],
    "data.pairs.read_pairs:_require_known_symbols": ["data/pairs/test_read_pairs.py"],
    "data.pairs.reading.table:require_files": ["data/pairs/reading/test_table.py"],
    "data.pairs.reading.table:in_turn": ["data/pairs/reading/test_table.py"],
    "data.reload:unchanged_or_copy": ["data/test_reload.py"],
    "data.encoding.workers:run_in_order": ["data/encoding/test_workers.py"],
    "data.corpus:temporary_folder": ["faults/test_read_only.py"],
    "config.setting:require_known": ["stumbles/test_stumbles_library.py"],
    "generation.classification:Classifier.beliefs": ["generation/test_classification.py"],
    "tasks.teachers:_lost": ["faults/test_teachers_lost.py"],
    "tasks.labels.learned_labels:require_labels": ["tasks/labels/test_learned_labels.py"] * 2,
    "generation.model:Model.samples": ["generation/test_model.py"],
    "generation.model:Model.score": ["generation/test_model.py"],
    "generation.model:Model.spelled": ["generation/test_model.py"],
    "generation.translation.translator:Translation.picture": [
        "generation/translation/test_translator.py"
    ],
    "generation.keywords:fields_of": ["stumbles/test_stumbles_library.py"],
    "generation.sample_filter:SampleFilter.exhausted": ["generation/test_sample_filter.py"],
    "generation.translation.source_ids:source_ids": ["generation/translation/test_source_ids.py"]
    * 2,
    "generation.translation.translator:Translator.pair": _TRANSLATOR,
    "generation.translation.translator:Translator._written_pair": _TRANSLATOR,
    "generation.translation.target_writer:TargetWriter.write_one": _TRANSLATOR,
    "cli.share.serve:serve": ["cli/share/test_serve.py"],
    "server.completion_request:CompletionRequest.__post_init__": _REQUESTS * 2,
    "server.completion_request:CompletionRequest.parse": _REQUESTS,
    "server.completion_request:CompletionRequest.require_within": ["server/test_limits.py"] * 2,
    "server.completion_request:_object": _REQUESTS * 2,
    "server.completion_request:_require_nothing_missing": _REQUESTS,
    "server.completion_request:_stream_options": _REQUESTS,
    "server.completion_request:_texts": _REQUESTS * 2,
    "server.served:PairsModel.require_possible": ["server/test_served.py"],
    "models.device:_prepare_cuda": ["models/test_device.py"],
    "analysis.unrolling:unroll": ["analysis/test_unrolling.py"] * 2,
    "plots.matplotlib_files:_missing": ["plots/test_charts.py"],
    "plots.matplotlib_files:load": ["faults/test_homes.py"],
    "runs.checkpoint:write": ["faults/test_saving.py"],
    "runs.checkpoint:_body_and_digest": ["faults/test_saving.py"],
    "runs.header:_require_known_format": ["faults/test_damage.py"],
    "runs.header:_known_schema": ["runs/test_schemas.py"],
    "runs.run:Run.locked": ["faults/test_runs_at_once.py"],
    "runs.run:Run.at_rest": ["runs/test_run.py"],
    "runs.run:_write_errors": ["faults/test_saving.py"],
    "runs.root:Root.create": ["faults/test_saving.py"],
    "runs.root:Root.create_with": ["runs/test_root.py"],
    "runs.root:Root.rename": ["cli/keep/test_rename.py"],
    "runs.removal:Removal.carry_out": ["runs/test_removal.py"],
    "runs.removal:_require_nothing_else_in": ["runs/test_removal.py"],
    "runs.root:Root.no_run": ["cli/test_app.py"],
    "runs.restarts:note": ["runs/test_restarts.py"],
    "cli.pairs.caption_score:_captions_to_score": ["cli/pairs/test_caption_score.py"],
    "generation.translation.captioner:Caption.words": ["generation/translation/test_captioner.py"],
    "generation.translation.captioner:Captioner.read": ["generation/translation/test_captioner.py"]
    * 2,
    "sources.pictures:PictureFolder.locate": _PICTURES,
    "sources.pictures:require_pillow": _PICTURES,
    "sources.pictures:read_picture": _PICTURES * 3,
    "sources.pictures:_require_file": _PICTURES * 3,
    "sources.pictures:_as_rgb": _PICTURES,
    "sources.rows:_header": ["sources/test_rows.py"],
    "sources.rows:split_lines": ["sources/test_rows.py"],
    "sources.rows:Column.find": ["stumbles/test_stumbles_second_look.py"],
    "sources.reading:_naming": ["faults/test_texts.py"],
    "sources.reading:read_text": ["stumbles/test_stumbles_columns.py"],
    "sources.paths:_on_disk": ["faults/test_texts.py"],
    "sources.paths:_spool_stdin": ["faults/test_terminals.py"],
    "sources.paths:_spool": ["faults/test_saving.py"],
    "sources.shakespeare:play_paths": ["sources/test_shakespeare.py"],
    "training.callbacks.tensorboard:TensorBoard.__init__": ["training/test_tensorboard.py"],
    "training.checkpoints:diverged": ["faults/test_divergence.py"],
    "training.distributed:_peer_errors": ["training/test_distributed.py"],
    "training.handover:receive": ["faults/test_ranks_lost.py"],
    "data.dataset:_vocab": ["stumbles/test_stumbles_vocab.py"],
    "training.setup.request:Request.__post_init__": ["training/setup/test_request.py"],
    "training.setup.machine:require_shareable": ["training/setup/test_machine.py"] * 2,
}
HINT_IS_ADDED = {
    "__main__:_refused",  # a full device: the system's own words
    "config.setting:Checked.from_json",  # part of the line of a damaged checkpoint
    "data.encoding.counting:_count",  # part of the note on files of a folder that were skipped
    "training.handover:receive",  # printed by the first process
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with some runs and some corpora."""
    folder = tmp_path_factory.mktemp("world")
    small = ("--steps", 3, *SMALL, "--quiet", "--threads", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(_cores, "num_cores", lambda: 1)
        for name in ("text", "changed.txt", "gone.txt"):
            Path(name).write_text(small_text(800) + name)
        Path("empty").touch()
        Path("folder").mkdir()
        os.mkfifo("pipe")
        Path("latin").write_bytes("línea de texto en español, número dos\n".encode("latin-1"))
        Path("rubbish").write_bytes(bytes(range(128, 256)) * 3)
        damaged = "ñandúes aquí ".encode()[:12] + b"\xff" + "ñandúes aquí ".encode()
        Path("damaged").write_bytes(damaged)
        Path("two-damaged").mkdir()
        for name in "ab":
            Path("two-damaged", name).write_bytes(damaged)
        Path("table.csv").write_text('id,text\n1,one\n2,"two\n')
        Path("array.json").write_text('[{"text": "one"}]')
        Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
        Path("cut.gz").write_bytes(gzip.compress(b"text")[:-9])
        Path("half").write_bytes(rb"one \ud83d two")
        Path("line").write_text("only one")
        Path("pairs.tsv").write_text("".join(f"{k}\t{-k}\n" for k in range(300)))
        Path("few.tsv").write_text("one\tuno\ntwo\tdue\n")
        Path("large").write_text("a" * 100_001)
        for name, flags in {
            "a": ("text",),
            "bytes": ("text", "--bytes"),
            "lines": ("text", "--lines"),
            "changed": ("changed.txt",),
            "gone": ("gone.txt",),
        }.items():
            run(patch, "train", *flags, "--run", name, *small)
        tiny = ("--steps", 1, "--hidden-size", 4, "--embedding-size", 4, "--quiet", "--threads", 1)
        run(patch, "train", "pairs.tsv", "--pairs", "--run", "pairs", *tiny)
        Path("tags.tsv").write_text("".join(f"{k}x\tx{k}\n" for k in range(30)))
        run(patch, "train", "tags.tsv", "--in-step", "--run", "tags", *tiny)
        Path("changed.txt").write_text(small_text(900))
        Path("gone.txt").unlink()
        root = Path("checkpoints")
        gone = checkpoint.read_header(root / "gone/last.safetensors").corpus.sha256
        for copy in (root / ".corpora").glob(f"{gone[:32]}*"):
            copy.unlink()
        (root / "voice").mkdir()  # a checkpoint that is enough to speak, not to resume
        voice = checkpoint.read(root / "a/last.safetensors").without_training_state()
        checkpoint.write(root / "voice/last.safetensors", voice)
        run(patch, "copy", "a", "copied")
        Path("mine.safetensors").touch()
        run(patch, "copy", "a", "kept")
        (root / "kept/notes.txt").touch()
        (root / "notes").mkdir()
    return folder


def run(patch, *arguments):
    patch.setattr("sys.argv", ["charrnn", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 0


@pytest.fixture(scope="module")
def answers(world):
    """Run each command once; remember its output and where its errors were made."""
    return {}


@pytest.fixture
def answer(charrnn, world, answers, monkeypatch):
    monkeypatch.chdir(world)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    make = CharRNNError.__init__

    def run_once(arguments):
        if arguments not in answers:
            places = set()

            def watched(self, *given, **named):
                places.add(_place())
                make(self, *given, **named)

            with monkeypatch.context() as patch:
                patch.setattr(CharRNNError, "__init__", watched)
                answers[arguments] = charrnn(*arguments), places
        return answers[arguments]

    return run_once


def _place():
    """Return the file and line of charrnn, outside errors.py, that make an error."""
    frame = sys._getframe(1)
    while not _is_ours(frame.f_code.co_filename) or _is_an_errors_own(frame):
        frame = frame.f_back
    return Path(frame.f_code.co_filename), frame.f_lineno


def _is_ours(file):
    return Path(file).is_relative_to(SOURCE) and file != errors.__file__


def _is_an_errors_own(frame):
    return isinstance(frame.f_locals.get("self"), CharRNNError)


@pytest.mark.parametrize("arguments", EXIT_CODES, ids=" ".join)
def test_a_mistake_costs_one_line_and_changes_no_run(answer, world, snapshot, arguments):
    before = {path: path.stat().st_mtime_ns for path in world.rglob("*.safetensors")}
    done, _ = answer(arguments)
    assert (done.code, done.out) == (EXIT_CODES[arguments], "")
    assert re.fullmatch("charrnn: [^\n]+; [^\n]+\n", done.err), "one line, with a hint"
    assert redacted(done.err, world) == snapshot
    assert {path: path.stat().st_mtime_ns for path in world.rglob("*.safetensors")} == before


def redacted(line, world):
    """Leave out what differs between machines, the messages of libraries, and the
    cells, to which one more may come.
    """
    line = line.replace(str(world), "HERE").replace(", ".join(CELLS), "CELLS")
    line = line.replace(", ".join(each.name for each in ROOT.runs()[:5]), "RUNS")
    line = re.sub(r"[\d,.]+ GB", "N GB", line)
    line = re.sub(
        r"it may be \S+: try --encoding \S+, or", "it may be X: try --encoding X, or", line
    )
    line = re.sub(r"(No such (?:command '|option: )[\w-]+'?).*;", r"\1 …;", line)
    return re.sub(r"(Invalid value for '\S+').*; ", r"\1 …; ", line)


def places_of_errors():
    """Every call of the source that makes an error: its function, its file and lines, its hint."""
    kinds = {kind.__name__ for kind in kinds_of(CharRNNError)} | {"storage_errors"}
    for path in sorted(SOURCE.rglob("*.py")):
        if path == Path(errors.__file__):
            continue
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for function, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if ast.unparse(call.func).rpartition(".")[2] in kinds:
                lines = range(call.lineno, call.end_lineno + 1)
                yield f"{module}:{function}", path, lines, len(call.args) + len(call.keywords) > 1


def kinds_of(kind):
    return {kind}.union(*map(kinds_of, kind.__subclasses__()))


def calls(node, names=()):
    """Every call below a node, with the qualified name of the function that it is in."""
    for child in ast.iter_child_nodes(node):
        is_named = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        inner = (*names, child.name) if is_named else names
        if isinstance(child, ast.Call):
            yield ".".join(inner), child
        yield from calls(child, inner)


def test_every_error_is_made_by_a_command_of_the_table_or_proved_by_another_test(answer):
    reached = set().union(*(answer(arguments)[1] for arguments in EXIT_CODES))
    unreached = Counter(
        function
        for function, path, lines, _ in places_of_errors()
        if not any((path, line) in reached for line in lines)
    )
    proved = Counter({function: len(tests) for function, tests in PROVED_BY.items()})
    assert unreached - proved == Counter(), "without a test: add a command above, or name the test"
    assert proved - unreached == Counter(), "gone, or reached by a command: take it out"
    assert all((TESTS / test).exists() for tests in PROVED_BY.values() for test in tests)


def test_every_error_has_a_hint():
    without = {function for function, _, _, has_hint in places_of_errors() if not has_hint}
    assert without <= HINT_IS_ADDED
