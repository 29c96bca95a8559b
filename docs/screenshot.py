"""Make a picture of an exported page, for docs/uses/page.md: it is opened in Chromium, and written.

python docs/screenshot.py voice.html docs/pictures/page.png --prompt JULIET: --point 120
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("page", type=Path)
parser.add_argument("picture", type=Path)
parser.add_argument("--prompt", default="")
parser.add_argument("--seed", default="1")
parser.add_argument("--point", type=int, default=0, help="number of the character to point at")
parser.add_argument("--width", type=int, default=820)
parser.add_argument("--height", type=int, default=820)
parser.add_argument("--scheme", default="light", choices=["light", "dark"])
given = parser.parse_args()

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
    size = {"width": given.width, "height": given.height}
    page = browser.new_page(viewport=size, color_scheme=given.scheme)
    page.goto(given.page.resolve().as_uri())
    page.wait_for_selector("#write:enabled")
    page.fill("#prompt", given.prompt)
    page.fill("#seed", given.seed)
    page.click("#write")
    page.wait_for_selector("#stop", state="hidden")
    page.hover(f"#written .drawn >> nth={given.point}")
    shot = Image.open(io.BytesIO(page.screenshot()))
    browser.close()
shot.convert("RGB").quantize(64).save(given.picture, optimize=True)
