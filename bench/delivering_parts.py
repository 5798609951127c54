"""What `bench.deliver` shares among its processes, without anything that would weigh in their memory."""

from datetime import UTC, datetime
from pathlib import Path

from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler

KEYRING = Keyring({1: bytes(32)}, 1)
SITE, SENDER, DOMAIN, SELECTOR = "https://watch.example", "digest@watch.example", "watch.example", "bench"
SENT_AT = datetime(2026, 1, 12, 7, tzinfo=UTC)
CONNECTIONS = 10


def assembler() -> MailAssembler:
    """What the service assembles with."""
    return MailAssembler(
        "nkwatch", SENDER, SENDER, SITE, KEYRING.token, bounces=f"bounces@{DOMAIN}", envelope=KEYRING.envelope
    )


def rows(folder: Path, count: int) -> Path:
    """Where an outbox with so many deliveries is."""
    return folder / f"rows-{count}.db"
