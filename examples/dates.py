"""Dates as people write them, turned into ISO 8601: "3rd of May 1998" becomes 1998-05-03.

    python examples/dates.py --minutes 1
    charrnn translate "Sunday, May 3rd, 1998"

Writes dates.tsv: random dates from 1950 to 2049 in eleven forms. Learns them, and then reads dates
that it has never seen: in the forms it learned, and in three more that only mix their parts.

A slash is American, 5/3/98 is the third of May, and a dot is German, 3.5.98. Years of two digits
are from 1950 to 2049. With other rules, change FORMS.
"""

import argparse
import datetime
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import charrnn

FORMS = [
    "{d} {month} {year}",
    "{d}{th} of {month} {year}",
    "{month} {d}, {year}",
    "{month} {d}, {yy}",
    "{mon} {d}{th}, {year}",
    "{weekday}, {d} {month} {year}",
    "{wd} {mon} {d} {year}",
    "{d}-{mon}-{yy}",
    "{d}.{m}.{year}",
    "{m}/{d}/{yy}",
    "{year}/{mm}/{dd}",
]
NEW_FORMS = ["{weekday}, {month} {d}{th}, {year}", "{wd} {d}.{m}.{yy}", "{d}{th} {mon} {year}"]
FIRST, LAST = datetime.date(1950, 1, 1).toordinal(), datetime.date(2049, 12, 31).toordinal()
MONTHS = """
January February March April May June July August September October November December
""".split()  # noqa: SIM905
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905


def written(day: datetime.date, form: str) -> str:
    """A date in one of the forms. (`strftime` would follow the language of the computer.)"""
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    is_teen = 11 <= day.day <= 13
    th = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return form.format(
        d=day.day,
        dd=f"{day.day:02}",
        th=th,
        m=day.month,
        mm=f"{day.month:02}",
        mon=month[:3],
        month=month,
        yy=f"{day.year % 100:02}",
        year=day.year,
        wd=weekday[:3],
        weekday=weekday,
    )


def dates(seed: int, *, are_held_out: bool) -> Iterator[datetime.date]:
    """Draw dates without end. Every tenth day is held out: it is never learned, in any form."""
    draw = random.Random(seed)
    while True:
        number = draw.randint(FIRST, LAST)
        if (number % 10 == 0) == are_held_out:
            yield datetime.date.fromordinal(number)


def write_pairs(path: Path, num: int) -> None:
    """Write pairs to learn from: a date in one of the forms, a tab, the date in ISO 8601."""
    draw = random.Random(1)
    days = dates(2, are_held_out=False)
    forms = draw.choices(FORMS, k=num)
    pairs = ((written(day, form), day) for form, day in zip(forms, days, strict=False))
    path.write_text("".join(f"{text}\t{day}\n" for text, day in pairs), encoding="utf-8")


def main() -> None:
    """Write the pairs, learn them, and print how many new dates it reads in each form."""
    parser = argparse.ArgumentParser(description="Dates as people write them, to ISO 8601.")
    parser.add_argument("--num", type=int, default=5000, help="pairs to learn from")
    parser.add_argument("--minutes", type=float, default=1.0)
    given = parser.parse_args()
    write_pairs(Path("dates.tsv"), given.num)
    run = charrnn.train("dates.tsv", pairs=True, minutes=given.minutes, seed=1)
    translator = run.model()
    print(f"{run}\nright of 100 dates that were never learned, by form:")
    for form in FORMS + NEW_FORMS:
        days = list(islice(dates(3, are_held_out=True), 100))
        texts = [written(day, form) for day in days]
        made = [str(best) for best, *_ in translator.translate_many(texts)]
        num_right = sum(text == str(day) for text, day in zip(made, days, strict=True))
        note = "  (a form that is new to it)" if form in NEW_FORMS else ""
        print(f"{num_right:4}  {texts[0]:<30} {made[0]:<12}{note}")


if __name__ == "__main__":
    main()
