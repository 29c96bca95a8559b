"""Small things on which users have stumbled, by number. Each has tests, marked `@stumble(3)`.

Each line says what must hold. `pytest tests/stumbles --stumble 3` runs the tests of one.
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
    9: "a stop that can never occur is reported, and refused if the sample would never end",
    10: "a sample can be printed without its prompt",
    11: "one column of a CSV file is a corpus, quotes and newlines included",
    12: "for a folder in another encoding the files are named and the encoding suggested",
    13: "a few bad bytes in a file do not cost its good lines",
    14: "a run reads prompts and files in the encoding of its corpus",
    15: "compressed text is read; archives, pictures and PDFs are refused by their type",
    16: "process substitution and /dev/stdin are read",
    17: "--init-from keeps to --max-vocab",
    18: "a text that would become one unknown symbol is refused",
    19: "validation holds a part of every file",
    20: "a run named by its path finds its corpus from any folder",
    21: "a run's own corpus is used, even if another file has its name",
    22: "a search that cannot succeed ends, and says why",
    23: "a prompt of megabytes is read quickly, with a bar",
    24: "typing letter by letter takes linear time",
    25: "one process can sample for many prompts",
    26: "a log holds samples, and so do the metrics",
    27: "a CPU quota limits the threads",
    28: "blank lines of CRLF files are blank, also as bytes",
    29: "there is a documented remedy for loops at low temperature",
    30: "no module needs fcntl to be imported",
    31: "resume understands the flags of train as train does",
    32: "training beside a busy program learns, or says plainly that it did not",
    33: "a document of a word processor is refused by its type",
    34: "files of one folder are read each in its own encoding, and that is mentioned",
    35: "a text of a few characters is refused or gets a warning",
    36: "copies of N characters are never drawn",
    37: "a run that is not found names the folder that was searched",
    38: "a prompt that is also the name of a run is mentioned",
    39: "the last newline of a piped prompt is dropped",
    40: "a prompt's characters are replaced by simpler forms that the model knows",
    41: "slow commands show a labelled bar at once",
    42: "a run of minutes shows its time",
    43: "samples show the progress from the first steps on",
    44: "there are no more threads than cores",
    45: "a model shows as one short line in a notebook",
    46: "generate takes the names of the flags, and is random without a seed",
    47: "documentation names units of the reader's own run",
    48: "a record contains no newline",
    49: "unread characters of a prompt are not part of the record",
    50: "new records among millions are recognised by an index that is kept",
    51: "a read-only folder of runs can be used for reading",
    52: "a run that stays above its baselines says so",
    53: "a loss of zero is shown",
    54: "numbers stay whole in a narrow terminal",
    55: "a terminal of ASCII gets ASCII",
    56: "two trainings at once each run at nearly half the speed",
    57: "a file that is named twice is mentioned",
    58: "a search estimates how long it will take",
    59: "a prompt with a dash, a closed output and an impossible size are explained",
    60: "training on a text too short for a validation split says so",
}


def stumble(number: int) -> pytest.MarkDecorator:
    """Mark a test that prevents this stumble."""
    assert number in STUMBLES
    return pytest.mark.stumble(number)
