"""Writes the pages of this folder from the code that they tell of; with --check only says which are stale."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
# examples are answers about the sample texts, as tests tell them to a newsroom
sys.path.insert(0, str(HERE.parents[1]))

import api  # noqa: E402
import commands  # noqa: E402
import configuration  # noqa: E402

Pages = Mapping[str, Callable[[], str]]
PAGES: Pages = {"api.md": api.written, "commands.md": commands.written, "configuration.md": configuration.written}


def main(arguments: Sequence[str]) -> int:
    """Write or check all pages; 1 says that one is stale."""
    options = argparse.ArgumentParser(description="Writes the pages of docs/reference from the code.")
    options.add_argument("--check", action="store_true", help="only say which pages are stale")
    check = options.parse_args(arguments).check
    found = stale(HERE, PAGES, check=check)
    for name in found:
        remedy = "is stale; run: python docs/reference/generate.py" if check else "written"
        sys.stdout.write(f"docs/reference/{name}: {remedy}\n")
    return int(check and bool(found))


def stale(folder: Path, pages: Pages, *, check: bool) -> list[str]:
    """The pages that say something else than they should; unless that is only checked, they now say it."""
    texts = {name: written() for name, written in pages.items()}
    found = [name for name, text in texts.items() if not _says(folder / name, text)]
    for name in () if check else found:
        (folder / name).write_text(texts[name], "utf-8")
    return found


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
