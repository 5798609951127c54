"""What the API answers, as models: their fields are the description that programs read."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

#: Letters of an excerpt, a quote, a request and a phrase at most.
LONGEST = 300


def _written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


Instant = Annotated[
    datetime,
    PlainSerializer(_written, return_type=str),
    Field(
        json_schema_extra={"type": "string", "format": "date-time"},
        description="ISO 8601, UTC.",
        examples=["2026-11-22T07:00:00Z"],
    ),
]
Id = Annotated[str, Field(examples=["mfrggzdfmztwq2lk"])]
Country = Annotated[str, Field(description="ISO 3166-1 alpha-2; empty where none is known.", examples=["KR"])]
Language = Annotated[str, Field(description="A tag of RFC 5646; empty where it is not known.", examples=["ko"])]
Short = Annotated[str, Field(max_length=LONGEST)]


class Model(BaseModel):
    """A value that only goes out."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class Evidence(Model):
    """The words that decided, and where in the publisher's text they stand (code points, end not included)."""

    field: str = Field(description="title or text", examples=["text"])
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    phrase: Short = Field(description="Shortened where it is longer than 300 letters.", examples=["prison camp"])


class ThemeFound(Model):
    """A theme of a statement."""

    code: str = Field(examples=["prisons"])
    score: float = Field(description="Its probability, 0 to 1; 0 where an editor put the theme.", examples=[0.94])


class Quote(Model):
    """What somebody said, word for word; speaker and role as the text has them, or empty."""

    text: Short
    speaker: Short
    role: Short


class Ask(Model):
    """What is demanded, of whom, by when, as the text has it; each part may be empty."""

    text: Short
    addressee: Short
    country: Country
    by: Short


class SourceNamed(Model):
    """Where a statement comes from."""

    id: str = Field(examples=["hrw-en"])
    publisher: str = Field(examples=["Human Rights Watch"])
    owner: str = Field(description="Whom the publisher belongs to: reports of one owner do not confirm each other.")
    role: str = Field(description="statement, reprint, press or state-media", examples=["statement"])
    country: Country
    licence: str = Field(description="What is known of the licence of its texts; empty where nothing is.")


class Statement(Model):
    """One published text as far as we may show it. The text itself is its publisher's: follow `link`."""

    id: Id
    story: Id = Field(description="The story that it stands in.")
    page: str = Field(description="Its story's page for people.")
    self: str = Field(description="Its address in this API.")
    title: str
    excerpt: Short = Field(description="Whole sentences from its beginning, at most 300 letters; may be empty.")
    language: Language
    link: str | None = Field(
        description="Its address at its publisher; null where it leads outside the domains of its source."
    )
    by: str = Field(description="Whose words these are: who released them, else the publisher.")
    attribution: str = Field(description="To be shown with whatever is quoted.")
    source: SourceNamed
    published: Instant
    published_estimated: bool = Field(
        description="The source gave no usable date: `published` is when it was first seen."
    )
    first_seen: Instant
    edited_at: Instant | None = Field(description="When an edit by its publisher was last seen.")
    revision: int = Field(ge=1)
    urgency: str = Field(description="urgent, notable or routine", examples=["notable"])
    relevance: float = Field(description="How sure it is that it is on North Korea: a sum of weights.")
    on_rights: bool = Field(description="Whether it is on human rights, not on context alone.")
    themes: list[ThemeFound]
    quotes: list[Quote] = Field(description="The first ten.")
    asks: list[Ask] = Field(description="The first ten.")
    rules: str = Field(description="The version of the rules by which it was read.")
    corrected: bool = Field(description="An editor corrected what was read.")


class Remark(Model):
    """Signed words of an editor, by language."""

    words: dict[str, str]
    editor: str
    at: Instant


class Story(Model):
    """Statements that report the same thing."""

    id: Id
    page: str = Field(description="Its page for people.")
    self: str = Field(description="Its address in this API.")
    urgency: str = Field(description="The highest of its statements.", examples=["urgent"])
    themes: list[str] = Field(examples=[["prisons", "abductions"]])
    on_rights: bool
    reports: int = Field(ge=1, description="How many statements stand in it.")
    lead: Statement = Field(description="The primary source, else the earliest.")
    withdrawn: bool = Field(description="Editors took back all that was sent of it.")
    correction: Remark | None = Field(description="What was wrong in what was sent of it.")
    note: Remark | None = Field(description="What editors add.")


class StoryWhole(Story):
    """A story with its statements."""

    statements: list[Statement] = Field(description="The leading one first; 100 at most.")


class FoundTheme(Model):
    """A theme with the words that decided."""

    code: str = Field(examples=["prisons"])
    kind: str = Field(description="rights or context", examples=["rights"])
    score: float
    evidence: list[Evidence]


class QuoteRead(Quote):
    """A quote and where it stands."""

    evidence: Evidence


class AskRead(Ask):
    """A demand and where it stands."""

    evidence: Evidence


class Danger(Model):
    """A danger that the text names for sure."""

    code: str
    evidence: list[Evidence]


class Reading(Model):
    """What one version of the rules found in one revision of a statement. Named victims are not given."""

    rules: str
    revision: int = Field(ge=1)
    read_at: Instant
    in_force: bool = Field(description="Whether it is the one that counts.")
    about_nk: bool
    relevance: float
    urgency: str
    themes: list[FoundTheme]
    relevance_evidence: list[Evidence] = Field(
        description="Words are given for the present revision alone: what was edited out is not shown."
    )
    urgency_evidence: list[Evidence]
    quotes: list[QuoteRead]
    asks: list[AskRead]
    dangers: list[Danger]


class Theme(Model):
    """A subject of the catalogue."""

    code: str = Field(examples=["prisons"])
    kind: str = Field(description="rights or context: themes of context alone make no statement one on human rights.")
    names: dict[str, str] = Field(description="By language.", examples=[{"en": "Prisons, camps and torture"}])


class Source(Model):
    """A source that is read, and how it is."""

    id: str
    publisher: str
    owner: str
    role: str
    scope: str = Field(description="nk-only or all-topic")
    country: Country
    languages: list[str]
    homepage: str | None
    licence: str
    state: str = Field(
        description="ok, failing, blocked, gone, silent, gap suspected; fresh before it was first asked.",
        examples=["ok"],
    )
    state_since: Instant | None
    answered_at: Instant | None = Field(description="When it last could be read.")


class Version(Model):
    """A bulletin in one language."""

    language: Language
    subject: str = Field(description="Empty where what it names may be shown no longer.")
    fingerprint: str = Field(description="SHA-256 of what its readers share; empty where it was not kept.")
    stories: list[str] = Field(description="The stories that it tells and that may be shown, in their order.")


class Amendment(Model):
    """A correction that readers were sent."""

    number: int
    date: Instant


class Bulletin(Model):
    """An alert that was sent, or a standard edition of the digest. Readers' own digests are never listed."""

    number: int = Field(ge=1)
    kind: str = Field(description="alert or edition", examples=["alert"])
    page: str
    self: str
    date: Instant
    story: str | None = Field(description="Of an alert: its story.")
    follows: int | None = Field(description="Of an alert: the number of the one that it updates.")
    rhythm: str | None = Field(description="Of an edition: weekly or monthly.")
    window_start: Instant | None = Field(description="Of an edition: the first instant that it covers.")
    window_end: Instant | None = Field(description="Of an edition: the first instant that it covers no longer.")
    versions: list[Version]
    corrections: list[Amendment]
