"""Readings and corrections as rows, and back. Nothing is decided here.

Rows of `in_force` hold a statement, the reading that is in force for it and the correction that is, if any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, select

from nkwatch.domain.correction import Correction, Filed, corrected
from nkwatch.domain.reading import (
    Ask,
    Evidence,
    Finding,
    Headcount,
    Mention,
    MentionKind,
    Quote,
    Reading,
    Sighting,
    Urgency,
)
from nkwatch.domain.theme import ThemeKind
from nkwatch.store import records, schema

_STATEMENT, _READING, _CORRECTION = schema.statement.c, schema.reading.c, schema.correction.c
#: What of a reading and of a correction stands beside a statement, under these names.
_NAMED = {"reading_revision": _READING.revision, "read_language": _STATEMENT.language}
_SAID = {f"said_{c.name}": c for c in schema.correction.columns}
#: Which reading of a statement is in force.
IN_FORCE = and_(
    _READING.statement_id == _STATEMENT.id,
    _READING.revision == _STATEMENT.read_revision,
    _READING.rules == _STATEMENT.read_rules,
)


def in_force() -> Select[Any]:
    """Statements with the readings and corrections that are in force for them."""
    return (
        _columns()
        .select_from(schema.statement)
        .outerjoin(schema.reading, IN_FORCE)
        .outerjoin(schema.correction, _CORRECTION.id == _STATEMENT.correction_id)
    )


def as_corrected() -> Select[Any]:
    """Every correction with its statement and the reading that it corrected."""
    seen = and_(
        _READING.statement_id == _CORRECTION.statement_id,
        _READING.revision == _CORRECTION.revision,
        _READING.rules == _CORRECTION.rules,
    )
    return (
        _columns()
        .select_from(schema.correction)
        .join(schema.statement, _STATEMENT.id == _CORRECTION.statement_id)
        .join(schema.reading, seen)
    )


def every(statement_id: str) -> Select[Any]:
    """All readings of a statement, the newest first."""
    return (
        _columns()
        .select_from(schema.reading)
        .join(schema.statement, _STATEMENT.id == _READING.statement_id)
        .outerjoin(schema.correction, _CORRECTION.id == _STATEMENT.correction_id)
        .where(_READING.statement_id == statement_id)
        .order_by(_READING.read_at.desc(), _READING.revision.desc(), _READING.rules)
    )


def _columns() -> Select[Any]:
    reading = (_READING.rules, _READING.about_nk, _READING.urgency, _READING.findings, _READING.read_at)
    named = [column.label(name) for name, column in {**_NAMED, **_SAID}.items()]
    return select(schema.statement, *reading, *named)


def filed(row: Row[Any]) -> Filed | None:
    """The row's statement with its reading and correction; None where it was not read yet."""
    found = reading(row)
    return Filed(records.statement(row), found, correction(row), row.story_id) if found else None


def reading_in_force(row: Row[Any]) -> Reading | None:
    """The reading that counts for the row's statement."""
    found = reading(row)
    return corrected(found, correction(row)) if found else None


def reading_row(reading: Reading, now: datetime) -> dict[str, Any]:
    """A row of reading; what was found goes into one JSON column."""
    found = asdict(reading)
    columns = ("statement_id", "revision", "rules", "about_nk")
    return {name: found.pop(name) for name in columns} | {
        "read_at": now,
        "urgency": int(found.pop("urgency")),
        "findings": found,
    }


def named_rows(reading: Reading) -> list[dict[str, str]]:
    """Rows of named: whom a reading names."""
    keys = sorted({records.key(m.key) for m in reading.cases})
    return [{"key": key, "statement_id": reading.statement_id} for key in keys]


def reading(row: Row[Any]) -> Reading | None:
    """The row's reading as the rules made it. Rows of older versions of nkwatch hold less."""
    if row.rules is None:
        return None
    found = row.findings
    return Reading(
        statement_id=row.id,
        revision=row.reading_revision,
        rules=row.rules,
        about_nk=row.about_nk,
        relevance=found["relevance"],
        relevance_evidence=_evidence(found["relevance_evidence"]),
        themes=tuple(_finding(f) for f in found["themes"]),
        urgency=Urgency(row.urgency),
        urgency_evidence=_evidence(found["urgency_evidence"]),
        language=found.get("language", row.read_language),
        released_by=found.get("released_by", ""),
        release_evidence=_evidence(found.get("release_evidence", ())),
        quotes=tuple(Quote(**q | {"words": Evidence(**q["words"])}) for q in found.get("quotes", ())),
        asks=tuple(Ask(**a | {"what": Evidence(**a["what"])}) for a in found.get("asks", ())),
        cases=tuple(_mention(m) for m in found.get("cases", ())),
        dangers=_sightings(found.get("dangers", ())),
        places=_sightings(found.get("places", ())),
        people=tuple(Headcount(p["number"], Evidence(**p["seen"])) for p in found.get("people", ())),
    )


def correction_row(correction: Correction) -> dict[str, Any]:
    """A row of correction."""
    row = asdict(correction)
    themes = correction.themes
    row["themes"] = None if themes is None else [{"code": code, "kind": kind} for code, kind in themes]
    row["urgency"] = None if correction.urgency is None else int(correction.urgency)
    return row


def correction(row: Row[Any]) -> Correction | None:
    """The row's correction, if there is one."""
    if row.said_id is None:
        return None
    return corrected_by({c.name: getattr(row, name) for name, c in _SAID.items()})


def corrected_by(row: Mapping[str, Any]) -> Correction:
    """The correction of a row of correction, by the names of its columns."""
    said = {f.name: row[f.name] for f in fields(Correction)}
    if said["themes"] is not None:
        said["themes"] = tuple((t["code"], ThemeKind(t["kind"])) for t in said["themes"])
    if said["urgency"] is not None:
        said["urgency"] = Urgency(said["urgency"])
    return Correction(**said)


def _evidence(found: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**e) for e in found)


def _finding(found: Mapping[str, Any]) -> Finding:
    return Finding(found["code"], ThemeKind(found["kind"]), found["score"], _evidence(found["evidence"]))


def _sightings(found: Sequence[Mapping[str, Any]]) -> tuple[Sighting, ...]:
    return tuple(Sighting(s["code"], Evidence(**s["seen"])) for s in found)


def _mention(found: Mapping[str, Any]) -> Mention:
    return Mention(Evidence(**found["who"]), found["key"], MentionKind(found["kind"]))
