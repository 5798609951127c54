"""A newsroom that watches a dozen sources, one in each state and some more, for three months."""

from datetime import timedelta

from sqlalchemy import delete

from nkwatch.assembly import Newsroom
from nkwatch.domain.outcome import Trouble
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source
from nkwatch.store import records, schema
from nkwatch.store.rows import insert_new
from tests.making import statement
from tests.web.samples import NOW

DAY = timedelta(days=1)
#: What stands in the reasons of failures, and must not stand on a public page.
SECRET = "HTTP 503 from inner.relay.example"


def watched_source(name: str, publisher: str, language: str = "en", **fields) -> Source:
    return Source(**({"id": name, "url": f"https://{name}.example/feed", "publisher": publisher,
                      "languages": (language,)} | fields))  # fmt: skip


def reads(name: str, *, quiet: float = 0, **fields) -> PollState:
    """The state of a source that answered an hour ago; its newest statement is `quiet` days old."""
    given = {"due_at": NOW + timedelta(hours=3), "last_ok_at": NOW - timedelta(hours=1), "newest_at": NOW - quiet * DAY}
    return PollState(name, **(given | fields))


def fails(name: str, health: Health, days: float, **fields) -> PollState:
    """The state of a source that was last read so many days ago."""
    given = {"last_ok_at": NOW - days * DAY, "newest_at": NOW - (days + 1) * DAY, "failures": 9, "reason": SECRET,
             "trouble": Trouble.FAILING, "health": health, "health_since": NOW - (days - 0.1) * DAY}  # fmt: skip
    return PollState(name, **({"due_at": NOW + timedelta(hours=20)} | given | fields))


#: A source, its state, and how many days lie between its statements.
EVERY_STATE = (
    (watched_source("alder-news", "Alder Rights Desk"), reads("alder-news"), 3),
    (watched_source("alder-letters", "Alder Rights Desk"), reads("alder-letters", quiet=2), 6),
    (watched_source("batang", "바탕인권모임", "ko"), reads("batang"), 0.4),
    (watched_source("border-watch", "Reedbank Border Watch", alerts=True), reads("border-watch"), 1),
    (watched_source("courier", "The Wendlebury Courier"), fails("courier", Health.FAILING, 23), 2),
    (watched_source("ministry", "Ministry of Foreign Affairs and Overseas Cooperation of the Republic of Costaguana"),
     fails("ministry", Health.BLOCKED, 51, trouble=Trouble.BLOCKED), 5),
    (watched_source("old-wire", "Old Wire"), fails("old-wire", Health.GONE, 80, trouble=Trouble.GONE), 2),
    (watched_source("quarry", "Quarry Relief"),
     reads("quarry", quiet=44, health=Health.SILENT, health_since=NOW - 12 * DAY, longest_gap=10 * DAY), 9),
    (watched_source("shiori", "しおりの会", "ja"),
     reads("shiori", quiet=130, health=Health.SILENT, health_since=NOW - 60 * DAY), 9),
    (watched_source("tern", "Tern Assembly"), reads("tern", health=Health.GAP, health_since=NOW - DAY, gap=True), 0.3),
    (watched_source("vesper", "Comité Vesper", "fr"), reads("vesper", failures=1, reason=SECRET), 7),
    (watched_source("first-fails", "Upland Herald"),
     PollState("first-fails", NOW + timedelta(hours=1), failures=1, reason=SECRET), 0),
    (watched_source("yonder", "Yonder Institute"), PollState("yonder", NOW - timedelta(hours=1)), 0),
    (watched_source("zeta", "Zeta Review", enabled=False), fails("zeta", Health.FAILING, 5), 2),
)  # fmt: skip


async def watch_every_state(newsroom: Newsroom) -> None:
    """These sources instead of the samples, and what they published."""
    newsroom.sources.clear()
    newsroom.sources.update({source.id: source for source, _, _ in EVERY_STATE})
    states = [records.state_row(state) for _, state, _ in EVERY_STATE]
    told = [records.statement_row(s) for row in EVERY_STATE for s in published(*row)]

    def write(connection):
        connection.execute(delete(schema.source_state))
        insert_new(connection, schema.source_state, states)
        insert_new(connection, schema.statement, told)

    await newsroom.database.write(write)


def published(source: Source, state: PollState, every: float):
    """A statement every so many days back from the newest, for more days than are shown."""
    newest, n = state.newest_at, 0
    while newest and every and n * every < 150:
        # sources do not publish like clockwork
        at = newest - (n * every + (n * 7 % 5) * every / 6) * DAY
        yield statement(f"{source.id}-{n}", source_id=source.id, publisher=source.publisher, published=at)
        n += 1
