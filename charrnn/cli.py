"""The command line: parse, call, render. Torch is imported by the commands that learn, and only
there.
"""

import json
import math
import os
import secrets
import select
import stat
import sys
import time
from pathlib import Path
from typing import Any

import typer

from charrnn import __version__, display
from charrnn import options as o
from charrnn.config import ModelConfig, SampleConfig, TrainConfig
from charrnn.errors import CheckpointError, UsageError

app = typer.Typer(
    help="A recurrent network learns to write, one character at a time.",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),  # --hidden_size works too
    },
)
_T, _S = TrainConfig(), SampleConfig()


@app.callback(invoke_without_command=True)
def _charrnn(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show a traceback when something fails."),
) -> None:
    if version:
        print(f"charrnn {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def train(
    corpus: o.Corpus = None,
    cell: o.Cell = None,
    hidden_size: o.HiddenSize = None,
    num_layers: o.NumLayers = None,
    embedding_size: o.EmbeddingSize = None,
    ngrams: o.Ngrams = None,
    skip: o.Skip = None,
    ngram_min_count: o.NgramMinCount = _T.ngram_min_count,
    batch_size: o.BatchSize = None,
    seq_length: o.SeqLength = None,
    learning_rate: o.LearningRate = None,
    grad_clip: o.GradClip = _T.grad_clip,
    weight_decay: o.WeightDecay = _T.weight_decay,
    optimizer: o.Optimizer = _T.optimizer,
    dropout: o.Dropout = None,
    weight_dropout: o.WeightDropout = None,
    state_reset: o.StateReset = _T.state_reset,
    eval_every: o.EvalEvery = None,
    seed: o.Seed = _T.seed,
    init_from: o.InitFrom = None,
    steps: o.Steps = None,
    epochs: o.Epochs = None,
    minutes: o.Minutes = None,
    bytes_: o.Bytes = False,
    encoding: o.Encoding = "utf-8",
    max_vocab: o.MaxVocab = 8192,
    val_fraction: o.ValFraction = _T.val_fraction,
    test_fraction: o.TestFraction = _T.test_fraction,
    max_val_chars: o.MaxValChars = _T.max_val_chars,
    run: o.RunName = None,
    device: o.Device = None,
    threads: o.Threads = None,
    save_every: o.SaveEvery = 30.0,
    quiet: o.Silent = False,
    as_json: o.AsJson = False,
) -> None:
    """Learn from a text. Ctrl-C saves and stops; `charrnn resume` goes on."""
    began = time.monotonic()
    given = {
        name: value for name, value in locals().items() if name in _CONFIGURED and value is not None
    }
    from charrnn import launch
    from charrnn.budget import Budget
    from charrnn.corpus import Reading

    request = launch.Request(
        names=tuple(corpus or ["shakespeare"]),
        reading=Reading(encoding, bytes_),
        max_vocab=max_vocab,
        given=given,
        budget=Budget(steps, epochs, minutes),
        run_name=run,
        init_from=init_from,
    )
    screen = display.screen(quiet=quiet, as_json=as_json)
    sitting = launch.new_run(request, screen=screen, save_every=save_every, began=began)
    try:
        with sitting.run.locked():
            _sit(sitting, screen)
    finally:
        sitting.run.discard_if_unborn()


_CONFIGURED = (
    ModelConfig.__dataclass_fields__.keys() | TrainConfig.__dataclass_fields__.keys()
) - {"steps"}


@app.command()
def resume(
    run: o.Run = None,
    steps: o.Steps = None,
    epochs: o.Epochs = None,
    minutes: o.Minutes = None,
    device: o.Device = None,
    threads: o.Threads = None,
    keep_corpus: o.KeepCorpus = False,
    save_every: o.SaveEvery = 30.0,
    quiet: o.Silent = False,
    as_json: o.AsJson = False,
) -> None:
    """Go on with a run exactly where it was, to the bit.

    --steps and --epochs give it a new length, counted from its birth; --minutes adds that long
    from now. The learning rate then follows the schedule of a run of the new length.
    """
    began = time.monotonic()
    from charrnn import launch, runs
    from charrnn.budget import Budget

    screen = display.screen(quiet=quiet, as_json=as_json)
    found = runs.find(run)
    given = {"device": device, "threads": threads}
    with found.locked():
        sitting = launch.resumed(
            found,
            Budget(steps, epochs, minutes),
            given={name: value for name, value in given.items() if value is not None},
            keep_corpus=keep_corpus,
            screen=screen,
            save_every=save_every,
            began=began,
        )
        _sit(sitting, screen)


