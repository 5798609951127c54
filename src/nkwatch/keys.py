"""Sealing, look-up hashes and tokens: everything that needs a secret key.

One master key of 32 bytes has an id of one byte; keys for each purpose are derived from it (HKDF, RFC 5869), so a
token can never pass for a hash or the like. Old master keys stay in the ring, and what they made stays valid.
"""

import base64
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: 128 bits of a tag cannot be guessed, and keep links short.
TAG_BYTES = 16
NONCE_BYTES = 12
REPLY_TAG_BYTES = 10
FINGERPRINT_BYTES = 8
#: Ours are well below; what is longer comes from somebody else.
LONGEST_TOKEN = 200


def new_master_key() -> str:
    """A fresh master key as it stands in the secrets file (base64url)."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@lru_cache(maxsize=64)
def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=f"nkwatch/{purpose}".encode()).derive(master)


@lru_cache(maxsize=16)
def _seals(master: bytes) -> AESGCM:
    # making one takes four times as long as using it
    return AESGCM(_derive(master, "seal"))


@lru_cache(maxsize=64)
def _macs(master: bytes, purpose: str) -> HMAC:
    # a copy of one that is ready takes a quarter of the time
    return HMAC(_derive(master, purpose), hashes.SHA256())


def _mac(master: bytes, purpose: str, text: str) -> bytes:
    mac = _macs(master, purpose).copy()
    mac.update(text.encode())
    return mac.finalize()


@lru_cache(maxsize=16)
def _envelopes(master: bytes) -> AESSIV:
    return AESSIV(_derive(master, "envelope"))


@dataclass(frozen=True, slots=True)
class Keyring:
    """Master keys by id (1..255); `current` makes what is new, all of them read what is old."""

    masters: Mapping[int, bytes] = field(repr=False)
    current: int

    def seal(self, plain: str, context: str) -> bytes:
        """Encrypt with AES-GCM. `context` (column and row) is bound in: a value moved to another row is refused."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._aead(self.current).encrypt(nonce, plain.encode(), context.encode())
        return bytes([self.current]) + nonce + sealed

    def unseal(self, sealed: bytes, context: str) -> str:
        """Decrypt. Raises `BrokenSeal` when key, context or bytes are not what they were."""
        try:
            aead = self._aead(sealed[0])
            return aead.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], context.encode()).decode()
        except (KeyError, IndexError, ValueError, InvalidTag) as wrong:
            raise BrokenSeal(context) from wrong

    def lookup(self, value: str) -> bytes:
        """A keyed hash by which a value is found again; it says nothing about the value without the key.

        Its first byte is the id of the key. Capitals do not count: nobody shares an address but for them.
        """
        return self._lookup(self.current, value)

    def lookups(self, value: str) -> list[bytes]:
        """The hashes that a value may be found by: one for each key, and the form of schema 3.

        That was made with the oldest key, without its id, and capitals counted.
        """
        oldest = self.masters[min(self.masters)]
        return [*(self._lookup(i, value) for i in self.masters), _mac(oldest, "lookup", value)]

    def reply_tag(self, subject: str) -> str:
        """A tag for the address that replies go to: 16 small letters and digits, since mail servers may fold case.

        80 bits: whoever forges one can do no more than end one subscription.
        """
        return self._reply_tag(self.current, subject)

    def is_reply_tag(self, subject: str, tag: str) -> bool:
        """Whether this is the subject's tag, made with any of the keys."""
        return any(hmac.compare_digest(self._reply_tag(i, subject).encode(), tag.encode()) for i in self.masters)

    def token(self, purpose: str, subject: str, expires: datetime | None = None) -> str:
        """A token for `subject` that holds for one purpose only, until `expires` (UTC) if given.

        Shape: key id, subject, expiry (seconds in base 36 or empty) and tag, joined by dots.
        """
        until = _base36(int(expires.timestamp())) if expires else ""
        body = f"{self.current}.{subject}.{until}"
        return f"{body}.{self._tag(self.current, purpose, body)}"

    def subject(self, purpose: str, token: str, now: datetime) -> str | None:
        """Whom a token was made for; None when it is forged, expired, or was made for another purpose."""
        if len(token) > LONGEST_TOKEN:
            return None
        body, _, tag = token.rpartition(".")
        parts = body.split(".")
        if len(parts) != 3 or not parts[0].isdecimal() or int(parts[0]) not in self.masters:  # noqa: PLR2004
            return None
        key_id, subject, until = parts
        if not hmac.compare_digest(tag.encode(), self._tag(int(key_id), purpose, body).encode()):
            return None
        if until and datetime.fromtimestamp(int(until, 36), UTC) <= now:
            return None
        return subject

    def envelope(self, delivery_id: int) -> str:
        """A token for the envelope sender of one delivery: 40 small letters and digits, since servers fold case.

        The id is encrypted (AES-SIV, RFC 5297): it tells nobody how much is mailed, and none can be made up.
        """
        sealed = self._siv(self.current).encrypt(delivery_id.to_bytes(8), None)
        return base64.b32encode(bytes([self.current]) + sealed).decode().lower()

    def enveloped(self, token: str) -> int | None:
        """The id of the delivery that a token of `envelope` was made for; None where it is none of ours."""
        try:
            raw = base64.b32decode(token.upper())
            return int.from_bytes(self._siv(raw[0]).decrypt(raw[1:], None))
        except (KeyError, IndexError, ValueError, InvalidTag):
            return None

    def message_id(self, name: str) -> str:
        """An opaque left part of a Message-ID for what `name` names; the same name gives the same."""
        return self._tag(self.current, "message-id", name)

    def sign(self, purpose: str, text: str) -> str:
        """What proves that a text is ours: key id and tag, joined by a dot."""
        return f"{self.current}.{self._tag(self.current, purpose, text)}"

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether `sign` made this signature of the text for this purpose, with any of the keys."""
        key_id, _, tag = signature.partition(".")
        if not (key_id.isdecimal() and key_id.isascii() and int(key_id) in self.masters):
            return False
        return hmac.compare_digest(tag.encode(), self._tag(int(key_id), purpose, text).encode())

    def fingerprint(self, key_id: int) -> str:
        """A short name of one key, by which a copy of it is known to be the same. It tells nothing of the key."""
        return _mac(self.masters[key_id], "fingerprint", "")[:FINGERPRINT_BYTES].hex()

    def _lookup(self, key_id: int, value: str) -> bytes:
        return bytes([key_id]) + _mac(self.masters[key_id], "lookup", value.casefold())

    def _reply_tag(self, key_id: int, subject: str) -> str:
        return base64.b32encode(_mac(self.masters[key_id], "reply", subject)[:REPLY_TAG_BYTES]).decode().lower()

    def _tag(self, key_id: int, purpose: str, body: str) -> str:
        tag = _mac(self.masters[key_id], f"token/{purpose}", body)[:TAG_BYTES]
        return base64.urlsafe_b64encode(tag).decode().rstrip("=")

    def _siv(self, key_id: int) -> AESSIV:
        return _envelopes(self.masters[key_id])

    def _aead(self, key_id: int) -> AESGCM:
        return _seals(self.masters[key_id])


class BrokenSeal(Exception):  # noqa: N818
    """A sealed value cannot be read: wrong keys, or the row was tampered with."""

    def __init__(self, context: str) -> None:
        super().__init__(
            f"cannot unseal {context}: the secrets file does not fit this database; restore the one it was made with"
        )


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
