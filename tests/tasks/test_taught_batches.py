"""What teachers expect of each character: asked once, and the same wherever a run goes on."""

import numpy as np
import pytest
import torch
from test_ensemble import TEXT, VOCAB, by_id, checkpoint_of

from charrnn.config import TrainConfig
from charrnn.data.batches import ALL, Text
from charrnn.data.vocab import code_points
from charrnn.generation.model import Model
from charrnn.tasks import taught_batches
from charrnn.tasks.distillation import teacher_of
from charrnn.tasks.taught_batches import TaughtBatches

CHECKPOINTS = [checkpoint_of(number) for number in (0, 1)]  # an LSTM of two layers, a GRU
IDS = VOCAB.ids_of(code_points(6 * TEXT))[:331]  # lanes begin within windows of each other
STARTS = np.array([0, 9, 10, 40, 44, 120, 121, 170, 200, 231, 300, 331])
TEXTS = {"stream": Text(IDS, 331, 331), "records": Text(IDS, 331, 331, STARTS)}
CONFIG = TrainConfig(batch_size=4, seq_length=6, seed=5)
SHARES = [ALL, slice(0, 2), slice(2, 4)]
STRETCH_STEPS, WARM_UP_STEPS = 4, 2


class Teachers:
    """Networks that count how many windows they read."""

    def __init__(self):
        self.networks, self.num_read = [teacher_of(each, "cpu") for each in CHECKPOINTS], 0
        self.networks[0].register_forward_hook(self._count)

    def _count(self, *_):
        self.num_read += 1


@pytest.fixture(params=["stream", "records"])
def text(request, monkeypatch):
    monkeypatch.setattr(taught_batches, "_STRETCH", STRETCH_STEPS * 6)
    monkeypatch.setattr(taught_batches, "_WARM_UP", WARM_UP_STEPS * 6)
    return TEXTS[request.param]


def bytes_kept(text):
    return text.num_train * (2 * len(VOCAB) + 4)


def batches_of(text, teachers=None, share=ALL, config=CONFIG, **limit):
    networks = (teachers or Teachers()).networks
    return TaughtBatches(text, config, share, networks, device="cpu", **limit)


def first_epoch(batches):
    return range(int(np.ceil(batches.steps_per_epoch)))


def by_place(text, batches, step):
    """Yield each place of a text that a step predicts, and what teachers expect there."""
    places_TB, expected_TBV = text.lanes(CONFIG).places(step), batches.batch(step).expected_TBV
    for place, expected_V in zip(places_TB.ravel(), expected_TBV.flatten(0, 1), strict=True):
        if place >= 0:
            yield place, expected_V.numpy().tobytes()


def test_it_is_what_they_say_together_after_a_warm_up(text):
    """As in numpy, on every lane; a lane that begins a text forgets."""
    batches, lanes, together = batches_of(text), text.lanes(CONFIG), Model.ensemble(CHECKPOINTS)
    for step in first_epoch(batches):
        first = step // STRETCH_STEPS * STRETCH_STEPS - WARM_UP_STEPS
        cursors = [together.cursor() for _ in range(4)]
        for read in range(max(first, 0) if text.starts is not None else first, step + 1):
            window, said = lanes.window(read), []
            for b in np.flatnonzero(window.begins_B):
                cursors[b] = together.cursor()
            for ids_B in window.inputs_TB.tolist():
                for cursor, i in zip(cursors, ids_B, strict=True):
                    cursor.read(VOCAB.decode([i]))
                said.append([by_id(together, cursor.predict()) for cursor in cursors])
        is_scored = lanes.places(step) >= 0
        found = batches.batch(step).expected_TBV
        assert found.dtype == torch.float16
        earlier = set().union(*(lanes.places(k).ravel() for k in range(step)))  # read before
        is_new = is_scored & ~np.isin(lanes.places(step), list(earlier))
        np.testing.assert_allclose(found[is_new].float(), np.array(said)[is_new], atol=1e-3)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_run_that_goes_on_anywhere_computes_the_same_to_the_bit(text, share, is_kept):
    max_bytes = bytes_kept(text) - (not is_kept)
    whole = batches_of(text, share=share, max_bytes=max_bytes)
    num_steps = 3 * len(first_epoch(whole))
    expected = [whole.batch(step).expected_TBV.clone() for step in range(num_steps)]
    is_scored = [text.lanes(CONFIG, share).places(step) >= 0 for step in range(num_steps)]
    for start in range(num_steps):
        resumed = batches_of(text, share=share, max_bytes=max_bytes)
        for step in range(start, min(num_steps, start + 9)):
            found = resumed.batch(step).expected_TBV
            scored = is_scored[step]
            assert found[scored].numpy().tobytes() == expected[step][scored].numpy().tobytes()


def test_from_the_second_epoch_on_teachers_are_not_asked_again(text):
    teachers = Teachers()
    batches = batches_of(text, teachers)
    said = {}
    for step in first_epoch(batches):
        said |= {place: each for place, each in by_place(text, batches, step) if place not in said}
    num_read, num_steps = teachers.num_read, len(first_epoch(batches))
    num_stretches = -(-num_steps // STRETCH_STEPS)
    assert num_steps <= num_read <= num_steps + num_stretches * WARM_UP_STEPS
    for step in range(num_steps, 4 * num_steps):
        for place, each in by_place(text, batches, step):
            assert each == said[place]
    assert teachers.num_read == num_read


def test_a_text_too_long_to_keep_is_read_in_every_epoch(text):
    teachers = Teachers()
    batches = batches_of(text, teachers, max_bytes=bytes_kept(text) - 1)
    num_steps = len(first_epoch(batches))
    for step in range(3 * num_steps):
        batches.batch(step)
        num_read = teachers.num_read
        batches.batch(step)  # the same step again costs nothing
        assert teachers.num_read == num_read
    assert num_read >= 3 * num_steps


def test_another_number_of_threads_computes_anew(text):
    teachers, before = Teachers(), torch.get_num_threads()
    batches = batches_of(text, teachers)
    for step in first_epoch(batches):
        batches.batch(step)
    num_read = teachers.num_read
    try:
        torch.set_num_threads(before + 1)
        batches.batch(0)
        assert teachers.num_read > num_read
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("num_chars", [2, 5, 23])
def test_a_text_shorter_than_a_batch_is_expected_alike_everywhere(num_chars):
    text = Text(IDS[:num_chars], num_chars, num_chars)
    batches, said = batches_of(text), {}
    for step in range(9):
        for place, each in by_place(text, batches, step):
            assert said.setdefault(place, each) == each
    assert said.keys() == set(range(1, num_chars))


def test_they_are_probabilities(text):
    batches = batches_of(text)
    for step in range(2 * len(first_epoch(batches))):
        is_scored = text.lanes(CONFIG).places(step) >= 0
        sums = batches.batch(step).expected_TBV.float().sum(-1)[is_scored]
        torch.testing.assert_close(sums, torch.ones_like(sums), atol=2e-3, rtol=0)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_expects_what_a_cpu_does(text):
    networks = [teacher_of(each, "cuda") for each in CHECKPOINTS]
    on_gpu = TaughtBatches(text, CONFIG, ALL, networks, device="cuda")
    on_cpu = batches_of(text)
    for step in range(2 * len(first_epoch(on_cpu))):
        is_scored = text.lanes(CONFIG).places(step) >= 0
        one, other = (each.batch(step).expected_TBV.cpu()[is_scored] for each in (on_gpu, on_cpu))
        torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
