"""The part that calls webhooks, made by what the settings say."""

from collections.abc import Mapping

from nkwatch import logs
from nkwatch.assembly.parts import user_agent
from nkwatch.config import Config, Secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.webhook import Hook
from nkwatch.editing.webhooks import Words
from nkwatch.mail.views import address, plain
from nkwatch.net.posting import Poster
from nkwatch.reading.rules import Rules
from nkwatch.store.database import Database
from nkwatch.store.webhooks import WebhookStore
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.webhooks import CallWebhooks


def webhooks_of(config: Config, secrets: Secrets, rules: Rules) -> Mapping[str, Hook]:
    """The hooks by name. Raises `ConfigError` for themes that there are not, and for hooks without a secret."""
    known = {t.code for t in rules.lexicon.themes}
    problems = [
        *(f"webhook {h.name}: no theme is called {t!r}" for h in config.webhook for t in h.themes if t not in known),
        *(
            f"webhook {h.name}: it has no secret; run: nkwatch webhooks secret {h.name}"
            for h in config.webhook
            if h.name not in secrets.webhooks
        ),
    ]
    if problems:
        raise ConfigError(*problems)
    return {h.name: h.hook(secrets.webhooks[h.name]) for h in config.webhook}


def poster(config: Config, clock: Clock) -> Poster:
    """The way to the receivers, through the operator's proxy where there is one."""
    polling = config.polling
    return Poster(user_agent(config), frozenset(polling.allow), proxy=polling.proxy, clock=clock)


def calling(
    config: Config,
    hooks: Mapping[str, Hook],
    database: Database,
    statements: Statements,
    post: Poster,
    clock: Clock,
    owner: str,
) -> CallWebhooks:
    """What calls these hooks."""
    words = Words(config.site.url, plain, _link)
    return CallWebhooks(hooks, WebhookStore(database), statements, post, words, clock, logs.notice, owner)


def _link(url: str) -> str:
    found = address(url)
    return found.url if found.linked else ""
