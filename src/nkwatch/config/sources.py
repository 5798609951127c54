"""Settings of sources: how they are asked, which of those that ship are on, and your own."""

from pydantic import Field, field_serializer

from nkwatch.config.section import Minutes, Proxy, Section, Zone
from nkwatch.domain.source import Role, Scope, Source
from nkwatch.net.proxies import proxy


class PollingSettings(Section):
    """How sources are asked."""

    at_once: int = Field(default=8, ge=1, le=64, description="How many sources are asked at a time.")
    pause: float = Field(default=2, ge=0, description="Seconds between two requests to one host.")
    deadline: float = Field(
        default=30, gt=0, le=120, description="Seconds that one answer may take, all redirects together."
    )
    shared: bool | None = Field(
        default=None,
        description="Whether several processes poll, and share the turns at hosts. Without it on PostgreSQL only.",
    )
    proxy: Proxy = Field(
        default="",
        description="The proxy for all requests, such as `socks5h://127.0.0.1:9050` (Tor) or `http://HOST:PORT`. It "
        "looks up names itself.",
    )
    allow: tuple[str, ...] = Field(
        default=(),
        description="HOST:PORT of this machine or an inner network that may be asked nevertheless: for trying out, "
        "and for receivers of webhooks here.",
    )

    @field_serializer("proxy")
    def _without_password(self, value: str) -> str:
        return str(proxy(value)) if value else ""


class CatalogueSettings(Section):
    """Which of the sources that ship with nkwatch are polled. `nkwatch sources enable` and `disable` write it."""

    enable: tuple[str, ...] = Field(default=(), description="Ids of sources to switch on that are off by themselves.")
    disable: tuple[str, ...] = Field(default=(), description="Ids of sources to switch off.")


class SourceSettings(Section):
    """A source of your own. `nkwatch sources add URL` looks for the feed and writes one of these."""

    # in the order of docs/reference; the rest of the program knows them as `domain.source.Source`
    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="How settings, commands and addresses of pages name it: a-z, 0-9 and hyphens. The id of a shipped "
        "source replaces that.",
    )
    url: str = Field(
        pattern=r"^(https?://[^/\s]+(/[^\s]*)?|(imaps?|imap\+starttls|maildir):\S+)$",
        description="What is polled: the web address of a feed, page, sitemap or API, or a mailbox "
        "(`imaps://NAME@HOST/FOLDER`, `maildir:/PATH`).",
    )
    publisher: str = Field(description="Who publishes it, as readers see it.")
    owner: str = Field(
        default="",
        description="Whom the publisher belongs to; without it, nobody but itself. Reports of one owner do not "
        "confirm each other.",
    )
    organisation: str = Field(
        default="",
        description="What the publisher is, for the list from which readers choose: ngo, un, government, parliament, "
        "academic, monitor or press.",
    )
    kind: str = Field(default="feed", description="How it is read: feed, page, sitemap, reliefweb or mailbox.")
    role: Role = Field(
        default=Role.PRESS,
        description="What its texts are: its own statements, reprints of others', reports, or propaganda of a state.",
    )
    scope: Scope = Field(
        default=Scope.ALL_TOPIC,
        description="Whether all of it is on North Korea; of `all-topic` each statement is tested for that.",
    )
    country: str = Field(
        default="",
        pattern=r"^([A-Z]{2})?$",
        description="Where the publisher is: two letters of ISO 3166-1, such as KR; empty for international ones.",
    )
    languages: tuple[str, ...] = Field(default=(), description="The languages of its texts, such as ko.")
    homepage: str = Field(default="", description="The address of its page for people, to which the site links.")
    domains: tuple[str, ...] = Field(
        default=(),
        description="Hosts to which its links may lead, with all below them. Other links are shown and not linked, "
        "other pages not fetched. Without any, all links are linked, and no page is fetched.",
    )
    zone: Zone = Field(default="", description="The time zone of its dates that name none.")
    alerts: bool = Field(
        default=False,
        description="Whether its urgent statements go out as alerts without an editor, where `role` is statement. "
        "Leave it off until you know how often they are right.",
    )
    enabled: bool = Field(default=True, description="Whether it is polled.")
    options: dict[str, str] = Field(
        default_factory=dict, description="What only its kind needs, such as selectors of a page."
    )
    strip: tuple[str, ...] = Field(default=(), description="Lines to leave out of its texts, such as those of a menu.")
    article: str = Field(
        default="",
        description="The CSS selector of the text on its article pages, where it is not found by itself.",
    )
    drop: tuple[str, ...] = Field(
        default=(), description="CSS selectors of what does not belong to the text on these pages."
    )
    minutes: Minutes = Field(
        default=0,
        description="Minutes between two polls, from 30 to 10080 (a week). With 0 its own rhythm decides, from one "
        "hour to a day.",
    )
    alone: bool = Field(
        default=False, description="Whether a Retry-After of its host concerns this source only, not all of the host."
    )
    licence: str = Field(default="", description="What is known of the licence of its texts; shown on its page.")
    confidence: str = Field(
        default="", description="How sure its address is, for whoever looks after it. Nothing depends on it."
    )
    note: str = Field(default="", description="Words for whoever looks after it; `nkwatch sources show` prints them.")

    def source(self) -> Source:
        """The value that the rest of the program knows."""
        return Source(**self.model_dump())
