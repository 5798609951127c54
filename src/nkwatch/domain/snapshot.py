"""A *snapshot* is what came over the wire, byte for byte, kept so that a quote can be proved later."""

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The bytes that `url` (after redirects) answered at `at` (UTC), unpacked, and the headers that came with them."""

    url: str
    at: datetime
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def sha256(self) -> str:
        """The name of these bytes: their SHA-256 in lower-case hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()
