"""What may stand in the settings file: all its sections, and what holds between them."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from nkwatch.config.archive import ArchiveSettings
from nkwatch.config.desk import DeskSettings
from nkwatch.config.mail import MailSettings, NeutralSettings
from nkwatch.config.people import AlertSettings, EditorSettings, OperatorSettings, SignUpSettings, SiteSettings
from nkwatch.config.returns import BouncesSettings, RepliesSettings, WatchSettings
from nkwatch.config.running import InstallationSettings, LogSettings, VitalsSettings, WebSettings
from nkwatch.config.secret import SECRETS
from nkwatch.config.section import Section, WebAddress, told_apart
from nkwatch.config.signing import DkimSettings
from nkwatch.config.sources import CatalogueSettings, PollingSettings, SourceSettings
from nkwatch.config.webhooks import WebhookList
from nkwatch.domain.desk import Editor


class Config(Section):
    """All settings. Paths are taken relative to the settings file."""

    # in the order of config.example.toml, which is that of docs/reference too
    database: str = Field(
        default="sqlite:///nkwatch.db",
        description="Where everything is kept: `sqlite:///FILE` or `postgresql://USER@HOST/NAME`.",
    )
    secrets: Path = Field(
        default=Path(SECRETS), description="The file of secrets, which nobody but its owner may read."
    )
    templates: Path | None = Field(
        default=None,
        description="A folder with mail templates of your own; what is not in it comes from nkwatch.",
    )
    rules: Path | None = Field(
        default=None,
        description="A folder with rules of reading of your own (themes.toml, relevance.toml, urgency.toml, "
        "speech.toml, cases.toml, places.toml, weights.tsv); what is not in it comes from nkwatch.",
    )
    calendar: Path | None = Field(
        default=None,
        description="An iCalendar file with the dates that digests tell as coming up; see docs/mails.md.",
    )
    site: SiteSettings
    mail: MailSettings
    dkim: DkimSettings | None = None
    bounces: BouncesSettings | None = None
    replies: RepliesSettings | None = None
    neutral: NeutralSettings = NeutralSettings()
    watch: WatchSettings = WatchSettings()
    operator: OperatorSettings = OperatorSettings()
    signup: SignUpSettings = SignUpSettings()
    alerts: AlertSettings = AlertSettings()
    editor: tuple[EditorSettings, ...] = ()
    contacts: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], WebAddress] = Field(
        default_factory=dict,
        description="Where readers can write to their own government, by its country (two letters of ISO 3166-1). It "
        "stands beside what is asked of it.",
    )
    polling: PollingSettings = PollingSettings()
    web: WebSettings = WebSettings()
    desk: DeskSettings = DeskSettings()
    archive: ArchiveSettings = ArchiveSettings()
    webhook: WebhookList = ()
    vitals: VitalsSettings = VitalsSettings()
    log: LogSettings = LogSettings()
    installation: InstallationSettings = InstallationSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    source: tuple[SourceSettings, ...] = ()

    @property
    def senders(self) -> tuple[str, str]:
        """The addresses that mails come from: the usual one and the neutral one, which may be the same."""
        return self.mail.sender, self.neutral_sender

    @property
    def neutral_sender(self) -> str:
        """The address that neutral editions come from."""
        return self.neutral.sender or self.mail.sender

    @property
    def return_path(self) -> str:
        """Where mails that cannot be delivered come back to, the reader's token left out."""
        return self.bounces.address if self.bounces else self.mail.envelope_sender

    @property
    def editors(self) -> tuple[Editor, ...]:
        """Those of `[[editor]]`, as the rest of the program knows them."""
        return tuple(e.editor() for e in self.editor)

    @model_validator(mode="after")
    def _editors_can_be_told_apart(self) -> "Config":
        names = [e.name.casefold() for e in self.editor]
        told_apart("editors", names)
        if self.alerts.persons > 1 and len(names) < self.alerts.persons:
            msg = "alerts.persons = 2 needs two [[editor]] tables: nobody could release an alert"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _a_person_behind_replies(self) -> "Config":
        if self.replies and self.replies.address == self.site.contact:
            msg = "replies.address and site.contact must differ: what is passed on to the contact would come back"
            raise ValueError(msg)
        return self
