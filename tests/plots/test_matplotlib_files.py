"""matplotlib's fonts; what happens without matplotlib is proved by the tests of charts."""

import pytest

from charrnn.plots import matplotlib_files

pytest.importorskip("matplotlib")


def test_its_own_font_is_enough_for_letters_and_phones():
    assert matplotlib_files.fonts_for("crème t͡ʃ ə ж ψ") == (["DejaVu Sans"], frozenset())


def test_a_character_that_no_font_has_is_named():
    families, missing = matplotlib_files.fonts_for("a\U0001f9ff\U000f1234")
    assert families[0] == "DejaVu Sans"
    assert "\U000f1234" in missing
    assert "a" not in missing
