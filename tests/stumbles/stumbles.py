"""Small inputs on which people stumble, by number; each has tests that say so (`@stumble(3)`).

What is written here is what must hold. `pytest tests/stumbles --stumble 3` runs the tests of one.
"""

import pytest

STUMBLES = {
    1: "standard input that never ends is not waited for",
    2: "a loop that reads lines keeps the lines that a command did not ask for",
    3: "score in such a loop scores each run's own validation split",
    4: "a folder with a record in each file is a list of records",
    5: "records of neighbouring files do not merge",
    6: "a line of white space is a blank line",
    7: "a line of white space is no record",
    8: "a sample may end after a text, and keep it",
    9: "a stop that can never come is said, and refused where the sample would never end",
    10: "a sample without its prompt",
    11: "one column of a CSV file, quotes and newlines in it and all",
    12: "a folder of files in another encoding: they are named, the encoding is offered",
    13: "a few bad bytes in a good file do not cost the good lines",
    14: "a run reads prompts and files in the encoding of its corpus",
    15: "compressed text is read; archives, pictures and PDFs are named for what they are",
    16: "process substitution and /dev/stdin are read",
    17: "--init-from keeps to --max-vocab",
    18: "a text that would become one unknown symbol is refused",
    19: "validation holds a part of every file",
    20: "a run named by its path finds its corpus from any folder",
    21: "a run's own corpus is used, whatever else has its name",
    22: "a search that cannot succeed ends, and says why",
    23: "a prompt of megabytes is read quickly, with a bar",
    24: "typing letter by letter takes linear time",
    25: "many prompts in one process",
    26: "a log holds samples, and so do the metrics",
    27: "a CPU quota limits the threads",
    28: "blank lines of CRLF files, read as bytes",
    29: "a documented remedy for loops at low temperature",
    30: "no module needs fcntl to be imported",
    31: "resume understands the flags of train as train does",
    32: "training beside a busy program learns, or says plainly that it did not",
    33: "a document of a word processor is named for what it is, and refused",
    34: "files of one folder in several encodings are read, each in its own, and it is said",
    35: "a text of a few characters is refused or warned of",
    36: "no copy of N characters is drawn in the first place",
    37: "a run that is not found names the folder that was searched",
    38: "a prompt that is also a run's name is noted",
    39: "the last newline of a piped prompt is dropped",
    40: "characters of a prompt that the model knows in a simpler form are folded",
    41: "whatever takes long shows a labelled bar at once",
    42: "a run of minutes shows its time",
    43: "one sees it learn from the first steps",
    44: "no more threads than cores",
    45: "a model is short in a notebook",
    46: "generate takes the names of the flags, and is random without a seed",
    47: "a page sends its reader to numbers of the reader's own run",
    48: "a record has no newline within",
    49: "what was not read of a prompt is not part of the record",
    50: "new records among millions are found by an index that is kept",
    51: "a read-only folder of runs can be read",
    52: "a run that stays above its baselines says so",
    53: "a loss of zero is shown",
    54: "numbers stay whole in a narrow terminal",
    55: "a terminal of ASCII gets ASCII",
    56: "two trainings at once, each at nearly half the speed",
    57: "a file that is named twice is noted",
    58: "a search shows how long it will take, by what is still found",
    59: "a prompt that begins with a dash; a closed output; an impossible size",
    60: "a text too short for a validation split says so when it is trained",
}


def stumble(number: int) -> pytest.MarkDecorator:
    """Says which stumble a test keeps people from."""
    assert number in STUMBLES
    return pytest.mark.stumble(number)
