"""A newsroom with the bundled sample texts in it, read and ready, and some readers."""

import atexit
import re
import sqlite3
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import update

from nkwatch.assembly import Newsroom, open_newsroom
from nkwatch.config import Config, Secrets
from nkwatch.domain.delivery import Booked, Claimed, Lane, Sent
from nkwatch.domain.errand import Brought, Errand, Visited
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Failed, Fetched, Outcome
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.keys import new_master_key
from nkwatch.store import schema
from nkwatch.store.database import Database
from tests.making import sign_up

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
SITE = "https://watch.example"
READER = "reader@inbox.example"
#: Two sources that write on nothing but North Korea, and one that polls badly.
ENGLISH, KOREAN, FAILING = "sample-border-watch", "sample-prisoner-families", "sample-courier"


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Box:
    """A mailbox that holds what a test puts into it."""

    def __init__(self, *messages: bytes) -> None:
        self.messages = list(messages)


def samples() -> dict[str, Any]:
    return tomllib.loads((files("nkwatch.catalogue") / "samples.toml").read_text("utf-8"))


def settings(folder: Path) -> Config:
    """With a database in this folder."""
    return _settings().model_copy(update={"database": f"sqlite:///{folder / 'nkwatch.db'}"})


@cache
def _settings() -> Config:
    kept = ("id", "publisher", "owner", "role", "scope", "country", "languages", "alerts")
    own = [
        {name: s[name] for name in kept}
        | {"url": f"http://127.0.0.1:9/{s['id']}", "domains": [f"{s['id']}.example"], "zone": "Asia/Seoul"}
        for s in samples()["source"]
    ]
    return Config.model_validate(
        {
            "site": {"url": SITE, "contact": "editors@watch.example"},
            "mail": {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "digest@watch.example"},
            "source": own,
        }
    )


@asynccontextmanager
async def empty_newsroom(folder: Path, config: Config | None = None) -> AsyncIterator[Newsroom]:
    """A newsroom in which nothing has happened yet.

    Its database is not in this folder: one serves many tests, and what is asked of it is compiled once, not in each.
    """
    config = config or settings(folder)
    with _lasting() as database:
        placed = config.model_copy(update={"database": database.engine.url.render_as_string()})
        async with open_newsroom(placed, _secrets(), Clock(), shipped=False, database=database) as newsroom:
            yield newsroom
        await database.write(lambda c: None)  # nothing is written any more: one thread writes


@asynccontextmanager
async def secluded_newsroom(folder: Path, config: Config | None = None) -> AsyncIterator[Newsroom]:
    """The same over a database in this folder that no other test has written to, and that may be closed."""
    (folder / "nkwatch.db").write_bytes(_empty_database())
    async with open_newsroom(config or settings(folder), _secrets(), Clock(), shipped=False) as newsroom:
        yield newsroom


#: Open databases that no test uses now: as many as were ever in use at the same time.
_FREE: list[Database] = []


@contextmanager
def _lasting() -> Iterator[Database]:
    """A database with all tables and no rows."""
    database = _FREE.pop() if _FREE else _new_database()
    with closing(sqlite3.connect(database.engine.url.database)) as used:
        used.execute("PRAGMA synchronous=OFF")
        _pristine().backup(used)
    yield database
    _FREE.append(database)  # not where a test has failed: who knows what it left


@cache
def _pristine() -> sqlite3.Connection:
    """A database as it is when it has just been made, at hand."""
    made = sqlite3.connect(":memory:")
    atexit.register(made.close)
    with TemporaryDirectory() as folder:
        path = Path(folder, "nkwatch.db")
        path.write_bytes(_empty_database())
        with closing(sqlite3.connect(path)) as written:
            written.backup(made)
    return made


def _new_database() -> Database:
    folder = TemporaryDirectory()
    database = Database(f"sqlite:///{folder.name}/nkwatch.db")
    atexit.register(folder.cleanup)
    atexit.register(database.close)
    return database


