"""A *standard edition*: the digest of a window as who wishes for everything gets it, kept for the archive.

It belongs to no reader. Its number is that of the digest of this window, if readers have one; alerts and digests are
numbered together, so that a number means one bulletin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.bulletin import Window
from nkwatch.domain.desk import Note
from nkwatch.domain.subscriber import Rhythm


@dataclass(frozen=True, slots=True)
class Version:
    """A bulletin in one language: `composition_id` is where its copy stands.

    `fingerprint` is that of the composition when it was made, empty where it was not kept. `stories` are the ids of all
    that it tells of, the one that leads first.
    """

    language: str
    subject: str
    composition_id: str
    fingerprint: str = ""
    stories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandardEdition:
    """What the archive has of one window, in each language of the site."""

    number: int
    rhythm: Rhythm
    window: Window
    date: datetime
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert that went out. `follows` is the number of the alert that it updates, else 0.

    There are no versions where it reached its readers only in mails with other alerts.
    """

    number: int
    date: datetime
    story_id: str
    follows: int = 0
    versions: tuple[Version, ...] = ()


Listed = StandardEdition | SentAlert


@dataclass(frozen=True, slots=True)
class Amendment:
    """A bulletin that told readers what was wrong in another one; `note` is what it says, where that is kept apart."""

    number: int
    date: datetime
    versions: tuple[Version, ...] = ()
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the editions of a rhythm have come.

    `closing_until` is where the window ends for which a number was taken and no edition kept yet: whatever happens
    meanwhile, that window is closed and no other.
    """

    covered_until: datetime
    closing_until: datetime | None = None


def in_language(versions: Sequence[Version], *languages: str) -> Version | None:
    """The version in the first of these languages that there is one in, else the first; None where there are none."""
    by_language = {version.language: version for version in reversed(versions)}
    found = (by_language[language] for language in languages if language in by_language)
    return next(found, versions[0] if versions else None)


def amended_since(correction: Note | None, date: datetime, *, withdrawn: bool = False) -> bool:
    """Whether editors said that something was wrong after a bulletin of this date told it.

    What they said before stands in the bulletin itself.
    """
    return correction.at > date if correction else withdrawn
