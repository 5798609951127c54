"""What was done, by whom, when: rows that are never changed, each with a hash over itself and the row before it.

Whoever changes or removes a row breaks the chain there. What was removed from its end is told by where it ends: its
number and hash are kept apart, with a keyed hash that nobody makes without our keys.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

#: The hash before the first row.
BEGINNING = "0" * 64

State = Mapping[str, str | int | bool | None]
"""What is so before or after an act. States and hashes, never words of others: what is redacted must not stand here."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did to `thing` (an id), and what was so before and after."""

    editor: str
    act: str
    thing: str
    at: datetime
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A deed as it is kept; `before` and `after` are JSON. Numbers begin with 1 and have no gaps."""

    number: int
    at: datetime
    editor: str
    act: str
    thing: str
    before: str
    after: str
    hash: str

    def told(self, previous: str) -> str:
        """The SHA-256 (hexadecimal) over this row and the hash of the one before it."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        fields = [previous, self.number, at, self.editor, self.act, self.thing, self.before, self.after]
        return hashlib.sha256(written(fields).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class End:
    """Where the chain ends."""

    number: int = 0
    hash: str = BEGINNING


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with the audit, a sentence for each; nothing where all of it is whole."""

    rows: int
    end: End
    problems: tuple[str, ...] = ()


def row(deed: Deed, end: End) -> Row:
    """The row that comes after `end`."""
    before, after = written(dict(deed.before)), written(dict(deed.after))
    one = Row(end.number + 1, deed.at, deed.editor, deed.act, deed.thing, before, after, "")
    return Row(one.number, one.at, one.editor, one.act, one.thing, before, after, one.told(end.hash))


def verify(rows: Iterable[Row], end: End | None) -> Verdict:
    """Look at all rows in their order. `end` is where the chain was said to end; None where nobody says so."""
    reached, problems, count = End(), list[str](), 0
    for one in rows:
        count += 1
        problems += _problems(one, reached)
        reached = End(one.number, one.hash)
    if end is None and count:
        problems.append("nothing says where the rows end, or who said so had no key of ours: some may be missing")
    elif end is not None and end != reached:
        problems.append(f"the rows end with number {reached.number}, and the last one written was {end.number}")
    return Verdict(count, reached, tuple(problems))


def _problems(one: Row, before: End) -> Iterator[str]:
    if one.number != before.number + 1:
        missing = f"{before.number + 1} to {one.number - 1}"
        yield f"rows {missing} are missing" if one.number > before.number else f"row {one.number} stands twice"
    elif one.told(before.hash) != one.hash:
        yield f"row {one.number} is not as it was written"


def written(value: object) -> str:
    """JSON with one way to write each value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
