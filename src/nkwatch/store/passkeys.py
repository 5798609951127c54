"""The passkeys of editors."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from nkwatch.domain.passkey import Passkey, same_name
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.rows import insert_new

_KEY = schema.passkey.c


class PasskeyStore:
    """Editors are named as they are compared: capitals and spaces do not count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, editor: str) -> list[Passkey]:
        """An editor's keys, the first first."""
        query = select(schema.passkey).where(_KEY.editor == same_name(editor)).order_by(_KEY.id)
        return await self._database.read(lambda c: [_passkey(row) for row in c.execute(query)])

    async def all(self) -> list[Passkey]:
        """Every key, by editor."""
        query = select(schema.passkey).order_by(_KEY.editor, _KEY.id)
        return await self._database.read(lambda c: [_passkey(row) for row in c.execute(query)])

    async def find(self, credential: bytes) -> Passkey | None:
        """The key that has this credential id."""
        query = select(schema.passkey).where(_KEY.credential == credential)
        row = await self._database.read(lambda c: c.execute(query).first())
        return _passkey(row) if row else None

    async def add(self, passkey: Passkey) -> bool:
        """Keep a key; false where its credential is known, whoever has it."""
        return await self._database.write(lambda c: insert_new(c, schema.passkey, [_row(passkey)]) > 0)

    async def used(self, passkey: Passkey, sign_count: int, now: datetime) -> bool:
        """Note a signature with this count; false when the key is gone, or somebody got ahead with such a count."""
        counts = _KEY.sign_count < sign_count if sign_count else _KEY.sign_count == 0
        change = update(schema.passkey).where(_KEY.id == passkey.id, counts)
        noted = change.values(sign_count=sign_count, used_at=now)
        return await self._database.write(lambda c: c.execute(noted).rowcount > 0)

    async def remove(self, editor: str, passkey_id: int | None = None, *, keep_one: bool = False) -> int:
        """Remove one key of an editor, or all, with their sessions; answers how many.

        With `keep_one` the last one stays.
        """

        def remove(connection: Connection) -> int:
            # locked, so that of two who remove two keys at once, one finds the last
            mine = select(_KEY.id).where(_KEY.editor == same_name(editor)).with_for_update()
            keys = set(connection.scalars(mine))
            gone = keys if passkey_id is None else keys & {passkey_id}
            if not gone or (keep_one and gone == keys):
                return 0
            connection.execute(delete(schema.desk_session).where(schema.desk_session.c.passkey.in_(gone)))
            return connection.execute(delete(schema.passkey).where(_KEY.id.in_(gone))).rowcount

        return await self._database.write(remove)


def _row(passkey: Passkey) -> dict[str, Any]:
    return {
        "editor": same_name(passkey.editor),
        "credential": passkey.credential,
        "public_key": passkey.public_key,
        "handle": passkey.handle,
        "label": passkey.label,
        "sign_count": passkey.sign_count,
        "synced": passkey.synced,
        "added_at": passkey.added_at,
        "used_at": passkey.used_at,
    }


def _passkey(row: Row[Any]) -> Passkey:
    values = dict(row._mapping)  # noqa: SLF001  the documented way to a row's names
    return Passkey(**values)
