"""What arrives while redactions are in force: redacted in the transaction that stores it, and known again under sealed
keys.

A key of an entry is an address, a title or a name given by its source, and may hold what was taken out. It is then
kept as a keyed hash, by which the entry is still known.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, select

from nkwatch.domain.errand import Ran
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.polling import Polled
from nkwatch.domain.redaction import RedactionKind
from nkwatch.domain.statement import Presence, Statement
from nkwatch.keys import Keyring
from nkwatch.reading.redacting import NOBODY, Forms
from nkwatch.reading.stories import Placement
from nkwatch.store import polling, schema
from nkwatch.store.rows import chunks

_REDACTION, _STATEMENT = schema.redaction.c, schema.statement.c
#: What stands behind the kind of a key that is sealed.
SEALED = "redacted:"


def seal_key(keyring: Keyring, key: str) -> str:
    """A key of an entry as a keyed hash, by the oldest of our keys: it stays the same when another is added."""
    kind, _, name = key.partition(":")
    if name.startswith(SEALED):
        return key
    return f"{kind}:{SEALED}{keyring.lookups(key)[-1].hex()}"


def forms_context(key: bytes) -> str:
    """What the sealed forms of a redaction are bound to: the hash of what it is about."""
    return f"redaction:{key.hex()}"


class Arrivals:
    """The redactions in force, read anew when there are others."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._read: tuple[tuple[int, ...], Forms] = ((), NOBODY)

    def forms(self, connection: Connection) -> Forms:
        """The forms of all names that are to be blacked out."""
        ids = tuple(connection.scalars(select(_REDACTION.id).where(*_IN_FORCE).order_by(_REDACTION.id)))
        known, forms = self._read
        if ids != known:
            rows = connection.execute(select(_REDACTION.key, _REDACTION.forms).where(_REDACTION.id.in_(ids)))
            forms = Forms(form for row in rows for form in self.unsealed(row.key, row.forms))
            self._read = ids, forms
        return forms

    def unsealed(self, key: bytes, forms: bytes | None) -> tuple[str, ...]:
        """The forms of one redaction."""
        return tuple(json.loads(self._keyring.unseal(forms, forms_context(key)))) if forms else ()

    def known(self, connection: Connection, publisher: str, keys: Iterable[str]) -> dict[str, Statement]:
        """As `polling.known`, sealed keys among them."""
        wanted = list(keys)
        if connection.scalar(select(_REDACTION.id).limit(1)) is None:
            return polling.known(connection, publisher, wanted)
        sealed = {seal_key(self._keyring, key): key for key in wanted}
        found = polling.known(connection, publisher, [*wanted, *sealed])
        return {sealed.get(key, key): statement for key, statement in found.items()}

    def polls(self, connection: Connection, polls: Sequence[Polled]) -> Sequence[Polled]:
        """What polls leave behind, as it may be stored."""
        forms = self.forms(connection)
        touched = {i for p in polls for i in _told_of(p.sifted)}
        removed = _removed(connection, touched) if touched else frozenset()
        if not forms and not removed:
            return polls
        before = polling.by_id(connection, {s.id for p in polls for s in p.sifted.edited}) if forms else {}
        return [self._stored(p, forms, removed, before) for p in polls]

    def ran(self, connection: Connection, ran: Ran) -> Ran:
        """What an errand leaves behind, as it may be stored."""
        forms = self.forms(connection)
        if _removed(connection, {ran.errand.statement_id}):
            return replace(ran, article=None, snapshot=None)
        article = forms.article(ran.article) if ran.article and forms else ran.article
        clean = article == ran.article and not (ran.snapshot and forms.named_in_bytes(ran.snapshot.body))
        return replace(ran, article=article, snapshot=ran.snapshot if clean else None)

    def readings(self, connection: Connection, placements: Sequence[Placement]) -> Sequence[Placement]:
        """Those without what was read before a redaction: such a statement is a new revision, or is gone."""
        forms = self.forms(connection)
        gone = _removed(connection, {p.reading.statement_id for p in placements})
        kept = [p for p in placements if p.reading.statement_id not in gone]
        return [p for p in kept if not forms.told_by(asdict(p.reading))] if forms else kept

    def stored(self, known: Known, forms: Forms) -> Known:
        """A new statement and its keys, as they may be stored."""
        return Known(forms.statement(known.statement), frozenset(self._key(key, forms) for key in known.keys))

    def _key(self, key: str, forms: Forms) -> str:
        return seal_key(self._keyring, key) if forms.known(key) or not forms.address(key) else key

    def _stored(
        self, polled: Polled, forms: Forms, removed: Collection[str], before: Mapping[str, Statement]
    ) -> Polled:
        found = polled.sifted
        new = tuple(self.stored(k, forms) for k in found.new)
        edited = tuple(forms.statement(s) for s in found.edited if s.id not in removed)
        # what differs only by what was blacked out is no edit
        edited = tuple(s for s in edited if s.id not in before or _texts(s) != _texts(before[s.id]))
        dropped = {s.id for s in found.edited} - {s.id for s in edited}
        further = ((k, i) if i not in removed else (seal_key(self._keyring, k), i) for k, i in found.further_keys)
        errands = (e for e in found.errands if e.statement_id not in dropped | set(removed) and forms.address(e.url))
        sifted = replace(
            found,
            new=new,
            edited=edited,
            further_keys=tuple((self._key(k, forms), i) for k, i in further),
            errands=tuple(errands),
        )
        kept = polled.snapshot
        clean = not dropped and sifted.new == found.new and sifted.edited == found.edited
        if kept and (not clean or forms.named_in_bytes(kept.body)):
            kept = None
        return replace(polled, sifted=sifted, snapshot=kept)


_IN_FORCE = (_REDACTION.kind == RedactionKind.PERSON, _REDACTION.lifted_at.is_(None), _REDACTION.forms.is_not(None))


def _told_of(found: Sifted) -> set[str]:
    """The statements that we have and of which something new is told."""
    edited, keys, errands = found.edited, found.further_keys, found.errands
    return {*(s.id for s in edited), *(i for _, i in keys), *(e.statement_id for e in errands)}


def _texts(statement: Statement) -> tuple[str, str, str]:
    return statement.title, statement.text, statement.teaser


def _removed(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """Which of these statements were taken out whole."""
    found: set[str] = set()
    for part in chunks(sorted(ids)):
        query = select(_STATEMENT.id).where(_STATEMENT.id.in_(part), _STATEMENT.presence == Presence.REDACTED)
        found.update(connection.scalars(query))
    return frozenset(found)
