import pytest

from charrnn.config import (
    DataConfig,
)
from charrnn.errors import UsageError


def test_the_validation_split_is_the_tail_and_no_longer_than_asked():
    assert DataConfig().num_train(1_115_394) == 1_003_854  # as nanoGPT splits tiny Shakespeare
    assert DataConfig(max_val_chars=30).num_train(1000) == 970
    assert DataConfig(val_fraction=0.0).num_train(20) == 20
    assert DataConfig(val_fraction=0.9).num_train(3) == 2


def test_the_test_split_is_the_very_end():
    config = DataConfig(val_fraction=0.1, test_fraction=0.05)
    assert (config.num_train(1000), config.num_before_test(1000)) == (850, 950)
    config = DataConfig(val_fraction=0.1, test_fraction=0.05, max_val_chars=30)
    assert (config.num_train(1000), config.num_before_test(1000)) == (920, 950)
    assert DataConfig(test_fraction=0.9, val_fraction=0.09).num_train(100) == 2
    with pytest.raises(UsageError, match=r"0.2 and test_fraction 0.8 leave nothing to train on"):
        DataConfig(test_fraction=0.8, val_fraction=0.2)