def _sit(sitting: Any, screen: display.Quiet) -> None:
    """Train, and say how it ended."""
    received = sitting.go()
    name = sitting.run.name
    if received is not None:
        screen.say(f"stopped after step {sitting.step:,}, saved; to go on: charrnn resume {name}")
        raise typer.Exit(128 + received)
    best = sitting.run.best_progress().val_loss
    loss = f", validation loss {best:.4f} nats ({display.bits(best):.3f} bits)" if best else ""
    screen.say(f"done: {sitting.step:,} steps{loss}; to hear it: charrnn sample {name}")


@app.command()
def sample(
    run: o.RunToRead = None,
    temp: o.Temperature = _S.temperature,
    length: o.Length = _S.length,
    prompt: o.Prompt = None,
    prompt_file: o.PromptFile = None,
    seed: o.SampleSeed = None,
    top_k: o.TopK = _S.top_k,
    top_p: o.TopP = _S.top_p,
    min_p: o.MinP = _S.min_p,
    stop: o.Stop = None,
    num: o.Num = 1,
    no_stream: o.NoStream = False,
    as_json: o.SampleJson = False,
) -> None:
    """Write new text to stdout, character by character, from the best checkpoint of a run.

    The filters apply in the order top-k, top-p, min-p; the temperature reshapes what is left.
    """
    chosen = SampleConfig(
        temperature=temp,
        length=length,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        seed=secrets.randbelow(2**32) if seed is None else seed,
        stop=tuple(stop or ()),
    )
    if length < 0 and (no_stream or as_json or num > 1) and not stop:
        raise UsageError("--length -1 never ends", "it goes with one streamed sample")
    from charrnn import runs
    from charrnn.model import Model

    found, skipped = runs.find_to_speak(run)
    for error in skipped:
        display.note(f"{error.message}; speaking from step {found.progress.step} instead")
    model = Model.of(found)
    text = model.spelled(_prompt(prompt, prompt_file))
    for character in model.unknown(text):
        display.note(
            f"the model never saw {character!r} (U+{ord(character):04X}): left out of the prompt"
        )
    if seed is None:
        display.note(f"--seed {chosen.seed} says this again")
    _speak(model, text, chosen, num=num, stream=not no_stream, as_json=as_json)


def _speak(
    model: Any, prompt: str, chosen: SampleConfig, *, num: int, stream: bool, as_json: bool
) -> None:
    """The samples, one after another, each with its prompt; between them an empty line."""
    write = display.writer(sys.stdout, is_bytes=model.vocab.is_bytes)
    for k in range(num):
        characters = model.stream(prompt, chosen, stream=k)
        if as_json:
            texts = {"prompt": model.text(prompt), "text": model.text("".join(characters))}
            write(json.dumps(texts | {"seed": chosen.seed, "stream": k}) + "\n")
            continue
        write("\n\n" + prompt if k else prompt)
        for piece in characters if stream else ["".join(characters)]:
            write(piece)
    if sys.stdout.isatty() and not as_json:
        write("\n")  # the shell's prompt begins a line; a pipe gets what was asked for and no more


