"""Pieces of Markdown."""

import re
from collections.abc import Iterable, Sequence

#: A page is not edited by hand.
MADE = "Made from the code by `python docs/reference/generate.py`; a test says when it is stale."
_CODE = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"([\\*_<>\[\]])")
_PAGE = re.compile(r"\bdocs/([\w-]+)\.md\b")


def prose(said: str) -> str:
    """A sentence of the code: `code` stays, nothing else means anything, and pages of docs/ are linked."""
    pieces = _CODE.split(" ".join(said.split()))
    plain = (piece if piece.startswith("`") else _SPECIAL.sub(r"\\\1", piece) for piece in pieces)
    return _PAGE.sub(lambda m: f"[{m[1]}](../{m[1]}.md)", "".join(plain))


def code(text: object) -> str:
    """As it is typed."""
    return f"`{text}`"


def fence(text: str, language: str = "text") -> str:
    """A block as it is."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell is no border, in code too (GitHub Flavored Markdown, 4.10)."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def page(*parts: str) -> str:
    """The parts that there are, with an empty line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"
