"""Single parts of the newsroom, made by what the settings say."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from nkwatch import __version__, logs
from nkwatch.catalogue.leaving import load_leaving
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import Config, Secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source
from nkwatch.domain.statement import Statement
from nkwatch.editing.leaving import Sorting
from nkwatch.feeds.fetch import WebKind
from nkwatch.feeds.kinds import Kind, KindPoller
from nkwatch.feeds.mailboxes import Mailboxes
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.reliefweb import RELIEFWEB
from nkwatch.feeds.sitemaps import SITEMAP
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.forwarding import Forwarding
from nkwatch.mail.inbox import inbox_of_replies
from nkwatch.mail.prepared import Sender
from nkwatch.net import Limits, Robots, Web
from nkwatch.net.mailboxes import problems_of
from nkwatch.net.postboxes import postbox
from nkwatch.reading import may_concern
from nkwatch.reading.lexicon import Lexicon
from nkwatch.store.database import Database
from nkwatch.store.turns import TurnStore
from nkwatch.workflow.ports import Clock, Relay
from nkwatch.workflow.replies import NoReplies, Replies
from nkwatch.workflow.subscribe import Subscribe

#: What a turn at a host may take beyond its requests.
SLACK = timedelta(seconds=30)


def sources_of(config: Config, *, shipped: bool = True) -> dict[str, Source]:
    """The sources by id: the operator's own, and those that ship with nkwatch. Raises `ConfigError`."""
    own = [s.source() for s in config.source]
    catalogue = config.catalogue
    sources = load_sources(own, catalogue.enable, catalogue.disable) if shipped else {s.id: s for s in own}
    trusted = config.alerts.trusted
    problems = [f"alerts.trusted: {p}" for i in trusted if (p := _untrusted(i, sources))]
    if problems:
        raise ConfigError(*problems)
    return {i: replace(s, alerts=s.alerts or i in trusted) for i, s in sources.items()}


def _untrusted(source_id: str, sources: Mapping[str, Source]) -> str:
    """Why no alert can go out by itself on the word of this source; empty where it can."""
    if source_id not in sources:
        return f"no source has the id {source_id!r}; see `nkwatch sources list --all`"
    primary = sources[source_id].role is Role.STATEMENT
    return "" if primary else f"{source_id!r} is no primary source (role {sources[source_id].role})"


def kinds(web: Web, workers: Workers, robots: Robots, clock: Clock, passwords: Mapping[str, str]) -> tuple[Kind, ...]:
    """Every kind of source that there is."""
    documents = (FEED, PAGE, SITEMAP, RELIEFWEB)
    mailboxes = Mailboxes(passwords, workers, clock)
    return (*(WebKind(kind, web, workers, robots, clock) for kind in documents), mailboxes)


def check(sources: Mapping[str, Source], poller: KindPoller) -> None:
    """Raises `ConfigError` with everything that is wrong with the sources that are on."""
    problems = [f"source {s.id}: {p}" for s in sources.values() if s.enabled for p in poller.problems(s)]
    if problems:
        raise ConfigError(*problems)


def concerns_north_korea(lexicon: Lexicon) -> Callable[[Source, Statement], bool]:
    """A function that says whether a statement of a source may be on North Korea."""

    def concerns(source: Source, statement: Statement) -> bool:
        return may_concern(statement, lexicon, nk_only=source.scope is Scope.NK_ONLY)

    return concerns


def user_agent(config: Config) -> str:
    """Who we are and how to reach us (RFC 9110, 10.1.5)."""
    return f"nkwatch/{__version__} (+{config.site.url}; {config.site.contact})"


def limits(config: Config) -> Limits:
    """How much is asked of others."""
    polling = config.polling
    return Limits(connections=polling.at_once, pause=polling.pause, deadline=polling.deadline)


def turns(config: Config, database: Database, owner: str) -> TurnStore | None:
    """What shares the turns at hosts with other processes, where there may be any.

    On SQLite one process polls, unless the settings say otherwise: to share costs two commits for each request.
    """
    shared = config.polling.shared
    if not (database.engine.dialect.name == "postgresql" if shared is None else shared):
        return None
    # a request may wait for a connection as long as others have theirs
    return TurnStore(database, owner, 3 * timedelta(seconds=config.polling.deadline) + SLACK)


def reply_reader(
    config: Config, secrets: Secrets, workers: Workers, relay: Relay, subscribe: Subscribe, clock: Clock
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
        inbox=inbox_of_replies(postbox(replies.mailbox, password), workers),
        sort=Sorting(load_leaving(), replies.address, frozenset(s.lower() for s in senders), is_tag),
        subscribe=subscribe,
        forwarding=Forwarding(config.site.name, mail.sender, mail.envelope_sender, config.site.contact, clock),
        relay=relay,
        notice=logs.notice,
    )


def mail_assembler(config: Config, keyring: Keyring) -> MailAssembler:
    """What joins blocks and slots into a reader's mail."""
    return MailAssembler(
        name=config.site.name,
        sender=config.mail.sender,
        return_path=config.mail.envelope_sender,
        site=config.site.url,
        link=keyring.token,
        neutral=Sender(config.neutral.name, config.neutral.sender or config.mail.sender),
        replies=config.replies.address if config.replies else "",
        reply_tag=keyring.reply_tag,
        bounces=config.bounces.address if config.bounces else "",
        envelope=keyring.envelope,
    )
