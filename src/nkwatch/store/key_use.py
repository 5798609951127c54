"""How much in the database still needs which master key."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, LargeBinary, func, literal_column, select

from nkwatch.domain.problems import ConfigError
from nkwatch.keys import BrokenSeal, Keyring
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.resealing import HASH_BYTES
from nkwatch.store.seals import Seals

_S = schema.subscriber.c


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many readers' rows and names taken out, and hashes of addresses that are not to be mailed.

    Keys of entries that name who was taken out are hashes of the oldest key: they count for it as one.
    """

    readers: int = 0
    erased: int = 0


async def key_use(database: Database, keyring: Keyring) -> dict[int, KeyUse]:
    """What needs each key, by its id. The oldest hashes have no id: they are of the oldest key."""
    oldest = min(keyring.masters)

    def look(connection: Connection) -> dict[int, KeyUse]:
        sealed = _first_bytes(connection, schema.subscriber.c.address, None, oldest)
        hashed = _first_bytes(connection, schema.suppression.c.address_key, HASH_BYTES, oldest)
        redactions = connection.scalars(select(schema.redaction.c.forms)).all()
        sealed.update([forms[0] for forms in redactions if forms])
        hashed.update([oldest] if redactions else [])
        return {i: KeyUse(sealed[i], hashed[i]) for i in {*sealed, *hashed}}

    return await database.read(look)


async def try_keys(database: Database, keyring: Keyring) -> None:
    """Open what is sealed of one reader. Raises `ConfigError` where these keys are of another installation."""
    query = select(_S.address, _S.id).where(_S.address.is_not(None)).limit(1)
    row = await database.read(lambda c: c.execute(query).first())
    try:
        if row:
            Seals(keyring).address(row.address, row.id)
    except BrokenSeal as wrong:
        raise ConfigError(str(wrong)) from wrong


def _first_bytes(connection: Connection, column: Column[bytes], length: int | None, oldest: int) -> Counter[int]:
    """How many values begin with which byte; those of another `length`, where one is given, count for the oldest."""
    one = literal_column("1", Integer)  # no parameters: PostgreSQL takes those of two clauses for different ones
    first = func.substr(column, one, one, type_=LargeBinary)
    query = select(first, func.length(column), func.count()).group_by(first, func.length(column))
    counts: Counter[int] = Counter()
    for begins, size, times in connection.execute(query):
        counts[begins[0] if length in {None, size} else oldest] += times
    return counts
