"""Everything put together: the newsroom."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from nkwatch import logs
from nkwatch.assembly.collecting import Collecting, Reach, check, collecting, kinds, reach_of
from nkwatch.assembly.delivering import Delivering, Means, canary_of, delivering
from nkwatch.assembly.editors import Editors, editors_of
from nkwatch.assembly.opening import Given, Opened, given_by, opened_on
from nkwatch.assembly.operating import Operating, operating
from nkwatch.assembly.parts import mail_assembler, reply_reader, sources_of, user_agent
from nkwatch.assembly.publishing import Publishing, Tools, publishing
from nkwatch.assembly.stores import Stores, stores_of
from nkwatch.assembly.webhooks import calling
from nkwatch.config import Config, Secrets
from nkwatch.domain.source import Source
from nkwatch.domain.subscriber import Tidied
from nkwatch.feeds.kinds import KindPoller
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.bounces.hooks import ReportHook
from nkwatch.mail.compose import FALLBACK, Composer
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.mail.removed import removal
from nkwatch.net import Robots, Web
from nkwatch.reading.rules import Rules
from nkwatch.store.archive import ArchiveStore
from nkwatch.store.cases import CaseStore
from nkwatch.store.database import Database
from nkwatch.store.desk import DeskStore
from nkwatch.store.duties import Duties
from nkwatch.store.editions import EditionStore
from nkwatch.store.indexing import IndexStore
from nkwatch.store.installation import InstallationStore
from nkwatch.store.notices import NoticeStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.plots import PlotStore
from nkwatch.store.readings import ReadingStore
from nkwatch.store.search import SearchStore
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.store.traces import TraceStore
from nkwatch.store.waking import Waking
from nkwatch.store.weekly import WeekStore
from nkwatch.workflow.bounces import Bounces
from nkwatch.workflow.calls import CallEditors
from nkwatch.workflow.canary import with_canary
from nkwatch.workflow.collect import Collect
from nkwatch.workflow.correct import Correct
from nkwatch.workflow.deliver import Lanes
from nkwatch.workflow.desk import DigestDesk, StoryDesk
from nkwatch.workflow.editions import Editions
from nkwatch.workflow.health import TellHealth
from nkwatch.workflow.heartbeat import Heartbeat
from nkwatch.workflow.index import Index
from nkwatch.workflow.lock import Lock
from nkwatch.workflow.morning import Morning
from nkwatch.workflow.notices import NoteNotices
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.proofs import Proofs
from nkwatch.workflow.publish import Publish
from nkwatch.workflow.read import ReadStatements
from nkwatch.workflow.recover import Recover
from nkwatch.workflow.redact import Redact
from nkwatch.workflow.replies import NoReplies, Replies
from nkwatch.workflow.reread import Reread
from nkwatch.workflow.rulings import Rulings
from nkwatch.workflow.subscribe import Subscribe
from nkwatch.workflow.visit import VisitPages
from nkwatch.workflow.watching import Watch
from nkwatch.workflow.webhooks import CallWebhooks


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


# its repr would be that of every part, and asyncio makes the repr of a task that ends with it several times
@dataclass(frozen=True, slots=True, repr=False)
class Newsroom:
    """All parts, put together and open. The day's work is called by name: ``await newsroom.collect()``."""

    config: Config
    clock: Clock
    sources: Mapping[str, Source]
    rules: Rules
    translations: Mapping[str, Mapping[str, str]]
    keyring: Keyring
    keys: tuple[DkimKey, ...]
    database: Database
    statements: StatementStore
    subscribers: SubscriberStore
    outbox: OutboxStore
    readings: ReadingStore
    search: SearchStore
    archive: ArchiveStore
    plots: PlotStore
    traces: TraceStore
    web: Web
    workers: Workers
    poller: KindPoller
    composer: Composer
    assembler: MailAssembler
    collect: Collect
    visit: VisitPages
    tell: TellHealth
    read: ReadStatements
    index: Index
    correct: Correct
    reread: Reread
    publish: Publish
    editions: Editions
    cases: CaseStore
    call: CallEditors
    webhooks: CallWebhooks
    rulings: Rulings
    stories: StoryDesk
    digests: DigestDesk
    proofs: Proofs
    desk: DeskStore
    redact: Redact
    editors: Editors
    installation: InstallationStore
    lock: Lock
    deliver: Lanes
    recover: Recover
    bounces: Bounces
    hooks: Mapping[str, ReportHook]
    watch: Watch
    notices: NoteNotices
    morning: Morning
    heartbeat: Heartbeat
    told: NoticeStore
    weeks: WeekStore
    waking: Waking
    duties: Duties
    subscribe: Subscribe
    tidy: Callable[[], Awaitable[Tidied]]
    replies: Replies | NoReplies


