"""Fills an outbox for the campaigns: one alert for some readers, one digest for the others; small mails."""

from datetime import UTC, datetime, timedelta

from bench.composing_rows import newly

from campaigns.worker import DOMAIN, KEYRING
from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing, Slot
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore

#: Of so many readers one gets the alert.
ALERTED = 10


async def post(address: str, readers: int) -> None:
    """Write confirmed readers, and what each of them is to be sent."""
    database = Database(address)
    outbox = OutboxStore(database, KEYRING, DOMAIN)
    now = datetime.now(UTC) - timedelta(hours=1)
    everybody = [Subscriber(f"r{n:015}", Choice(), now) for n in range(readers)]
    await database.write(newly(everybody, KEYRING))
    for kind in (BulletinKind.ALERT, BulletinKind.DIGEST):
        alerted = kind is BulletinKind.ALERT
        wanted = [r for n, r in enumerate(everybody) if (n % ALERTED == 0) is alerted]
        own = [Addressed(r, _composition(kind), (("own", f"for {r.id}"),)) for r in wanted]
        await outbox.enqueue(Mailing(f"{kind}", kind, now, tuple(own), story_id="s" if alerted else ""))
    database.close()


def recipient(subscriber_id: str) -> str:
    """Where a reader gets mail."""
    return f"{subscriber_id}@readers.example"


def _composition(kind: BulletinKind) -> Composition:
    block = Block(b"What was said and done this week.\r\n.\r\n..and a line with two dots\r\n" * 5)
    return Composition(kind, "en", f"The {kind} of the week", (block, Slot("own"), Slot("settings")), ())
