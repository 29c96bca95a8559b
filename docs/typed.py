"""Type into a command on a terminal, and print what it then shows, with ANSI colours.

python docs/typed.py $'I am go\\t' charrnn write | python docs/picture.py write.svg "charrnn write"

The keys are typed when the screen has come to rest, and the screen is printed when it has again:
the cursor in reverse, without the empty lines at the end. Needs pyte, and a system with
pseudo-terminals.
"""

import itertools
import operator
import os
import pty
import select
import signal
import struct
import sys
import termios
from fcntl import ioctl

import pyte

ROWS, COLUMNS, REST = 10, 76, 2.0  # seconds in which nothing changes
CODES = {"brightblack": "90", "red": "31", "green": "32", "blue": "34", "cyan": "36"}


def watch(terminal: int, stream: pyte.ByteStream) -> None:
    """Read what a terminal shows until it has come to rest."""
    while select.select([terminal], [], [], REST)[0]:
        stream.feed(os.read(terminal, 65_536))


def shown(screen: pyte.Screen) -> list[str]:
    """The lines of a screen, with codes for colours."""
    lines = []
    for row in range(ROWS):
        cells = [(codes(screen, row, k), screen.buffer[row][k].data) for k in range(COLUMNS)]
        line = ""
        for code, alike in itertools.groupby(cells, key=operator.itemgetter(0)):
            text = "".join(character for _, character in alike)
            line += f"\x1b[{code}m{text}\x1b[0m" if code else text
        lines.append(line.rstrip())
    while not lines[-1]:
        lines.pop()
    return lines


def codes(screen: pyte.Screen, row: int, column: int) -> str:
    """The codes for the style of one character."""
    cell = screen.buffer[row][column]
    is_cursor = (row, column) == (screen.cursor.y, screen.cursor.x)
    colour = [CODES[cell.fg]] if cell.fg in CODES else []
    return ";".join([*colour, *["3"] * cell.italics, *["4"] * cell.underscore, *["7"] * is_cursor])


def main() -> None:
    """Run the command that was named."""
    keys, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        colours = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        others = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        os.execvpe(command[0], command, others | colours)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    while not any(line.strip() for line in screen.display):
        watch(terminal, stream)
    os.write(terminal, keys.encode())
    watch(terminal, stream)
    print("\n".join(shown(screen)))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
