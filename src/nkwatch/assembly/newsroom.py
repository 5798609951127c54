"""Everything put together: the newsroom."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from nkwatch import logs
from nkwatch.assembly.delivering import Means, canary_of, delivering, limits_of, relay_of, signer_of
from nkwatch.assembly.editors import Editors, editors_of
from nkwatch.assembly.operating import hearing, operating
from nkwatch.assembly.parts import (
    check,
    concerns_north_korea,
    kinds,
    limits,
    mail_assembler,
    reply_reader,
    sources_of,
    turns,
    user_agent,
)
from nkwatch.assembly.publishing import Tools, message_id_domain, publishing
from nkwatch.assembly.standing import dkim_keys
from nkwatch.assembly.webhooks import calling, poster, webhooks_of
from nkwatch.catalogue.locales import load_locales
from nkwatch.catalogue.rules import load_rules
from nkwatch.config import Config, Secrets
from nkwatch.domain.source import Source
from nkwatch.domain.subscriber import Tidied
from nkwatch.feeds.kinds import KindPoller
from nkwatch.feeds.visit import PageVisitor
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.bounces.hooks import Hook
from nkwatch.mail.compose import FALLBACK, Composer
from nkwatch.mail.encoding import fill
from nkwatch.mail.removed import removal
from nkwatch.mail.signing import SigningRelay
from nkwatch.net import Robots, Web
from nkwatch.reading.rules import Rules
from nkwatch.store.archive import ArchiveStore
from nkwatch.store.arriving import Arrivals
from nkwatch.store.cases import CaseStore
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile
from nkwatch.store.departing import Departing
from nkwatch.store.desk import DeskStore
from nkwatch.store.duties import Duties
from nkwatch.store.editions import EditionStore
from nkwatch.store.indexing import IndexStore
from nkwatch.store.installation import InstallationStore
from nkwatch.store.key_use import try_keys
from nkwatch.store.notices import NoticeStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.plots import PlotStore
from nkwatch.store.readings import ReadingStore
from nkwatch.store.redactions import RedactionStore
from nkwatch.store.search import SearchStore
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.store.surveying import UpkeepStore
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
from nkwatch.workflow.readings import Place, reader
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
    hooks: Mapping[str, Hook]
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
    config: Config, secrets: Secrets, clock: Clock = utc_now, *, shipped: bool = True
) -> AsyncIterator[Newsroom]:
    """Open database, HTTP session, parsing workers and relay; close them all in the end.

    `shipped` is false where only the sources in the settings are wanted, as in the demo.

    Raises `ConfigError` for anything in the settings, catalogue, templates or database that cannot be used.
    """
    keyring = secrets.keyring()
    rules, translations = load_rules(config.rules), load_locales()
    sources = sources_of(config, shipped=shipped)
    composer = Composer(
        site=config.site.url,
        name=config.site.name,
        contact=config.site.contact,
        themes=rules.lexicon.themes,
        translations=translations,
        sources=sources,
        neutral=config.neutral.name,
        templates=config.templates,
        contacts=config.contacts,
        places=rules.places,
        per_day=config.alerts.per_day,
    )
    async with AsyncExitStack() as stack:
        database = await _database(stack, config.database, keyring)
        notices = await stack.enter_async_context(hearing(database, clock))
        keys = dkim_keys(config)
        line, signer = relay_of(config, secrets, clock), signer_of(config, keys)
        stack.push_async_callback(signer.close)
        stack.push_async_callback(line.close)
        relay = SigningRelay(line, signer)
        # containers may have one name, and each of them a process of the same number
        owner = f"{logs.owner()}/{token_hex(4)}"
        duties = await stack.enter_async_context(aclosing(Duties(database, clock, owner)))
        web = await stack.enter_async_context(
            Web(
                user_agent(config),
                limits(config),
                frozenset(config.polling.allow),
                proxy=config.polling.proxy,
                among=turns(config, database, owner),
            )
        )
        hooked = webhooks_of(config, secrets, rules)
        post = await stack.enter_async_context(poster(config, clock))
        workers = await stack.enter_async_context(Workers())

        statements = StatementStore(database, sources, Arrivals(keyring))
        redactions = RedactionStore(database, keyring, fill)
        readings, place = ReadingStore(database), Place(statements, rules.vocabulary)
        read_one = reader(sources, rules)
        departed = config.installation.departed
        file = DepartedFile(departed, keyring) if departed else None
        departing = Departing(database, keyring, file)
        installation = InstallationStore(database, keyring, file, config.installation.host)
        lock = Lock(installation, clock, logs.notice)
        subscribers = SubscriberStore(database, keyring, departing)
        desk = DeskStore(database)
        outbox = OutboxStore(database, keyring, message_id_domain(config), limits_of(config))
        canary = await canary_of(config, subscribers, clock)
        assembler = mail_assembler(config, keyring)
        robots = Robots(web, clock)
        poller = KindPoller(kinds(web, workers, robots, clock, secrets.mailboxes))
        check(sources, poller)
        visitor = PageVisitor(web, workers, robots, clock)
        addressed = with_canary(outbox, canary) if canary else outbox
        tools = Tools(statements, subscribers, addressed, desk, composer, assembler, relay, clock)
        made = publishing(config, rules, sources, tools)
        kinds_of = {t.code: t.kind for t in rules.lexicon.themes}
        correct = Correct(statements, readings, place, kinds_of, clock)
        subscribe = Subscribe(subscribers, outbox, composer, clock)
        upkeep = UpkeepStore(database, sources, [s.rhythm for s in config.archive.schedules()])
        means = Means(
            database, keyring, outbox, assembler, line, signer, workers, clock, owner, canary, upkeep, lock, departing
        )
        out = delivering(config, secrets, keys, means)
        hall = operating(config, database, outbox, composer, relay, clock, owner, out.pulse)
        yield Newsroom(
            config=config,
            clock=clock,
            sources=sources,
            rules=rules,
            translations=translations,
            keyring=keyring,
            database=database,
            statements=statements,
            subscribers=subscribers,
            outbox=outbox,
            readings=readings,
            search=SearchStore(database, sources),
            archive=ArchiveStore(database),
            plots=PlotStore(database, sources),
            traces=TraceStore(database, keyring),
            web=web,
            workers=workers,
            poller=poller,
            composer=composer,
            assembler=assembler,
            collect=Collect(
                sources,
                statements,
                poller,
                concerns_north_korea(rules.lexicon),
                clock,
                logs.notice,
                owner,
                config.polling.at_once,
                redacting=redactions,
            ),
            visit=VisitPages(sources, statements, visitor, clock, logs.notice, owner, config.polling.at_once),
            tell=TellHealth(sources, statements, clock, logs.notice, config.operator.zone, config.operator.morning),
            read=ReadStatements(statements, place, read_one, clock, owner),
            index=Index(IndexStore(database)),
            correct=correct,
            reread=Reread(readings, place, read_one, rules.version, clock),
            publish=made.publish,
            editions=Editions(
                gather=made.proofs.gather,
                subscribers=subscribers,
                editions=EditionStore(database),
                composer=composer,
                clock=clock,
                notice=logs.notice,
                schedules=config.archive.schedules(),
                languages=(FALLBACK, *translations),
            ),
            cases=CaseStore(database, sources),
            call=made.call,
            webhooks=calling(config, hooked, database, statements, post, clock, owner),
            rulings=made.rulings,
            stories=made.stories,
            digests=made.digests,
            proofs=made.proofs,
            desk=desk,
            redact=Redact(redactions, removal(composer.blocks, composer.languages), clock),
            editors=editors_of(config, database, keyring, tools, made, correct),
            installation=installation,
            lock=lock,
            deliver=out.deliver,
            recover=out.recover,
            bounces=out.bounces,
            hooks=out.hooks,
            watch=out.watch,
            notices=notices,
            morning=hall.morning,
            heartbeat=hall.heartbeat,
            told=hall.told,
            weeks=hall.weeks,
            waking=Waking(database),
            duties=duties,
            subscribe=subscribe,
            tidy=subscribe.tidy,
            replies=reply_reader(config, secrets, workers, relay, subscribe, clock),
        )


async def _database(stack: AsyncExitStack, address: str, keyring: Keyring) -> Database:
    """The database at this address, brought up to date. Raises `ConfigError` where it or the keys cannot be used."""
    database = Database(address)
    stack.callback(database.close)
    database.prepare()
    await try_keys(database, keyring)
    return database


def check_sources(config: Config, secrets: Secrets) -> None:
    """Raises `ConfigError` with everything that is wrong with the sources that are on; asks nobody."""
    web = Web(user_agent(config))
    poller = KindPoller(kinds(web, Workers(), Robots(web, utc_now), utc_now, secrets.mailboxes))
    check(sources_of(config), poller)
