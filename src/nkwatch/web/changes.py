"""What a publisher changed in a text, word by word: only in what is shown of it, title and excerpt."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Words that are compared, and those that stand around a change.
COMPARED, AROUND = 150, 6
GAP = "…"
#: Chinese and Japanese have no spaces between words: each letter is compared.
_WORDS = re.compile(
    r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆]+)"
)
SAME, GONE, NEW = "same", "gone", "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are the `same` before and after, `gone`, or `new`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a text."""

    title: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Change:
    """How title and excerpt changed; each is empty where it did not."""

    title: tuple[Piece, ...] = ()
    excerpt: tuple[Piece, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything that is shown changed."""
        return bool(self.title or self.excerpt)


def change(before: Shown, after: Shown) -> Change:
    """What is another in what is shown."""
    return Change(compared(before.title, after.title), compared(before.excerpt, after.excerpt))


def compared(before: str, after: str) -> tuple[Piece, ...]:
    """The words of both texts; nothing where they are the same."""
    if before == after:
        return ()
    old, new = (_WORDS.findall(text)[:COMPARED] for text in (before, after))
    # words that differ only by the space before them are the same
    steps = SequenceMatcher(None, [w.strip() for w in old], [w.strip() for w in new], autojunk=False).get_opcodes()
    return tuple(piece for number, step in enumerate(steps) for piece in _pieces(step, number, len(steps), old, new))


def _pieces(
    step: tuple[str, int, int, int, int], number: int, steps: int, old: Sequence[str], new: Sequence[str]
) -> Iterator[Piece]:
    kind, i1, i2, j1, j2 = step
    if kind == "equal":
        yield Piece(SAME, _shortened(new[j1:j2], first=number == 0, last=number == steps - 1))
        return
    if i2 > i1:
        yield Piece(GONE, "".join(old[i1:i2]).strip())
    if j2 > j1:
        yield Piece(NEW, "".join(new[j1:j2]).strip())


def _shortened(words: Sequence[str], *, first: bool, last: bool) -> str:
    """What stands around a change; the rest of a long run is left out."""
    before, after = (0 if first else AROUND), (0 if last else AROUND)
    if len(words) <= before + after + 2:
        return "".join(words).strip()
    head, tail = "".join(words[:before]).strip(), "".join(words[len(words) - after :]).strip()
    return f"{head} {GAP} {tail}".strip()
