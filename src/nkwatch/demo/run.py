"""The course of the demo: a first poll, a day later a second, alerts at once, digests at their hour, then live."""

import asyncio
import shlex
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nkwatch.assembly import Newsroom, open_newsroom, utc_now
from nkwatch.assembly.standing import dkim_keys
from nkwatch.config import (
    BouncesSettings,
    Config,
    DkimSettings,
    EditorSettings,
    MailSettings,
    PollingSettings,
    Secrets,
    SiteSettings,
    SourceSettings,
    WebSettings,
)
from nkwatch.daemon import Daemon, standing
from nkwatch.demo.calendar import write_calendar
from nkwatch.demo.mailbox import Mailbox, open_mailbox
from nkwatch.demo.readers import CONSENT, newcomer, sample_readers
from nkwatch.demo.samples import Samples, load_samples
from nkwatch.demo.site import HOST, sample_site
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.domain.subscriber import Consent
from nkwatch.keys import new_master_key
from nkwatch.mail.dkim_keys import new_key, write_key
from nkwatch.web.app import create_app
from nkwatch.web.preview import write_overview

#: Sources are asked again after a day at the latest, jitter included.
FIRST_POLL = timedelta(hours=27)
SECOND_POLL = timedelta(minutes=2)
#: Where the sample site is, if nobody else listens there: so that the tutorial can name its addresses.
SITE_PORT = 8081

Say = Callable[[str], None]


