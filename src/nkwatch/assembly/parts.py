"""Single parts of the newsroom, made by what the settings say."""

from collections.abc import Mapping
from dataclasses import replace

from nkwatch import __version__, logs
from nkwatch.assembly.standing import senders
from nkwatch.catalogue.leaving import load_leaving
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import Config, Secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Source
from nkwatch.editing.leaving import Sorting
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.compose import Composer
from nkwatch.mail.forwarding import Forwarding
from nkwatch.mail.inbox import inbox_of_replies
from nkwatch.mail.pen import Pen
from nkwatch.mail.prepared import Sender
from nkwatch.net.mailboxes import problems_of
from nkwatch.net.postboxes import Postbox, postbox
from nkwatch.reading.rules import Rules
from nkwatch.workflow.ports import Clock, Relay
from nkwatch.workflow.replies import NoReplies, Replies
from nkwatch.workflow.subscribe import Subscribe
from nkwatch.workflow.told import Telling


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


def user_agent(config: Config) -> str:
    """Who we are and how to reach us (RFC 9110, 10.1.5)."""
    return f"nkwatch/{__version__} (+{config.site.url}; {config.site.contact})"


def mailbox(url: str, password: str, whose: str) -> Postbox:
    """The mailbox at this address. Raises `ConfigError` where it cannot be one."""
    if problems := [*problems_of(url, password=bool(password), whose=whose)]:
        raise ConfigError(*(f"{whose}: {p}" for p in problems))
    return postbox(url, password)


def reply_reader(
    config: Config, secrets: Secrets, workers: Workers, relay: Relay, subscribe: Subscribe, clock: Clock
) -> Replies | NoReplies:
    """What reads the replies; without a mailbox for them, nothing. Raises `ConfigError`."""
    replies, mail = config.replies, config.mail
    if replies is None:
        return NoReplies()
    box = mailbox(replies.mailbox, secrets.replies_password, "replies")
    is_tag = secrets.keyring().is_reply_tag
    return Replies(
        inbox=inbox_of_replies(box, workers),
        sort=Sorting(load_leaving(), replies.address, senders(config) | {replies.address.lower()}, is_tag),
        subscribe=subscribe,
        forwarding=Forwarding(config.site.name, mail.sender, mail.envelope_sender, config.site.contact, clock),
        relay=relay,
        telling=Telling(logs.notice, clock),
    )


def pen_of(config: Config, composer: Composer, relay: Relay, clock: Clock) -> Pen:
    """What writes to editors and the operator."""
    return Pen(
        relay=relay,
        blocks=composer.blocks,
        languages=composer.languages,
        name=config.site.name,
        sender=config.mail.sender,
        return_path=config.mail.envelope_sender,
        clock=clock,
    )


def composer_of(
    config: Config, rules: Rules, translations: Mapping[str, Mapping[str, str]], sources: Mapping[str, Source]
) -> Composer:
    """What makes the parts of mails. Raises `ConfigError` for templates that cannot be used."""
    return Composer(
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


def mail_assembler(config: Config, keyring: Keyring) -> MailAssembler:
    """What joins blocks and slots into a reader's mail."""
    return MailAssembler(
        name=config.site.name,
        sender=config.mail.sender,
        return_path=config.mail.envelope_sender,
        site=config.site.url,
        link=keyring.token,
        neutral=Sender(config.neutral.name, config.neutral_sender),
        replies=config.replies.address if config.replies else "",
        reply_tag=keyring.reply_tag,
        bounces=config.bounces.address if config.bounces else "",
        envelope=keyring.envelope,
    )
