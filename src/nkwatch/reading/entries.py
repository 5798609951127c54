"""What of a statement is in the index of the search, and what a query asks of it: both are tokens.

Words stand as they are; those of speakers and addressees, and each filter, begin with what no word can hold, so that
neither database has to be told of fields.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.search import Query
from nkwatch.domain.statement import Statement
from nkwatch.reading.tokens import Phrase, indexed, phrase

SPEAKER, ADDRESSEE = "s:", "a:"
THEME, SOURCE, LANGUAGE, URGENCY, ASKED, RIGHTS = "theme", "source", "language", "urgency", "asked", "rights"
#: Names of one kind that a statement is found by, and letters of each.
MOST_NAMES, LONGEST_NAME = 100, 200
#: What stands in tokens of filters as it is.
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-.")

#: Of several phrases any, and of several of these all.
Wanted = tuple[tuple[Phrase, ...], ...]


def entry(statement: Statement, reading: Reading) -> tuple[Sequence[str], ...]:
    """The tokens of words, speakers, addressees and filters, each in their places."""
    return (
        indexed(statement.title, statement.text),
        _named(SPEAKER, (q.speaker for q in reading.quotes)),
        _named(ADDRESSEE, (a.addressee for a in reading.asks)),
        _filters(statement, reading),
    )


def wanted(query: Query) -> Wanted:
    """What a statement must have to be found; dates and countries of sources are no matter of tokens."""
    said = [phrase(words) for words in query.words]
    if query.speaker:
        said.append(_of(SPEAKER, query.speaker))
    if query.addressee:
        said.append(_of(ADDRESSEE, query.addressee))
    return (*((one,) for one in said), *_any_of(query))


def any_of(kind: str, values: Iterable[str]) -> tuple[Phrase, ...]:
    """One of these values of a filter."""
    return tuple(Phrase((_filter(kind, value),)) for value in sorted(values))


def _any_of(query: Query) -> Iterable[tuple[Phrase, ...]]:
    levels = [] if query.urgency is None else [str(int(u)) for u in Urgency if u >= query.urgency]
    given = (
        (THEME, query.themes),
        (SOURCE, query.sources),
        (LANGUAGE, {_primary(language) for language in query.languages}),
        (URGENCY, levels),
        (ASKED, {country.lower() for country in query.asked}),
        (RIGHTS, ["yes"] if query.rights else []),
    )
    return (any_of(kind, values) for kind, values in given if values)


def _filters(statement: Statement, reading: Reading) -> list[str]:
    told = (
        (THEME, [f.code for f in reading.themes]),
        (SOURCE, [statement.source_id]),
        (LANGUAGE, [_primary(statement.language)]),
        (URGENCY, [str(int(reading.urgency))]),
        (ASKED, [a.country.lower() for a in reading.asks if a.country]),
        (RIGHTS, ["yes"] if reading.on_rights else []),
    )
    return [_filter(kind, value) for kind, values in told for value in dict.fromkeys(values)]


def _filter(kind: str, value: str) -> str:
    """A filter as one token: what is no small letter or digit (ASCII) stands as _ and its octets (hexadecimal)."""
    octets = value.encode("utf-8", "replace")
    return f"{kind}:" + "".join(chr(o) if o in _PLAIN else f"_{o:02x}" for o in octets)


def _named(prefix: str, names: Iterable[str]) -> list[str]:
    """The tokens of names, each name once."""
    few = islice(dict.fromkeys(name[:LONGEST_NAME] for name in names if name), MOST_NAMES)
    return [token and prefix + token for token in indexed(*few)]


def _of(prefix: str, name: str) -> Phrase:
    found = phrase(name)
    return Phrase(tuple(prefix + token for token in found.tokens), found.begins)


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
