"""How mail leaves and what comes back, by what the settings say: relays, signatures, two lanes, bounces, the watch."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nkwatch import logs
from nkwatch.assembly.parts import mailbox
from nkwatch.assembly.standing import identities, unsigned
from nkwatch.assembly.stores import Stores
from nkwatch.config import Config, Secrets
from nkwatch.domain.delivery import Lane
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Subscriber
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.bounces.hooks import ReportHook, hooks
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.mail.folders import FolderRelay
from nkwatch.mail.inbox import inbox_of_bounces, inbox_of_canary
from nkwatch.mail.relays import Relays
from nkwatch.mail.signing import DkimSigner, SigningRelay, Unsigned
from nkwatch.mail.smtp import SmtpRelay
from nkwatch.net.bell import Bell
from nkwatch.net.dns import Dns
from nkwatch.store.bounces import BounceStore
from nkwatch.store.database import Database
from nkwatch.store.pulse import Pulse
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.workflow.bounces import Bounces
from nkwatch.workflow.canary import ensure
from nkwatch.workflow.deliver import Deliver, Lanes, Line
from nkwatch.workflow.halts import Brake
from nkwatch.workflow.lock import Lock
from nkwatch.workflow.permits import Permits
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.posture import Posture
from nkwatch.workflow.recover import Recover
from nkwatch.workflow.told import Telling
from nkwatch.workflow.watching import Arrivals, Watch, Why


@dataclass(frozen=True, slots=True)
class Sending:
    """What carries mails and what signs them; `relay` does both, for single mails."""

    line: Relays | FolderRelay
    signer: DkimSigner | Unsigned
    relay: SigningRelay[Any]


def open_sending(
    stack: AsyncExitStack, config: Config, secrets: Secrets, keys: tuple[DkimKey, ...], clock: Clock
) -> Sending:
    """All of it. Raises `ConfigError` as the parts do."""
    line, signer = relay_of(config, secrets, clock), signer_of(config, keys)
    stack.push_async_callback(signer.close)
    stack.push_async_callback(line.close)
    return Sending(line, signer, SigningRelay(line, signer))


@dataclass(frozen=True, slots=True)
class Means:
    """What delivering works with."""

    database: Database
    keyring: Keyring
    stores: Stores
    assembler: MailAssembler
    sending: Sending
    workers: Workers
    clock: Clock
    owner: str
    canary: Subscriber | None
    lock: Lock


@dataclass(frozen=True, slots=True)
class Delivering:
    """The rounds by which mail leaves and comes back."""

    deliver: Lanes
    recover: Recover
    bounces: Bounces
    hooks: Mapping[str, ReportHook]
    watch: Watch
    pulse: Pulse


def relay_of(config: Config, secrets: Secrets, clock: Clock) -> Relays | FolderRelay:
    """Where mail goes: the relays in their order, or a folder, a file, standard output. Raises `ConfigError`."""
    mail = config.mail
    if mail.to:
        return FolderRelay(mail.to)
    passwords = {mail.host: secrets.mail_password} | secrets.relays
    relays = [
        SmtpRelay(
            host=one.host,
            port=one.port,
            security=one.security,
            username=one.username,
            password=passwords.get(one.host, ""),
            connections=mail.connections,
            timeout=mail.timeout,
            last_timeout=mail.last_timeout,
        )
        for one in mail.relays
    ]
    # of a single one its lanes tell
    return Relays(relays, clock, logs.notice) if len(relays) > 1 else Relays(relays, clock)


def signer_of(config: Config, keys: tuple[DkimKey, ...]) -> DkimSigner | Unsigned:
    """What signs; without keys the mail server does. Raises `ConfigError` where a sender's mails would be unproved."""
    dkim = config.dkim
    if problems := unsigned(config):
        raise ConfigError(*problems)
    return DkimSigner(keys, dkim.leave_out, dkim.processes, logs.notice) if dkim else Unsigned()


