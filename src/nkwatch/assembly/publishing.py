"""What decides, composes and corrects: alerts, digests, and the editors' part in both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from nkwatch import logs
from nkwatch.assembly.parts import pen_of
from nkwatch.assembly.standing import message_id_domain
from nkwatch.config import Config
from nkwatch.domain.source import Source
from nkwatch.domain.surroundings import Coming
from nkwatch.domain.theme import ThemeKind
from nkwatch.editing.alerts import Policy
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.calling import Calling
from nkwatch.mail.compose import Composer
from nkwatch.reading.rules import Rules
from nkwatch.store.desk import DeskStore
from nkwatch.store.editions import EditionStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.workflow.alerts import Alerts
from nkwatch.workflow.calls import CallEditors
from nkwatch.workflow.closing import CloseWindows
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.desk import DigestDesk, StoryDesk
from nkwatch.workflow.digests import Digests
from nkwatch.workflow.editions import Editions
from nkwatch.workflow.gather import Gather
from nkwatch.workflow.office import Office
from nkwatch.workflow.ports import Clock, Relay
from nkwatch.workflow.proofs import Proofs
from nkwatch.workflow.publish import Publish
from nkwatch.workflow.rulings import Rulings


@dataclass(frozen=True, slots=True)
class Tools:
    """What publishing works with."""

    statements: StatementStore
    subscribers: SubscriberStore
    outbox: OutboxStore
    desk: DeskStore
    editions: EditionStore
    composer: Composer
    assembler: MailAssembler
    relay: Relay
    clock: Clock
    #: those of the site, the fallback first
    languages: Sequence[str]


@dataclass(frozen=True, slots=True)
class Publishing:
    """What publishes, and what editors do with it."""

    publish: Publish
    call: CallEditors
    rulings: Rulings
    stories: StoryDesk
    digests: DigestDesk
    proofs: Proofs
    editions: Editions


def publishing(config: Config, rules: Rules, sources: Mapping[str, Source], tools: Tools) -> Publishing:
    """All of it. Raises `ConfigError` for a calendar that cannot be read."""
    gather = Gather(
        sources,
        tools.statements,
        _dates(config.calendar) if config.calendar else (),
        frozenset(t.code for t in rules.lexicon.themes if t.kind is ThemeKind.RIGHTS),
        rules.cases.keys,
    )
    composing = Composing(logs.notice)
    clock, outbox, composer = tools.clock, tools.outbox, tools.composer
    digests = Digests(CloseWindows(gather, tools.subscribers, outbox, composer, composing), clock)
    return Publishing(
        publish=Publish(Alerts(_office(config, rules, sources, tools, composing)), digests),
        call=_calls(config, tools),
        rulings=Rulings(
            tools.statements, outbox, tools.desk, composer, composing, clock, persons=config.alerts.persons
        ),
        stories=StoryDesk(tools.desk, tools.statements, clock),
        digests=DigestDesk(digests, outbox, composer, composing, clock),
        proofs=Proofs(gather, composer, tools.assembler, tools.relay, clock, config.editors, message_id_domain(config)),
        editions=_editions(config, gather, tools),
    )


def _office(config: Config, rules: Rules, sources: Mapping[str, Source], tools: Tools, composing: Composing) -> Office:
    return Office(
        sources=sources,
        statements=tools.statements,
        subscribers=tools.subscribers,
        outbox=tools.outbox,
        desk=tools.desk,
        composer=tools.composer,
        composing=composing,
        clock=tools.clock,
        notice=logs.notice,
        policy=Policy(two_sources=config.alerts.two_sources),
        per_day=config.alerts.per_day,
        known_cases=rules.cases.keys,
    )


def _calls(config: Config, tools: Tools) -> CallEditors:
    return CallEditors(
        statements=tools.statements,
        desk=tools.desk,
        callers=Calling(pen_of(config, tools.composer, tools.relay, tools.clock), config.site.url),
        editors=config.editors,
        clock=tools.clock,
        notice=logs.notice,
        second_after=timedelta(minutes=config.alerts.second_after),
    )


def _editions(config: Config, gather: Gather, tools: Tools) -> Editions:
    return Editions(
        gather=gather,
        subscribers=tools.subscribers,
        editions=tools.editions,
        composer=tools.composer,
        clock=tools.clock,
        notice=logs.notice,
        schedules=config.archive.schedules(),
        languages=tools.languages,
    )


def _dates(file: Path) -> tuple[Coming, ...]:
    """The dates in the operator's calendar. Raises `ConfigError`."""
    from nkwatch.catalogue.calendar import load_calendar  # noqa: PLC0415  brings iCalendar, which most do without

    return load_calendar(file)
