"""What `nkwatch doctor` looks at on this machine: settings, database, disk, clock, keys, and how it is watched."""

import asyncio
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from nkwatch.assembly import check_sources
from nkwatch.assembly.standing import unsigned
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
from nkwatch.store.database import Database
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
    """Sources, rules and templates, as they would be loaded at the start."""
    config, secrets = patient.config, patient.secrets
    found = [
        _loaded("rules", lambda: load_rules(config.rules)),
        _loaded("templates", lambda: Templates({FALLBACK: Locale(FALLBACK, {})}, config.templates)),
    ]
    if secrets:
        found.append(_loaded("sources", lambda: check_sources(config, secrets)))
    return [f for part in found for f in part]


async def database(patient: Patient) -> list[Finding]:
    """Whether the database is there, ours to write to, of this version, and the clock not behind it."""
    address = patient.config.database
    if (file := _file(address)) and not file.exists():
        do = "It is made when nkwatch starts; if it should be there, stop and restore it from its backup."
        return [Finding("database", ADVICE, f"{file}: there is none yet", do)]
    store = Database(address)
    try:
        if not await asyncio.to_thread(store.is_prepared):
            do = "Back it up, and start nkwatch: that brings it up to date."
            return [Finding("database", WRONG, "its schema is another than this version of nkwatch knows", do)]
        await store.write(lambda c: c.execute(select(1)).scalar_one())
        newest = await store.read(_newest)
    except SQLAlchemyError as why:
        said = f"it cannot be used: {getattr(why, 'orig', why)}"
        do = "Check that it runs, that its folder and files belong to the user of nkwatch, and the disk."
        return [Finding("database", WRONG, said, do)]
    finally:
        await asyncio.to_thread(store.close)
    return [
        Finding("database", FINE, "it can be read and written, and its schema is current"),
        *_clock(patient, newest),
    ]


async def disk(patient: Patient) -> list[Finding]:
    """Room beside the database, its modes, and its write-ahead log."""
    file = _file(patient.config.database)
    if file is None or not file.parent.is_dir():
        return []
    found = [_room(file.parent)]
    if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
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
        yield Finding("clock", WRONG, said, "Set the clock (chrony or systemd-timesyncd keep it right).")
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


def _megabytes(size: int) -> str:
    return f"{size // 1_000_000:,} MB"


def _file(address: str) -> Path | None:
    """The file of an SQLite database."""
    url = make_url(address)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