async def canary_of(config: Config, subscribers: SubscriberStore, clock: Clock) -> Subscriber | None:
    """The canary's row. An address that cannot be it is told, and stops nothing else."""
    if config.watch.canary is None:
        return None
    try:
        return await ensure(subscribers, config.watch.canary, clock)
    except ConfigError as wrong:
        logs.notice("there is no canary", why=str(wrong))
        return None


def delivering(config: Config, secrets: Secrets, keys: tuple[DkimKey, ...], means: Means) -> Delivering:
    """All of it. Raises `ConfigError` for mailboxes and keys that cannot be used."""
    clock, outbox, mail = means.clock, means.stores.outbox, config.mail
    permits = Permits(means.sending.line.connections)
    brake, pulse = Brake(outbox, clock, mail.per_day), Pulse(means.database, clock)
    urgent = _lane(Lane.URGENT, config, means, permits)
    posture = Posture(Dns(), identities(config, keys), clock, logs.notice, off=mail.impersonable or bool(mail.to))
    bulk = _lane(
        Lane.BULK,
        config,
        means,
        permits,
        line=urgent.line,
        aside=lambda: urgent.busy,
        halts=(brake, posture),
    )
    return Delivering(
        deliver=Lanes(urgent, bulk),
        recover=Recover(outbox, clock, logs.notice, means.stores.upkeep),
        bounces=_bounces(config, secrets, means),
        hooks=hooks(config.bounces.webhooks if config.bounces else (), secrets.webhook_keys),
        watch=_watch(config, secrets, means, pulse, excuses=(brake, means.lock.locked)),
        pulse=pulse,
    )


def _lane(
    lane: Lane,
    config: Config,
    means: Means,
    permits: Permits,
    *,
    line: Line | None = None,
    aside: Callable[[], bool] = lambda: False,
    halts: Sequence[Callable[[], Awaitable[str]]] = (),
) -> Deliver:
    """The rounds of one lane; `permits` are for both, `line` is what another knows of the relays."""
    return Deliver(
        means.stores.outbox,
        means.assembler,
        means.sending.signer,
        means.sending.line,
        means.clock,
        logs.notice,
        means.owner,
        lane,
        lease=timedelta(seconds=config.mail.lease),
        halts=halts,
        aside=aside,
        line=line or Line(),
        permits=permits,
        lock=means.lock,
    )


def _bounces(config: Config, secrets: Secrets, means: Means) -> Bounces:
    """What reads the bounces; without a mailbox of theirs, only what relays refuse is judged."""
    settings, box = config.bounces, None
    if settings and settings.mailbox:
        box = mailbox(settings.mailbox, secrets.bounces_password, "bounces")
    return Bounces(
        ledger=BounceStore(means.database, means.keyring, means.stores.departing),
        accepted=means.stores.outbox.accepted,
        clock=means.clock,
        telling=Telling(logs.notice, means.clock),
        inbox=inbox_of_bounces(box, means.workers) if box else None,
        shared=bool(box and config.replies and settings and config.replies.mailbox == settings.mailbox),
    )


def _watch(config: Config, secrets: Secrets, means: Means, pulse: Pulse, excuses: Sequence[Why]) -> Watch:
    settings, clock = config.watch, means.clock
    telling = Telling(logs.notice, clock)
    arrivals = None
    if means.canary and settings.mailbox:
        inbox = inbox_of_canary(mailbox(settings.mailbox, secrets.canary_password, "canary"), means.workers)
        within = timedelta(seconds=settings.arrival_within)
        ledger = BounceStore(means.database, means.keyring)
        arrivals = Arrivals(means.canary.id, ledger, inbox, clock, telling, within)
    bell = Bell(settings.webhook, settings.command) if settings.webhook or settings.command else None
    return Watch(
        means.stores.outbox,
        clock,
        telling,
        bell,
        timedelta(seconds=settings.alerts_within),
        arrivals,
        timedelta(seconds=settings.stuck_after),
        excuses,
        pulse,
    )
