"""The mails of `bench.deliver`.

Digests of a week with few stories for readers as they usually choose (`bench.composing_readers`), of 36 KB or so each;
the key that signs them, and a certificate for the sink.
"""

import asyncio
import ipaddress
import pickle
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.composing_peer import Wanted
from bench.composing_readers import Drawn, usual
from bench.composing_week import history, in_this_week, room
from bench.crowd import stories
from bench.delivering_parts import DOMAIN, SENT_AT, assembler
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.delivery import Claimed, Delivery
from nkwatch.domain.story import Story
from nkwatch.editing.digests import plans
from nkwatch.workflow.closing import content

#: Stories of the week, and between how many octets the mails have.
STORIES, SMALLEST, LARGEST = 12, 32_000, 40_000
#: Readers that are drawn at a time.
BATCH = 500


def claimed(wanted: Wanted, number: int = 1) -> Claimed:
    """A mail as it is claimed."""
    delivery = Delivery(number, f"<{number}@{DOMAIN}>", SENT_AT)
    return Claimed(delivery, wanted.reader.id, "reader@readers.example", wanted.composition, 1, "id", wanted.slots)


def drawn(folder: Path) -> list[Wanted]:
    """What was drawn."""
    with (folder / "mails").open("rb") as file:
        mails: list[Wanted] = pickle.load(file)
        return mails


def told(folder: Path) -> Sequence[Story]:
    """The stories of the week."""
    return Drawn(folder).stories()


def draw(folder: Path, count: int) -> None:
    """Draw so many into a folder."""
    sources = load_sources()
    week = [in_this_week(n, story, sources) for n, story in enumerate(stories(STORIES))]
    found = list(islice(_fitting(week), count))
    for name, things in (("week", week), ("mails", found)):
        with (folder / name).open("wb") as file:
            pickle.dump(things, file, pickle.HIGHEST_PROTOCOL)
    octets = sorted((assembler().assemble(claimed(m)).content for m in found), key=len)
    # smtp-source ends its lines itself
    (folder / "one.eml").write_bytes(octets[len(octets) // 2].replace(b"\r\n", b"\n"))
    _make_key(folder / "dkim.pem")
    _make_certificate(folder / "sink.pem")


def _fitting(week: Sequence[Story]) -> Iterator[Wanted]:
    """Digests of the wanted size, without end."""
    kitchen, had, readers = room(week), history(week), usual(week)
    gathered = asyncio.run(kitchen.gathered())
    composer, join = kitchen.composer(), assembler()
    issue = composer.issue(gathered.surroundings, 1)
    while batch := list(islice(readers, BATCH)):
        made = plans(gathered.offers, batch, {r.id: had for r in batch if r.choice.alerts})
        for plan, reader in zip(made, batch, strict=True):
            if plan.empty:
                continue
            one = Wanted(reader, plan, *content(composer, issue, gathered, plan, reader.choice))
            if SMALLEST <= len(join.assemble(claimed(one)).content) <= LARGEST:
                yield one


def _make_key(path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)


def _make_certificate(path: Path) -> None:
    """A certificate for 127.0.0.1 that vouches for itself, and its key, in one file."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
