"""Which statement an entry is: known by any of several keys, or new.

The same statement may be shown again re-dated, re-ordered, with another guid or under http instead of https
(Miniflux #797, FreshRSS #3255, lion-reader #1535).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from nkwatch.domain.errand import Errand, Purpose
from nkwatch.domain.statement import ARTICLE_WAIT, TRACKING, Entry, Origin, Statement, cut, digest

#: Weak keys: title and date; and the whole text, where nothing else tells an entry from those that we have.
TITLE, TEXT = "title:", "text:"
#: Texts that begin alike for so many characters are one text in two versions.
ALIKE = 60
#: What a source shows with another date, title and text so far from the one that we have is another statement.
REDATED = timedelta(days=1)
#: Documents of the United Nations have a symbol (ST/LIB/SER.B) in their addresses: docs.un.org/en/A/HRC/25/63.
SYMBOL = re.compile(
    r"(?:undocs|docs\.un)\.org/(?:(?P<language>ar|en|es|fr|ru|zh)/)?"
    r"(?=[^?]*\d)(?P<symbol>[a-z]{1,6}(?:/[a-z0-9.()-]+)+)",
    re.IGNORECASE,
)
#: press.un.org lists one meeting under two addresses: .../2024/sc15384.doc.htm
PRESS_SYMBOL = re.compile(r"press\.un\.org/(?:.*/)?([a-z]+\d+)(?:\.[\w.]+)?(?:\?.*)?")


@dataclass(frozen=True, slots=True)
class Known:
    """A statement with the keys that it is known by."""

    statement: Statement
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sifted:
    """What one poll of a source means for the statements that we have. Doing it twice changes nothing more."""

    new: tuple[Known, ...] = ()
    edited: tuple[Statement, ...] = ()
    #: keys under which statements that we know were shown for the first time
    further_keys: tuple[tuple[str, str], ...] = ()
    #: ids of statements that the source says it has deleted
    removed: tuple[str, ...] = ()
    errands: tuple[Errand, ...] = ()
    #: how many of the entries shown were known, and since when the oldest of them
    known: int = 0
    since: datetime | None = None

    def awaiting(self, wanted: Callable[[Statement], bool], now: datetime) -> "Sifted":
        """The same, with an errand for the page of each new or edited statement that is `wanted`."""

        def waiting(statement: Statement) -> Statement:
            return replace(statement, read_from=max(statement.read_from, now + ARTICLE_WAIT))

        new = tuple(Known(waiting(k.statement), k.keys) if wanted(k.statement) else k for k in self.new)
        edited = tuple(waiting(s) if wanted(s) else s for s in self.edited)
        changed = (*(k.statement for k in self.new), *self.edited)
        errands = tuple(Errand(s.id, Purpose.ARTICLE, s.url, s.source_id, now) for s in changed if wanted(s))
        return replace(self, new=new, edited=edited, errands=(*self.errands, *errands))


def normalised_address(url: str) -> str:
    """The address without scheme, fragment, tracking parameters, ``www.`` and final slash.

    What cannot be taken apart (it comes from outside) stays as it is.
    """
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return url.strip()
    query = urlencode(sorted((name, value) for name, value in pairs if not TRACKING.fullmatch(name)))
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}{port}{parts.path.rstrip('/')}{'?' + query if query else ''}"


def symbol(url: str) -> str:
    """The symbol of a United Nations document that this is the address of; empty where it is none.

    A translation has a symbol of its own: it is another statement, of the same story.
    """
    address = normalised_address(url)
    if release := PRESS_SYMBOL.fullmatch(address):
        return release[1].upper()
    document = SYMBOL.match(address)
    if document is None:
        return ""
    language = (document["language"] or "en").lower()
    return document["symbol"].upper() + ("" if language == "en" else f" {language}")


def identity_keys(entry: Entry, shared: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The keys that `entry` is known by, strongest first; those in `shared` (shown by several entries) are none.

    A date alone is no key: one of the founding pages holds two statements of the same day.
    """
    named = (
        ("guid:", entry.guid.strip()),
        ("url:", normalised_address(entry.url)),
        ("symbol:", symbol(entry.url)),
    )
    keys = tuple(f"{kind}{name}" for kind, name in named if name and f"{kind}{name}" not in shared)
    title = f"{TITLE}{_folded(entry.title)}|{entry.published:%Y-%m-%d}" if entry.title and entry.published else ""
    titles = (title,) if title and title not in shared else ()
    return (*keys, *titles, f"{TEXT}{digest(f'{entry.title} {entry.text}')}")


