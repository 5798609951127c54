"""Who is signed in at the desk, and what works once: links, permits, challenges. Nothing but keyed hashes is kept."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from nkwatch.domain.passkey import IDLE, LONGEST, Session, same_name
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.rows import insert_new

_SESSION, _TICKET = schema.desk_session.c, schema.desk_ticket.c


class SessionStore:
    """Names of sessions and secrets of tickets are random; who reads the database learns none of them."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def begin(self, name: str, session: Session) -> None:
        """Keep a session under its name. What has ended by itself is forgotten."""
        row = {
            "key": self._key("session", name),
            "editor": same_name(session.editor),
            "passkey": session.passkey,
            "began_at": session.began_at,
            "seen_at": session.seen_at,
        }
        ended = or_(_SESSION.seen_at <= session.seen_at - IDLE, _SESSION.began_at <= session.began_at - LONGEST)

        def begin(connection: Connection) -> None:
            connection.execute(delete(schema.desk_session).where(ended))
            insert_new(connection, schema.desk_session, [row])

        await self._database.write(begin)

    async def seen(self, name: str, now: datetime) -> Session | None:
        """The session of this name, in use at `now`; None where there is none, or it has ended."""
        keys = self._keys("session", name)
        query = select(schema.desk_session).where(_SESSION.key.in_(keys))
        row = await self._database.read(lambda c: c.execute(query).first())
        session = row and Session(row.editor, row.passkey, row.began_at, row.seen_at)
        if not session or not session.live(now):
            return None
        if session.is_to_be_noted(now):
            noted = update(schema.desk_session).where(_SESSION.key.in_(keys)).values(seen_at=now)
            await self._database.write(lambda c: c.execute(noted))
        return session

    async def end(self, name: str) -> None:
        """End the session of this name."""
        gone = delete(schema.desk_session).where(_SESSION.key.in_(self._keys("session", name)))
        await self._database.write(lambda c: c.execute(gone))

    async def end_all(self, editor: str) -> int:
        """End all sessions of an editor; answers how many."""
        gone = delete(schema.desk_session).where(_SESSION.editor == same_name(editor))
        return await self._database.write(lambda c: c.execute(gone).rowcount)

    async def issue(
        self, purpose: str, secret: str, now: datetime, until: datetime, *, holder: str | None = None, editor: str = ""
    ) -> None:
        """Let whoever has the secret, and is this holder if one is named, spend it once until then."""
        row = {
            "key": self._key(purpose, secret),
            "holder": b"" if holder is None else self._key("holder", holder),
            "editor": same_name(editor),
            "until": until,
        }

        def issue(connection: Connection) -> None:
            connection.execute(delete(schema.desk_ticket).where(_TICKET.until <= now))
            insert_new(connection, schema.desk_ticket, [row])

        await self._database.write(issue)

    async def spend(self, purpose: str, secret: str, now: datetime, *, holder: str) -> str | None:
        """The editor for whom it was issued ("" where for nobody), and it is gone; None where it does not work.

        Who is not its holder does not spend it.
        """
        spent = delete(schema.desk_ticket).where(*self._is(purpose, secret, now, holder)).returning(_TICKET.editor)
        return await self._database.write(lambda c: c.scalar(spent))

    async def works(self, purpose: str, secret: str, now: datetime, *, holder: str) -> str | None:
        """As `spend`, and it stays."""
        query = select(_TICKET.editor).where(*self._is(purpose, secret, now, holder))
        return await self._database.read(lambda c: c.scalar(query))

    def _is(self, purpose: str, secret: str, now: datetime, holder: str) -> tuple[ColumnElement[bool], ...]:
        # who is nobody is not the holder of what was issued to nobody
        held = [*(self._keys("holder", holder) if holder else ()), b""]
        return _TICKET.key.in_(self._keys(purpose, secret)), _TICKET.holder.in_(held), _TICKET.until > now

    def _key(self, kind: str, secret: str) -> bytes:
        return self._keyring.lookup(f"desk {kind} {secret}")

    def _keys(self, kind: str, secret: str) -> list[bytes]:
        return self._keyring.lookups(f"desk {kind} {secret}")
