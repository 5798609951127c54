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
Code = Annotated[str, Field(description="The code of the theme; see `/themes`.", examples=["prisons"])]


class Model(BaseModel):
    """A value that only goes out."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class Evidence(Model):
    """The words that decided, and where in the publisher's text they stand (code points, end not included)."""

    field: str = Field(description="title or text", examples=["text"])
    start: int = Field(ge=0, description="Where the words begin; 0 is the first code point.")
    end: int = Field(ge=0, description="Where they end: the first code point behind them.")
    phrase: Short = Field(description="Shortened where it is longer than 300 letters.", examples=["prison camp"])


class ThemeFound(Model):
    """A theme of a statement."""

    code: Code
    score: float = Field(description="Its probability, 0 to 1; 0 where an editor put the theme.", examples=[0.94])


class Quote(Model):
    """What somebody said, word for word; speaker and role as the text has them, or empty."""

    text: Short = Field(description="The words.")
    speaker: Short = Field(description="Who says them.")
    role: Short = Field(description="What the speaker is.")


class Ask(Model):
    """What is demanded, of whom, by when, as the text has it; each part may be empty."""

    text: Short = Field(description="What is demanded.")
    addressee: Short = Field(description="Of whom.")
    country: Country = Field(description="The country of whom it is demanded: ISO 3166-1 alpha-2, or empty.")
    by: Short = Field(description="By when.")


class SourceNamed(Model):
    """Where a statement comes from."""

    id: str = Field(description="The source; see `/sources`.", examples=["hrw-en"])
    publisher: str = Field(description="Who publishes it.", examples=["Human Rights Watch"])
    owner: str = Field(description="Whom the publisher belongs to: reports of one owner do not confirm each other.")
    role: str = Field(description="statement, reprint, press or state-media", examples=["statement"])
    country: Country = Field(description="Where the publisher is: ISO 3166-1 alpha-2; empty for international ones.")
    licence: str = Field(description="What is known of the licence of its texts; empty where nothing is.")


class Statement(Model):
    """One published text as far as we may show it. The text itself is its publisher's: follow `link`."""

    id: Id = Field(description="It stays the same for ever.")
    story: Id = Field(description="The story that it stands in.")
    page: str = Field(description="Its story's page for people.")
    self: str = Field(description="Its address in this API.")
    title: str = Field(description="As published; never translated.")
    excerpt: Short = Field(description="Whole sentences from its beginning, at most 300 letters; may be empty.")
    language: Language
    link: str | None = Field(
        description="Its address at its publisher; null where it leads outside the domains of its source."
    )
    by: str = Field(description="Whose words these are: who released them, else the publisher.")
    attribution: str = Field(description="To be shown with whatever is quoted.")
    source: SourceNamed = Field(description="Where it comes from.")
    published: Instant = Field(description="When it was published, as its source says.")
    published_estimated: bool = Field(
        description="The source gave no usable date: `published` is when it was first seen."
    )
    first_seen: Instant = Field(description="When it was first seen here.")
    edited_at: Instant | None = Field(description="When an edit by its publisher was last seen.")
    revision: int = Field(ge=1, description="Which version of the text this is; 1 was never edited.")
    urgency: str = Field(description="urgent, notable or routine", examples=["notable"])
    relevance: float = Field(description="How sure it is that it is on North Korea: a sum of weights.")
    on_rights: bool = Field(description="Whether it is on human rights, not on context alone.")
    themes: list[ThemeFound] = Field(description="The most probable first.")
    quotes: list[Quote] = Field(description="The first ten.")
    asks: list[Ask] = Field(description="The first ten.")
    rules: str = Field(description="The version of the rules by which it was read.")
    corrected: bool = Field(description="An editor corrected what was read.")


class Remark(Model):
    """Signed words of an editor, by language."""

    words: dict[str, str] = Field(description="By language.")
    editor: str = Field(description="Who signs.")
    at: Instant = Field(description="When they were written.")


class Story(Model):
    """Statements that report the same thing."""

    id: Id = Field(description="It stays; a merged story leads to the one that took it in.")
    page: str = Field(description="Its page for people.")
    self: str = Field(description="Its address in this API.")
    urgency: str = Field(description="The highest of its statements.", examples=["urgent"])
    themes: list[str] = Field(description="The codes of its themes.", examples=[["prisons", "abductions"]])
    on_rights: bool = Field(description="Whether it is on human rights, not on context alone.")
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

    code: Code
    kind: str = Field(description="rights or context", examples=["rights"])
    score: float = Field(description="Its probability, 0 to 1.")
    evidence: list[Evidence] = Field(description="The words that decided.")