@cache
def _secrets() -> Secrets:
    """One key for all: what one newsroom has sealed, others that get its rows can read."""
    return Secrets(current=1, keys={1: new_master_key()})


#: Databases as they were filled, by what filled them.
_FILLED: dict[str, sqlite3.Connection] = {}


async def once(newsroom: Newsroom, fill: Callable[[Newsroom], Awaitable[object]]) -> None:
    """Let `fill` write into the database of a newsroom in which nothing has happened yet.

    It is done once; later newsrooms get a copy of what the first one had. So `fill` changes nothing but rows.
    """
    assert newsroom.clock() == NOW
    assert not any(rows(newsroom, table) for table in ("statement", "source_state", "subscriber", "bulletin"))
    name, path = f"{fill.__module__}.{fill.__qualname__}", newsroom.config.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as database:
        if name in _FILLED:
            _FILLED[name].backup(database)
            return
        await fill(newsroom)
        _FILLED[name] = sqlite3.connect(":memory:")
        atexit.register(_FILLED[name].close)
        database.backup(_FILLED[name])


@cache
def _empty_database() -> bytes:
    """A database as it is when it has just been made: that takes longer than most tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "nkwatch.db")
        database = Database(f"sqlite:///{path}")
        database.prepare()
        database.close()
        return path.read_bytes()


class Shows:
    """A poller whose sources answer what a test says."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    async def poll(self, source: Source, state: PollState) -> Outcome:
        return self.outcome


class Blank:
    """A visitor to whom no page says anything: what sources show stays all there is."""

    async def visit(self, errand: Errand, source: Source) -> Visited:
        return Brought()


async def poll(newsroom: Newsroom, source_id: str, outcome: Outcome) -> None:
    """Poll one source now, whenever it was due, with this outcome."""
    due = update(schema.source_state).values(due_at=newsroom.clock())
    await newsroom.database.write(lambda c: c.execute(due))
    await replace(newsroom.collect, poller=Shows(outcome))([source_id])
    await replace(newsroom.visit, visitor=Blank())()


async def tell(newsroom: Newsroom, source_id: str, *entries: Entry) -> list[str]:
    """Let a source show these entries as news, and read them; answers the ids of the new statements."""
    known = {s.id for s, _ in await newsroom.statements.recent(500)}
    if not known:
        await poll(newsroom, source_id, Fetched((), etag='"0"'))  # the first ingest is old news
    await poll(newsroom, source_id, Fetched(entries, etag='"1"'))
    await newsroom.read()
    return [s.id for s, _ in await newsroom.statements.recent(500) if s.id not in known]


#: Where that stands which was read; what concerns readers stands in other tables.
_READ = (
    "latch",
    "source_state",
    "source_day",
    "statement",
    "statement_key",
    "errand",
    "reading",
    "story",
    "mark",
    "named",
)
#: Rows of these tables after the sample texts were told, by table: to read them takes long, and ends alike each time.
_TOLD: dict[str, list[dict[str, Any]]] = {}


async def tell_samples(newsroom: Newsroom) -> None:
    """All sample texts; one source fails, the last one was never polled."""
    is_new = newsroom.clock() == NOW and not any(rows(newsroom, table) for table in _READ)
    if is_new and _TOLD:
        _put_told(newsroom)
        return
    read = samples()
    for source in read["source"][:-1]:
        own = [_entry(s, source) for s in read["statement"] if s["source"] == source["id"]]
        await poll(newsroom, source["id"], Fetched((), etag='"0"'))
        await tell(newsroom, source["id"], *own)
    await poll(newsroom, FAILING, Failed("HTTP 503 from sample-courier.example"))
    if is_new:
        _TOLD.update({table: rows(newsroom, table) for table in _READ})


def _put_told(newsroom: Newsroom) -> None:
    path = newsroom.config.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, told in _TOLD.items():
            names = list(told[0])
            places = ", ".join(f":{n}" for n in names)
            connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", told)


