"""What `nkwatch doctor` looks at on this machine: settings, database, disk, clock, keys, and how it is watched."""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from nkwatch.assembly import check_sources
from nkwatch.assembly.standing import unsigned
from nkwatch.assembly.webhooks import webhooks_of
from nkwatch.catalogue.calendar import load_calendar
from nkwatch.catalogue.rules import load_rules
from nkwatch.config import Config, Secrets
from nkwatch.domain.posture import Finding, Severity
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.compose import FALLBACK
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.mail.locales import Locale
from nkwatch.mail.templates import Templates
from nkwatch.net.accounts import Refused
from nkwatch.net.answers import Unreached
from nkwatch.net.mailboxes import problems_of
from nkwatch.net.postboxes import postbox
from nkwatch.store import schema
from nkwatch.store.database import PLACE, Database, remedy
from nkwatch.store.engines import file_of
from nkwatch.store.migrations import pending
from nkwatch.store.rows import upsert
from nkwatch.workflow.ports import Clock

FINE, ADVICE, WRONG = Severity.FINE, Severity.ADVICE, Severity.WRONG
#: Bytes that must be free, and that better are.
LEAST_ROOM, GOOD_ROOM = 100_000_000, 1_000_000_000
#: A write-ahead log of more bytes says that somebody reads for hours.
LARGE_LOG = 500_000_000
#: How far the newest row may lie ahead of the clock.
TOLERANCE = timedelta(minutes=5)
CLEAR = "Stop nkwatch, run `sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'`, and look for what else has it open."


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. `secrets` is None where they cannot be read; `keys` are those that we sign with."""

    config: Config
    secrets: Secrets | None
    keys: tuple[DkimKey, ...]
    clock: Clock


async def settings(patient: Patient) -> list[Finding]:
    """Sources, rules, templates and all else that the settings name, as it would be loaded at the start."""
    return [f for name, load in loads(patient.config, patient.secrets).items() for f in _loaded(name, load)]


def loads(config: Config, secrets: Secrets | None) -> dict[str, Callable[[], object]]:
    """What the settings name, and how it is loaded at the start: each raises `ConfigError` where it cannot be."""
    found: dict[str, Callable[[], object]] = {
        "rules": lambda: load_rules(config.rules),
        "templates": lambda: Templates({FALLBACK: Locale(FALLBACK, {})}, config.templates),
    }
    if calendar := config.calendar:
        found["calendar"] = lambda: load_calendar(calendar)
    if secrets:
        found["sources"] = lambda: check_sources(config, secrets)
    if secrets and config.webhook:
        found["webhooks"] = lambda: webhooks_of(config, secrets, load_rules(config.rules))
    return found


@asynccontextmanager
async def opened(patient: Patient) -> AsyncIterator[Database | None]:
    """The database where it is there and of this version, else None. What is wrong with it `database` tells alone."""
    if _file_missing(patient.config):
        yield None
        return
    store = Database(patient.config.database)
    usable = False
    try:
        with suppress(SQLAlchemyError):
            usable = await asyncio.to_thread(store.is_prepared)
        with suppress(SQLAlchemyError):
            yield store if usable else None
    finally:
        await asyncio.to_thread(store.close)


async def database(patient: Patient) -> list[Finding]:
    """Whether the database is there, ours to write to, of this version, and the clock not behind it."""
    if missing := _file_missing(patient.config):
        return [missing]
    store = Database(patient.config.database)
    try:
        if stale := await asyncio.to_thread(_stale, store):
            return [stale]
        await store.write(lambda c: upsert(c, schema.pulse, [{"name": "doctor", "at": patient.clock()}]))
        newest = await store.read(_newest)
    except DBAPIError as why:
        return [Finding("database", WRONG, f"it cannot be used: {why.orig}", _sentence(remedy(why)))]
    finally:
        await asyncio.to_thread(store.close)
    return [
        Finding("database", FINE, "it can be read and written, and its schema is current"),
        *_clock(patient, newest),
    ]


def _file_missing(config: Config) -> Finding | None:
    """What is to be said where there is no file, or nobody can look; of a server nothing."""
    if (file := file_of(config.database)) is None:
        return None
    try:
        file.stat()
    except FileNotFoundError:
        return _missing(file, config.installation.departed)
    except OSError as why:
        return Finding("database", WRONG, f"{file}: {why.strerror}", _sentence(PLACE))
    return None


def _missing(file: Path, departed: Path | None) -> Finding:
    if not file.parent.is_dir():
        do = "Look whether its disk is mounted, or make the folder."
        return Finding("database", WRONG, f"{file.parent}: there is no such folder", do)
    if departed and departed.exists():
        said = f"{file}: it is gone, though {departed} shows that there was one"
        return Finding("database", WRONG, said, "Look whether its disk is mounted; else: nkwatch db restore BACKUP")
    do = "It is made when nkwatch starts; if it should be there, stop and restore it from its backup."
    return Finding("database", ADVICE, f"{file}: there is none yet", do)


def _stale(store: Database) -> Finding | None:
    """What is to be said of a database that is not of this version, or must not be used."""
    try:
        with store.engine.connect() as connection:
            before, steps = pending(connection)
    except ConfigError as why:
        found, _, do = str(why).partition(": ")
        return Finding("database", WRONG, found, _sentence(do))
    if not steps:
        return None
    said = f"it has schema {before or 'none'}, and this nkwatch wants {steps[-1].schema}"
    return Finding("database", WRONG, said, "Back it up, and start nkwatch or run `nkwatch db upgrade`.")


async def disk(patient: Patient) -> list[Finding]:
    """Room beside the database, its modes, and its write-ahead log."""
    file = file_of(patient.config.database)
    if file is None or not file.parent.is_dir():
        return []
    found = [_room(file.parent)]
    if _file_missing(patient.config):
        return found
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        found.append(Finding("database", WRONG, f"{file}: others may read it", f"Run: chmod 600 {file}"))
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and (size := log.stat().st_size) > LARGE_LOG:
        found.append(Finding("database", ADVICE, f"its write-ahead log has {_megabytes(size)}", CLEAR))
    return found


async def signing(patient: Patient) -> list[Finding]:
    """The keys that we sign with; those that cannot be read are told before."""
    if patient.config.dkim is None:
        do = "Let it sign for the domain of the sender, or set [dkim] (`nkwatch keys dkim`)."
        return [Finding("signing", ADVICE, "nkwatch does not sign: the mail server is to", do)]
    found = [Finding("signing", FINE, f"{key.name}: an {key.kind} key that can be used") for key in patient.keys]
    do = "Until then nkwatch does not start."
    return [*found, *(Finding("signing", WRONG, said, do) for said in unsigned(patient.config))]


async def bounces(patient: Patient) -> list[Finding]:
    """The mailbox that bounces come to."""
    bounces, secrets = patient.config.bounces, patient.secrets
    if bounces is None:
        said = "nobody reads the mails that come back: addresses that are gone are mailed for ever"
        return [Finding("bounces", ADVICE, said, "Set [bounces] with an address that takes sub-addresses.")]
    if not bounces.mailbox:
        if bounces.webhooks:
            return [Finding("bounces", FINE, f"told by {', '.join(bounces.webhooks)}")]
        said = "there is an address for bounces, and nothing reads it"
        return [Finding("bounces", ADVICE, said, "Set bounces.mailbox, or pipe mails to `nkwatch bounces read -`.")]
    return await _mailbox("bounces", bounces.mailbox, secrets.bounces_password if secrets else "")


async def watch(patient: Patient) -> list[Finding]:
    """Whether anybody would hear of it if mail did not leave or arrive."""
    watch, secrets = patient.config.watch, patient.secrets
    found = []
    if watch.canary is None:
        said = "no copy of each bulletin goes to a mailbox of your own: whether they arrive is not seen"
        found.append(Finding("watch", ADVICE, said, "Set watch.canary, and watch.mailbox to have it looked into."))
    elif watch.mailbox:
        found += await _mailbox("watch", watch.mailbox, secrets.canary_password if secrets else "")
    if not (watch.webhook or watch.command):
        said = "nobody is told by another channel when alerts do not leave"
        found.append(Finding("watch", ADVICE, said, "Set watch.webhook or watch.command."))
    return found or [Finding("watch", FINE, "a canary gets each bulletin, and a bell rings when mail fails")]


async def _mailbox(about: str, url: str, password: str) -> list[Finding]:
    """Whether a mailbox opens. Nothing in it is changed."""
    if problems := list(problems_of(url, password=bool(password), whose=about)):
        return [Finding(about, WRONG, p, f"See [{about}] in the settings.") for p in problems]
    looked = await postbox(url, password).unseen(lambda _: [])
    if isinstance(looked, Refused | Unreached):
        return [Finding(about, WRONG, f"its mailbox does not open: {looked.reason}", "Check address and password.")]
    return [Finding(about, FINE, "its mailbox opens")]


def _loaded(about: str, load: Callable[[], object]) -> list[Finding]:
    try:
        load()
    except ConfigError as wrong:
        return [
            Finding(about, WRONG, problem, "Mend it; nkwatch does not start as it is.") for problem in wrong.problems
        ]
    return [Finding(about, FINE, f"the {about} can be used")]


def _clock(patient: Patient, newest: datetime | None) -> Iterator[Finding]:
    now = patient.clock()
    if newest and newest > now + TOLERANCE:
        said = f"it is {now:%Y-%m-%d %H:%M} UTC here, and the database holds something of {newest:%Y-%m-%d %H:%M}"
        do = (
            "If this clock is behind, set it (chrony or systemd-timesyncd keep it right). If it was ahead for a while"
            " and is right now, nkwatch has put right what it could: this ends by itself."
        )
        yield Finding("clock", WRONG, said, do)
    else:
        yield Finding("clock", FINE, f"{now:%Y-%m-%d %H:%M} UTC, not before what is stored")


def _newest(connection: Connection) -> datetime | None:
    columns = (schema.statement.c.first_seen, schema.bulletin.c.date)
    found = [connection.scalar(select(func.max(column))) for column in columns]
    return max((moment for moment in found if moment), default=None)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    severity = WRONG if free < LEAST_ROOM else ADVICE if free < GOOD_ROOM else FINE
    return Finding("disk", severity, f"{_megabytes(free)} free", "" if severity is FINE else "Make room.")


def _sentence(do: str) -> str:
    return f"{do[0].upper()}{do[1:]}."


def _megabytes(size: int) -> str:
    return f"{size // 1_000_000:,} MB"
