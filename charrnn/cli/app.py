"""The command line: parse, call, render. Torch is imported by the commands that learn, and only
there.
"""

import itertools
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import typer
import typer.core

from charrnn import __version__
from charrnn._text import number_of
from charrnn.cli import console, evaluate, resume_flags
from charrnn.cli import flags as o
from charrnn.config import DataConfig, ModelConfig, SampleConfig, TrainConfig
from charrnn.errors import CheckpointError, UsageError, storage_errors

app = typer.Typer(
    help="A recurrent network learns to write, one character at a time.",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),  # --hidden_size works too
    },
)
_T, _D, _S = TrainConfig(), DataConfig(), SampleConfig()


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
        return
    with storage_errors("cannot use the folder you are in", "go to one that is there: cd FOLDER"):
        os.getcwd()  # where it has been removed torch would end the process


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
    records: o.Records = _D.records,
    lines: o.Lines = False,
    column: o.Column = None,
    bytes_: o.Bytes = False,
    encoding: o.Encoding = _D.encoding,
    errors: o.Errors = _D.errors,
    max_vocab: o.MaxVocab = _D.max_vocab,
    allow_short: o.AllowShort = False,
    val: o.Val = None,
    val_fraction: o.ValFraction = _D.val_fraction,
    test_fraction: o.TestFraction = _D.test_fraction,
    max_val_chars: o.MaxValChars = _D.max_val_chars,
    run: o.RunName = None,
    device: o.Device = None,
    precision: o.Precision = _T.precision,
    threads: o.Threads = None,
    save_every: o.SaveEvery = 30.0,
    sample_every: o.SampleEvery = None,
    quiet: o.Silent = False,
    verbose: o.Verbose = False,
    as_json: o.AsJson = False,
    tensorboard: o.Tensorboard = False,
) -> None:
    """Learn from a text. Ctrl-C saves and stops; `charrnn resume` goes on."""
    began = time.monotonic()
    given = {
        name: value for name, value in locals().items() if name in _CONFIGURED and value is not None
    }
    given["is_bytes"] = bytes_
    if lines and records not in ("none", "lines"):
        raise UsageError(f"--lines and --records {records} were both given", "choose one")
    if lines or (column is not None and records == "none"):
        given["records"] = "lines"
    if val:
        if val_fraction != _D.val_fraction:
            raise UsageError("--val and --val-fraction were both given", "choose one")
        given["val_fraction"] = 0.0
    from charrnn.cli import preflight
    from charrnn.runs import restarts
    from charrnn.training.autosize import Budget

    budget = Budget(steps, epochs, minutes)
    names, val_names = tuple(corpus or ["shakespeare"]), tuple(val or ())
    if not restarts.is_one_of_several():  # else the run of an earlier attempt may be there
        preflight.require_trainable((*names, *val_names), given, run_name=run, init_from=init_from)
    from charrnn.training import setup

    request = setup.Request(
        names=names,
        given=given,
        budget=budget,
        run_name=run,
        init_from=init_from,
        val_names=val_names,
        allows_short=allow_short,
        arguments=tuple(sys.argv[1:]),
    )
    screen = console.screen(
        quiet=quiet, as_json=as_json, each_sample=sample_every is not None, is_verbose=verbose
    )
    callbacks = _callbacks(screen, tensorboard=tensorboard, sample_every=sample_every)

    def begin(group: Any, held: ExitStack) -> Any:
        begun = restarts.begun(request.arguments)
        if begun is not None:
            held.enter_context(begun.locked())
            return setup.resumed(
                begun, Budget(), given={}, keep_corpus=True,
                screen=screen, save_every=save_every, callbacks=callbacks,
                began=began, group=group,
            )  # fmt: skip
        if steps is None and epochs is None:
            screen.timed(began, request.budget.seconds)
        trainer = setup.new_run(
            request, screen=screen, save_every=save_every, callbacks=callbacks,
            began=began, group=group,
        )  # fmt: skip
        held.callback(trainer.run.discard_if_unborn)
        held.enter_context(trainer.run.locked())
        return trainer

    _train(begin, screen)


_CONFIGURED = (ModelConfig.names() | DataConfig.names() | TrainConfig.names()) - {"steps"}


