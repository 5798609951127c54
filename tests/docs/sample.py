"""An installation in use: sources were polled, readers got mails, an alert waits; and what it has for the words of a page.

The course is that of the demo, on its sample site; all organisations and persons in it are invented.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from sqlalchemy import update

from nkwatch.assembly import Newsroom
from nkwatch.cli.settings_file import source_text
from nkwatch.demo.mailbox import Mailbox, open_mailbox
from nkwatch.demo.run import FIRST_POLL, DemoClock, _course
from nkwatch.demo.samples import Samples, load_samples
from nkwatch.demo.site import HOST, sample_site
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Presence
from nkwatch.domain.subscriber import Suppression
from nkwatch.store import schema
from tests.docs import files
from tests.making import at
from tests.story.commands import invoke
from tests.story.conftest import Installation

#: When people read the pages: the dates on them lie around it.
PRESENT = at("2026-11-23T12:00")
#: Who gets a digest on Mondays, and every alert.
READER = "campaigner@reader.example"
SETTINGS = """
[installation]
host = "here"
[[editor]]
name = "Ann"
address = "ann@watch.example"
[bounces]
address = "returned@watch.example"
webhooks = ["ses", "mailgun"]
[[webhook]]
name = "newsdesk"
url = "{site}/hooks"
"""


@dataclass
class Sample:
    """The installation, and by name what stands in it for what pages speak of."""

    installation: Installation
    clock: DemoClock
    #: the sample site under a name that no source of the installation has
    host: str
    mailbox: Mailbox
    things: dict[str, str] = field(default_factory=dict)

    def copy(self, folder: Path) -> None:
        """The same installation once more, to be worked with."""
        shutil.copytree(self.installation.folder, folder, dirs_exist_ok=True)


@contextmanager
def filled(folder: Path) -> Iterator[Sample]:
    """Fill an installation; its site and the mailbox of its readers answer from a thread until the end of the block."""
    clock = DemoClock(PRESENT - FIRST_POLL)
    samples = load_samples(PRESENT)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(sample_site(samples, clock)) as site,
        portal.wrap_async_context_manager(open_mailbox()) as mailbox,
    ):
        sample = Sample(Installation(folder), clock, site.replace(f"http://{HOST}", "demo.localhost"), mailbox)
        _settle(sample, samples, site)
        portal.call(_fill, sample)
        files.write(folder, sample.things["envelope"], READER)
        yield sample


def _settle(sample: Sample, samples: Samples, site: str) -> None:
    sources = "\n".join(_table(source) for source in samples.sources(site, HOST))
    allow = f'{site.removeprefix("http://")}", "{sample.host}'
    sample.installation.write(port=sample.mailbox.port, allow=allow, more=SETTINGS.format(site=site) + sources)
    code, _, said = invoke("--config", str(sample.installation.settings), "webhooks", "secret", "newsdesk")
    assert code == 0, said


def _table(source: Source) -> str:
    given = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(source).items()}
    return source_text({name: value for name, value in given.items() if value})


async def _fill(sample: Sample) -> None:
    async with sample.installation.open(sample.clock) as newsroom:
        await _course(newsroom, sample.mailbox, sample.clock, PRESENT, lambda _: None)
        await newsroom.subscribers.suppress("gone@readers.example", Suppression.LEFT, PRESENT)
        deleted = [s.id for s, reading in await newsroom.statements.recent(40) if reading and not reading.about_nk][:2]
        gone = update(schema.statement).where(schema.statement.c.id.in_(deleted)).values(presence=Presence.MISSING)
        await newsroom.database.write(lambda connection: connection.execute(gone))
        sample.things.update(dict(zip(("deleted", "deleted_too"), deleted, strict=True)))
        sample.things.update(await _things(newsroom) | {"host": sample.host})


async def _things(newsroom: Newsroom) -> dict[str, str]:
    waiting = await newsroom.statements.held_alerts()
    (sent,) = await newsroom.statements.sent_alerts()
    newest = await newsroom.statements.newest(20)
    everybody = {own.address: own.subscriber.id for own in await newsroom.subscribers.everybody()}
    reader = everybody[READER]
    mails = await newsroom.outbox.deliveries_of(reader, 10)
    digest = next(mail for mail in mails if mail.kind is BulletinKind.DIGEST)
    return {
        "other": next(s.id for s in newest if s.id not in {sent.id, *(w.id for w in waiting)}),
        "waits": waiting[0].id,
        "waits_too": waiting[1].id,
        "sent": sent.id,
        "joined": next(r.statement.id for r in sent.reports if r.statement.id != sent.id),
        "statement": waiting[0].lead.statement.id,
        "digest": str(digest.number),
        "envelope": f"returned+{newsroom.keyring.envelope(digest.delivery.id)}@watch.example",
        "case": next(c.key for r in sent.reports for c in r.reading.cases),
        "reader": reader,
    }
