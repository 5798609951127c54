"""Statements and readings as JSON lines, in the shapes that other programs rely on."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from nkwatch.domain.reading import Ask, Evidence, Mention, Quote, Reading
from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.reading import read
from nkwatch.reading.rules import Rules
from nkwatch.reading.stories import Shelf


class RecordError(ValueError):
    """A line that is no statement; the message says why."""


def statement(line: str, number: int) -> Statement:
    """The statement in one line. Without an id its number is one; without a date it is taken as undated.

    Raises `RecordError`.
    """
    try:
        record = json.loads(line)
    except ValueError as wrong:
        raise RecordError(f"no JSON: {wrong}") from wrong
    except RecursionError:
        raise RecordError("no JSON that can be read: it is nested too deeply") from None
    if not isinstance(record, dict):
        raise RecordError("no JSON object")
    title, text = (record.get(name) or "" for name in ("title", "text"))
    if not isinstance(title, str) or not isinstance(text, str):
        raise RecordError("title and text must be texts")
    published, exact = _dated(record.get("date") or record.get("published"))
    publisher = str(record.get("publisher") or "")
    return Statement(
        id=_whole(str(record.get("id") or number)),
        source_id="",
        publisher=publisher,
        title=_whole(title),
        url=str(record.get("url") or ""),
        text=_whole(text),
        language=str(record.get("lang") or record.get("language") or ""),
        author="",
        published=published,
        published_estimated=not exact,
        first_seen=published,
    )


def readings(statements: Iterable[Statement], rules: Rules) -> Iterator[tuple[Statement, Reading, str]]:
    """Each statement with its reading and the id of the first statement of its story, its own where it is alone.

    What is not on North Korea has no story but its own. Only the shelf of stories grows.
    """
    shelf = Shelf(vocabulary=rules.vocabulary)
    for one in statements:
        reading = read(one, rules)
        yield one, reading, shelf.place(one) if reading.about_nk else one.id


def record(one: Statement, reading: Reading, story: str) -> dict[str, Any]:
    """What `nkwatch read FILE` says of a statement."""
    return {"id": one.id} | found(reading) | {"story": story}


def found(reading: Reading) -> dict[str, Any]:
    """A reading, its evidence as {field, start, end, phrase} in code points."""
    return {
        "about_nk": reading.about_nk,
        "relevance": reading.relevance,
        "relevance_evidence": [asdict(e) for e in reading.relevance_evidence],
        "themes": [
            {"code": f.code, "score": f.score, "evidence": [asdict(e) for e in f.evidence]} for f in reading.themes
        ],
        "urgency": reading.urgency.name.lower(),
        "urgency_evidence": [asdict(e) for e in reading.urgency_evidence],
        "language": reading.language,
        "quotes": [_quote(q) for q in reading.quotes],
        "asks": [_ask(a) for a in reading.asks],
        "cases": [_case(c) for c in reading.cases],
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {"text": quote.words.phrase, "speaker": quote.speaker, "role": quote.role} | _place(quote.words)


def _ask(ask: Ask) -> dict[str, Any]:
    asked = {"text": ask.what.phrase, "addressee": ask.addressee, "country": ask.country, "by": ask.by}
    return asked | _place(ask.what)


def _case(case: Mention) -> dict[str, Any]:
    return {"name": case.who.phrase, "key": case.key, "kind": str(case.kind)} | _place(case.who)


def _place(evidence: Evidence) -> dict[str, Any]:
    return {"field": evidence.field, "start": evidence.start, "end": evidence.end}


def _whole(text: str) -> str:
    """A text without halves of characters, which JSON can name and no file can hold; as long as before."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _dated(value: object) -> tuple[datetime, bool]:
    """The instant that an ISO 8601 date or time names, and whether it names a day: a year or a month is its first day.

    Without any the earliest possible instant.
    """
    text = value.strip() if isinstance(value, str) else ""
    padded = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    try:
        instant = datetime.fromisoformat(padded)
        exact = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return EARLIEST, False
    return exact, padded == text
