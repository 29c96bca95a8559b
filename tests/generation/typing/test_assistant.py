"""What is offered to a person who is writing."""

import pytest
from voices import model_of

from charrnn.generation.typing.assistant import Assistant, DoneWord


@pytest.fixture
def assistant():
    return Assistant(model_of("abc .'", seed=1), num=2, words=2)


def test_an_offer_is_that_of_a_cursor_at_the_end_of_the_text(assistant):
    cursor = model_of("abc .'", seed=1).cursor().read("ab. b")
    offer = assistant.offer("ab. b")
    assert [one.text for one in offer.alternatives] == [one.text for one in cursor.suggest(2)]
    assert offer.ahead == cursor.offer(2, words=2).ahead
    assert assistant.offer("ab. b" + "c" * 500, is_stale=lambda: True) is None


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("ab ca ", DoneWord(3, "ca", " ")),
        ("ab ca.", None),  # it may be one of two: ca.b
        ("ab ca. ", DoneWord(3, "ca", ".")),
        ("ab ca.b ", DoneWord(3, "ca.b", " ")),
        ("ab ca\n", DoneWord(3, "ca", "\n")),
        ("\udcff ca ", DoneWord(2, "ca", " ")),
        ("a" * 300 + " b ", DoneWord(301, "b", " ")),
        ("ab ", DoneWord(0, "ab", " ")),
        ("ab  ", None),
        ("ab", None),
        ("", None),
    ],
)
def test_a_word_is_done_when_its_end_shows(assistant, text, done):
    assert assistant.word_done_by(text) == done


def test_a_done_word_is_corrected_in_its_context(assistant):
    corrected = model_of("abc .'", seed=1).cursor().read("ab ").correction("ca")
    assert assistant.correction("ab ca ", DoneWord(3, "ca", " ")) == corrected


@pytest.mark.parametrize(
    ("before", "ahead", "first"),
    [
        ("I am go", "ing to be", "ing"),
        ("I am", " going to", " going"),
        ("I", "'m not", "'m"),
        ("I ", "am", "am"),
        ("", "", ""),
        ("我", "爱你", "爱"),
    ],
)
def test_the_first_word_ahead_is_told(assistant, before, ahead, first):
    assert assistant.first_word(before, ahead) == first


def test_bytes_that_are_no_text_do_no_harm(assistant):
    assert assistant.offer("ab \udcff").alternatives
