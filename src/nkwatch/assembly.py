"""The only module that knows all the parts: it puts them together by what the settings say."""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nkwatch import __version__, logs
from nkwatch.catalogue.leaving import load_leaving
from nkwatch.catalogue.locales import load_locales
from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import Config, Secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Scope, Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.subscriber import Tidied
from nkwatch.editing.leaving import Sorting
from nkwatch.feeds.fetch import WebKind
from nkwatch.feeds.kinds import Kind, KindPoller
from nkwatch.feeds.mailboxes import Mailboxes
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.reliefweb import RELIEFWEB
from nkwatch.feeds.sitemaps import SITEMAP
from nkwatch.feeds.visit import PageVisitor
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler, Sender
from nkwatch.mail.compose import Composer
from nkwatch.mail.forwarding import Forwarding
from nkwatch.mail.inbox import Inbox
from nkwatch.mail.smtp import SmtpRelay
from nkwatch.net import Limits, Robots, Web
from nkwatch.net.mailboxes import problems_of
from nkwatch.net.postboxes import postbox
from nkwatch.reading import may_concern
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.rules import Rules
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.readings import ReadingStore
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.store.traces import TraceStore
from nkwatch.workflow.collect import Collect
from nkwatch.workflow.correct import Correct
from nkwatch.workflow.deliver import Deliver
from nkwatch.workflow.health import TellHealth
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.publish import Publish
from nkwatch.workflow.read import ReadStatements
from nkwatch.workflow.readings import Place, reader
from nkwatch.workflow.recover import Recover
from nkwatch.workflow.replies import NoReplies, Replies
from nkwatch.workflow.reread import Reread
from nkwatch.workflow.subscribe import Subscribe
from nkwatch.workflow.visit import VisitPages


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
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
    correct: Correct
    reread: Reread
    publish: Publish
    deliver: Deliver
    recover: Recover
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
    catalogue = config.catalogue
    own = [s.source() for s in config.source]
    sources = load_sources(own, catalogue.enable, catalogue.disable) if shipped else {s.id: s for s in own}
    composer = Composer(
        site=config.site.url,
        name=config.site.name,
        contact=config.site.contact,
        themes=rules.lexicon.themes,
        translations=translations,
        sources=sources,
        neutral=config.neutral.name,
        templates=config.templates,
    )
    async with AsyncExitStack() as stack:
        database = Database(config.database)
        stack.callback(database.close)
        database.prepare()
        relay = _relay(config, secrets)
        stack.push_async_callback(relay.close)
        web = await stack.enter_async_context(
            Web(
                _user_agent(config),
                _limits(config),
                frozenset(config.polling.allow),
                proxy=config.polling.proxy,
            )
        )
        workers = await stack.enter_async_context(Workers())

        statements = StatementStore(database, sources)
        readings, place = ReadingStore(database), Place(statements, rules.vocabulary)
        read_one = reader(sources, rules)
        subscribers = SubscriberStore(database, keyring)
        outbox = OutboxStore(database, keyring, config.mail.sender.rpartition("@")[2])
        assembler = _assembler(config, keyring)
        robots = Robots(web, clock)
        poller = KindPoller(kinds(web, workers, robots, clock, secrets.mailboxes))
        _check(sources, poller)
        visitor = PageVisitor(web, workers, robots, clock)
        subscribe = Subscribe(subscribers, outbox, composer, clock)
        owner = f"{socket.gethostname()}/{os.getpid()}"
        lease = timedelta(seconds=config.mail.lease)
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
                _concerns(rules.lexicon),
                clock,
                logs.notice,
                owner,
                config.polling.at_once,
            ),
            visit=VisitPages(sources, statements, visitor, clock, logs.notice, owner, config.polling.at_once),
            tell=TellHealth(sources, statements, clock, logs.notice, config.operator.zone, config.operator.morning),
            read=ReadStatements(statements, place, read_one, clock),
            correct=Correct(statements, readings, place, {t.code: t.kind for t in rules.lexicon.themes}, clock),
            reread=Reread(readings, place, read_one, rules.version, clock),
            publish=Publish(
                sources, statements, subscribers, outbox, composer, clock, logs.notice, known_cases=rules.cases.keys
            ),
            deliver=Deliver(outbox, assembler, relay, clock, logs.notice, owner, lease),
            recover=Recover(outbox, clock, logs.notice),
            subscribe=subscribe,
            tidy=subscribe.tidy,
            replies=_replies(config, secrets, workers, relay, subscribe, clock),
        )


