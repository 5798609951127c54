"""The pages that people read, the blocks of code on them, and the lines of shell in these."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, takewhile
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
#: Made from the code: each command with its usage, and examples.
REFERENCE = "docs/reference/commands.md"
#: What joins two commands of one line.
JOINTS = {"&&", "||", "|", ";", "&"}


@dataclass(frozen=True)
class Block:
    """Code on a page: `line` is where its text begins, `language` what its fence says, "" without any."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Step:
    """One command of a line: its words, what is set for it, where its input comes from and its output goes."""

    words: tuple[str, ...]
    joint: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    source: str = ""
    target: str = ""


@dataclass(frozen=True)
class Line:
    """One line of shell, those that it goes on with behind a backslash included."""

    page: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.number}: {self.text}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The commands of the line; none if it is a comment only. Raises `ValueError` for what no shell could read."""
        return tuple(_steps(words(self.text)))


def pages() -> list[str]:
    """All pages, as they are named from the root on; what was decided and what was released is history, not help."""
    found = chain(ROOT.glob("*.md"), ROOT.glob("*/README.md"), (ROOT / "docs").rglob("*.md"))
    names = sorted({path.relative_to(ROOT).as_posix() for path in found})
    return [n for n in names if n != "CHANGELOG.md" and not n.startswith("docs/decisions/")]


@cache
def tokens(page: str) -> list[Token]:
    """The page as a Markdown parser sees it."""
    return MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text("utf-8"))


def blocks(page: str) -> Iterator[Block]:
    """The blocks of code on a page, those that are only indented too."""
    for token in tokens(page):
        if token.map and token.type in {"fence", "code_block"}:
            begin = token.map[0] + (2 if token.type == "fence" else 1)
            yield Block(page, begin, token.info.strip(), token.content)


def spans(page: str) -> Iterator[tuple[int, str]]:
    """Code within sentences, with the line on which its paragraph begins."""
    for token in tokens(page):
        for child in token.children or ():
            if child.type == "code_inline" and token.map:
                yield token.map[0] + 1, child.content


def lines(page: str) -> list[Line]:
    """What is to be typed, in the order in which it stands on the page."""
    return [line for block in blocks(page) if block.language == "sh" for line in lines_of(block) if line.steps]


def examples() -> list[Line]:
    """What the reference of the commands gives as examples: its blocks that show no usage."""
    shown = (
        block for block in blocks(REFERENCE) if block.text.startswith("nkwatch ") and "[OPTIONS]" not in block.text
    )
    return [line for block in shown for line in lines_of(block)]


def lines_of(block: Block) -> Iterator[Line]:
    """The lines of a block."""
    begun, text = block.line, ""
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.endswith("\\"):
            text += line.removesuffix("\\")
            continue
        yield Line(block.page, begun, (text + line).strip())
        begun, text = number + 1, ""


def words(text: str) -> list[str]:
    """What a shell would make of it, without the comment."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    # by itself it would take the last part of https://example.org/#part for one
    lexer.commenters = ""
    return list(takewhile(lambda word: not word.startswith("#"), lexer))


def _steps(told: list[str]) -> Iterator[Step]:
    rest = iter(told)
    joint, found, source, target = "", list[str](), "", ""
    for word in rest:
        if word in JOINTS:
            yield _step(found, joint, source, target)
            joint, found, source, target = word, [], "", ""
        elif word == ">":
            target = next(rest)
        elif word == "<":
            source = next(rest)
        else:
            found.append(word)
    if found:
        yield _step(found, joint, source, target)


def _step(told: list[str], joint: str, source: str, target: str) -> Step:
    settings = dict[str, str]()
    while told and told[0].partition("=")[0].isidentifier() and "=" in told[0]:
        name, _, value = told.pop(0).partition("=")
        settings[name] = value
    return Step(tuple(told), joint, settings, source, target)
