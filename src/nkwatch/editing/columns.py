"""The columns of the research export: how each comes about, and what it cannot tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from nkwatch.domain.correction import Corrected
from nkwatch.domain.desk import UNMARKED, Marks
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.story import Report
from nkwatch.editing.coverage import Covered

TEXT, CODE, YES_NO, COUNT, NUMBER, INSTANT, DAY = "text", "code", "yes or no", "count", "number", "instant", "day"
CODES, NUMBERS = "codes", "numbers"
Row = TypeVar("Row")
Value = str | int | float | bool | datetime | date | Sequence[str] | Sequence[float] | None


@dataclass(frozen=True, slots=True)
class Exported:
    """One public statement with what the export says of it besides its report.

    `title`, `publisher` and `owner` are free of letters that nobody sees; `url` is empty where it leads outside its
    source, or is none.
    """

    report: Report
    story_id: str
    title: str
    url: str
    publisher: str
    owner: str
    country: str = ""
    marks: Marks = UNMARKED

    @property
    def statement(self) -> Statement:
        """The statement."""
        return self.report.statement

    @property
    def reading(self) -> Reading:
        """The reading in force."""
        return self.report.reading


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column: its name, its type, how it comes about and what it cannot tell, and its value in a row."""

    name: str
    type: str
    meaning: str
    value: Callable[[Row], Value]


Columns = Sequence[Column[Any]]

STATEMENTS: tuple[Column[Exported], ...] = (
    Column("id", CODE, "The statement. It stays the same for ever.", lambda e: e.statement.id),
    Column(
        "story",
        CODE,
        "The story: statements that report the same thing have the same. Made by likeness of texts; editors may merge "
        "and split stories, so it can change.",
        lambda e: e.story_id,
    ),
    Column("source", CODE, "The feed, page or API that showed it first.", lambda e: e.statement.source_id),
    Column("publisher", TEXT, "Who publishes that source.", lambda e: e.publisher),
    Column(
        "owner",
        TEXT,
        "Whom the publisher belongs to, or who released the text: reports of one owner do not confirm each other.",
        lambda e: e.owner,
    ),
    Column(
        "role",
        CODE,
        "What texts of the source are: statement (its own), reprint, press, state-media. From the catalogue of today.",
        lambda e: str(e.report.role),
    ),
    Column(
        "country",
        CODE,
        "Where the publisher is, ISO 3166-1 alpha-2; empty for international ones. From the catalogue of today.",
        lambda e: e.country,
    ),
    Column(
        "language",
        CODE,
        "The language of the text, a tag of RFC 5646, as detected when it was read; empty where it is not known.",
        lambda e: e.statement.language,
    ),
    Column(
        "url",
        TEXT,
        "The address of the text, without what would track who follows it; empty where it leads outside the domains of "
        "its source. It may be gone.",
        lambda e: e.url,
    ),
    Column("title", TEXT, "The title as published, at most 240 columns wide; never translated.", lambda e: e.title),
    Column(
        "published",
        INSTANT,
        "When it was published, as its source says. Many sources give a day alone: then it is midnight in their zone.",
        lambda e: e.statement.published,
    ),
    Column(
        "published_estimated",
        YES_NO,
        "Yes where the source gave no date that can be right: `published` is then when it was first seen, and says "
        "nothing of when it was written. Leave such rows out of series over time.",
        lambda e: e.statement.published_estimated,
    ),
    Column(
        "first_seen",
        INSTANT,
        "When it was first seen here. Of what came by import it is the day of the import.",
        lambda e: e.statement.first_seen,
    ),
    Column(
        "backlog",
        YES_NO,
        "Yes where it came with the first poll of a source, after a rebuilding of a site, or by import: then "
        "`first_seen` says nothing of how fast it was found.",
        lambda e: e.statement.backlog,
    ),
    Column(
        "edited_at",
        INSTANT,
        "When an edit by its publisher was last seen; empty without one. Edits of the text alone are seen only as far "
        "as the feed or the page shows the text.",
        lambda e: e.statement.edited_at,
    ),
    Column("revision", COUNT, "Which version of the text this is; 1 was never edited.", lambda e: e.statement.revision),
    Column(
        "deleted",
        YES_NO,
        "Yes where its publisher deleted it and an editor decided to go on showing it. What was deleted is not in the "
        "export otherwise.",
        lambda e: e.statement.presence is Presence.KEPT,
    ),
    Column(
        "themes",
        CODES,
        "The themes found in it, the most probable first. The catalogue of themes is in the API under /themes.",
        lambda e: [f.code for f in e.reading.themes],
    ),
    Column(
        "theme_scores",
        NUMBERS,
        "The probability of each theme, 0 to 1, in the same order, to three places; 0 where an editor put the theme. "
        "Learned from labelled texts: see docs/reading.md for how right they are.",
        lambda e: [_rounded(f.score) for f in e.reading.themes],
    ),
    Column(
        "on_rights",
        YES_NO,
        "Whether it is on human rights: it has a theme of that kind, not one of context alone.",
        lambda e: e.reading.on_rights,
    ),
    Column(
        "urgency",
        CODE,
        "urgent, notable or routine, by the reading in force.",
        lambda e: Urgency(e.reading.urgency).name.lower(),
    ),
    Column(
        "relevance",
        NUMBER,
        "How sure it is that the text is on North Korea: a sum of weights of what names it, no probability. All rows "
        "are above the threshold of the rules, or an editor put them there.",
        lambda e: _rounded(e.reading.relevance),
    ),
    Column(
        "quotes",
        COUNT,
        "How many words of somebody are quoted, as far as they were found.",
        lambda e: len(e.reading.quotes),
    ),
    Column("asks", COUNT, "How many demands are made, as far as they were found.", lambda e: len(e.reading.asks)),
    Column(
        "asked",
        CODES,
        "The countries of whom something is demanded, ISO 3166-1 alpha-2, as far as their addressees were found.",
        lambda e: sorted({a.country for a in e.reading.asks if a.country}),
    ),
    Column(
        "rules",
        CODE,
        "The version of the rules by which it was read. Compare rows of one version; `nkwatch reread` brings all to "
        "the newest.",
        lambda e: e.reading.rules,
    ),
    Column(
        "corrected",
        YES_NO,
        "Yes where an editor corrected the reading: themes, urgency or relevance are then the editor's.",
        lambda e: isinstance(e.reading, Corrected),
    ),
    Column(
        "story_corrected",
        YES_NO,
        "Yes where editors told readers that something in what was sent of its story was wrong.",
        lambda e: e.marks.correction is not None,
    ),
    Column(
        "story_withdrawn",
        YES_NO,
        "Yes where editors took back all that was sent of its story.",
        lambda e: e.marks.withdrawn,
    ),
)