Identified = tuple[tuple[Entry, tuple[str, ...]], ...]
"""Entries with the keys that they are known by."""


def identify(entries: Iterable[Entry]) -> Identified:
    """The entries of one document with the keys that tell them apart.

    A key that entries with different guids, addresses or titles carry tells none of them apart. The same entry shown
    twice is one.
    """
    looks = {_look(e): e for e in entries}
    # a copy with a guid of its own
    distinct = {(*look[1:3], e.text) if look[1] else look: e for look, e in looks.items()}
    raw = [(entry, identity_keys(entry)) for entry in distinct.values()]
    counts = Counter(key for _, keys in raw for key in set(keys))
    shared = frozenset(key for key, n in counts.items() if n > 1)
    return tuple((e, identity_keys(e, shared) if shared.intersection(keys) else keys) for e, keys in raw)


def sift(identified: Identified, known: Mapping[str, Statement], origin: Origin, now: datetime) -> Sifted:
    """Tell new entries from statements already known (`known` maps a key to its statement), and edits from both."""
    new: dict[str, Known] = {}
    # the first entry stands for its statement: two would edit it by turns for ever
    standing: dict[str, Entry] = {}
    edited: list[Statement] = []
    further: list[tuple[str, str]] = []
    recognised: list[datetime] = []
    for entry, keys in identified:
        seen = recognise(entry, keys, known)
        unknown = tuple(k for k in keys if k not in known and not k.startswith(TEXT))
        rival = standing.get(seen.id) if seen else None
        if seen is None or (rival and unknown and not _same(entry, rival.title, rival.text)):
            usable = unknown if any(not k.startswith(TITLE) for k in unknown) else (*unknown, keys[-1])
            fresh = origin.statement(entry, usable[0], now)
            new.setdefault(fresh.id, Known(fresh, frozenset(usable)))
            continue
        recognised.append(seen.first_seen)
        further += [(k, seen.id) for k in unknown]
        if seen.id not in standing and (changed := seen.after(entry, now)) is not seen:
            edited.append(changed)
        standing.setdefault(seen.id, entry)
    return Sifted(
        tuple(new.values()), tuple(edited), tuple(further), known=len(recognised), since=min(recognised, default=None)
    )


def recognise(entry: Entry, keys: Sequence[str], known: Mapping[str, Statement]) -> Statement | None:
    """The statement that `entry` shows, if it is known under any of its keys.

    Title and date are a weak key: two statements of one day may bear one title, and then their texts differ. Guid,
    address and symbol are believed where another of them, the title or the text agrees; else where at least the date
    does, for a feed may give whatever it shows the same guid, or the same address. The text is the last resort.
    """
    hits = [(key, known[key]) for key in keys if key in known]
    times = Counter(s.id for key, s in hits if not key.startswith((TITLE, TEXT)))
    named_anew = any(k not in known and not k.startswith((TITLE, TEXT)) for k in keys)
    likely: list[Statement] = []
    for key, statement in hits:
        if key.startswith(TITLE):
            sure = not entry.text or not statement.shown or _alike(entry.text, statement.shown)
        else:
            sure = times[statement.id] > 1 or _same(entry, statement.title, statement.shown)
            sure = sure and not key.startswith(TEXT)
            likely += [] if _redated(entry, statement) and (named_anew or not key.startswith(TEXT)) else [statement]
        if sure:
            return statement
    return likely[0] if likely else None


def _same(entry: Entry, title: str, text: str) -> bool:
    titled = bool(_folded(title)) and _folded(entry.title) == _folded(title)
    return titled or _alike(entry.text, text)


def _alike(text: str, other: str) -> bool:
    """Whether one of two texts is the beginning of the other, or both begin alike."""
    return bool(text and other) and (cut(text, other) or cut(other, text) or text[:ALIKE] == other[:ALIKE])


def _redated(entry: Entry, statement: Statement) -> bool:
    if entry.published is None or statement.published_estimated:
        return False
    return abs(entry.published - statement.published) > REDATED


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _look(entry: Entry) -> tuple[str, ...]:
    """What two entries share that are one, shown twice."""
    guid, address = entry.guid.strip(), normalised_address(entry.url)
    return guid, address, _folded(entry.title), "" if guid or address else entry.text
