"""Values of the domain with sensible defaults, so that each test names only what it is about."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.themes import load_lexicon
from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Slot
from nkwatch.domain.delivery import Claimed, Delivery
from nkwatch.domain.errand import Errand, Purpose
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.reading import Evidence, Finding, Reading, Urgency
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Role, Source
from nkwatch.domain.statement import Article, Entry, Statement
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Choice, Edition, Schedule, SignUp, Subscriber
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.reading.casebook import CaseBook
from nkwatch.reading.lexicon import SIGNS, THEME, WEAK, Lexicon, Term
from nkwatch.reading.rules import Rules
from nkwatch.reading.speech import Speech
from nkwatch.reading.stories import Placement, marks
from nkwatch.reading.weights import NOTABLE, URGENT, Head, Weights


def at(text: str) -> datetime:
    """An instant in UTC: ``at("2026-11-22T07:00")``."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


#: A Sunday morning.
NOW = at("2026-11-22T07:00")


def entry(title: str = "A family is missing in Hoeryong", **fields: Any) -> Entry:
    """What a source shows."""
    given = {"url": "https://a.example/1", "text": "Three people have not been seen.", "published": NOW}
    return Entry(title, **(given | fields))


def source(id: str = "a", **fields: Any) -> Source:  # noqa: A002
    """A source of its own publisher."""
    return Source(**({"id": id, "url": f"https://{id}.example/feed", "publisher": f"Publisher {id}"} | fields))


def state(source_id: str = "a", **fields: Any) -> PollState:
    """A poll state, due now."""
    return PollState(**({"source_id": source_id, "due_at": NOW} | fields))


def statement(id: str = "s1", **fields: Any) -> Statement:  # noqa: A002
    """A statement of source `a`, published and first seen now."""
    source_id = fields.get("source_id", "a")
    given = {
        "source_id": source_id,
        "publisher": f"Publisher {source_id}",
        "title": "A family is missing in Hoeryong",
        "url": f"https://{source_id}.example/{id}",
        "text": "Three people have not been seen.",
        "language": "en",
        "author": "",
        "published": NOW,
        "published_estimated": False,
        "first_seen": NOW,
    }
    return Statement(id=id, **(given | fields))


def article(text: str = "", **fields: Any) -> Article:
    """What the page of a statement says: a text longer than what any source shows, unless given."""
    return Article(**({"title": "A family is missing in Hoeryong", "text": text or prose("article", 300)} | fields))


def errand(statement_id: str = "s1", purpose: Purpose = Purpose.ARTICLE, **fields: Any) -> Errand:
    """An errand of source `a`, due now."""
    given = {"url": f"https://a.example/{statement_id}", "source_id": "a", "due_at": NOW}
    return Errand(statement_id, purpose, **(given | fields))


def snapshot(body: bytes = b"<rss/>", **fields: Any) -> Snapshot:
    """Bytes that came now."""
    given = {"url": "https://a.example/feed", "at": NOW, "headers": (("content-type", "text/xml"),)}
    return Snapshot(body=body, **(given | fields))


def sifted(*told: Statement, **fields: Any) -> Sifted:
    """These statements, each new and known by its address."""
    return Sifted(tuple(Known(s, frozenset({f"url:{s.url}"})) for s in told), **fields)


def polled(found: Sifted | None = None, source_id: str = "a", **fields: Any) -> Polled:
    """What a poll of this source leaves behind."""
    given = {"state": state(source_id), "publisher": f"Publisher {source_id}"}
    return Polled(sifted=found or Sifted(), **(given | fields))


def finding(code: str = "prisons", kind: ThemeKind = ThemeKind.RIGHTS, score: float = 3.0) -> Finding:
    """A theme with one phrase."""
    return Finding(code, kind, score, (Evidence("title", 0, 1, "A"),))


def context(code: str = "security") -> Finding:
    """A theme that is no rights theme."""
    return finding(code, ThemeKind.CONTEXT)


def reading(statement_id: str = "s1", **fields: Any) -> Reading:
    """A reading of a routine statement on prisons in North Korea."""
    given = {
        "revision": 1,
        "rules": "test.1",
        "about_nk": True,
        "relevance": 1.7,
        "relevance_evidence": (Evidence("title", 0, 1, "A"),),
        "themes": (finding(),),
        "urgency": Urgency.ROUTINE,
        "urgency_evidence": (),
        "language": "en",
    }
    return Reading(statement_id=statement_id, **(given | fields))


