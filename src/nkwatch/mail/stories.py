"""What templates see of a story: what leads for readers of a language, what stands beside it, what is to be copied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from nkwatch.domain.desk import Note, Translation
from nkwatch.domain.place import depth
from nkwatch.domain.reading import Ask, Urgency
from nkwatch.domain.story import Report, Story
from nkwatch.mail.excerpt import excerpt
from nkwatch.mail.quoting import Copied, copied, quoted
from nkwatch.mail.views import Address, Name, Names, OtherReport, address, carrier, name_of, plain, tag
from nkwatch.mail.widths import shorten

#: How many of the other reports are named one by one, and how many demands are told.
NAMED_REPORTS, TOLD_ASKS = 5, 2
#: Room for titles, demands, editors' words, and for a phrase (an addressee, a term), in columns.
TITLE_WIDTH, ASK_WIDTH, NOTE_WIDTH, PHRASE_WIDTH = 240, 300, 900, 100


@dataclass(frozen=True, slots=True)
class AskView:
    """What is asked, word for word, in `language`; of whom and by when are empty where the text does not say.

    `country` is the code of the addressee's.
    """

    what: str
    language: str
    addressee: str
    until: str
    by: Name
    country: str

    @property
    def quoted(self) -> str:
        """The demand in quotation marks."""
        return quoted(self.what, self.language)


@dataclass(frozen=True, slots=True)
class Beside:
    """The original of a version that leads; `translator` is the editor who made that, else empty.

    `translated` is whether its publisher itself wrote the version; else that is another's report.
    """

    title: str
    language: str
    by: Name
    address: Address
    translated: bool
    translator: str


@dataclass(frozen=True, slots=True)
class NoteView:
    """What an editor says of a story, signed."""

    words: str
    language: str
    editor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story for readers of one language; `language` is that of title and excerpt, empty if not known.

    `by` is whose words these are, `via` the publisher that only passed them on, None where that is the same. `copied`
    is the excerpt or a quote, whichever says more.
    """

    id: str
    urgent: bool
    unreviewed: bool
    withdrawn: bool
    title: str
    language: str
    by: Name
    via: Name | None
    published: datetime
    estimated: bool
    seen: datetime
    place: str
    themes: tuple[str, ...]
    excerpt: str
    copied: Copied
    asks: tuple[AskView, ...]
    original: Address
    permanent: Address
    mentions: tuple[OtherReport, ...]
    further: int
    beside: Beside | None = None
    note: NoteView | None = None
    correction: NoteView | None = None


def story_view(names: Names, story: Story, language: str, *, width: int = 400, most: int = 3) -> StoryView:
    """The view of `story`; its excerpt has at most `most` sentences in `width` columns."""
    translation = _useful(story, language)
    lead = story.lead if translation else story.lead_in(language)
    said, spoken = lead.statement, language if translation else tag(lead.reading.language or lead.statement.language)
    title, text = (translation.title, translation.text) if translation else (said.title, said.text)
    title = shorten(plain(title), TITLE_WIDTH)
    opening = excerpt(plain(text, lines=True), title=title, width=width, most=most)
    mentions = _mentions(story, lead)
    return StoryView(
        id=story.id,
        urgent=story.urgency is Urgency.URGENT,
        unreviewed=story.unreviewed,
        withdrawn=story.marks.withdrawn,
        title=title or shorten(opening, 80) or shorten(plain(lead.by), TITLE_WIDTH),
        language=spoken,
        by=name_of(lead.by, said),
        via=carrier(said, lead.by),
        published=said.published.astimezone(names.zone(said)),
        estimated=said.published_estimated,
        seen=said.first_seen,
        place=_place(names, story, lead, language),
        themes=tuple(names.theme(code, language) for code in story.themes),
        excerpt=opening,
        copied=Copied(opening, spoken) if translation else copied(opening, lead.reading, spoken, width),
        asks=tuple(islice(asks(story, lead), TOLD_ASKS)),
        original=address(said.url, trusted=lead.link),
        permanent=address(f"{names.site}/stories/{story.id}"),
        mentions=tuple(islice(mentions, NAMED_REPORTS)),
        further=max(0, len(mentions) - NAMED_REPORTS),
        beside=_beside(story, lead, translation),
        note=_note(story.marks.note, language),
        correction=_note(story.marks.correction, language),
    )


def asks(story: Story, lead: Report, country: str = "") -> Iterator[AskView]:
    """What the story asks (of this country, where one is given): first what its `lead` asks, then others' demands.

    Several reports of one story mostly ask the same in other words. So without a country others add what is asked of
    governments of which nothing was asked yet.
    """
    told: set[str] = set()
    addressed: set[str] = set()
    for report in (lead, *(r for r in (story.lead, *story.others) if r is not lead)):
        found = [a for a in report.reading.asks if (a.country == country if country else a.country not in addressed)]
        for ask in found:
            view = _ask(ask, report)
            if view.what not in told:
                told.add(view.what)
                yield view
        # who is asked in no country's name is most likely one of those
        addressed.update(*({ask.country, ""} for ask in found))


def countries(story: Story) -> frozenset[str]:
    """The countries of whose governments something is asked."""
    return frozenset(ask.country for report in story.reports for ask in report.reading.asks) - {""}


def _useful(story: Story, language: str) -> Translation | None:
    """An editor's translation, where the leading text is not in that language anyway."""
    return None if story.lead.statement.language[:2] == language else story.translation(language)


def _ask(ask: Ask, report: Report) -> AskView:
    addressee, until = (shorten(plain(words), PHRASE_WIDTH) for words in (ask.addressee, ask.by))
    language = tag(report.reading.language or report.statement.language)
    what = shorten(plain(ask.what.phrase), ASK_WIDTH)
    return AskView(what, language, addressee, until, name_of(report.by, report.statement), ask.country)


def _beside(story: Story, lead: Report, translation: Translation | None) -> Beside | None:
    first = story.lead
    if lead is first and translation is None:
        return None
    said = first.statement
    return Beside(
        title=shorten(plain(said.title), TITLE_WIDTH),
        language=tag(first.reading.language or said.language),
        by=name_of(first.by, said),
        address=address(said.url, trusted=first.link),
        translated=lead.statement.publisher == said.publisher or lead.owner == first.owner,
        translator=shorten(plain(translation.editor), PHRASE_WIDTH) if translation else "",
    )


def _note(note: Note | None, language: str) -> NoteView | None:
    if note is None:
        return None
    spoken, words = note.told_in(language)
    editor = shorten(plain(note.editor), PHRASE_WIDTH)
    return NoteView(shorten(plain(words), NOTE_WIDTH), tag(spoken), editor, note.at)


def _place(names: Names, story: Story, lead: Report, language: str) -> str:
    """The first place that the leading report names, else the first that any names; a whole country says less."""
    reports: Iterable[Report] = (lead, *story.reports)
    codes = [seen.code for report in reports for seen in report.reading.places]
    found = (names.place(code, language) for code in sorted(codes, key=lambda code: depth(code) == 1))
    return next(filter(None, found), "")


def _mentions(story: Story, lead: Report) -> tuple[OtherReport, ...]:
    """Everybody else whose words report the story, each once, in the order of their reports.

    Whose original stands beside a version that leads is not named again.
    """
    first: dict[str, Report] = {}
    for report in (story.lead, *story.others):
        first.setdefault(report.by, report)
    others = [r for by, r in first.items() if by not in {lead.by, story.lead.by}]
    return tuple(OtherReport(name_of(r.by, r.statement), address(r.statement.url, trusted=r.link)) for r in others)
