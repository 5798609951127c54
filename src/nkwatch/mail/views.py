"""Values as templates see them: texts made harmless, addresses with their host, names in the reader's language."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import idna

from nkwatch.domain.place import Place
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.theme import Theme
from nkwatch.mail.widths import shorten

#: Room for a name, in columns.
NAME_WIDTH = 100
#: Room for an address that is shown as text.
ADDRESS_WIDTH = 200

#: Letters that join or part others stay; other invisible ones (direction overrides, zero-width spaces) go.
_JOINERS = "\u200c\u200d"
#: Points that are no letters and never will be (Unicode 16, 23.7); HTML and XML do not allow them.
_NONCHARACTERS = frozenset(
    map(
        chr,
        [*range(0xFDD0, 0xFDF0), *(plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))],
    )
)
_PATH = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is shown: `host` beside the link, in punycode where it has other letters than ASCII.

    What is not `linked` is shown as `text`, which mail programs do not make a link of by themselves.
    """

    url: str
    host: str
    linked: bool

    @property
    def text(self) -> str:
        """The address without its scheme."""
        return shorten(self.url.split("://", 1)[-1], ADDRESS_WIDTH)


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody's name; `language` is that of its letters where it has its own, else empty."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class OtherReport:
    """Somebody else's report of the story."""

    by: Name
    address: Address


@dataclass(frozen=True, slots=True)
class Names:
    """What is called what, in the languages of readers; `site` is the base address of the public pages."""

    site: str
    themes: Mapping[str, Theme]
    sources: Mapping[str, Source] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)

    def theme(self, code: str, language: str) -> str:
        """What a theme is called in `language`; its code where it is gone."""
        return self.themes[code].name(language) if code in self.themes else code

    def publisher(self, source_id: str) -> str:
        """Who publishes a source; its id where it is gone."""
        return self.sources[source_id].publisher if source_id in self.sources else source_id

    def place(self, code: str, language: str) -> str:
        """What a place is called in `language`; nothing where it is gone."""
        return plain(self.places[code].name(language)) if code in self.places else ""

    def zone(self, said: Statement) -> ZoneInfo:
        """The publisher's own time zone: the date in the mail is the date on the publisher's page."""
        source = self.sources.get(said.source_id)
        return ZoneInfo((source and source.zone) or "UTC")


def address(url: str, *, trusted: bool = True) -> Address:
    """`url` in ASCII with its host; only web addresses without a user name, and trusted ones, may be linked."""
    try:
        parts = urlsplit(plain(url))
        host = _ascii(parts.hostname or "")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # idna.IDNAError is one
        return Address(plain(url), "", linked=False)
    tail = (quote(parts.path, _PATH), quote(parts.query, _PATH + "?"), quote(parts.fragment, _PATH + "?"))
    whole = urlunsplit((parts.scheme, host + port, *tail))
    honest = parts.scheme in {"http", "https"} and bool(host) and parts.username is None
    return Address(whole if honest else plain(url), host + port, linked=honest and trusted)


def plain(text: str, *, lines: bool = False) -> str:
    """`text` without control, private and invisible letters, white space collapsed; `lines` keeps line ends."""
    # a text has few different letters, and mostly none that goes
    gone = {ord(c): " " if c.isspace() else None for c in set(text) if _unwanted(c)}
    kept = text.translate(gone) if gone else text
    return kept.strip() if lines else " ".join(kept.split())


def _unwanted(letter: str) -> bool:
    barred = unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} or letter in _NONCHARACTERS
    return barred and letter not in {*_JOINERS, "\n"}


def name_of(name: str, said: Statement) -> Name:
    """The name of whoever is behind a statement: letters of its own are taken to be of the statement's language."""
    return Name(shorten(plain(name), NAME_WIDTH), "" if name.isascii() else tag(said.language))


def carrier(said: Statement, by: str) -> Name | None:
    """The publisher of a statement where others released it."""
    return None if plain(by) == plain(said.publisher) else name_of(said.publisher, said)


def tag(language: str) -> str:
    """A language tag that may stand in an attribute (RFC 5646), or nothing."""
    return language if language.replace("-", "").isalnum() and language.isascii() else ""


def _ascii(host: str) -> str:
    return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
