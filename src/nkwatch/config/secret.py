"""What may stand in the file of secrets."""

import base64
import binascii

from pydantic import Field

from nkwatch.config.section import Section
from nkwatch.config.webhooks import WebhookSecrets
from nkwatch.domain.problems import ConfigError
from nkwatch.keys import Keyring

SECRETS = "nkwatch.secrets.toml"
KEY_BYTES = 32


class Secrets(Section):
    """What must never stand in the settings file. Whoever has this file and the database can read every address."""

    current: int = Field(
        ge=1, le=255, description="The id of the key by which what is new is sealed; `nkwatch keys new` counts it up."
    )
    keys: dict[int, str] = Field(
        description="The master keys by their ids, 1 to 255: 32 bytes each, in base64. A key that rows or links in "
        "old mails still need must stay; `nkwatch keys list` tells."
    )
    mail_password: str = Field(default="", description="For `mail.username` at the relay.")
    relays: dict[str, str] = Field(
        default_factory=dict, description="Passwords of the relays in `[[mail.fallback]]`, by host."
    )
    replies_password: str = Field(default="", description="Of the mailbox in `[replies]`.")
    bounces_password: str = Field(default="", description="Of the mailbox in `[bounces]`.")
    canary_password: str = Field(default="", description="Of the canary's mailbox in `[watch]`.")
    webhook_keys: dict[str, str] = Field(
        default_factory=dict,
        description="Keys by which providers in `bounces.webhooks` sign what they report: mailgun (signing key), "
        "sendgrid (public key).",
    )
    mailboxes: dict[str, str] = Field(
        default_factory=dict, description="Passwords of mailboxes that are sources, by the id of the source."
    )
    webhooks: WebhookSecrets = Field(
        default_factory=dict,
        description="What calls of `[[webhook]]` are signed with, by its name: one secret, or the new and the old one "
        "while it is changed. `nkwatch webhooks secret NAME` writes it.",
    )

    def keyring(self) -> Keyring:
        """The keys, decoded. Raises `ConfigError` when one is damaged."""
        try:
            masters = {i: base64.urlsafe_b64decode(k) for i, k in self.keys.items()}
        except binascii.Error as wrong:
            raise ConfigError(f"{SECRETS}: a key is no base64 ({wrong}); restore the file from its backup") from wrong
        if self.current not in masters or any(len(k) != KEY_BYTES for k in masters.values()):
            raise ConfigError(f"{SECRETS}: [keys] needs key {self.current}, and 32 bytes in each key")
        return Keyring(masters, self.current)
