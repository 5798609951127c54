"""How much still needs which key, in both databases."""

from datetime import datetime

from sqlalchemy import insert

from nkwatch.domain.subscriber import Suppression
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.key_use import KeyUse, key_use
from nkwatch.store.subscribers import SubscriberStore
from tests.making import NOW, sign_up
from tests.store.conftest import KEYRING, Stores
from tests.store.people import CONSENT, confirmed


async def test_each_key_is_told_with_what_it_sealed_and_hashed(durable: Stores) -> None:
    await confirmed(durable, "ann@example.org")
    await durable.subscribers.suppress("ben@example.org", Suppression.ERASED, NOW)
    _old_hash(durable, NOW)
    both = Keyring({**KEYRING.masters, 2: b"n" * 32}, current=2)
    newer = SubscriberStore(durable.database, both)
    await newer.join(sign_up("eve@example.org"), CONSENT, NOW)
    assert await key_use(durable.database, both) == {1: KeyUse(1, 2), 2: KeyUse(1, 0)}
    assert await newer.reseal(9) == 1
    assert await key_use(durable.database, both) == {1: KeyUse(0, 2), 2: KeyUse(2, 0)}


def _old_hash(stores: Stores, at: datetime) -> None:
    """A hash as it was before schema 4: without the id of its key, beginning with any byte."""
    row = {"address_key": b"\x02" + bytes(31), "reason": Suppression.ERASED, "at": at}
    with stores.database.engine.begin() as connection:
        connection.execute(insert(schema.suppression).values(**row))