def kinds(web: Web, workers: Workers, robots: Robots, clock: Clock, passwords: Mapping[str, str]) -> tuple[Kind, ...]:
    """Every kind of source that there is."""
    documents = (FEED, PAGE, SITEMAP, RELIEFWEB)
    mailboxes = Mailboxes(passwords, workers, clock)
    return (*(WebKind(kind, web, workers, robots, clock) for kind in documents), mailboxes)


def check_sources(config: Config, secrets: Secrets) -> None:
    """Raises `ConfigError` with everything that is wrong with the sources that are on; asks nobody."""
    web = Web(_user_agent(config))
    poller = KindPoller(kinds(web, Workers(), Robots(web, utc_now), utc_now, secrets.mailboxes))
    catalogue = config.catalogue
    own = [s.source() for s in config.source]
    _check(load_sources(own, catalogue.enable, catalogue.disable), poller)


def _check(sources: Mapping[str, Source], poller: KindPoller) -> None:
    problems = [f"source {s.id}: {p}" for s in sources.values() if s.enabled for p in poller.problems(s)]
    if problems:
        raise ConfigError(*problems)


def _concerns(lexicon: Lexicon) -> Callable[[Source, Statement], bool]:
    def concerns(source: Source, statement: Statement) -> bool:
        return may_concern(statement, lexicon, nk_only=source.scope is Scope.NK_ONLY)

    return concerns


def _user_agent(config: Config) -> str:
    """Who we are and how to reach us (RFC 9110, 10.1.5)."""
    return f"nkwatch/{__version__} (+{config.site.url}; {config.site.contact})"


def _limits(config: Config) -> Limits:
    polling = config.polling
    return Limits(connections=polling.at_once, pause=polling.pause, deadline=polling.deadline)


def _relay(config: Config, secrets: Secrets) -> SmtpRelay:
    mail = config.mail
    return SmtpRelay(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        username=mail.username,
        password=secrets.mail_password,
        connections=mail.connections,
        timeout=mail.timeout,
    )


def _replies(
    config: Config, secrets: Secrets, workers: Workers, relay: SmtpRelay, subscribe: Subscribe, clock: Clock
) -> Replies | NoReplies:
    """What reads the replies; without a mailbox for them, nothing. Raises `ConfigError`."""
    replies, mail = config.replies, config.mail
    if replies is None:
        return NoReplies()
    password = secrets.replies_password
    if problems := [*problems_of(replies.mailbox, password=bool(password), whose="replies")]:
        raise ConfigError(*(f"replies: {p}" for p in problems))
    senders = (mail.sender, config.neutral.sender or mail.sender, replies.address)
    is_tag = secrets.keyring().is_reply_tag
    return Replies(
        inbox=Inbox(postbox(replies.mailbox, password), workers),
        sort=Sorting(load_leaving(), replies.address, frozenset(s.lower() for s in senders), is_tag),
        subscribe=subscribe,
        forwarding=Forwarding(
            config.site.name, mail.sender, mail.return_path or mail.sender, config.site.contact, clock
        ),
        relay=relay,
        notice=logs.notice,
    )


def _assembler(config: Config, keyring: Keyring) -> MailAssembler:
    return MailAssembler(
        name=config.site.name,
        sender=config.mail.sender,
        return_path=config.mail.return_path or config.mail.sender,
        site=config.site.url,
        link=keyring.token,
        neutral=Sender(config.neutral.name, config.neutral.sender or config.mail.sender),
        replies=config.replies.address if config.replies else "",
        reply_tag=keyring.reply_tag,
    )