@app.command(cls=resume_flags.Resume)
def resume(
    context: typer.Context,
    run: o.Run = None,
    steps: o.Steps = None,
    epochs: o.Epochs = None,
    minutes: o.MinutesMore = None,
    device: o.Device = None,
    threads: o.Threads = None,
    keep_corpus: o.KeepCorpus = False,
    save_every: o.SaveEvery = 30.0,
    sample_every: o.SampleEvery = None,
    quiet: o.Silent = False,
    verbose: o.Verbose = False,
    as_json: o.AsJson = False,
    tensorboard: o.Tensorboard = False,
) -> None:
    """Go on with a run exactly where it was, to the bit.

    --steps and --epochs give it a new length, counted from its birth; --minutes adds that long
    from now. The learning rate then follows the schedule of a run of the new length.
    """
    began = time.monotonic()
    from charrnn.cli import preflight
    from charrnn.runs import folder, restarts
    from charrnn.training.autosize import Budget

    budget = Budget(steps, epochs, minutes)
    name, typed = resume_flags.typed(context, run)
    if not restarts.is_one_of_several():  # else only the first process needs to have the run
        preflight.require_device(device)
        resume_flags.require_same(typed, folder.find(name).header())
    from charrnn.training import setup

    screen = console.screen(
        quiet=quiet, as_json=as_json, each_sample=sample_every is not None, is_verbose=verbose
    )
    callbacks = _callbacks(screen, tensorboard=tensorboard, sample_every=sample_every)
    given = {"device": device, "threads": threads}

    def begin(group: Any, held: ExitStack) -> Any:
        found = folder.find(name)
        resume_flags.require_same(typed, found.header())
        held.enter_context(found.locked())
        if minutes is not None:
            screen.timed(began, budget.seconds)
        return setup.resumed(
            found,
            budget,
            given={name: value for name, value in given.items() if value is not None},
            keep_corpus=keep_corpus,
            screen=screen,
            save_every=save_every,
            callbacks=callbacks,
            began=began,
            group=group,
        )

    _train(begin, screen)


def _callbacks(screen: Any, *, tensorboard: bool, sample_every: int | None) -> list[Any]:
    """What people see of a run. TensorBoard comes first, for standard output may refuse figures."""
    from charrnn.training.callbacks.baselines import Baselines
    from charrnn.training.callbacks.console import Console
    from charrnn.training.callbacks.samples import Samples

    samples = Samples(sample_every, seconds_between=screen.seconds_between_samples)
    callbacks: list[Any] = [Console(screen), Baselines(), samples]
    if tensorboard:
        from charrnn.training.callbacks.tensorboard import TensorBoard

        callbacks.insert(0, TensorBoard())
    return callbacks


def _train(begin: Callable[[Any, ExitStack], Any], screen: console.Quiet) -> None:
    """Train, and say how it ended; of the processes that torchrun started the first begins, and
    the others join it.
    """
    from charrnn.runs import restarts
    from charrnn.training import distributed, handover, setup
    from charrnn.training.signals import Signals

    with distributed.formed() as group, ExitStack() as held:
        if group.rank > 0:
            trainer, screen = setup.joined(group), console.Silent()
        else:
            with handover.leading(group):
                trainer = begin(group, held)
        with Signals() as signals:
            for _ in trainer.steps(stop=lambda: signals.received):
                pass
        if trainer.received is None and group.rank == 0:
            restarts.forget(trainer.run)
        _say_how_it_ended(trainer, screen)


def _say_how_it_ended(trainer: Any, screen: console.Quiet) -> None:
    name, step = trainer.run.name, trainer.state.step
    if trainer.received is not None:
        screen.say(f"stopped after step {step:,}, saved; continue with: charrnn resume {name}")
        raise typer.Exit(128 + trainer.received)
    best = trainer.run.best_progress().val_loss
    loss = (
        f", validation loss {best:.4f} nats ({console.bits(best):.3f} bits)"
        if best is not None
        else ""
    )
    steps = number_of(step, "step")
    screen.say(f"done: {steps}{screen.took()}{loss}; try it: charrnn sample {name}")


class _Sample(typer.core.TyperCommand):
    """`--novel` before a number is `--novel-chars`; before a run's name it takes no value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click. A run whose name is a number is named by its folder."""
        meant = list(args)
        for k, (typed, following) in enumerate(itertools.pairwise([*args, ""])):
            if (typed == "--novel" and following.isdecimal()) or typed.startswith("--novel="):
                meant[k] = typed.replace("--novel", "--novel-chars", 1)
        return super().parse_args(ctx, meant)


@app.command(cls=_Sample)
def sample(
    run: o.RunToRead = None,
    temp: o.Temperature = str(_S.temperature),
    length: o.Length = None,
    prompt: o.Prompt = None,
    prompt_file: o.PromptFile = None,
    encoding: o.ItsEncoding = None,
    seed: o.SampleSeed = None,
    top_k: o.TopK = _S.top_k,
    top_p: o.TopP = _S.top_p,
    min_p: o.MinP = _S.min_p,
    repeat_penalty: o.RepeatPenalty = _S.repeat_penalty,
    stop: o.Stop = None,
    until: o.Until = None,
    num: o.Num = None,
    prompts: o.Prompts = None,
    unique: o.Unique = False,
    novel: o.Novel = False,
    novel_chars: o.NovelChars = None,
    match: o.Match = None,
    no_prompt: o.NoPrompt = False,
    no_stream: o.NoStream = False,
    as_json: o.SampleJson = False,
    report: o.Report = False,
    device: o.SampleDevice = "cpu",
) -> None:
    """Write new text to stdout, character by character, from the best checkpoint of a run.

    The filters apply in the order top-k, top-p, min-p; the temperature reshapes what is left.
    """
    temperature, final_temperature = _temperatures(temp)
    chosen = SampleConfig(
        temperature=temperature,
        final_temperature=final_temperature,
        length=_S.length if length is None else length,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repeat_penalty=repeat_penalty,
        seed=secrets.randbelow(2**32) if seed is None else seed,
        stop=tuple(stop or ()),
        until=tuple(until or ()),
    )
    if num == 0:
        raise UsageError("--num 0 asks for nothing", "give it 1 or more, or -1 for no end")
    if prompts is not None and (prompt is not None or prompt_file is not None):
        given = "--prompt" if prompt is not None else "--prompt-file"
        raise UsageError(f"--prompts and {given} were both given", "choose one")
    from charrnn.cli import inputs, preflight, sample

    preflight.require_device(device)
    wanted = sample.Wanted(
        num=num, unique=unique, novel=novel, novel_chars=novel_chars, match=match,
        as_json=as_json, report=report, stream=not no_stream, device=device,
        shows_prompt=not no_prompt, says_seed=seed is None,
    )  # fmt: skip
    found = inputs.checkpoint_of(run)
    if prompts is not None:
        typed = inputs.prompts(prompts, found, encoding=encoding)
    else:
        asking = "--prompt-file -"
        typed = [inputs.prompt(prompt, prompt_file, found, encoding=encoding, asking=asking)]
    sample.speak(found, typed, chosen, wanted, length=length)