@asynccontextmanager
async def open_newsroom(
    config: Config, secrets: Secrets, clock: Clock = utc_now, *, shipped: bool = True, database: Database | None = None
) -> AsyncIterator[Newsroom]:
    """Open database, HTTP session, parsing workers and relay; close them all in the end.

    `shipped` is false where only the sources in the settings are wanted, as in the demo. A `database` that is open and
    brought up to date already is used instead of the one in the settings, and stays open.

    Raises `ConfigError` for anything in the settings, catalogue, templates or database that cannot be used.
    """
    given = given_by(config, secrets, clock, shipped=shipped)
    async with AsyncExitStack() as stack:
        opened = await opened_on(stack, given, database)
        yield _newsroom(given, opened, await _parts(given, opened))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What works with what is open."""

    stores: Stores
    lock: Lock
    reach: Reach
    assembler: MailAssembler
    collecting: Collecting
    publishing: Publishing
    editors: Editors
    delivering: Delivering
    operating: Operating


async def _parts(given: Given, opened: Opened) -> _Parts:
    config, clock, owner = given.config, given.clock, given.owner
    database, sources, sending = opened.database, given.sources, opened.sending
    stores = stores_of(config, database, given.keyring, sources)
    lock = Lock(stores.installation, clock, logs.notice)
    canary = await canary_of(config, stores.subscribers, clock)
    assembler = mail_assembler(config, given.keyring)
    reach = reach_of(opened.web, opened.workers, given.secrets, clock)
    check(sources, reach.poller)
    tools = Tools(
        statements=stores.statements,
        subscribers=stores.subscribers,
        outbox=with_canary(stores.outbox, canary) if canary else stores.outbox,
        desk=stores.desk,
        editions=EditionStore(database),
        composer=given.composer,
        assembler=assembler,
        relay=sending.relay,
        clock=clock,
        languages=(FALLBACK, *given.translations),
    )
    made = publishing(config, given.rules, sources, tools)
    came = collecting(config, given.rules, sources, stores, reach, clock, owner)
    means = Means(database, given.keyring, stores, assembler, sending, opened.workers, clock, owner, canary, lock)
    out = delivering(config, given.secrets, opened.keys, means)
    editors = editors_of(config, database, given.keyring, tools, made, came.correct)
    told = operating(config, database, stores.outbox, given.composer, sending.relay, clock, owner, out.pulse)
    return _Parts(stores, lock, reach, assembler, came, made, editors, out, told)


def _newsroom(given: Given, opened: Opened, parts: _Parts) -> Newsroom:
    """One name for each."""
    config, clock, database, composer = given.config, given.clock, opened.database, given.composer
    sources, stores, owner = given.sources, parts.stores, given.owner
    came, made, out, told = parts.collecting, parts.publishing, parts.delivering, parts.operating
    subscribe = Subscribe(stores.subscribers, stores.outbox, composer, clock)
    return Newsroom(
        config=config,
        clock=clock,
        sources=sources,
        rules=given.rules,
        translations=given.translations,
        keyring=given.keyring,
        keys=opened.keys,
        database=database,
        statements=stores.statements,
        subscribers=stores.subscribers,
        outbox=stores.outbox,
        readings=stores.readings,
        search=SearchStore(database, sources),
        archive=ArchiveStore(database),
        plots=PlotStore(database, sources),
        traces=TraceStore(database, given.keyring),
        web=opened.web,
        workers=opened.workers,
        poller=parts.reach.poller,
        composer=composer,
        assembler=parts.assembler,
        collect=came.collect,
        visit=came.visit,
        tell=came.tell,
        read=came.read,
        index=Index(IndexStore(database)),
        correct=came.correct,
        reread=came.reread,
        publish=made.publish,
        editions=made.editions,
        cases=CaseStore(database, sources),
        call=made.call,
        webhooks=calling(config, opened.hooked, database, stores.statements, opened.poster, clock, owner),
        rulings=made.rulings,
        stories=made.stories,
        digests=made.digests,
        proofs=made.proofs,
        desk=stores.desk,
        redact=Redact(stores.redactions, removal(composer.blocks, composer.languages), clock),
        editors=parts.editors,
        installation=stores.installation,
        lock=parts.lock,
        deliver=out.deliver,
        recover=out.recover,
        bounces=out.bounces,
        hooks=out.hooks,
        watch=out.watch,
        notices=opened.notices,
        morning=told.morning,
        heartbeat=told.heartbeat,
        told=told.told,
        weeks=told.weeks,
        waking=Waking(database),
        duties=opened.duties,
        subscribe=subscribe,
        tidy=subscribe.tidy,
        replies=reply_reader(config, given.secrets, opened.workers, opened.sending.relay, subscribe, clock),
    )


def check_sources(config: Config, secrets: Secrets) -> None:
    """Raises `ConfigError` with everything that is wrong with the sources that are on; asks nobody."""
    web = Web(user_agent(config))
    poller = KindPoller(kinds(web, Workers(), Robots(web, utc_now), utc_now, secrets.mailboxes))
    check(sources_of(config), poller)