@dataclass(slots=True)
class DemoClock:
    """A clock that stands where it is put, until it follows the real one."""

    instant: datetime | None = None

    def __call__(self) -> datetime:
        return self.instant or utc_now()


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened, in numbers."""

    sources: int
    statements: int
    edited: int
    about_north_korea: int
    stories: int
    alerts: int
    calls: int
    digests: int
    mails: int
    #: deliveries that did not reach the mailbox: none, or something is wrong
    waiting: int


async def run_demo(say: Say, answer: Callable[[Summary], None], *, once: bool, out: Path | None, port: int) -> None:
    """Run the demo; `say` gets a line for each step, `answer` what happened in numbers.

    With `out`, mails and an index.html are written there. Raises `ConfigError` when a mail does not arrive.

    Without `once` the service then goes on and shows its pages until it is interrupted.
    """
    port = _free(port)
    present = utc_now().replace(minute=0, second=0, microsecond=0)
    clock = DemoClock(present - FIRST_POLL)
    samples = load_samples(present)
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(sample_site(samples, clock, SITE_PORT))
        mailbox = await stack.enter_async_context(open_mailbox())
        newsroom = await stack.enter_async_context(_newsroom(samples, site, mailbox, clock, port))
        say(f"sample site with {len(newsroom.sources)} sources at {site}, mailbox at 127.0.0.1:{mailbox.port} (SMTP)")
        summary = await _course(newsroom, mailbox, clock, present, say)
        if out:
            await write_overview(newsroom, mailbox, out)
            say(f"mails and index.html are in {out}")
            say(f"check that one is ours: {await asyncio.to_thread(_verifiable, newsroom.config, out)}")
        answer(summary)
        if summary.waiting:
            raise ConfigError(f"{summary.waiting} mails did not arrive in the mailbox; the notices above say why")
        if not once:
            clock.instant = None
            await _live(newsroom, mailbox, say)


def _verifiable(config: Config, out: Path) -> str:
    """Leave the records of the keys, which no name server knows, and answer the command that checks a mail by them."""
    words = ["nkwatch", "verify", str(next(iter(sorted(out.glob("*.eml")))))]
    for key in dkim_keys(config):
        record = out / f"dkim-{key.selector}.txt"
        record.write_text(f"{key.record}\n", "utf-8")
        words += ["--domain", key.domain, "--key", f"{key.selector}={record}"]
    return shlex.join(words)


def _free(port: int) -> int:
    """`port`, or any free one where somebody else listens on it already."""
    for wanted in (port, 0):
        with suppress(OSError), socket.create_server((HOST, wanted)) as listening:
            found: int = listening.getsockname()[1]
            return found
    raise ConfigError(f"no port of {HOST} is free; end some other program")


async def _course(newsroom: Newsroom, mailbox: Mailbox, clock: DemoClock, present: datetime, say: Say) -> Summary:
    first = await newsroom.collect()
    await newsroom.visit()
    read = await newsroom.read()
    await newsroom.index()
    say(f"a day ago, first poll: {first.new} statements from {first.sources} sources, {read.about_nk} on North Korea")
    clock.instant = present - SECOND_POLL
    for sign_up in sample_readers(present):
        await newsroom.subscribe.join(sign_up, Consent(CONSENT, clock()))
    await newsroom.subscribe.join(newcomer())
    say("six readers come onto the list, a seventh is asked to confirm")
    second = await newsroom.collect()
    await newsroom.visit()
    again = await newsroom.read()
    await newsroom.index()
    say(f"now, second poll: {second.new} new statements, {second.edited} edited; {again.stories} new stories")
    alerts = await newsroom.publish()
    await newsroom.deliver()
    say(f"alerts at once: {alerts.alerts} released, {alerts.held} held for an editor, {alerts.deliveries} mails")
    called = await newsroom.call()
    say(f"the editor is told of those that wait: {called.calls} mails")
    clock.instant = present
    digests = await newsroom.publish()
    await newsroom.deliver()
    say(f"digests at their hour: {digests.deliveries} mails")
    counts = await newsroom.statements.counts()
    return Summary(
        sources=first.sources,
        statements=counts["statements"],
        edited=second.edited,
        about_north_korea=counts["about_nk"],
        stories=counts["stories"],
        alerts=alerts.alerts,
        calls=called.calls,
        digests=digests.deliveries,
        mails=len(mailbox.messages),
        waiting=sum(n for state, n in (await newsroom.outbox.counts()).items() if state != DeliveryState.SENT),
    )


async def _live(newsroom: Newsroom, mailbox: Mailbox, say: Say) -> None:
    def ready(address: str) -> None:
        say(f"look at it: {address}demo (statements, sources, mails) and {address} (what readers see); Ctrl-C ends")

    await Daemon(standing(newsroom), app=create_app(newsroom, mailbox=mailbox), ready=ready).run()


@asynccontextmanager
async def _newsroom(
    samples: Samples, site: str, mailbox: Mailbox, clock: DemoClock, port: int
) -> AsyncIterator[Newsroom]:
    """A newsroom of the samples in a temporary folder."""
    host = site.removeprefix("http://")
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="nkwatch-demo-")
    with folder as path:
        write_calendar(Path(path, "calendar.ics"), clock())
        write_key(Path(path, "dkim.pem"), new_key("rsa"))
        config = Config(
            site=SiteSettings(url=f"http://127.0.0.1:{port}", contact="editors@nkwatch.example"),
            mail=MailSettings(host="127.0.0.1", port=mailbox.port, security="none", sender="digest@nkwatch.example"),
            dkim=DkimSettings(domain="nkwatch.example", selector="demo", key=Path(path, "dkim.pem"), processes=0),
            bounces=BouncesSettings(address="bounces@nkwatch.example"),
            database=f"sqlite:///{path}/nkwatch.db",
            polling=PollingSettings(pause=0, allow=(host,)),
            web=WebSettings(port=port),
            calendar=Path(path, "calendar.ics"),
            editor=(EditorSettings(name="Ann", address="ann@editors.example"),),
            contacts={"KR": "https://write-to.parliament.example/kr"},
            source=tuple(_settings(s) for s in samples.sources(site, host.partition(":")[0])),
        )
        secrets = Secrets(current=1, keys={1: new_master_key()})
        async with open_newsroom(config, secrets, clock, shipped=False) as newsroom:
            yield newsroom


def _settings(source: Source) -> SourceSettings:
    return SourceSettings.model_validate(asdict(source))