def _temperatures(typed: str) -> tuple[float, float | None]:
    """One temperature, or the two ends of a ramp: 0.8, or 0.5:1.1."""
    first, colon, last = typed.partition(":")
    try:
        return float(first), float(last) if colon else None
    except ValueError as error:
        raise UsageError(
            f"--temp {typed!r} is not a valid temperature", "give a number, or two: 0.5:1.1"
        ) from error


@app.command("runs")
def list_runs() -> None:
    """List the runs, the newest first."""
    from charrnn.runs import folder

    every = folder.everything()
    rows = []
    for run in every:
        try:
            found, best = run.header(), run.best_progress().val_loss
        except CheckpointError as error:
            console.note(str(error))
            continue
        model, progress = found.model, found.progress
        size = console.compact(found.num_parameters)
        rows.append(
            [
                run.name,
                " ".join(found.corpus.names),
                f"{model} ({size})",
                f"{progress.step:,} of {found.train.steps:,}",
                "" if best is None else f"{best:.4f}",
                console.age(time.time() - run.written_ns() / 1e9),
            ]
        )
    if not every:
        console.note(str(folder.no_run()))
    if rows:
        columns = ["run", "corpus", "network", "steps", "best val loss", "age"]
        console.table(columns, rows, may_go=["corpus", "network", "age", "steps"])


@app.command()
def info(run: o.Run = None, as_json: o.InfoJson = False) -> None:
    """Show one run: network, vocabulary, progress, losses, a sample."""
    from charrnn.generation.model import Model
    from charrnn.runs import folder

    found = folder.find(run)
    last, skipped = found.newest_valid()
    for error in skipped:
        console.note(str(error))
    facts = _facts(found, last)
    if as_json:
        print(json.dumps(facts))
        return
    facts["vocab"] = "".join(map(console.symbol, facts["vocab"]))
    rows = [[name.replace("_", " "), _shown(value)] for name, value in facts.items()]
    console.table(["", ""], rows)
    model = Model.of(found.to_speak()[0])
    print(console.visible(model.glimpse(300, seed=0)).rstrip())


@app.command()
def verify(run: o.Run = None, replay: o.Replay = None, as_json: o.InfoJson = False) -> None:
    """Check a run: read all its files again, and make its last steps again.

    For a disk or a memory that one does not trust. It changes nothing. The exit code is 0 where
    all is as it was written and every number comes out to the bit, else 4.
    """
    from charrnn.runs import folder

    found = folder.find(run)
    with closing(console.Counting(1, what=f"verifying {found.name}", at_once=True)) as bar:
        from charrnn.training import verify

        findings = verify.checked(found, at_most=replay, progress=bar.so_far)
    if as_json:
        print(json.dumps([vars(finding) for finding in findings]))
    else:
        console.table(["", ""], [[finding.what, finding.found] for finding in findings])
    problems = [finding.problem for finding in findings if finding.problem]
    if problems:
        raise CheckpointError("; ".join(problems), verify.ADVICE)


_SPLITS = ("records", "val_fraction", "test_fraction", "max_val_chars")


def _facts(run: Any, last: Any) -> dict[str, Any]:
    """What there is to know of a run, under names that scripts can rely on."""
    best = run.best_progress()
    return {
        "run": run.name,
        "corpus": " ".join(last.corpus.names),
        "corpus_chars": last.corpus.num_chars,
        "corpus_sha256": last.corpus.sha256,
        "corpus_encoding": last.data.encoding,
        **({"corpus_column": last.data.column} if last.data.column else {}),
        "vocab_size": len(last.vocab),
        "vocab": last.vocab.decode(range(min(len(last.vocab), 200))),
        **last.model.to_json(),
        "num_parameters": last.num_parameters,
        **last.train.to_json(),
        **{name: value for name, value in last.data.to_json().items() if name in _SPLITS},
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
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


evaluate.add_to(app)
