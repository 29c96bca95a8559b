"""The language model as a task. That it learns and resumes is shown in tests of training."""

from charrnn.config import ModelConfig
from charrnn.tasks.language_model import sample_length


def test_a_network_that_is_slow_to_write_gets_a_short_sample():
    sizes = (64, 512, 1024, 4096)
    lengths = [sample_length(ModelConfig(hidden_size=size), 100) for size in sizes]
    assert lengths[:2] == [240, 240]
    assert 240 > lengths[2] > lengths[3] == 40