def _prompt(typed: str | None, file: str | None) -> bytes:
    """The prompt's bytes: as typed, from a file, or piped in."""
    if typed is not None and file is not None:
        raise UsageError("--prompt and --prompt-file were both given", "choose one")
    if typed is not None:
        return os.fsencode(typed)
    if file == "-" or (file is None and _is_piped()):
        return _read_stdin()
    if file is None:
        return b""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def _is_piped() -> bool:
    """Whether standard input is a pipe or a file, rather than a terminal, a device or nothing."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _read_stdin() -> bytes:
    if not select.select([0], [], [], 1.0)[0]:
        display.note("waiting for a prompt on standard input; < /dev/null gives none")
    return sys.stdin.buffer.read()


@app.command()
def score(
    texts: o.Texts = None,
    run: o.RunToScore = None,
    split: o.Split = "val",
    adapt: o.Adapt = False,
    as_json: o.InfoJson = False,
) -> None:
    """Measure how well a run's best checkpoint expects a text, in nats per character."""
    if split not in ("val", "test"):
        raise UsageError(f"--split {split!r} is not known", "choose val or test")
    from charrnn import runs, scoring

    found, skipped = runs.find_to_speak(run)
    for error in skipped:
        display.note(f"{error.message}; scoring step {found.progress.step} instead")
    if texts:
        read = [_prompt(None, text) for text in texts]
        measured = scoring.score_files(found, read, adapt=adapt)
    else:
        measured = scoring.score_split(found, split, cache=runs.CORPUS_CACHE, adapt=adapt)
    nats = measured.nats_per_char
    if as_json:
        figures = {**vars(measured), "bits_per_char": display.bits(nats), "adapted": adapt}
        print(json.dumps(figures | {"perplexity": math.exp(nats)}))
        return
    if measured.num_unknown:
        display.note(f"{measured.num_unknown:,} characters that the model never saw were left out")
    how = "learning on the way" if adapt else "the state carried"
    print(
        f"{nats:.4f} nats ({display.bits(nats):.3f} bits) per character, {how},"
        f" over {measured.num_chars:,} characters"
    )
    if not adapt:
        print(f"{measured.nats_per_char_reset:.4f} nats with the state reset every 256 characters")


@app.command("runs")
def list_runs() -> None:
    """List the runs, the newest first."""
    from charrnn import runs

    every = runs.everything()
    rows = []
    for run in every:
        try:
            found, best = run.header(), run.best_progress().val_loss
        except CheckpointError as error:
            display.note(str(error))
            continue
        model, progress = found.model, found.progress
        size = display.compact(found.num_parameters)
        rows.append(
            [
                run.name,
                " ".join(found.corpus.names),
                f"{model.cell} {model.num_layers}×{model.hidden_size} ({size})",
                f"{progress.step:,} of {found.train.steps:,}",
                "" if best is None else f"{best:.4f}",
                display.age(time.time() - run.written_ns() / 1e9),
            ]
        )
    if not every:
        display.note("there is no run in checkpoints/ yet; type: charrnn train")
    if rows:
        columns = ["run", "corpus", "network", "steps", "best val loss", "age"]
        display.table(columns, rows)


@app.command()
def info(run: o.Run = None, as_json: o.InfoJson = False) -> None:
    """Show one run: network, vocabulary, progress, losses, a sample."""
    from charrnn import runs
    from charrnn.model import Model

    found = runs.find(run)
    last, skipped = found.newest_valid()
    for error in skipped:
        display.note(str(error))
    facts = _facts(found, last)
    if as_json:
        print(json.dumps(facts))
        return
    rows = [[name.replace("_", " "), _shown(value)] for name, value in facts.items()]
    display.table(["", ""], rows)
    model = Model.of(found.to_speak()[0])
    print(display.visible(model.generate(length=300, seed=0)).rstrip())


def _facts(run: Any, last: Any) -> dict[str, Any]:
    """What there is to know of a run, under names that scripts can rely on."""
    best = run.best_progress()
    return {
        "run": run.name,
        "corpus": " ".join(last.corpus.names),
        "corpus_chars": last.corpus.num_chars,
        "corpus_sha256": last.corpus.sha256,
        "vocab_size": len(last.vocab),
        "vocab": last.vocab.decode(range(min(len(last.vocab), 200))),
        **last.model.to_json(),
        "num_parameters": last.num_parameters,
        **last.train.to_json(),
        "step": last.progress.step,
        "elapsed_seconds": round(last.progress.elapsed_seconds, 1),
        "train_loss": last.progress.train_loss,
        "val_loss": best.val_loss,
        "val_loss_reset": best.val_loss_reset,
        "best_step": best.step,
        "weights_sha256": last.weights_sha256(),
    }


def _shown(value: Any) -> str:
    """A fact for people."""
    if value is None:
        return "not measured yet"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
