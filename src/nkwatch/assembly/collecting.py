"""How statements come in and are read, by what the settings say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from nkwatch import logs
from nkwatch.assembly.parts import user_agent
from nkwatch.assembly.stores import Stores
from nkwatch.config import Config, Secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Scope, Source
from nkwatch.domain.statement import Statement
from nkwatch.feeds.fetch import WebKind
from nkwatch.feeds.kinds import Kind, KindPoller
from nkwatch.feeds.mailboxes import Mailboxes
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.reliefweb import RELIEFWEB
from nkwatch.feeds.sitemaps import SITEMAP
from nkwatch.feeds.visit import PageVisitor
from nkwatch.feeds.workers import Workers
from nkwatch.net import Limits, Robots, Web
from nkwatch.reading import may_concern
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.rules import Rules
from nkwatch.store.database import Database
from nkwatch.store.turns import TurnStore
from nkwatch.workflow.collect import Collect
from nkwatch.workflow.correct import Correct
from nkwatch.workflow.health import TellHealth
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.read import ReadStatements
from nkwatch.workflow.readings import Place, reader
from nkwatch.workflow.reread import Reread
from nkwatch.workflow.visit import VisitPages

#: What a turn at a host may take beyond its requests.
SLACK = timedelta(seconds=30)


def web_of(config: Config, database: Database, owner: str) -> Web:
    """What asks others for what they show."""
    return Web(
        user_agent(config),
        limits(config),
        frozenset(config.polling.allow),
        proxy=config.polling.proxy,
        among=turns(config, database, owner),
    )


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


@dataclass(frozen=True, slots=True)
class Reach:
    """What asks the world, and reads what it answers."""

    web: Web
    workers: Workers
    poller: KindPoller
    visitor: PageVisitor


def reach_of(web: Web, workers: Workers, secrets: Secrets, clock: Clock) -> Reach:
    """All of it; robots.txt of a host is asked for once."""
    robots = Robots(web, clock)
    poller = KindPoller(kinds(web, workers, robots, clock, secrets.mailboxes))
    return Reach(web, workers, poller, PageVisitor(web, workers, robots, clock))


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


@dataclass(frozen=True, slots=True)
class Collecting:
    """The rounds by which statements come in, are read, and get their stories."""

    collect: Collect
    visit: VisitPages
    tell: TellHealth
    read: ReadStatements
    correct: Correct
    reread: Reread


def collecting(
    config: Config, rules: Rules, sources: Mapping[str, Source], stores: Stores, reach: Reach, clock: Clock, owner: str
) -> Collecting:
    """All of them."""
    statements, at_once = stores.statements, config.polling.at_once
    place, read_one = Place(statements, rules.vocabulary), reader(sources, rules)
    concerns, operator = concerns_north_korea(rules.lexicon), config.operator
    kinds_of = {t.code: t.kind for t in rules.lexicon.themes}
    return Collecting(
        collect=Collect(
            sources, statements, reach.poller, concerns, clock, logs.notice, owner, at_once,
            redacting=stores.redactions,
        ),
        visit=VisitPages(sources, statements, reach.visitor, clock, logs.notice, owner, at_once),
        tell=TellHealth(sources, statements, clock, logs.notice, operator.zone, operator.morning),
        read=ReadStatements(statements, place, read_one, clock, owner),
        correct=Correct(statements, stores.readings, place, kinds_of, clock),
        reread=Reread(stores.readings, place, read_one, rules.version, clock),
    )  # fmt: skip


def concerns_north_korea(lexicon: Lexicon) -> Callable[[Source, Statement], bool]:
    """A function that says whether a statement of a source may be on North Korea."""

    def concerns(source: Source, statement: Statement) -> bool:
        return may_concern(statement, lexicon, nk_only=source.scope is Scope.NK_ONLY)

    return concerns