class QuoteRead(Quote):
    """A quote and where it stands."""

    evidence: Evidence = Field(description="Where the words stand.")


class AskRead(Ask):
    """A demand and where it stands."""

    evidence: Evidence = Field(description="Where the words stand.")


class Danger(Model):
    """A danger that the text names for sure."""

    code: str = Field(description="Which.", examples=["forced_return"])
    evidence: list[Evidence] = Field(description="The words that name it.")


class Reading(Model):
    """What one version of the rules found in one revision of a statement. Named victims are not given."""

    rules: str = Field(description="The version of the rules.")
    revision: int = Field(ge=1, description="The version of the text that was read.")
    read_at: Instant = Field(description="When it was read.")
    in_force: bool = Field(description="Whether it is the one that counts.")
    about_nk: bool = Field(description="Whether it is on North Korea.")
    relevance: float = Field(description="How sure that is: a sum of weights.")
    urgency: str = Field(description="urgent, notable or routine")
    themes: list[FoundTheme] = Field(description="The most probable first.")
    relevance_evidence: list[Evidence] = Field(
        description="Words are given for the present revision alone: what was edited out is not shown."
    )
    urgency_evidence: list[Evidence] = Field(description="The words that decided on urgency.")
    quotes: list[QuoteRead] = Field(description="The first ten.")
    asks: list[AskRead] = Field(description="The first ten.")
    dangers: list[Danger] = Field(description="The dangers that it names.")


class Theme(Model):
    """A subject of the catalogue."""

    code: str = Field(description="How it is named here and in addresses.", examples=["prisons"])
    kind: str = Field(description="rights or context: themes of context alone make no statement one on human rights.")
    names: dict[str, str] = Field(description="By language.", examples=[{"en": "Prisons, camps and torture"}])


class Source(Model):
    """A source that is read, and how it is."""

    id: str = Field(description="How it is named here and in addresses.", examples=["hrw-en"])
    publisher: str = Field(description="Who publishes it.")
    owner: str = Field(description="Whom the publisher belongs to: reports of one owner do not confirm each other.")
    role: str = Field(description="What its texts are: statement, reprint, press or state-media")
    scope: str = Field(description="Whether all of it is on North Korea: nk-only or all-topic")
    country: Country = Field(description="Where the publisher is: ISO 3166-1 alpha-2; empty for international ones.")
    languages: list[str] = Field(description="Of its texts: tags of RFC 5646.")
    homepage: str | None = Field(description="Its page for people.")
    licence: str = Field(description="What is known of the licence of its texts; empty where nothing is.")
    state: str = Field(
        description="ok, failing, blocked, gone, silent, gap suspected; fresh before it was first asked.",
        examples=["ok"],
    )
    state_since: Instant | None = Field(description="Since when it is so.")
    answered_at: Instant | None = Field(description="When it last could be read.")


class Version(Model):
    """A bulletin in one language."""

    language: Language = Field(description="A tag of RFC 5646.")
    subject: str = Field(description="Empty where what it names may be shown no longer.")
    fingerprint: str = Field(description="SHA-256 of what its readers share; empty where it was not kept.")
    stories: list[str] = Field(description="The stories that it tells and that may be shown, in their order.")


class Amendment(Model):
    """A correction that readers were sent."""

    number: int = Field(description="The number of the correction.")
    date: Instant = Field(description="When it was written.")


class Bulletin(Model):
    """An alert that was sent, or a standard edition of the digest. Readers' own digests are never listed."""

    number: int = Field(ge=1, description="All bulletins are numbered together: lists have gaps.")
    kind: str = Field(description="alert or edition", examples=["alert"])
    page: str = Field(description="Its page for people.")
    self: str = Field(description="Its address in this API.")
    date: Instant = Field(description="When it was written.")
    story: str | None = Field(description="Of an alert: its story.")
    follows: int | None = Field(description="Of an alert: the number of the one that it updates.")
    rhythm: str | None = Field(description="Of an edition: weekly or monthly.")
    window_start: Instant | None = Field(description="Of an edition: the first instant that it covers.")
    window_end: Instant | None = Field(description="Of an edition: the first instant that it covers no longer.")
    versions: list[Version] = Field(description="One for each language.")
    corrections: list[Amendment] = Field(description="What was sent to those who got it.")
