"""A day of a server's log to learn from: ordinary requests, invented.

    python examples/logs.py 20000 > day.log           # nothing odd in it
    python examples/logs.py 2000 --odd > today.log    # one line in four hundred is odd

Then docs/uses/lines.md.
"""

import random
import sys

PATHS = [
    "/",
    "/about",
    "/login",
    "/logout",
    "/search?q=",
    "/items/",
    "/static/app.js",
    "/api/orders/",
]
WORDS = ["lamp", "chair", "blue+table", "garden", "paint", "small+shelf"]
ODD = [
    "GET /items/1%27+OR+1=1-- 500",
    "GET /../etc/passwd 404",
    "POST /logout 500",
    "GET /.env 200",
    "DELETE /about 200",
]


def request(draw: random.Random) -> str:
    """What an ordinary visitor asks for, and the answer's number."""
    path = draw.choices(PATHS, weights=[6, 2, 3, 2, 4, 8, 6, 3])[0]
    if path.endswith("="):
        path += "+".join(draw.choices(WORDS, k=min(20, 1 + int(draw.expovariate(0.3)))))
    elif path.endswith("items/") or path.endswith("orders/"):
        path += str(draw.randint(1, 400))
    method = "POST" if path == "/login" and draw.random() < 0.7 else "GET"
    status = draw.choices([200, 304, 404, 302], weights=[20, 5, 1, 2])[0]
    return f"{method} {path} {status}"


def main() -> None:
    """So many lines, from morning to night."""
    num, is_odd = int(sys.argv[1]), "--odd" in sys.argv
    draw, seconds = random.Random(2 if is_odd else 1), 0.0
    for _ in range(num):
        seconds += draw.expovariate(num / 80_000)
        clock = (
            f"{int(seconds) // 3600 % 24:02}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
        )
        what = draw.choice(ODD) if is_odd and draw.random() < 1 / 400 else request(draw)
        who = f"10.0.{draw.randint(0, 3)}.{draw.randint(1, 60)}"
        print(f"{clock} {who} {what} {draw.randint(2, 90)}ms")


if __name__ == "__main__":
    main()
