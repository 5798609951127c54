"""What the tables promise to each other. A promise is a query for the rows that break it: none should.

Foreign keys are none of these: `checking` asks for them all, by the metadata.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    LargeBinary,
    Table,
    TextClause,
    and_,
    exists,
    func,
    literal_column,
    select,
)

from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.subscriber import Standing
from nkwatch.store import schema
from nkwatch.store.resealing import HASH_BYTES

#: How far a clock may be ahead of ours.
TOLERANCE = timedelta(days=1)
REPORT = "Nothing that nkwatch does leads there: restore a backup, or report it as a mistake in nkwatch."

Condition = Callable[["Asked"], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a promise may depend on."""

    now: datetime
    keys: frozenset[int]


@dataclass(frozen=True, slots=True)
class Promise:
    """A sentence on the rows of a table, what to do where it is broken, and by which of them it is."""

    table: Table
    sentence: str
    do: str
    broken: Condition


_D, _S, _T, _B = schema.delivery.c, schema.subscriber.c, schema.statement.c, schema.bulletin.c
_R, _C, _M = schema.reading.c, schema.composition.c, schema.move.c
_WAITS = (DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)
_DONE = (DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.CANCELLED)


def lacks(table: FromClause, *match: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is no row that matches."""
    return ~exists(select(literal_column("1")).select_from(table).where(*match))


def _unknown_key(column: ColumnElement[bytes], keys: frozenset[int]) -> ColumnElement[bool]:
    """Whether what is sealed, or hashed, begins with the id of a key that the secrets do not have."""
    first = func.substr(column, 1, 1, type_=LargeBinary)
    return and_(column.is_not(None), func.length(column) > 0, first.not_in([bytes([i]) for i in sorted(keys)]))


def _sealed(column: Column[Any], what: str, *also: ColumnElement[bool] | TextClause) -> Promise:
    return Promise(
        column.table,
        f"{what} can be opened with the keys of the secrets file",
        "Put the missing key back into the secrets file, from its backup.",
        lambda asked: and_(_unknown_key(column, asked.keys), *also),
    )


_KEYS = (
    _sealed(_S.address, "addresses of readers"),
    _sealed(_S.sealed, "words and phrases of readers"),
    _sealed(_M.address, "new addresses of readers"),
    _sealed(_D.slots, "personal lines of mails on their way", schema.undone),
    _sealed(schema.redaction.c.forms, "names that were taken out"),
    # the oldest hashes have no id
    _sealed(
        schema.suppression.c.address_key,
        "hashes of addresses that are not mailed",
        func.length(schema.suppression.c.address_key) == HASH_BYTES,
    ),
)

PROMISES: tuple[Promise, ...] = (
    Promise(
        schema.delivery,
        "what is done has an outcome and a time, and only that",
        REPORT,
        lambda _: (_D.state.in_(_DONE)) != (_D.done_at.is_not(None)),
    ),
    Promise(
        schema.delivery,
        "every delivery is in a state that nkwatch knows",
        REPORT,
        lambda _: _D.state.not_in(list(DeliveryState)),
    ),
    Promise(
        schema.delivery,
        "what is not done has a time at which it is due",
        "Run `nkwatch recover`; if it stays so, report it as a mistake in nkwatch.",
        lambda _: and_(_D.state.in_(_WAITS), _D.due_at.is_(None)),
    ),
    Promise(
        schema.subscriber,
        "whoever is mailed has consented",
        "Erase them (`nkwatch subscribers erase`), and report it as a mistake in nkwatch.",
        lambda _: and_(_S.standing == Standing.CONFIRMED, _S.consent_at.is_(None)),
    ),
    Promise(
        schema.subscriber,
        "nobody who is mailed left, or was erased",
        "Run `nkwatch subscribers erase` for them, and report it as a mistake in nkwatch.",
        lambda _: and_(
            _S.standing == Standing.CONFIRMED,
            ~lacks(schema.suppression, schema.suppression.c.address_key == _S.address_key),
        ),
    ),
    Promise(
        schema.subscriber,
        "no window of a reader lies in the future",
        "Is the clock of this machine right? A window in the future waits until then.",
        lambda asked: _S.covered_until > asked.now + TOLERANCE,
    ),
    Promise(
        schema.subscriber,
        "the next digest of a reader closes after what the last one covered",
        REPORT,
        lambda _: and_(_S.closes_at.is_not(None), _S.closes_at <= _S.covered_until),
    ),
    Promise(
        schema.statement,
        "no statement was seen in the future",
        "Is the clock of this machine right, and was it always?",
        lambda asked: _T.first_seen > asked.now + TOLERANCE,
    ),
    Promise(
        schema.statement,
        "the story that a statement stands in is there",
        REPORT,
        lambda _: and_(_T.story_id != "", lacks(schema.story, schema.story.c.id == _T.story_id)),
    ),
    Promise(
        schema.statement,
        "the reading that is in force is there",
        "Run `nkwatch reread`.",
        lambda _: and_(
            _T.read_rules != "",
            lacks(schema.reading, _R.statement_id == _T.id, _R.revision == _T.read_revision, _R.rules == _T.read_rules),
        ),
    ),
    Promise(
        schema.statement,
        "the correction that is in force is there",
        REPORT,
        lambda _: and_(
            _T.correction_id.is_not(None), lacks(schema.correction, schema.correction.c.id == _T.correction_id)
        ),
    ),
    Promise(
        schema.composition,
        "the bulletin that a composition belongs to is there",
        REPORT,
        lambda _: and_(_C.bulletin.is_not(None), lacks(schema.bulletin, _B.number == _C.bulletin)),
    ),
    Promise(
        schema.bulletin,
        "windows of bulletins end after they began",
        REPORT,
        lambda _: _B.window_end <= _B.window_start,
    ),
    *_KEYS,
)
