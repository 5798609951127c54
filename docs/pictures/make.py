"""Make the picture of the README: two digests of the project's own demo, in a browser without a window.

python docs/pictures/make.py        needs Chromium, and `pip install -e '.[test]'`
"""

import email
import shutil
import subprocess
import sys
import tempfile
from email import policy
from email.message import EmailMessage
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "digest.png"
#: What stands beside each other: the reader of the demo whose digest it is, and how wide (CSS pixels).
SHOWN = (("campaigner@reader.example", 640), ("dawn@escapees.example", 400))
HEIGHT, MARGIN = 880, 24
STYLE = f"""
body {{ margin: 0; padding: {MARGIN}px; display: flex; gap: {MARGIN}px; background: #e7eaee }}
iframe {{ border: 0; border-radius: 8px; height: {HEIGHT}px; background: #fff }}
"""


def digests(folder: Path) -> dict[str, str]:
    """The HTML of each digest that the demo mailed, by its reader."""
    messages = (
        email.message_from_bytes(f.read_bytes(), _class=EmailMessage, policy=policy.default)
        for f in folder.glob("*.eml")
    )
    found = {}
    for message in messages:
        body = message.get_body(("html",))
        if body and "digests" in message.get("List-Id", ""):
            found[message["To"].addresses[0].addr_spec] = body.get_content()
    return found


def frames(mailed: dict[str, str]) -> str:
    """The page that is photographed."""
    shown = (f'<iframe width="{width}" srcdoc="{escape(mailed[reader])}"></iframe>' for reader, width in SHOWN)
    return f"<!doctype html><meta charset='utf-8'><style>{STYLE}</style>{''.join(shown)}"


def main() -> None:
    """Run the demo, open two of its digests, and write the picture."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        mails = Path(place) / "mails"
        subprocess.run(
            [sys.executable, "-m", "nkwatch", "demo", "--once", "--out", mails], check=True, capture_output=True
        )
        page = Path(place) / "page.html"
        page.write_text(frames(digests(mails)), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        width = sum(wide for _, wide in SHOWN) + MARGIN * (len(SHOWN) + 1)
        view = browser.new_page(viewport={"width": width, "height": HEIGHT + 2 * MARGIN}, device_scale_factor=1.5)
        view.goto(page.as_uri())
        view.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