def report(
    id: str = "s1",  # noqa: A002
    *,
    role: Role = Role.STATEMENT,
    owner: str = "",
    urgency: Urgency = Urgency.ROUTINE,
    themes: Iterable[Finding] = (finding(),),
    **fields: Any,
) -> Report:
    """A statement with its reading."""
    one = statement(id, **fields)
    read = reading(id, urgency=urgency, themes=tuple(themes), language=one.language)
    return Report(one, read, role, owner or one.publisher)


def story(*reports: Report, **fields: Any) -> Story:
    """A story of these reports (one, where none is given), ready now."""
    told = reports or (report(),)
    return Story(**({"id": told[0].statement.id, "reports": told, "ready_at": NOW} | fields))


def choice(**fields: Any) -> Choice:
    """What somebody chose; `language`, `format` and `neutral` make the edition."""
    edition = {name: fields.pop(name) for name in ("language", "format", "neutral") if name in fields}
    return Choice(**({"edition": Edition(**edition)} | fields))


def sign_up(address: str = "ann@example.org", schedule: Schedule | None = None, **fields: Any) -> SignUp:
    """Who subscribes, with the fields of `choice`."""
    return SignUp(address, choice(**({"schedule": schedule} if schedule else {}), **fields))


def subscriber(id: str = "r1", **fields: Any) -> Subscriber:  # noqa: A002
    """A subscriber whose window begins now, with the fields of `choice`."""
    own = {name: fields.pop(name) for name in ("covered_until", "paused_until") if name in fields}
    return Subscriber(**({"id": id, "choice": choice(**fields), "covered_until": NOW} | own))


def composition(
    subject: str = "Weekly digest", kind: BulletinKind = BulletinKind.DIGEST, language: str = "en"
) -> Composition:
    """A text with one block and one slot."""
    return Composition(kind, language, subject, (Block(f"{subject}\r\n".encode()), Slot("links")), ())


def delivery(id: int = 1, **fields: Any) -> Delivery:  # noqa: A002
    """A delivery that was written now."""
    return Delivery(**({"id": id, "message_id": f"<{id}@nkwatch.example>", "date": NOW} | fields))


def claimed(id: int = 1) -> Claimed:  # noqa: A002
    """A delivery under a lease."""
    return Claimed(delivery(id), f"r{id}", f"r{id}@example.org", composition(), 1)


def placement(one: Statement, story_id: str = "", **fields: Any) -> Placement:
    """A reading of `one` that puts it into a story: its own unless another is named."""
    read = reading(one.id, revision=one.revision, language=one.language, **fields)
    return Placement(read, story_id or one.id, marks(one))


def theme(code: str, kind: ThemeKind = ThemeKind.RIGHTS) -> Theme:
    """A theme named by its code."""
    return Theme(code, kind, {"en": code.title()})


def lexicon(terms: Mapping[str, Iterable[str]], *, masks: Iterable[str] = ()) -> Lexicon:
    """A lexicon of a few terms by list; its themes are those of the lists, `security` being one of context."""
    codes = dict.fromkeys(name.partition(":")[2] for name in terms if name.startswith((THEME, WEAK, SIGNS)))
    kinds = {"security": ThemeKind.CONTEXT}
    return Lexicon(
        rules="test.1",
        themes=tuple(theme(c, kinds.get(c, ThemeKind.RIGHTS)) for c in codes),
        terms=tuple(Term(p, name) for name, phrases in terms.items() for p in phrases),
        masks=tuple(masks),
    )


def rules(
    terms: Mapping[str, Iterable[str]] | Lexicon, heads: Mapping[str, Head] = MappingProxyType({}), **fields: Any
) -> Rules:
    """Rules of a few terms and heads, without quotes, asks and cases; a theme without a head counts what names it."""
    words = terms if isinstance(terms, Lexicon) else lexicon(terms)
    plain = {t.code: Head(-1.0, {f"{THEME}{t.code}": 2.0, f"{WEAK}{t.code}": 1.0}) for t in words.themes}
    never = {name: Head(-9.0, {}) for name in (URGENT, NOTABLE)}
    weighed = Weights("test", {**plain, **never, **heads})
    return Rules.of(
        **({"version": "test.1", "speech": Speech({}), "cases": CaseBook((), {})} | fields),
        lexicon=words,
        weights=weighed,
    )


@cache
def shipped_lexicon() -> Lexicon:
    """The terms that ship with nkwatch."""
    return load_lexicon()


@cache
def shipped_rules() -> Rules:
    """The rules that ship with nkwatch."""
    return load_rules()


def prose(seed: str, words: int = 120) -> str:
    """A text of invented words that shares no three of them in a row with the prose of another seed."""
    numbers = itertools.islice(itertools.count(1), words)
    return " ".join(f"{seed}{n * 7919 % 1009}" for n in numbers)
