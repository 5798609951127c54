"""Invented stories in several languages, and a composer and assembler to make mails of them."""

import email
import email.policy
import quopri
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from nkwatch.catalogue.locales import load_locales
from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import Block, BulletinKind, Window
from nkwatch.domain.delivery import Claimed, Delivery
from nkwatch.domain.reading import Finding, Reading, Urgency
from nkwatch.domain.source import Role, Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Choice, Edition, Format, Schedule
from nkwatch.domain.surroundings import Surroundings
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.domain.watch import Watch
from nkwatch.editing.digests import Pick, Plan
from nkwatch.editing.matching import Reason
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.compose import Composer
from nkwatch.mail.encoding import fill

NOW = datetime(2025, 11, 3, 7, tzinfo=UTC)
WEEK = Window(NOW - timedelta(days=7), NOW)
WEEKLY = Schedule(zone="Asia/Seoul")
ANY = (Reason("any"),)
RETURN = (Reason("theme", ("refoulement",)),)
NOTHING = Watch()

THEMES = (
    Theme(
        "refoulement",
        ThemeKind.RIGHTS,
        {"en": "Forced return", "ko": "강제북송", "ja": "強制送還", "fr": "Renvois forcés"},
    ),
    Theme("detention", ThemeKind.RIGHTS, {"en": "Detention", "ko": "구금", "ja": "拘禁", "fr": "Détention"}),
)
SOURCES = {
    "alder": Source("alder", "https://alder.example/feed", "Alder Rights Desk"),
    "batang": Source("batang", "https://batang.example/rss", "바탕인권모임", zone="Asia/Seoul"),
    "shiori": Source("shiori", "https://shiori.example/", "しおりの会", zone="Asia/Tokyo", languages=("ja",)),
}
TEXTS = {
    "en": "Seven people are held at the border. Their transfer papers are signed. They must not be returned. More follows.",
    "ko": "일곱 사람이 국경에 갇혀 있다. 이송 서류는 이미 서명되었다. 그들을 돌려보내서는 안 된다. 다음 문장이다.",
    "ja": "七人が国境で拘束されている。移送の書類には署名が済んだ。送還してはならない。続きの文。",
}


def report(language="en", title="Seven held at the border", *, source="alder", url=None, link=True, **given):
    statement = Statement(
        id=given.pop("id", f"{source}-{language}"),
        source_id=source,
        publisher=given.pop("publisher", "") or SOURCES[source].publisher,
        title=title,
        url=f"https://{source}.example/news/1" if url is None else url,
        text=given.pop("text", TEXTS[language]),
        language=language,
        author="",
        published=NOW - timedelta(hours=20),
        published_estimated=given.pop("estimated", False),
        first_seen=NOW - timedelta(hours=19),
    )
    themes = tuple(Finding(code, ThemeKind.RIGHTS, 1, ()) for code in given.pop("themes", ("refoulement",)))
    urgency = given.pop("urgency", Urgency.ROUTINE)
    released_by = given.pop("released_by", "")
    role, owner = given.pop("role", Role.STATEMENT), given.pop("owner", statement.publisher)
    found = {"quotes": (), "asks": (), "places": (), "cases": ()} | given
    reading = Reading(statement.id, 1, "1", True, 1, (), themes, urgency, (), language, released_by, **found)
    return Report(statement, reading, role, owner, link)


def story(*reports, name="story0000000001", **given):
    return Story(name, reports or (report(),), NOW - timedelta(hours=1), **given)


URGENT = story(
    report(urgency=Urgency.URGENT),
    report("ko", "국경에 갇힌 일곱 사람", source="batang", urgency=Urgency.URGENT),
)
JAPANESE = story(report("ja", "七人の送還に反対する声明", source="shiori"), name="story0000000002")


@cache
def shared():
    """One composer for all tests that do not count what it does."""
    return composer()


def composer(**given):
    settings = {
        "site": "https://watch.example",
        "name": "nkwatch",
        "contact": "desk@watch.example",
        "themes": THEMES,
        "translations": load_locales(),
        "sources": SOURCES,
    }
    return Composer(**(settings | given))


def picks(stories, reasons=ANY):
    return tuple(Pick(one, reasons) for one in stories)


def digest(
    stories=(URGENT, JAPANESE),
    *,
    more=(),
    language="en",
    form=Format.HTML,
    neutral=False,
    schedule=WEEKLY,
    country="",
    by=None,
    watch=NOTHING,
    around=None,
    **given,
):
    """A digest with these stories as the leading ones; `given` are other fields of its plan."""
    plan = Plan(leads=picks(stories), more=picks(more), **given)
    choice = Choice(schedule=schedule, edition=Edition(language, form, neutral), country=country)
    return issue(by, watch=watch, around=around).composed(plan, choice)


def issue(by=None, *, watch=NOTHING, around=None):
    return (by or shared()).issue(around or Surroundings(WEEK, watch), 12)


def alert(of=URGENT, *, language="en", form=Format.HTML, neutral=False, by=None):
    return (by or shared()).alert([Alert(of, 3)], NOW, Edition(language, form, neutral))


def confirmation(schedule=WEEKLY, *, language="en", form=Format.HTML, neutral=False, by=None):
    return (by or shared()).confirmation(schedule, Edition(language, form, neutral))


def letter(kind, *, language="en", form=Format.HTML, neutral=False, by=None):
    return (by or shared()).letter(kind, Edition(language, form, neutral))


settings = partial(letter, BulletinKind.SETTINGS)
move_old = partial(letter, BulletinKind.MOVE_OLD)
move_new = partial(letter, BulletinKind.MOVE_NEW)


def slots(reasons=RETURN, stories=(URGENT, JAPANESE), *, phrase="", language="en", by=None):
    """The lines of a reader who gets each of these stories for these reasons."""
    choice = Choice(edition=Edition(language), phrase=phrase)
    return (by or shared()).slots(choice, picks(stories, reasons))


def read(pieces):
    """The decoded text of a body, slots shown as {name}."""
    wire = b"".join(p.body if isinstance(p, Block) else fill("{" + p.name + "}") for p in pieces)
    return quopri.decodestring(wire).decode().replace("\r\n", "\n")


def assembler(**given):
    settings = {
        "name": "nkwatch",
        "sender": "news@watch.example",
        "return_path": "bounce@watch.example",
        "site": "https://watch.example",
        "link": lambda purpose, subject, expires=None: (
            f"{purpose}.{subject}.{expires:%Y%m%d%H%M}" if expires else f"{purpose}.{subject}.t"
        ),
    }
    return MailAssembler(**(settings | given))


def claimed(composition, address="reader@inbox.example", slots=()):
    return Claimed(Delivery(1, "<abcdefgh@watch.example>", NOW), "sub1", address, composition, 12, "c0ffee", slots)


def received(composition, lines=(), *, by=None):
    """Text and page as a reader gets them, with these lines in the reader's own places."""
    content = (by or assembler()).assemble(claimed(composition, slots=lines)).content
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    read = {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in parts}
    return read["text/plain"], read.get("text/html", "")
