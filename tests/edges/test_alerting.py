"""What is told at once, what was wrong in it, and that nothing was found: as readers get it."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as markup

from nkwatch.domain.alert import Alert, Change, ChangeKind
from nkwatch.domain.bulletin import BulletinKind, Slot
from nkwatch.domain.desk import Marks, Note, Translation
from nkwatch.domain.place import Place
from nkwatch.domain.reading import (
    Ask,
    Evidence,
    Headcount,
    Mention,
    MentionKind,
    Quote,
    Sighting,
    Urgency,
)
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Edition, Format, Rhythm, Schedule
from nkwatch.domain.surroundings import Surroundings
from nkwatch.domain.watch import Lack, Watch
from nkwatch.mail.copies import shared_html, shared_text
from nkwatch.mail.widths import columns
from tests.edges.bulletins import NOW, RETURN, WEEK, WEEKLY, composer, read, received, report, slots, story

PLACES = (
    Place("cn", "CN", {"en": "China", "ko": "중국", "ja": "中国", "fr": "Chine"}, {}),
    Place("cn.liaoning.dandong", "CN", {"en": "Dandong", "ko": "단둥", "ja": "丹東"}, {}),
    Place("cn.jilin.tumen", "CN", {"en": "Tumen", "ko": "투먼", "ja": "図們"}, {}),
    Place("kp.ryanggang.hyesan", "KP", {"en": "Hyesan", "ko": "혜산"}, {}),
)
WORDS = {"forced_return": "sent back", "detention": "arrested", "execution": "shot"}


@cache
def service():
    return composer(places=PLACES)


def seen(text, phrase, where="text"):
    start = text.index(phrase)
    return Evidence(where, start, start + len(phrase), phrase)


def danger(text, *, people=None, names=(), places=(), code="forced_return", **given):
    """A report whose first sentence names a danger; `people` is (number, phrase), `names` and `places` by phrase."""
    one = report(text=text, urgency=Urgency.URGENT, **given)
    found = {"dangers": (Sighting(code, seen(text, WORDS[code])),), "urgency_evidence": (seen(text, WORDS[code]),)}
    found["people"] = (Headcount(people[0], seen(text, people[1])),) if people else ()
    found["cases"] = tuple(Mention(seen(text, n), n, MentionKind.PERSON) for n in names)
    found["places"] = tuple(Sighting(c, seen(text, phrase)) for c, phrase in places)
    return replace(one, reading=replace(one.reading, **found))


MASS = danger(
    "About 600 people were sent back from Dandong on Friday. Buses left the detention centre before dawn. Their"
    " families have heard nothing since. We ask the authorities to say where they are.",
    people=(600, "600"),
    places=[("cn.liaoning.dandong", "Dandong")],
    title="Hundreds sent back over the bridge at Dandong",
)
RETURNED = story(
    MASS,
    report(
        "ko",
        "단둥에서 수백 명 송환",
        source="batang",
        role=Role.PRESS,
        text="금요일에 단둥에서 수백 명이 돌려보내졌다고 여러 사람이 전했다. 가족들은 소식을 듣지 못했다.",
    ),
    name="0a1b2c3d4e5f",
)
TAKEN = story(
    danger(
        "Ri Chun-ok was arrested in Hyesan on Sunday. Neighbours saw two cars. Nobody knows where she is.",
        names=["Ri Chun-ok"],
        places=[("kp.ryanggang.hyesan", "Hyesan")],
        code="detention",
        title="Woman taken from her house in Hyesan",
        id="alder-hyesan",
        themes=("detention",),
    ),
    name="1a1b2c3d4e5f",
)
SHOT = story(
    danger("Two were shot.", code="execution", title="국경에서 두 명 총살", id="alder-shot"), name="2a1b2c3d4e5f"
)
NOTE = Note((("en", "The number was wrong.\n\nIt was 60, not 600."), ("ko", "숫자가 틀렸습니다.")), "Mina Berg", NOW)
CHANGES = (
    Change(ChangeKind.PRIMARY, ("Quarry Relief",)),
    Change(ChangeKind.PEOPLE, ("2600",)),
    Change(ChangeKind.CASES, ("Ri Chun-ok", "김순희")),
    Change(ChangeKind.PLACES, ("cn.jilin.tumen", "cn.liaoning.dandong", "kp.ryanggang.hyesan", "gone")),
    Change(ChangeKind.DANGERS, ("execution", "disaster")),
    Change(ChangeKind.ASKS, ("the Chinese government",)),
)
AROUND = Surroundings(WEEK, Watch(45, 42, unreadable=(Lack("Alder Rights Desk", NOW - timedelta(days=3)),)), held=2)


def mail(*alerts, language="en", form=Format.HTML, neutral=False, by=None):
    told = alerts or (Alert(RETURNED, 12),)
    return (by or service()).alert(told, NOW, Edition(language, form, neutral))


def update(**given):
    return mail(Alert(RETURNED, 15, CHANGES, 12), **given)


def three(**given):
    return mail(Alert(RETURNED, 12), Alert(TAKEN, 13), Alert(SHOT, 14), **given)


def corrected(*, kind=BulletinKind.ALERT_CORRECTION, of=RETURNED, note=NOTE, withdrawn=False, **given):
    language, form, neutral, by = (given.get(k) for k in ("language", "form", "neutral", "by"))
    of = replace(of, marks=replace(of.marks, correction=note, withdrawn=withdrawn)) if of else None
    edition = Edition(language or "en", form or Format.HTML, bool(neutral))
    return (by or service()).correction(kind, 16, 12, note, of, edition)


def withdrawal(**given):
    return corrected(withdrawn=True, **given)


def of_digest(**given):
    return corrected(kind=BulletinKind.DIGEST_CORRECTION, **given)


def of_whole_digest(**given):
    return of_digest(of=None, **given)


def lull(*, language="en", form=Format.HTML, neutral=False, by=None, around=AROUND, schedule=WEEKLY):
    choice = Choice(schedule=schedule, edition=Edition(language, form, neutral), lull=True)
    return (by or service()).lull(around, 17, choice)


def bare(**given):
    """Alerts of which nothing is known but a title or a publisher."""
    return mail(Alert(story(report("ja", source="shiori", text="", url="", themes=())), 12), **given)


def bare_update(**given):
    nothing = story(report(title="", text="", themes=(), source="batang"))
    return mail(Alert(nothing, 15, CHANGES[:1], 12), Alert(story(report(), name=TAKEN.id), 13), **given)


KINDS = [mail, update, three, bare, bare_update, corrected, withdrawal, of_digest, of_whole_digest, lull]
EVERY_KIND = pytest.mark.parametrize("make", KINDS)
EVERY_LANGUAGE = pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])
ALARMS = (RETURNED, TAKEN, SHOT)


def got(made, **given):
    """Text and page as a reader with reasons gets them, both as one line."""
    text, page = received(made, slots(RETURN, ALARMS, **given))
    return " ".join(text.split()), visible(page)


def visible(page):
    tree = markup.document_fromstring(page)
    for hidden in tree.xpath("//head | //*[@class='preheader']"):
        hidden.drop_tree()
    return " ".join(tree.text_content().split())


def first_line(made):
    return received(made)[0].split("\n\n")[0].replace("\n", " ")


# ---- the fact


def test_an_alert_opens_with_the_fact_in_the_readers_language():
    assert first_line(mail()) == (
        "Forced return: about 600 people, Dandong (China). Alder Rights Desk, 2 November 2025."
    )
    assert visible(read(mail().html)).startswith(
        "nkwatch Forced return: about 600 people, Dandong (China) Alder Rights Desk, 2 November 2025 Urgent alert"
    )
    assert "단둥 (중국)" in first_line(mail(language="ko"))
    assert "2025년 11월 2일" in first_line(mail(language="ko"))
    # a place that has no name in a language has the English one
    assert "Dandong (Chine)" in first_line(mail(language="fr"))


def fact_of(text, **found):
    return first_line(mail(Alert(story(danger(text, **found)), 1))).split(". Alder")[0]


@pytest.mark.parametrize(
    ("text", "found", "told"),
    [
        ("One was shot.", {"people": (1, "One"), "code": "execution"}, "Execution or killing: one person"),
        ("Seven were arrested.", {"people": (7, "Seven"), "code": "detention"}, "Arrest or detention: 7 people"),
        ("600 sent back.", {"people": (600, "600")}, "Forced return: about 600 people"),
        ("2,601 sent back.", {"people": (2601, "2,601")}, "Forced return: 2,601 people"),
        ("Kim A, one man, sent back.", {"people": (1, "one"), "names": ["Kim A"]}, "Forced return: Kim A"),
        (
            "Kim A and two others sent back.",
            {"people": (3, "two others"), "names": ["Kim A"]},
            "Forced return: 3 people, Kim A",
        ),
        ("Sent back to China: sent back.", {"places": [("cn", "China")]}, "Forced return: China"),
        (
            "Tumen and Dandong: sent back.",
            {"places": [("cn.jilin.tumen", "Tumen"), ("cn.liaoning.dandong", "Dandong")]},
            "Forced return: Tumen, Dandong (China)",
        ),
        ("Nowhere: sent back.", {"places": [("gone", "Nowhere")]}, "Forced return"),
    ],
)
def test_what_was_found_is_told_and_nothing_else(text, found, told):
    assert fact_of(text, **found) == told


def test_a_number_is_written_as_in_the_readers_language():
    many = story(danger("2,600 sent back.", people=(2600, "2,600")))

    assert "2,600" in first_line(mail(Alert(many, 1)))
    assert "2 600" in first_line(mail(Alert(many, 1), language="fr"))


def test_without_a_fact_the_title_opens_an_alert():
    plain = story(report(urgency=Urgency.URGENT, title="Seven held at the border"))

    assert first_line(mail(Alert(plain, 1))) == "Seven held at the border"
    assert mail(Alert(plain, 1)).subject == "ALERT: Seven held at the border"
    assert markup.document_fromstring(read(mail(Alert(plain, 1)).html)).xpath("//h1/@lang") == ["en"]
    assert "put together by a program" not in visible(read(mail(Alert(plain, 1)).html))
    again = mail(Alert(plain, 2, (), 1))
    assert first_line(again) == "UPDATE: Seven held at the border"
    assert visible(read(again.html)).startswith("nkwatch UPDATE: Seven held at the border Update to alert no. 1")


def test_a_danger_without_a_name_of_ours_keeps_its_code():
    strange = danger("sent back")
    strange = replace(
        strange, reading=replace(strange.reading, dangers=(Sighting("flood", strange.reading.dangers[0].seen),))
    )

    assert first_line(mail(Alert(story(strange), 1))).startswith("flood. Alder")


def test_the_fact_says_whose_words_it_is_and_when_that_was_there():
    korean = danger(
        "단둥에서 sent back.", source="batang", language="ko", role=Role.PRESS, title="송환", id="b", estimated=True
    )
    both = story(report(urgency=Urgency.URGENT), korean)

    assert first_line(mail(Alert(both, 1))) == "Forced return. 바탕인권모임, first seen 2 November 2025."
    page = markup.document_fromstring(read(mail(Alert(both, 1)).html))
    assert page.xpath("//p[@class='reported']/span[@lang='ko']/text()") == ["바탕인권모임"]


def test_a_name_in_its_own_letters_is_marked_as_such():
    named = story(danger("김순희 sent back", names=["김순희"], language="ko", source="batang"))
    page = markup.document_fromstring(read(mail(Alert(named, 1)).html))

    assert page.xpath("//h1/span[@lang='ko']/text()") == ["김순희"]


# ---- one alert


def test_an_alert_tells_all_that_is_needed_to_act_on_it():
    asked = Ask(seen(MASS.statement.text, "say where they are"), "the authorities", "CN", "at once")
    lead = replace(MASS, reading=replace(MASS.reading, asks=(asked,)))
    for part in got(mail(Alert(replace(RETURNED, reports=(lead, RETURNED.reports[1])), 12))):
        for words in (
            "Hundreds sent back over the bridge at Dandong",
            "“About 600 people were sent back from Dandong on Friday. Buses left the detention centre before dawn.",
            "Asked of the authorities (at once): “say where they are”",
            "Source: Alder Rights Desk",
            "Published: 2 November 2025, 11:00 UTC",
            "Seen by us: 2 November 2025, 12:00 UTC",
            "Sent by us: 3 November 2025, 07:00 UTC",
            "Also reported by: 바탕인권모임",
            "watch.example/stories/0a1b2c3d4e5f",
            "Urgent alert · No. 12",
            "You get it because you chose: Forced return",
            "The line that an alert opens with is put together by a program",
        ):
            assert words in part


def test_beside_a_demand_stands_where_one_writes_to_that_government():
    text = MASS.statement.text
    demands = (Ask(seen(text, "say where they are"), "Beijing", "CN"), Ask(seen(text, "Buses left"), "Seoul", "KR"))
    lead = replace(MASS, reading=replace(MASS.reading, asks=demands))
    one = composer(places=PLACES, contacts={"CN": "https://write-to.example/cn", "FR": "https://write-to.example/fr"})
    alert = one.alert([Alert(replace(RETURNED, reports=(lead,)), 12)], NOW, Edition())
    page = markup.document_fromstring(read(alert.html))
    assert "Write to this government (write-to.example): https://write-to.example/cn" in " ".join(
        read(alert.text).split()
    )
    assert [a.get("href") for a in page.xpath("//a[text()='Write to this government']")] == [
        "https://write-to.example/cn"
    ]


def test_what_another_report_asks_of_another_government_is_told_too():
    text, other = MASS.statement.text, RETURNED.reports[1]
    lead = replace(MASS, reading=replace(MASS.reading, asks=(Ask(seen(text, "say where they are"), "Beijing", "CN"),)))
    asked = (Ask(seen(text, "Buses left"), "Seoul", "KR"), Ask(seen(text, "heard nothing"), "China", "CN"))
    beside = replace(other, reading=replace(other.reading, asks=asked))
    alert = composer(places=PLACES).alert([Alert(replace(RETURNED, reports=(lead, beside)), 12)], NOW, Edition())
    told = read(alert.text)
    assert "Asked of Beijing" in told
    assert "Asked of Seoul" in told
    # several reports of one story mostly ask the same in other words
    assert "Asked of China" not in told


def test_the_words_of_a_person_are_told_with_the_name():
    quote = Quote(
        Evidence("text", 0, 5, "They drove them over the bridge at night, and nobody could say a word."),
        "Maren Holt",
        "director",
    )
    lead = replace(MASS, statement=replace(MASS.statement, text="It was a quiet week. " * 3))
    lead = replace(lead, reading=replace(lead.reading, quotes=(quote,)))

    for part in got(mail(Alert(story(lead, name=RETURNED.id), 12))):
        assert "“They drove them over the bridge at night, and nobody could say a word.” Maren Holt, director" in part


def test_a_version_in_the_readers_language_leads_beside_the_original():
    page = read(mail(language="ko").html)

    assert markup.document_fromstring(page).xpath("//h2/@lang") == ["ko"]
    assert "단둥에서 수백 명 송환" in page
    assert "Hundreds sent back over the bridge at Dandong" in visible(page)


def test_an_editors_words_and_translation_are_signed():
    korean = danger("sent back", source="batang", language="ko", title="송환", id="b")
    marks = Marks(
        note=Note((("en", "Two more groups confirm it."),), "Mina Berg", NOW),
        translations=(Translation("b", "en", "Sent back", "They were sent back.", "Jun Arai", NOW),),
    )
    for part in got(mail(Alert(story(korean, marks=marks), 1))):
        assert "Note by Mina Berg, editor: Two more groups confirm it." in part
        assert "Translated by Jun Arai (editor)." in part


def test_the_subject_opens_with_the_news_and_is_short():
    assert mail().subject == "ALERT: Forced return, about 600 people, Dandong (China)"
    # a danger alone says less than the title
    assert mail(Alert(SHOT, 1)).subject == "ALERT: 국경에서 두 명 총살"


@EVERY_KIND
@EVERY_LANGUAGE
@pytest.mark.parametrize("neutral", [False, True])
def test_no_subject_is_longer_than_60_columns(make, language, neutral):
    assert columns(make(language=language, neutral=neutral).subject) <= 60


# ---- updates, and several at once


def test_an_update_says_so_first_and_what_has_changed():
    made = update()

    assert made.subject == "UPDATE: Forced return, about 600 people, Dandong (China)"
    assert first_line(made).startswith("UPDATE: Forced return: about 600 people")
    text, page = received(made)
    for part in (text.replace("* ", ""), visible(page)):
        told = " ".join(part.split())
        assert "Update to alert no. 12 · No. 15" in told
        for words in (
            "Now from a primary source: Quarry Relief",
            "More people than told before: 2,600",
            "Now named: Ri Chun-ok, 김순희",
            "Another place: Tumen, Dandong (China), Hyesan (North Korea)",
            "Another danger: Execution or killing, Disaster",
            "Now something is asked of: the Chinese government",
        ):
            assert words in told


def test_a_first_request_of_nobody_in_particular_is_told_too():
    for part in got(mail(Alert(RETURNED, 15, (Change(ChangeKind.ASKS, ("",)),), 12))):
        assert "Now something is asked" in part
        assert "Now something is asked of" not in part


def test_a_province_is_not_told_beside_its_town():
    change = Change(ChangeKind.PLACES, ("cn", "cn.jilin.tumen"))

    for part in got(mail(Alert(RETURNED, 15, (change,), 12))):
        assert "Another place: Tumen (China)" in part


def test_alerts_that_leave_together_are_told_apart():
    made = three()
    text, page = received(made, slots(RETURN, ALARMS))
    tree = markup.document_fromstring(page)

    assert made.subject == "ALERT: Forced return, about 600 people… (and 2 more)"
    assert tree.xpath("//h1/text()") == ["3 urgent alerts"]
    assert [" ".join(h.text_content().split()) for h in tree.xpath("//h2")] == [
        "Forced return: about 600 people, Dandong (China)",
        "Arrest or detention: Ri Chun-ok, Hyesan (North Korea)",
        "Execution or killing",
    ]
    assert text.startswith("1. Forced return: about 600 people")
    for number in ("No. 12", "No. 13", "No. 14"):
        assert text.count(number) == visible(page).count(number) == 1
    assert text.count("You get it because") == visible(page).count("You get it because") == 3
    assert made.stories == (RETURNED.id, TAKEN.id, SHOT.id)


def test_an_update_among_others_says_so_itself():
    made = mail(Alert(TAKEN, 13), Alert(RETURNED, 15, CHANGES, 12))

    assert made.subject.startswith("ALERT: Arrest or detention, Ri Chun-ok")
    assert "UPDATE: Forced return" in visible(read(made.html))
    assert "2. UPDATE: Forced return" in read(made.text)


def test_readers_of_the_same_alerts_share_one_composition():
    by = composer(places=PLACES)
    first = three(by=by)
    rendered = by.renders
    equal = [replace(one) for one in ALARMS]

    assert mail(*(Alert(one, 12 + n) for n, one in enumerate(equal)), by=by) is first
    assert by.renders == rendered
    # who muted a source has another story
    alone = replace(RETURNED, reports=RETURNED.reports[:1])
    assert mail(Alert(alone, 12), by=by) is not mail(by=by)
    assert "바탕인권모임" not in read(mail(Alert(alone, 12), by=by).text)


# ---- when it was wrong


def test_a_correction_says_first_what_it_is_and_then_what_was_wrong():
    made = corrected()
    text, page = received(made)

    assert made.subject == "Correction: Hundreds sent back over the bridge at Dandong"
    assert text.startswith("Correction to alert no. 12\n\n    The number was wrong.\n\n    It was 60, not 600.\n\n")
    assert visible(page).startswith("nkwatch Correction to alert no. 12 No. 16")
    for part in (" ".join(text.split()), visible(page)):
        for words in (
            "It was 60, not 600. Mina Berg, editor, 3 November 2025, 07:00 UTC",
            "If you told others of it, please tell them this too.",
            "Hundreds sent back over the bridge at Dandong",
            "You get this because alert no. 12 was sent to you.",
        ):
            assert words in part
    assert "https://watch.example/stories/0a1b2c3d4e5f" in text
    assert made.kind is BulletinKind.ALERT_CORRECTION
    assert made.stories == (RETURNED.id,)


def test_a_withdrawal_says_that_all_of_it_was_wrong():
    made = withdrawal()

    assert made.subject == "Withdrawn: Hundreds sent back over the bridge at Dandong"
    assert first_line(made) == "Withdrawn: alert no. 12"
    for part in got(made):
        assert "What was sent was wrong. Please do not use it any more." in part


def test_a_digest_can_be_corrected_as_a_whole_or_in_one_story():
    assert of_digest().subject == "Correction: Hundreds sent back over the bridge at Dandong"
    assert first_line(of_digest()) == "Correction to digest no. 12"
    assert first_line(of_digest(withdrawn=True)) == "Withdrawn: a story in digest no. 12"
    assert of_whole_digest().subject == "Correction to digest no. 12"
    assert of_whole_digest().stories == ()
    for part in got(of_whole_digest()):
        assert "You get this because digest no. 12 was sent to you." in part
        assert "What it is about" not in part


def test_the_editors_words_are_those_in_the_readers_language_where_there_are_any():
    def words(language):
        page = markup.document_fromstring(read(corrected(language=language).html))
        return [(p.get("lang"), p.text_content()) for p in page.xpath("//p[@class='own-words']")]

    assert words("ko") == [("ko", "숫자가 틀렸습니다.")]
    assert words("fr") == [("en", "The number was wrong."), ("en", "It was 60, not 600.")]


def test_an_editors_long_words_are_not_cut():
    note = Note((("en", "word " * 1500 + "end"),), "Mina Berg", NOW)

    for part in got(corrected(note=note)):
        assert part.count("word ") >= 1500


def test_corrections_are_kept_by_their_number_and_words():
    by = composer(places=PLACES)
    first = corrected(by=by)

    assert corrected(of=replace(RETURNED), by=by) is first
    assert corrected(note=replace(NOTE, words=(("en", "Other."),)), by=by) is not first
    assert withdrawal(by=by) is not first


# ---- silence


def test_a_notice_of_silence_says_since_when_and_which_sources_were_looked_at():
    made = lull()

    assert made.subject == "Nothing found since 27 October · nkwatch weekly"
    assert first_line(made) == "Nothing that you asked for has been found since 27 October"
    for part in got(made):
        for words in (
            "42 of 45 sources answered.",
            "Could not be read: Alder Rights Desk (since 31 October 2025).",
            "Editors hold back 2 stories until they have checked more.",
            "your wishes may be too narrow",
            "You get this because you asked to be told when nothing was found.",
        ):
            assert words in part
    assert made.stories == ()


def test_a_notice_without_sources_and_held_stories_leaves_those_out():
    for part in got(lull(around=Surroundings(WEEK))):
        assert "answered" not in part
        assert "hold back" not in part
    daily = Schedule(Rhythm.DAILY, zone="Pacific/Honolulu")
    assert lull(schedule=daily).subject == "Nothing found since 26 October · nkwatch daily"


def test_a_notice_is_kept_for_readers_of_one_window_and_rhythm():
    by = composer()

    assert lull(by=by) is lull(by=by, around=replace(AROUND))
    assert lull(by=by) is not lull(by=by, around=replace(AROUND, held=9))
    assert lull(by=by) is not lull(by=by, schedule=Schedule(Rhythm.DAILY))


# ---- all of them, as mail programs show them


@EVERY_KIND
@EVERY_LANGUAGE
def test_both_parts_are_whole_and_readable(make, language):
    text, page = received(make(language=language), slots(RETURN, ALARMS, phrase="heron", language=language))
    tree = markup.document_fromstring(page)

    assert "\n\n\n" not in text
    assert all(columns(line) <= 72 for line in text.splitlines() if "https://" not in line)
    assert tree.get("lang") == language
    assert len(tree.xpath("//h1")) == 1
    assert not tree.xpath("//p[not(normalize-space())] | //li[not(normalize-space())] | //ul[not(li)]")
    assert not tree.xpath("//*[@lang='']")
    ranks = [int(h.tag[1]) for h in tree.xpath("//h1 | //h2 | //h3 | //h4")]
    assert all(after <= before + 1 for before, after in pairwise(ranks))
    assert text.rstrip().endswith("heron")
    for link in ("https://watch.example/leave/leave.sub1.t", "https://watch.example/manage/manage.sub1.t"):
        assert link in text.splitlines()
        assert link in tree.xpath("//a/@href")


@EVERY_KIND
@EVERY_LANGUAGE
def test_a_preheader_says_something_else_than_the_subject(make, language):
    made = make(language=language)
    before = markup.document_fromstring(read(made.html)).xpath("string(//*[@class='preheader'])").strip()

    assert 40 <= columns(before) <= 100
    assert not before.startswith(made.subject[:20])


TELLING = re.compile(
    r"nkwatch|korea|human right|forced|return|dandong|hyesan|arrest|alert no|correct|withdrawn|nothing|seven|bridge"
    r"|북한|인권|송환|단둥|朝鮮|人権|corée|droits|renvoi",
    re.IGNORECASE,
)


@EVERY_KIND
@EVERY_LANGUAGE
def test_a_neutral_mail_tells_nothing_before_it_is_opened(make, language):
    made = make(language=language, neutral=True)
    page = markup.document_fromstring(read(made.html))

    assert made.neutral
    for shown in (
        made.subject,
        page.xpath("string(//body)")[:200],
        page.xpath("string(//*[@class='brand'])"),
        page.xpath("string(//title)"),
        page.xpath("string(//*[@role='article']/@aria-label)"),
        read(made.text)[:200],
    ):
        assert not TELLING.search(shown.replace("Your alert no.", "")), shown


@EVERY_KIND
@pytest.mark.parametrize("neutral", [False, True])
def test_a_copy_has_nothing_that_speaks_to_one_reader(make, neutral):
    made = make(neutral=neutral)
    page, text = shared_html(made), shared_text(made)

    for words in ("You get this", "You get it", "Leave this list", "phrase"):
        assert words not in visible(page)
        assert words not in text
    assert not markup.document_fromstring(page).xpath("//a[@href=''] | //p[not(normalize-space())]")


@EVERY_KIND
def test_a_text_only_reader_gets_no_page(make):
    made = make(form=Format.TEXT)

    assert made.html == ()
    assert made.text == make().text


# ---- hostile and extreme statements

HOSTILE = (
    "{{ 7*7 }}{% raw %}<script>alert(1)</script><img src=x onerror=y>\r\nBcc: all@list.example\u2028"
    "\u202egnorw\u200b\ue000leave_url\ue001\x00\ufeff\"'><a href=https://lure.example>url(x)"
)
EXTREMES = {
    "hostile": HOSTILE,
    "right to left": "أعيد مئات الأشخاص قسراً عبر الجسر \u202e\u2066",
    "one long word": "ᄀ" * 3000,
    "long latin word": "x" * 5000,
    "empty": "",
    "spaces": " \n\t ",
    "long": "A sentence of some forty letters is here. " * 400,
}
EXTREME = pytest.mark.parametrize("words", EXTREMES.values(), ids=EXTREMES)


def extreme(words):
    """A story all of whose fields are these words."""
    lead = danger(f"{words}sent back", title=words, publisher=words or " ", url="" if not words.strip() else words)
    found = Evidence("text", 0, len(words), words)
    reading = replace(
        lead.reading,
        quotes=(Quote(found, words, words),),
        asks=(Ask(found, words, "CN", words),),
        cases=(Mention(found, words),),
        released_by=words,
        language=words[:20],
    )
    told = replace(lead, reading=reading, statement=replace(lead.statement, published_estimated=True))
    note = Note(((words[:9], words or "x"),), words, NOW)
    again = (report(id=f"r{n}", source="batang", publisher=f"{words}{n}", title=words) for n in range(300))
    return story(told, *again, name="0a1b2c3d4e5f", marks=Marks(note=note, correction=note))


def made_of(words):
    one = extreme(words)
    changes = tuple(Change(kind, (words, words)) for kind in ChangeKind)
    note = one.marks.note
    for neutral in (False, True):
        yield mail(Alert(one, 12), neutral=neutral, language="ko")
        yield mail(Alert(one, 15, changes, 12), Alert(TAKEN, 13), neutral=neutral)
        yield corrected(of=one, note=note, neutral=neutral)
        yield of_digest(of=one, note=note, withdrawn=True, neutral=neutral)
    yield lull(around=Surroundings(WEEK, Watch(9, 2, unreadable=tuple(Lack(f"{words}{n}", NOW) for n in range(300)))))


@EXTREME
def test_whatever_is_written_is_only_text(words):
    for made in made_of(words):
        page = read(made.html)
        tree = markup.document_fromstring(page)

        assert not tree.xpath("//script | //img | //form | //iframe | //link | //*[@onerror]")
        assert not tree.xpath("//@style[contains(., 'url(')]")
        assert not tree.xpath("//a[contains(@href, 'lure')]")
        assert "49" not in visible(page)
        for pieces in (made.html, made.text):
            assert [p for p in pieces if p == Slot("leave_url")] == [Slot("leave_url")]
        assert not re.search("[\u202e\u2066\u200b\u2028\x00\ufeff\ue000]", made.subject + page + read(made.text))
        assert "\n" not in made.subject
        assert columns(made.subject) <= 60


@EXTREME
def test_no_mail_is_too_large_and_no_line_too_long(words):
    for made in made_of(words):
        for pieces in (made.html, made.text):
            wire = b"".join(p.body for p in pieces if not isinstance(p, Slot))
            assert len(wire) < 80_000
            assert max(map(len, wire.split(b"\r\n"))) <= 76


@EXTREME
def test_the_host_of_every_link_stands_beside_it(words):
    for made in made_of(words):
        for link in markup.document_fromstring(received(made)[1]).xpath("//a"):
            near = " ".join(link.getparent().text_content().split())
            assert link.get("href").split("/")[2] in near, near


@given(st.text(), st.text(max_size=9))
def test_any_words_of_an_editor_make_a_correction(words, language):
    made = corrected(note=Note(((language, words),), words, NOW), language="fr")

    assert read(made.text).startswith("Correction de l’alerte n° 12\n")
    assert markup.document_fromstring(read(made.html)).xpath("//h1")