def _entry(sample: dict[str, Any], source: dict[str, Any]) -> Entry:
    published = NOW - timedelta(hours=int(sample["age"].removesuffix("h")))
    url = f"https://www.{source['id']}.example/{sample['id']}"
    return Entry(sample["title"], url, sample["text"].strip(), sample["id"], published, "", sample["language"])


async def join(newsroom: Newsroom, address: str = READER, **chosen: Any) -> str:
    """A subscriber who was asked to confirm; answers the id."""
    schedule = chosen.pop("schedule", Schedule(Rhythm.WEEKLY, 7, "Asia/Seoul", 0))
    await newsroom.subscribe.join(sign_up(address, schedule, **chosen))
    return await _id(newsroom, address)


async def confirmed(newsroom: Newsroom, address: str = READER, **chosen: Any) -> str:
    """A subscriber who is mailed; answers the id."""
    schedule = chosen.pop("schedule", Schedule(Rhythm.DAILY, 7, "Asia/Seoul"))
    await newsroom.subscribe.join(sign_up(address, schedule, **chosen), Consent("test", NOW - timedelta(days=40)))
    return await _id(newsroom, address)


async def mailed(newsroom: Newsroom) -> list[bytes]:
    """Publish, and answer what would be handed over to the relay a day later."""
    await newsroom.publish()
    claimed = await claim(newsroom, newsroom.clock() + timedelta(days=1))
    return [newsroom.assembler.assemble(c).content for c in claimed]


async def claim(newsroom: Newsroom, now: datetime) -> list[Claimed]:
    """What may be handed over at this instant, the most urgent first."""
    lease = Lease("test", now + timedelta(minutes=5))
    return [c for lane in Lane for c in await newsroom.outbox.claim(now, 100, lease, lane)]


def dump(newsroom: Newsroom) -> list[str]:
    """Everything that stands in the database."""
    with closing(sqlite3.connect(newsroom.config.database.removeprefix("sqlite:///"))) as connection:
        return list(connection.iterdump())


def row(newsroom: Newsroom, subscriber_id: str) -> dict[str, Any]:
    """A subscriber's row."""
    (found,) = (r for r in rows(newsroom, "subscriber") if r["id"] == subscriber_id)
    return found


def rows(newsroom: Newsroom, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    with closing(sqlite3.connect(newsroom.config.database.removeprefix("sqlite:///"))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(r) for r in connection.execute(f"SELECT * FROM {table}")]


async def handed_over(newsroom: Newsroom) -> list[EmailMessage]:
    """What the relay takes now, the most urgent first."""
    now = newsroom.clock()
    claimed = await claim(newsroom, now)
    mails = [newsroom.assembler.assemble(c).content for c in claimed]
    assert await newsroom.outbox.book([(c.delivery, Sent("250 taken")) for c in claimed], (), now, "test") == Booked()
    return [message_from_bytes(mail, policy=default) for mail in mails]


def link_in(mail: EmailMessage, place: str) -> str:
    """The path of the one page of ours at `place` that a mail's text links to."""
    text = mail.get_body(("plain",)).get_content()
    (found,) = set(re.findall(rf"{re.escape(SITE)}(/{place}/\S+)", text))
    return found


def link(newsroom: Newsroom, purpose: str, subject: str, **within: float) -> str:
    """The path of a page of a reader's; without `within` (hours=1, minutes=30) it works for ever."""
    expires = newsroom.clock() + timedelta(**within) if within else None
    if purpose == "settings":
        subject = f"{subject}~{newsroom.keyring.reply_tag(address_of(newsroom, subject))}"
    return f"/{purpose.replace('-', '/')}/{newsroom.keyring.token(purpose, subject, expires)}"


def address_of(newsroom: Newsroom, subscriber_id: str) -> str:
    """Where a subscriber is mailed; empty for one who is gone."""
    sealed = [r["address"] for r in rows(newsroom, "subscriber") if r["id"] == subscriber_id]
    return newsroom.keyring.unseal(sealed[0], f"address:{subscriber_id}") if sealed else ""


async def _id(newsroom: Newsroom, address: str) -> str:
    found = await newsroom.subscribers.find_address(address)
    assert found is not None
    return found
