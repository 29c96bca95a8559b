"""A list of names to learn from: 88,799 surnames of the United States' census of 1990.

    pip install names
    python examples/surnames.py > names.txt
    charrnn train names.txt --lines --minutes 2
    charrnn sample --num 100000 --unique --novel > new-names.txt

The package `names` holds the list (MIT licence; the census is in the public domain).
"""

from importlib import resources

for line in resources.files("names").joinpath("dist.all.last").read_text().splitlines():
    print(line.split()[0].title())
