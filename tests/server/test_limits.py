"""What takes more than a server allows is refused, however little it is over."""

import pytest
from test_completion_request import parsed

from charrnn.errors import SettingError
from charrnn.server.limits import Limits


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"prompt": ["a" * 6, "b" * 5]}, "prompt"),
        ({"prompt": "a" * 6, "n": 2, "echo": True, "max_tokens": 1}, "prompt"),
        ({"max_tokens": 21}, "max_tokens"),
        ({"max_tokens": 11, "n": 2}, "max_tokens"),
        ({"prompt": ["a", "b"], "n": 2, "max_tokens": 1}, "n"),
        ({"max_tokens": 10, "n": 2}, "max_tokens"),
    ],
)
def test_what_takes_too_much_is_refused(fields, name):
    limits = Limits(max_prompt=10, max_tokens=20, max_whole=19, max_completions=3)
    parsed(prompt=["a" * 5, "b" * 5], max_tokens=10, stream=True).require_within(limits)
    parsed(n=3, max_tokens=6).require_within(limits)
    with pytest.raises(SettingError, match="this server allows") as raised:
        parsed(**fields).require_within(limits)
    assert raised.value.fields == (name,)
