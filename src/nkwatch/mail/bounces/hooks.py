"""Whether a report comes from the provider that it names, and what it tells.

Its address holds a token of ours. Where the settings have the provider's key, its signature must be good as well.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from nkwatch.domain.bounce import Bounce
from nkwatch.domain.problems import ConfigError
from nkwatch.keys import Keyring
from nkwatch.mail.bounces.providers import FORMATS, parsed, text

#: What the token in the address of a webhook is made for; its subject is the provider.
PURPOSE = "webhook"
#: The header fields of SendGrid's signature.
SIGNATURE, TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
SIGNING = ("mailgun", "sendgrid")


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider told. `to_open` is an address that somebody must open once, `doubt` why nothing is believed."""

    events: tuple[Bounce, ...] = ()
    to_open: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class ReportHook:
    """Reads the reports of one provider. `key` is the one that it signs with; without it nothing is checked."""

    provider: str
    key: bytes | EllipticCurvePublicKey | None = field(default=None, repr=False)

    @property
    def checked(self) -> str:
        """Whether signatures are checked, in words."""
        if self.key is not None:
            return "checked"
        return "not checked: no key in the file of secrets" if self.provider in SIGNING else "none"

    def read(self, body: bytes, headers: Mapping[str, str]) -> Report:
        """What this report tells; names of `headers` are in small letters. Never raises."""
        told = parsed(body)
        if not self._signed(told, body, headers):
            return Report(doubt="its signature does not fit the key in the file of secrets, or it has none")
        if self.provider == "ses" and text(told, "Type") == "SubscriptionConfirmation":
            return _to_open(text(told, "SubscribeURL"))
        return Report(tuple(FORMATS[self.provider](told)))

    def _signed(self, told: Any, body: bytes, headers: Mapping[str, str]) -> bool:
        match self.key:
            case None:
                return True
            case bytes():
                return _is_mailguns(self.key, told)
            case _:
                return _is_sendgrids(self.key, body, headers)


def path_of(keyring: Keyring, provider: str) -> str:
    """Where a provider reports to, below the address of the site."""
    return f"/bounces/{provider}/{keyring.token(PURPOSE, provider)}"


def hooks(providers: Iterable[str], keys: Mapping[str, str]) -> dict[str, ReportHook]:
    """One for each of these providers. Raises `ConfigError` for a key that cannot be used."""
    if strangers := sorted(keys.keys() - set(SIGNING)):
        raise ConfigError(f"webhook_keys: {', '.join(strangers)} cannot be checked; there are {' and '.join(SIGNING)}")
    return {p: ReportHook(p, _key(p, keys[p]) if keys.get(p) else None) for p in providers}


def _key(provider: str, written: str) -> bytes | EllipticCurvePublicKey:
    if provider == "mailgun":
        return written.encode()
    try:
        key = load_der_public_key(base64.b64decode(written, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        pass
    else:
        if isinstance(key, EllipticCurvePublicKey):
            return key
    raise ConfigError("webhook_keys.sendgrid is no public key; copy the verification key of its event webhook")


def _is_mailguns(key: bytes, told: Any) -> bool:
    """HMAC-SHA256 over timestamp and token, in hexadecimal ("Securing webhooks")."""
    said = told.get("signature") if isinstance(told, dict) else None
    signed = f"{text(said, 'timestamp')}{text(said, 'token')}".encode()
    good = hmac.new(key, signed, "sha256").hexdigest()
    return hmac.compare_digest(good.encode(), text(said, "signature").encode())


def _is_sendgrids(key: EllipticCurvePublicKey, body: bytes, headers: Mapping[str, str]) -> bool:
    """ECDSA over timestamp and body ("Signed event webhook")."""
    try:
        signature = base64.b64decode(headers.get(SIGNATURE, ""), validate=True)
        key.verify(signature, headers.get(TIMESTAMP, "").encode() + body, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _to_open(address: str) -> Report:
    """Amazon asks for proof that the address is ours: whoever opens the link subscribes. We fetch nothing."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return Report(doubt="the link in it is no address")
    if parts.scheme != "https" or not (
        host.startswith("sns.") and host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    ):
        return Report(doubt="the link in it does not lead to Amazon")
    return Report(to_open=address)
