"""Settings of those who come to this service, and of those who run it."""

from pydantic import Field

from nkwatch.config.section import Address, Section, WebAddress, Zone
from nkwatch.domain.desk import Editor


class SiteSettings(Section):
    """How readers know this service."""

    url: WebAddress = Field(
        description="The public address of the site. It stands in every mail; readers must reach it over https."
    )
    name: str = Field(default="nkwatch", description="The name of the service, in mails, on pages and in feeds.")
    contact: Address = Field(
        description="Where a person can be reached. It stands in mails, on pages and in the User-Agent, for "
        "publishers too."
    )


class SignUpSettings(Section):
    """How many may subscribe on the site, so that nobody can flood a mailbox or this service. 0 closes the form.

    Behind a proxy on another machine start nkwatch with `FORWARDED_ALLOW_IPS=ADDRESS` (that of the proxy), or all are
    one network.
    """

    per_network: int = Field(
        default=10, ge=0, description="How many an hour, from one network (/24, or /48 of IPv6). Kept in memory only."
    )
    per_domain: int = Field(default=200, ge=0, description="How many a day (UTC), for addresses of one domain.")
    total: int = Field(default=1000, ge=0, description="How many a day (UTC).")


class OperatorSettings(Section):
    """When and where you want to hear what need not wake you: one mail a day when there is something to tell."""

    address: Address | None = Field(default=None, description="Where these mails go; else to `site.contact`.")
    zone: Zone = Field(default="UTC", description="The time zone of the hour.")
    morning: int = Field(
        default=8,
        ge=0,
        le=23,
        description="The hour of the zone, ten minutes past which the mail leaves. On Mondays it tells what the week "
        "came to.",
    )


class AlertSettings(Section):
    """Who lets alerts go, and how many one reader gets. By default every alert waits for an editor."""

    trusted: tuple[str, ...] = Field(
        default=(),
        description="Ids of primary sources whose urgent statements go out without an editor. `nkwatch alert trust "
        "ID` shows how often one was right, and writes it here.",
    )
    two_sources: bool = Field(
        default=False, description="Whether two sources that do not depend on each other release an alert together."
    )
    persons: int = Field(default=1, ge=1, le=2, description="How many editors it takes to release an alert.")
    per_day: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Mails with alerts for one reader in a day, at most; the rest stands in the next digest.",
    )
    second_after: int = Field(
        default=30, ge=1, le=1440, description="Minutes until the second editors are called, where nobody has answered."
    )


class EditorSettings(Section):
    """Somebody who is told by mail that an alert waits, and may sign in at the desk."""

    name: str = Field(
        min_length=1,
        description="The name that signs what the editor does; commands take it with `--by`. No two have the same.",
    )
    address: Address = Field(description="Where the editor is told. The mail holds no link that acts.")
    language: str = Field(default="en", description="The language of these mails: en, ko, ja or fr.")
    second: bool = Field(
        default=False,
        description="Whether the editor is called only when nobody has answered for `alerts.second_after` minutes.",
    )

    def editor(self) -> Editor:
        """The value that the rest of the program knows."""
        return Editor(**self.model_dump())
