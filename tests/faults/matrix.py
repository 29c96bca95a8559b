"""The fault matrix: what may happen to a run, by number. Every row has tests, marked `@row(3)`, and
`pytest tests/faults` ends with the table.

The promise: after any fault, `charrnn resume` continues exactly from a committed checkpoint, or the
program ends with a documented exit code, one sentence and one remedy. No committed checkpoint is
lost or damaged by a later event.
"""

import pytest

ROWS = {
    1: "SIGKILL at the Nth system call of a save, for every N",
    2: "the disk is full or fails, at any write, fsync or rename",
    3: "the power goes: whatever was not synced is lost",
    4: "a read-only folder, at the start or in mid-run",
    5: "umask 022 and 077",
    6: "temporary files of a dead process",
    7: "a checkpoint that is cut short, anywhere",
    8: "one flipped bit, anywhere",
    9: "a malicious header",
    10: "a configuration with huge sizes",
    11: "a pickle under any name",
    12: "an older format, a newer format",
    13: "N + N steps against 2 N, at every split point",
    14: "saving, evaluating, sampling more often or never",
    15: "SIGINT, SIGTERM, SIGHUP at any moment; a second one",
    16: "a signal to the whole process group",
    17: "the clock jumps; SIGSTOP, then SIGCONT",
    18: "resuming with other sizes, or a longer horizon",
    19: "a checkpoint from another device",
    20: "another number of threads, or of processes",
    21: "another locale, another hash seed",
    22: "NaN or infinity in loss, gradient, weight or optimiser",
    23: "out of memory",
    24: "an unusable corpus",
    25: "a corpus in another encoding",
    26: "byte order mark, CRLF, NUL, other normal forms",
    27: "a huge corpus in one line",
    28: "the corpus changes while it trains",
    29: "a prompt with unknown characters",
    30: "two trainers in one run",
    31: "fifty launches at once",
    32: "sampling while a trainer saves",
    33: "a closed pipe, a full device, closed streams",
    34: "not a terminal, TERM=dumb, NO_COLOR",
    35: "a model that has learned escape sequences and markup",
    36: "one of several processes is killed",
    37: "one of several machines is lost",
    38: "another program takes one core, or all, for seconds or for the whole run",
    39: "a CPU quota below the number of cores",
    40: "no home, no user name, a read-only checkpoints/, a full temporary folder",
    41: "standard input that never ends or never begins",
    42: "a file of pairs with bad lines",
    43: "hostile pictures",
    44: "markup in a vocabulary, a prompt or a name, on an exported page",
    45: "a server with huge bodies, slow clients, clients that vanish, or without a key",
    46: "a run that teaches another is removed, renamed, damaged or trained on",
}
crash_points = dict.fromkeys(ROWS, 0)  # number of injected faults, by row


def row(number: int) -> pytest.MarkDecorator:
    """Mark a test that proves this row of the matrix."""
    assert number in ROWS
    return pytest.mark.row(number)
