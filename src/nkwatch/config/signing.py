"""Settings of the signatures that prove a mail is ours."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from nkwatch.config.section import Section


class SigningSettings(Section):
    """A further domain that mails come from, such as that of the neutral sender. It signs its own mails."""

    domain: str = Field(pattern=r"^[a-z0-9.-]+$", description="The domain that signs, in small letters.")
    selector: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="The name of the RSA key in the DNS: it stands at SELECTOR._domainkey.DOMAIN.",
    )
    key: Path = Field(description="The file of the RSA key (PEM), which only its owner may read.")
    ed25519_selector: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9-]*)?$",
        description="The name of the Ed25519 key in the DNS. Mails then have both signatures (RFC 8463).",
    )
    ed25519_key: Path | None = Field(
        default=None, description="The file of the Ed25519 key (PEM); goes with `ed25519_selector`."
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.ed25519_selector) != bool(self.ed25519_key):
            msg = "ed25519_selector and ed25519_key go together"
            raise ValueError(msg)
        return self

    def beside(self, folder: Path) -> Self:
        """The same, its files named from this folder on."""
        second = self.ed25519_key and folder / self.ed25519_key
        return self.model_copy(update={"key": folder / self.key, "ed25519_key": second})


class DkimSettings(SigningSettings):
    """Signatures (RFC 6376) that prove a mail is yours; leave it out where the mail server signs.

    `nkwatch keys dkim` makes the keys, and says what to publish in the DNS.
    """

    also: tuple[SigningSettings, ...] = Field(
        default=(), description="Further domains that mails come from, each with keys of its own."
    )
    leave_out: tuple[Literal["date", "message-id"], ...] = Field(
        default=(),
        description="Header fields that the relay rewrites, and that are therefore not signed. Amazon SES rewrites "
        "both.",
    )
    processes: int = Field(
        default=1, ge=0, le=8, description="How many processes sign beside this one; with 0 this one signs itself."
    )

    @model_validator(mode="after")
    def _each_domain_once(self) -> Self:
        if len({s.domain for s in self.signing}) < len(self.signing):
            msg = "each domain signs with the keys of one section: one is named twice"
            raise ValueError(msg)
        return self

    @property
    def signing(self) -> tuple[SigningSettings, ...]:
        """All domains that we sign for; the first signs what comes from none of them."""
        return (self, *self.also)

    def beside(self, folder: Path) -> Self:
        """The same, all files named from this folder on."""
        return super().beside(folder).model_copy(update={"also": tuple(s.beside(folder) for s in self.also)})
