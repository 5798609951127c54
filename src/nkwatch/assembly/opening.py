"""What a newsroom stands on: what is known before anything is opened, then what has to be closed again."""

from collections.abc import Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from secrets import token_hex

from nkwatch import logs
from nkwatch.assembly.collecting import web_of
from nkwatch.assembly.delivering import Sending, open_sending
from nkwatch.assembly.operating import hearing
from nkwatch.assembly.parts import composer_of, sources_of
from nkwatch.assembly.standing import dkim_keys
from nkwatch.assembly.stores import open_database
from nkwatch.assembly.webhooks import poster, webhooks_of
from nkwatch.catalogue.locales import load_locales
from nkwatch.catalogue.rules import load_rules
from nkwatch.config import Config, Secrets
from nkwatch.domain.source import Source
from nkwatch.domain.webhook import Hook
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.compose import Composer
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.net import Web
from nkwatch.net.posting import Poster
from nkwatch.reading.rules import Rules
from nkwatch.store.database import Database
from nkwatch.store.duties import Duties
from nkwatch.store.key_use import try_keys
from nkwatch.workflow.notices import NoteNotices
from nkwatch.workflow.ports import Clock


@dataclass(frozen=True, slots=True)
class Given:
    """What is known before anything is opened."""

    config: Config
    secrets: Secrets
    clock: Clock
    keyring: Keyring
    rules: Rules
    translations: Mapping[str, Mapping[str, str]]
    sources: Mapping[str, Source]
    composer: Composer
    owner: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What has to be closed again, and what was looked at on the way."""

    database: Database
    notices: NoteNotices
    keys: tuple[DkimKey, ...]
    sending: Sending
    duties: Duties
    web: Web
    hooked: Mapping[str, Hook]
    poster: Poster
    workers: Workers


def given_by(config: Config, secrets: Secrets, clock: Clock, *, shipped: bool) -> Given:
    """All of it. Raises `ConfigError` for what cannot be used."""
    keyring = secrets.keyring()
    rules, translations = load_rules(config.rules), load_locales()
    sources = sources_of(config, shipped=shipped)
    composer = composer_of(config, rules, translations, sources)
    # containers may have one name, and each of them a process of the same number
    owner = f"{logs.owner()}/{token_hex(4)}"
    return Given(config, secrets, clock, keyring, rules, translations, sources, composer, owner)


async def opened_on(stack: AsyncExitStack, given: Given, database: Database | None) -> Opened:
    """All of it, but for a database that is open; what is opened later is closed first. Raises `ConfigError`."""
    config, secrets, clock, owner = given.config, given.secrets, given.clock, given.owner
    database = database or open_database(stack, config.database)
    await try_keys(database, given.keyring)
    notices = await stack.enter_async_context(hearing(database, clock))
    keys = dkim_keys(config)
    sending = open_sending(stack, config, secrets, keys, clock)
    duties = await stack.enter_async_context(aclosing(Duties(database, clock, owner)))
    web = await stack.enter_async_context(web_of(config, database, owner))
    hooked = webhooks_of(config, secrets, given.rules)
    post = await stack.enter_async_context(poster(config, clock))
    workers = await stack.enter_async_context(Workers())
    return Opened(database, notices, keys, sending, duties, web, hooked, post, workers)
