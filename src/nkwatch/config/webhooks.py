"""Settings of webhooks: who is told of stories, alerts and corrections, and what the calls are signed with."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, field_serializer

from nkwatch.config.section import Section, told_apart
from nkwatch.domain.webhook import Hook, octets

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


def _each_named(hooks: tuple["WebhookSettings", ...]) -> tuple["WebhookSettings", ...]:
    told_apart("webhooks", (h.name for h in hooks))
    return hooks


def _receiver(url: str) -> str:
    """Only https leads outside; http is for receivers on this machine, which `polling.allow` must name."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    inner = host in {"127.0.0.1", "::1"} or host.endswith(".localhost")
    if not host or parts.scheme not in {"http", "https"} or parts.username is not None:
        msg = "write it like https://hooks.example/nkwatch, without user name and password"
        raise ValueError(msg)
    if parts.scheme == "http" and not inner:
        msg = "only https: what is told must not be changed on its way"
        raise ValueError(msg)
    return url


def _secrets(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _sound(secrets: tuple[str, ...]) -> tuple[str, ...]:
    for secret in secrets:
        octets(secret)
    return secrets


class WebhookSettings(Section):
    """A program that is told, by calls as standardwebhooks.com has them. `nkwatch webhooks secret` makes its secret."""

    name: Name = Field(description="How commands and the secrets file name it: a-z, 0-9 and hyphens, 40 letters.")
    url: Annotated[str, AfterValidator(_receiver), Field(json_schema_extra={"format": "uri"})] = Field(
        description="The address that is called, by https. By http only a receiver on this machine, which "
        "`polling.allow` must name."
    )
    events: tuple[Literal["story", "alert", "correction"], ...] = Field(
        default=("story", "alert", "correction"),
        min_length=1,
        description="What it is told of: a new story, an alert that was sent, a correction by an editor of what was "
        "told.",
    )
    themes: tuple[str, ...] = Field(
        default=(), description="Codes of the themes that it is told of; an empty list for all."
    )
    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2,3}$",
        description="The language, such as ko, in which a report leads where there is one.",
    )
    per_minute: int = Field(
        default=60, ge=1, le=600, description="How many calls it gets in a minute, in bursts of at most ten."
    )

    @field_serializer("url")
    def _without_query(self, value: str) -> str:
        """Parameters may be keys of the receiver's."""
        return value.partition("?")[0]

    def hook(self, secrets: tuple[str, ...]) -> Hook:
        """The value that the rest of the program knows."""
        asked = (frozenset[str](self.events), frozenset(self.themes))
        return Hook(self.name, self.url, secrets, *asked, self.language, self.per_minute)


WebhookList = Annotated[tuple[WebhookSettings, ...], AfterValidator(_each_named)]
#: by name of the hook: one secret, or while it is changed the new one and the old one
WebhookSecrets = dict[
    Name, Annotated[tuple[str, ...], BeforeValidator(_secrets), AfterValidator(_sound), Field(min_length=1)]
]
