import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

from in_node import TEMPLATE
from made import made
from matrix import row

from charrnn.export import page, page_facts

HOSTILE = "\n </script>\"'&`\\$!-{}\u2028\u2029\u202e\u2066\x00\x1b\u200b"


def hostile(**network):
    """Return a model whose vocabulary and name are markup."""
    characters = "".join(dict.fromkeys(HOSTILE + "img rc=xoner"))
    path = Path("checkpoints/<img src=x onerror=alert(1)>/best.safetensors")
    return dataclasses.replace(made(characters, **network), path=path)


def written(checkpoint, weights="float32"):
    return page.page(page_facts.facts_of(checkpoint, weights), checkpoint, weights=weights)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)


def tags_of(text):
    parser = Tags()
    parser.feed(text)
    return parser.tags


@row(44)
def test_markup_in_a_name_or_vocabulary_opens_no_tag():
    plain, other = written(made()), written(hostile())
    assert tags_of(plain) == tags_of(other)
    data = re.search('id="facts">(.*?)</script>', other, re.DOTALL)[1]
    assert data.isascii() and "<" not in data and data.isprintable()


def test_the_programs_of_the_page_stay_within_their_elements():
    for file in TEMPLATE.glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"</script|<!--|<script", text, re.IGNORECASE), file
        assert "innerHTML" not in text and "eval(" not in text


@row(44)
def test_a_page_allows_its_own_script_and_style_alone():
    policy = re.search('Content-Security-Policy" content="(.*?)"', written(made()))[1]
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"].startswith("'sha256-")
    assert "unsafe" not in policy and "http" not in policy
    assert directives.keys() == {
        "default-src", "script-src", "style-src", "worker-src", "base-uri", "form-action",
        "require-trusted-types-for", "trusted-types",
    }  # fmt: skip


def test_the_same_run_makes_the_same_page_and_smaller_weights_a_smaller_one():
    checkpoint = made(hidden_size=64)
    sizes = [len(written(checkpoint, weights)) for weights in page.WEIGHTS]
    assert sizes == sorted(sizes)
    assert written(checkpoint) == written(checkpoint)
