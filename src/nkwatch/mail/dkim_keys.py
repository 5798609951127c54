"""Keys for DKIM signatures (RFC 6376): read from files that only their owner may read, made anew, told to the DNS.

RSA has 2,048 to 4,096 bits: shorter keys can be broken, longer ones need not be verified by anybody (RFC 8301, 3.2).
Ed25519 (RFC 8463) is good as a second signature only, since several large providers cannot verify it.
"""

import os
import stat
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from nkwatch.domain.problems import ConfigError

Kind = Literal["rsa", "ed25519"]
SHORTEST_RSA, LONGEST_RSA = 2048, 4096
#: Octets in one string of a TXT record (RFC 1035, 3.3).
LONGEST_STRING = 255
_NAMES = {"rsa": "RSA", "ed25519": "Ed25519"}


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key, and the name under which the DNS shows its public half."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def kind(self) -> Kind:
        """Which of the two it is, as the tag k= says it."""
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def algorithm(self) -> str:
        """The tag a= of its signatures."""
        return f"{self.kind}-sha256"

    @property
    def name(self) -> str:
        """The name of its DNS record (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The text of its DNS record, in one piece."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            shown = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:  # bare, without what says which algorithm it is for (RFC 8463, 4.2)
            shown = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={self.kind}; p={b64encode(shown).decode()}"

    @property
    def zone_line(self) -> str:
        """Its record as it stands in a zone file: longer texts are several strings there."""
        text = self.record
        strings = [f'"{text[i : i + LONGEST_STRING]}"' for i in range(0, len(text), LONGEST_STRING)]
        return f"{self.name}. IN TXT ( {' '.join(strings)} )"


def load_keys(
    domain: str, selector: str, path: Path, ed25519_selector: str = "", ed25519_path: Path | None = None
) -> tuple[DkimKey, ...]:
    """The RSA key in `path`, and the Ed25519 key where there is one, in the order of their signatures.

    Raises `ConfigError` with all that is wrong with either.
    """
    wanted: list[tuple[str, Path, Kind]] = [(selector, path, "rsa")]
    if ed25519_path:
        wanted.append((ed25519_selector, ed25519_path, "ed25519"))
    found: list[DkimKey] = []
    problems: list[str] = []
    for name, file, kind in wanted:
        try:
            found.append(load_key(domain, name, file, kind))
        except ConfigError as wrong:
            problems += wrong.problems
    if problems:
        raise ConfigError(*problems)
    return tuple(found)


def load_key(domain: str, selector: str, path: Path, kind: Kind) -> DkimKey:
    """The private key in `path` (PEM). Raises `ConfigError` in a sentence that says what to do."""
    pem = _read(path)
    try:
        private = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ConfigError(f"{path}: the key has a password; nkwatch cannot ask for it: store the key without") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{path}: no private key in PEM form; `nkwatch keys dkim` makes one") from None
    if kind == "rsa" and isinstance(private, RSAPrivateKey):
        if not SHORTEST_RSA <= private.key_size <= LONGEST_RSA:
            said = f"an RSA key of {private.key_size} bits, and {SHORTEST_RSA} to {LONGEST_RSA} are needed"
            raise ConfigError(f"{path}: {said}; `nkwatch keys dkim` makes one")
        return DkimKey(domain, selector, private)
    if kind == "ed25519" and isinstance(private, Ed25519PrivateKey):
        return DkimKey(domain, selector, private)
    raise ConfigError(f"{path}: a key of another kind than {_NAMES[kind]}; `nkwatch keys dkim` makes one")


def new_key(kind: Kind) -> bytes:
    """A new private key in PEM form (PKCS #8, no password)."""
    private = generate_private_key(65537, SHORTEST_RSA) if kind == "rsa" else Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_key(path: Path, pem: bytes) -> None:
    """Write a key where there is no file yet, readable by its owner only. Raises `ConfigError`."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise ConfigError(f"{path}: exists, and is not overwritten: mails on their way need its public half") from None
    except OSError as wrong:
        raise ConfigError(f"{path}: cannot be written: {wrong.strerror}") from wrong


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(f"{path}: others may read this private key; run: chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; run `nkwatch keys dkim` to make the key") from None
    except OSError as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong.strerror}") from wrong
