import pytest

from charrnn.analysis.neurons.units import Unit, unit_of
from charrnn.config import ModelConfig
from charrnn.errors import UsageError


def test_names_of_units_can_be_short_or_full():
    config = ModelConfig(cell="lstm", hidden_size=20, num_layers=2)
    assert unit_of("17", config) == unit_of("h17", config) == Unit("h", 0, 17)
    assert str(unit_of("c1.3", config)) == "c1.3"
    for wrong in ("h2.0", "20", "x1", "", "h1.", "-1"):
        with pytest.raises(UsageError, match="not a unit of this model"):
            unit_of(wrong, config)
    with pytest.raises(UsageError):
        unit_of("c0.1", ModelConfig(cell="gru"))
