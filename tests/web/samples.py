"""A newsroom with the bundled sample texts in it, read and ready, and some readers."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from nkwatch.assembly import Newsroom, open_newsroom
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import Config, Secrets
from nkwatch.domain.source import Failed, Fetched, PollState
from nkwatch.domain.statement import Entry, Origin, sift
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, SignUp, Wish
from nkwatch.keys import new_master_key

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
SITE = "https://watch.example"
READER = "reader@inbox.example"


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def samples() -> dict[str, Any]:
    return tomllib.loads((files("nkwatch.catalogue") / "samples.toml").read_text("utf-8"))


def settings(folder: Path) -> Config:
    own = [
        {
            "id": s["id"],
            "url": f"http://127.0.0.1:9/{s['id']}",
            "publisher": s["publisher"],
            "owner": s["owner"],
            "role": s["role"],
            "scope": s["scope"],
            "country": s["country"],
            "languages": s["languages"],
            "domains": [f"{s['id']}.example"],
            "alerts": s["alerts"],
        }
        for s in samples()["source"]
    ]
    return Config.model_validate(
        {
            "site": {"url": SITE, "contact": "editors@watch.example"},
            "mail": {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "digest@watch.example"},
            "database": f"sqlite:///{folder / 'nkwatch.db'}",
            "source": own,
            "catalogue": {"disable": [i for i, s in load_sources().items() if s.enabled]},
        }
    )


@asynccontextmanager
async def empty_newsroom(folder: Path) -> AsyncIterator[Newsroom]:
    secrets = Secrets(current=1, keys={1: new_master_key()})
    async with open_newsroom(settings(folder), secrets, Clock()) as newsroom:
        yield newsroom


async def tell(newsroom: Newsroom, source_id: str, *entries: Entry, backlog: bool = False) -> list[str]:
    """Let a source show these entries, and read them; answers the ids of their statements."""
    source, now = newsroom.sources[source_id], newsroom.clock()
    await newsroom.statements.register([source], now)
    languages = (*source.languages, "")
    sifted = sift(entries, {}, Origin(source_id, source.publisher, languages[0], backlog), now)
    state = PollState(source_id, now).after(Fetched(entries, etag='"1"'), now, new=len(entries))
    await newsroom.statements.record_poll(state, source.publisher, sifted)
    await newsroom.read()
    return [known.statement.id for known in sifted.new]


async def tell_samples(newsroom: Newsroom) -> None:
    """All sample texts, as after the demo's first poll; one source fails, one was never polled."""
    read = samples()
    for source in read["source"][:-1]:
        own = [_entry(s, source) for s in read["statement"] if s["source"] == source["id"]]
        await tell(newsroom, source["id"], *own)
    failing = newsroom.sources["sample-courier"]
    worked = next(s for s in await newsroom.statements.states() if s.source_id == failing.id)
    broken = worked.after(Failed("HTTP 503 from sample-courier.example"), NOW)
    await newsroom.statements.record_poll(broken, failing.publisher, sift((), {}, Origin("", "", "", False), NOW))


def _entry(sample: dict[str, Any], source: dict[str, Any]) -> Entry:
    published = NOW - timedelta(hours=int(sample["age"].removesuffix("h")))
    url = f"https://www.{source['id']}.example/{sample['id']}"
    return Entry(sample["title"], url, sample["text"].strip(), sample["id"], published, "", sample["language"])


async def join(newsroom: Newsroom, address: str = READER, **chosen: Any) -> str:
    """A subscriber who was asked to confirm; answers the id."""
    schedule = chosen.pop("schedule", Schedule(Rhythm.WEEKLY, 7, "Asia/Seoul", 0))
    await newsroom.subscribe.join(SignUp(address, schedule, **chosen))
    return next(s.id for s, _, a in await newsroom.subscribers.listing() if a == address)


async def confirmed(newsroom: Newsroom, address: str = READER, **chosen: Any) -> str:
    """A subscriber who is mailed; answers the id."""
    schedule = chosen.pop("schedule", Schedule(Rhythm.DAILY, 7, "Asia/Seoul"))
    await newsroom.subscribe.join(SignUp(address, schedule, **chosen), Consent("test", NOW - timedelta(days=40)))
    return next(s.id for s, _, a in await newsroom.subscribers.listing() if a == address)


async def mailed(newsroom: Newsroom) -> list[bytes]:
    """Publish, and answer what would be handed over to the relay now."""
    from nkwatch.domain.lease import Lease  # noqa: PLC0415

    await newsroom.publish()
    claimed = await newsroom.outbox.claim(NOW, 100, Lease("test", NOW + timedelta(minutes=5)))
    return [newsroom.assembler.assemble(c).content for c in claimed]


WISH = Wish(frozenset({"prisons", "refugees"}), frozenset())
