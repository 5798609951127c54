"""What is kept in the database, opened by what the settings say."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from nkwatch.assembly.standing import message_id_domain
from nkwatch.config import Config
from nkwatch.domain.rates import Limits, Rate
from nkwatch.domain.source import Source
from nkwatch.keys import Keyring
from nkwatch.mail.encoding import fill
from nkwatch.store.arriving import Arrivals
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile
from nkwatch.store.departing import Departing
from nkwatch.store.desk import DeskStore
from nkwatch.store.installation import InstallationStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.readings import ReadingStore
from nkwatch.store.redactions import RedactionStore
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.store.surveying import UpkeepStore


@dataclass(frozen=True, slots=True)
class Stores:
    """What several parts work on."""

    statements: StatementStore
    redactions: RedactionStore
    readings: ReadingStore
    departing: Departing
    installation: InstallationStore
    subscribers: SubscriberStore
    desk: DeskStore
    outbox: OutboxStore
    upkeep: UpkeepStore


def open_database(stack: AsyncExitStack, address: str) -> Database:
    """The database at this address, brought up to date. Raises `ConfigError` where it cannot be used."""
    database = Database(address)
    stack.callback(database.close)
    database.prepare()
    return database


def stores_of(config: Config, database: Database, keyring: Keyring, sources: Mapping[str, Source]) -> Stores:
    """All of them."""
    departed = config.installation.departed
    file = DepartedFile(departed, keyring) if departed else None
    departing = Departing(database, keyring, file)
    return Stores(
        statements=StatementStore(database, sources, Arrivals(keyring)),
        redactions=RedactionStore(database, keyring, fill),
        readings=ReadingStore(database),
        departing=departing,
        installation=InstallationStore(database, keyring, file, config.installation.host),
        subscribers=SubscriberStore(database, keyring, departing),
        desk=DeskStore(database),
        outbox=OutboxStore(database, keyring, message_id_domain(config), limits_of(config)),
        upkeep=UpkeepStore(database, sources, [s.rhythm for s in config.archive.schedules()]),
    )


def limits_of(config: Config) -> Limits:
    """How fast bulk may leave."""
    mail = config.mail
    return Limits(
        Rate(mail.rate) if mail.rate else None,
        Rate(mail.domain_rate) if mail.domain_rate else None,
        {domain.lower(): Rate(rate) for domain, rate in mail.rates.items()},
    )