COVERAGE: tuple[Column[Covered], ...] = (
    Column("source", CODE, "The source.", lambda c: c.source_id),
    Column("publisher", TEXT, "Who publishes it.", lambda c: c.publisher),
    Column("day", DAY, "The day in UTC. Days without anything have a row too.", lambda c: c.day),
    Column(
        "published",
        COUNT,
        "Statements kept here that the source dated on that day, of whatever subject. It grows later by what is found "
        "or imported later. Those with an estimated date are not counted.",
        lambda c: c.published,
    ),
    Column("about_nk", COUNT, "How many of them are on North Korea and may be shown.", lambda c: c.about_nk),
    Column(
        "first_seen",
        COUNT,
        "Statements first seen on that day while the source was watched: without backlogs and imports.",
        lambda c: c.first_seen,
    ),
    Column(
        "polls",
        COUNT,
        "How often it was asked on that day. Not counted are polls that our own line lost. Not known from before polls "
        "were recorded.",
        lambda c: None if c.polls is None else c.polls.polls,
    ),
    Column(
        "answered",
        COUNT,
        "How many of these polls it answered, be it that nothing had changed. Not known where `polls` is not.",
        lambda c: None if c.polls is None else c.polls.answered,
    ),
    Column(
        "new",
        COUNT,
        "How many statements these polls brought that were not known, of whatever subject and age: backlogs are among "
        "them, imports are not. Not known where `polls` is not.",
        lambda c: None if c.polls is None else c.polls.new,
    ),
    Column(
        "state",
        CODE,
        "What the polls of the day say. `new`: they brought something new. `answered`: it answered, and showed nothing "
        "new. `failed`: it was asked and never answered. `not polled`: it was not asked: it was not due, not in the "
        "catalogue or switched off, or we were down. `unknown`: polls were not recorded yet. A day without an answer "
        "is no gap by itself: the next answer shows what came out meanwhile, as far as the source still lists it.",
        lambda c: c.state,
    ),
)


def _rounded(score: float) -> float:
    return round(score, 3)
