"""Fills outboxes for `bench.deliver`."""

import itertools
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bench.composing_rows import newly
from bench.delivering_mails import drawn
from bench.delivering_parts import DOMAIN, KEYRING, SENT_AT, rows
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore

BATCH = 5_000


async def fill(folder: Path, count: int) -> None:
    """Write so many readers, and a digest for each, by the service's own stores; the mails are taken in turn."""
    with closing(Database(f"sqlite:///{rows(folder, count)}")) as database:
        database.prepare()
        outbox = OutboxStore(database, KEYRING, DOMAIN)
        mails = itertools.cycle(drawn(folder))
        for begin in range(0, count, BATCH):
            numbers = range(begin, min(begin + BATCH, count))
            own = [
                Addressed(replace(mail.reader, id=f"s{number:015}"), mail.composition, mail.slots)
                for number, mail in zip(numbers, mails, strict=False)
            ]
            await database.write(newly([one.subscriber for one in own], KEYRING))
            await outbox.enqueue(Mailing("digest", BulletinKind.DIGEST, SENT_AT, tuple(own)))
