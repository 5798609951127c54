"""A digest as its readers get it: what stands in it, in which order, and what making a million of them costs."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as markup

from nkwatch.domain.bulletin import Block, Slot
from nkwatch.domain.subscriber import Choice, Edition, Format, Rhythm, Schedule
from nkwatch.domain.surroundings import Bar, Earlier, Figures, Surroundings
from nkwatch.domain.watch import Lack, Watch
from nkwatch.editing.digests import LINES, Pick, Plan, Section
from nkwatch.editing.matching import Reason
from nkwatch.mail.copies import shared_html, shared_text
from nkwatch.mail.fitting import LARGEST, fitting
from nkwatch.mail.issue import ALERTED
from nkwatch.mail.widths import columns
from tests.edges import weekly
from tests.edges.bulletins import (
    ANY,
    JAPANESE,
    NOW,
    RETURN,
    URGENT,
    WEEK,
    WEEKLY,
    assembler,
    claimed,
    composer,
    digest,
    issue,
    picks,
    read,
    received,
    report,
    shared,
    slots,
    story,
)

EVERY_LANGUAGE = pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])
HOSTILE = '<script>alert(1)</script>{{ 7*7 }}\ue000leave_url\ue001\u202e"><a href=https://lure.example>'


def service():
    return composer(sources=weekly.MORE_SOURCES, places=weekly.PLACES, contacts=weekly.CONTACTS)


@pytest.fixture(scope="module")
def rich():
    """The composer of the digest with everything in it."""
    return service()


def weekly_mail(by, language="en", **given):
    choice = weekly.choice(language, **given)
    mail = by.issue(weekly.AROUND, 12).composed(weekly.PLAN, choice)
    return mail, received(mail, by.slots(choice, weekly.PLAN.picks, weekly.EARLIER))


def tree(page):
    return markup.document_fromstring(page)


def words(element):
    return " ".join(element.text_content().split())


def visible(page):
    body = tree(page)
    for hidden in body.xpath("//head | //*[@class='preheader']"):
        hidden.drop_tree()
    return words(body)


def told(page, title):
    """What stands at the story with this title, reasons included."""
    (heading,) = tree(page).xpath(f"//h3[contains(., '{title}')]")
    block = heading.getparent()
    return f"{words(block)} {words(block.getnext())}"


# ---- the order of things


def test_a_digest_opens_with_what_matters_and_ends_with_how_complete_it_is(rich):
    _, (text, page) = weekly_mail(rich)
    headings = [(h.tag, words(h)) for h in tree(page).xpath("//h1 | //h2 | //h3")]

    assert headings == [
        ("h1", "Human rights in North Korea"),
        ("h2", "Asked of your government"),
        ("h2", "Main stories"),
        ("h3", "Seven North Koreans held in the border city of Tumen face return within days"),
        ("h3", "Statement against the return of seven people"),
        ("h2", "Detention"),
        ("h3", "Farm workers near Hyesan punished for calls abroad, three families say"),
        ("h3", "Report counts 41 detention sites in use"),
        ("h3", "Camp said to be closed"),
        ("h2", "Forced return"),
        ("h3", "Statement calling for an end to forced returns"),
        ("h2", "Sent to you as alerts"),
        ("h2", "Also in this digest"),
        ("h2", "In numbers"),
        ("h2", "Coming up"),
        ("h2", "How complete this is"),
    ]
    above = [line for rule, line in re.findall(r"^(=+)\n(.+)$", text, re.MULTILINE)]
    assert above == [words.upper() for tag, words in headings if tag == "h2"]


def test_the_stories_of_a_digest_are_named_in_full_in_a_line_and_as_alerts(rich):
    mail, _ = weekly_mail(rich)
    every = [*weekly.PLAN.picks, *weekly.PLAN.more]

    assert mail.stories == (*(p.story.id for p in every), *(s.id for s in weekly.PLAN.alerted))


def test_the_text_part_is_complete_and_fits_the_screen(rich):
    _, (text, page) = weekly_mail(rich)
    flowing = " ".join(text.split())

    for link in tree(page).xpath("//a/@href"):
        if "courier" not in link and "batang.example/news/1" not in link:
            assert link in text
    for said in ("Maren Holt, director of Quarry Relief", "Tumen", "We first wrote 14 sites.", "Editors hold back"):
        assert said in flowing
    assert all(columns(line) <= 72 for line in text.splitlines() if "https://" not in line)
    assert "\n\n\n" not in text


@EVERY_LANGUAGE
@pytest.mark.parametrize("neutral", [False, True])
def test_every_link_shows_its_host_and_nothing_is_loaded(rich, language, neutral):
    _, (_, page) = weekly_mail(rich, language, neutral=neutral)

    for link in tree(page).xpath("//a"):
        shown = words(link) + words(link.getparent())
        assert link.get("href").split("/")[2] in shown
    for forbidden in ("<img", "<script", "<form", "<link", "url(", "src="):
        assert forbidden not in page


# ---- what a reader's own government is asked


def test_what_the_readers_government_is_asked_comes_first_with_where_to_write(rich):
    _, (text, page) = weekly_mail(rich)
    (panel,) = tree(page).xpath("//div[@class='asks']")

    assert words(panel) == (
        "Asked of your government Asked of the United Kingdom (before 10 November): “raise the seven by name with"
        " Beijing” Quarry Relief, 2 November 2025 watch.example/stories/3f9c1e77aa01"
        " Write to your government (parliament.example)"
    )
    assert "Write to your government (parliament.example):\nhttps://parliament.example/write\n" in text
    assert text.index("ASKED OF YOUR GOVERNMENT") < text.index("MAIN STORIES")


@pytest.mark.parametrize("country", ["", "FR", "KR"])
def test_of_other_governments_nothing_is_told_there(rich, country):
    _, parts = weekly_mail(rich, country=country)

    assert all("your government" not in part.lower() for part in parts)


def test_without_a_page_to_write_to_only_the_demand_is_told(rich):
    _, (_, page) = weekly_mail(rich, country="CN")

    assert "halt the transfer" in words(tree(page).xpath("//div[@class='asks']")[0])
    assert "Write to your government" not in page


def test_a_copy_does_not_tell_which_government_a_reader_chose(rich):
    british, _ = weekly_mail(rich)
    other, _ = weekly_mail(rich, country="")

    assert shared_html(british) == shared_html(other)
    assert shared_text(british) == shared_text(other)


# ---- a story


def test_a_quote_with_its_speaker_is_told_where_the_opening_says_nothing(rich):
    _, (text, page) = weekly_mail(rich)
    (block,) = [b for b in tree(page).xpath("//blockquote") if "Monday" in b.text_content()]

    assert words(block) == (
        "“Their papers were signed on Thursday. If nobody speaks now, they will be gone by Monday.”"
        " Maren Holt, director of Quarry Relief Quarry Relief, 2 November 2025 watch.example/stories/3f9c1e77aa01"
    )
    assert block.xpath(".//a/@href") == ["https://watch.example/stories/3f9c1e77aa01"]
    assert "    Maren Holt, director of Quarry Relief\n    Quarry Relief, 2 November 2025\n    https://watch" in text


def test_words_stand_in_the_quotation_marks_of_their_language():
    page = read(digest((JAPANESE,), language="fr").html)

    assert "「七人が国境で拘束されている。移送の書類には署名が済んだ。送還してはならない。」" in page


def test_a_story_says_where_it_happened_in_the_readers_language(rich):
    assert "2 November 2025 · Tumen" in visible(weekly_mail(rich)[1][1])
    assert "2025년 11월 2일 · 투먼" in visible(weekly_mail(rich, "ko")[1][1])


def test_a_town_says_more_than_its_country(rich):
    seen = (*weekly.named("cn"), *weekly.named("cn.jilin.tumen"))
    mail = digest((story(report(places=seen)),), by=rich)

    assert "· Tumen" in visible(read(mail.html))


def test_what_is_asked_is_told_with_of_whom_and_by_when():
    demands = (
        weekly.ask("release them", "China", "CN", "by Friday"),
        weekly.ask("let them call home", "", "", "today"),
        weekly.ask("a third demand"),
    )
    page = told(read(digest((story(report(asks=demands)),)).html), "Seven held")
    text = read(digest((story(report(asks=demands[2:])),)).text)

    assert "Asked of China (by Friday): “release them” Asked (today): “let them call home”" in page
    assert "third" not in page
    assert "\nAsked: “a third demand”\n" in text


def test_nobody_has_looked_at_it_is_said_of_a_story_that_waits_for_an_editor(rich):
    _, (text, page) = weekly_mail(rich)

    assert told(page, "Farm workers").startswith("No editor has looked at it yet Farm workers")
    assert text.count("[No editor has looked at it yet]") == 1


def test_an_editors_words_stand_at_their_story_with_the_name(rich):
    _, (_, page) = weekly_mail(rich)
    shown = told(page, "Report counts 41")

    assert "Corrected by Mina Berg, editor, on 3 November 2025: We first wrote 14 sites. There are 41." in shown
    assert "Note by Mina Berg, editor: The figure counts sites, not camps" in shown


def test_of_a_withdrawn_story_nothing_is_repeated_but_that_it_was_wrong(rich):
    _, (text, page) = weekly_mail(rich)
    shown = told(page, "Camp said to be closed")

    assert shown.startswith("Withdrawn: what was sent of it was wrong Camp said")
    assert "The pictures were of another place." in shown
    assert "Seven people are held" not in shown + text
    assert "watch.example/stories/3f9c1e77aa05" in shown


# ---- versions in the reader's language


def test_a_report_in_the_readers_language_leads_beside_the_original():
    mail = digest((URGENT,), language="ko")
    page = read(mail.html)
    shown = told(page, "국경에 갇힌 일곱 사람")

    assert tree(page).xpath("//h3/@lang") == ["ko"]
    assert "한국어 보도. 원문: Alder Rights Desk, Seven held at the border (alder.example)" in shown
    assert tree(page).xpath("//p[@class='beside']//span[@lang]/@lang") == ["en"]
    assert "함께 보도" not in shown
    assert "원문: Alder Rights Desk, Seven held at the border https://alder.example/news/1 " in (
        " ".join(read(mail.text).split())
    )


@pytest.mark.parametrize("owner", ["바탕인권모임", "another"])
def test_a_version_of_the_same_publisher_is_called_its_translation(rich, owner):
    _, (_, page) = weekly_mail(rich)

    assert "Translation by the publisher. Original: 바탕인권모임, 강제북송 중단을 촉구하는 성명" in visible(page)
    own = [report("ko", owner=owner, source="batang"), report(owner="another", publisher="Batang in English")]
    shown = visible(read(digest((story(*own),), language="ko", by=rich).html))
    assert ("발행처 번역." in shown) == (owner == "another")


def test_an_editors_translation_is_signed_and_stands_beside_the_original(rich):
    _, (_, page) = weekly_mail(rich)
    shown = told(page, "Statement against the return")

    assert "Translated by Jun Arai (editor). Original: しおりの会, 七人の送還に反対する声明 (shiori.example)" in shown
    assert "“Seven people are detained at the border. The transfer papers have been signed.”" in shown
    # to others the statement goes as it is
    assert "Jun Arai" not in visible(weekly_mail(rich, "fr")[1][1])


def test_a_story_in_the_readers_language_has_nothing_beside_it():
    assert "Original:" not in visible(read(digest((URGENT,)).html))


# ---- what is one reader's own


def test_a_followed_name_says_when_it_was_in_the_news_last(rich):
    _, (text, page) = weekly_mail(rich)
    line = (
        "You get it because you follow: Kim Sun-hui · You follow Kim Sun-hui: last in the news on 5 August 2025"
        " with “김순희 씨 가족의 호소”."
    )

    assert told(page, "calling for an end").endswith(line)
    assert line in " ".join(text.split())


def test_a_story_is_not_its_own_past():
    earlier = {"Otto": Earlier(URGENT.id, "Seven held", "en", NOW), "Kim": Earlier("x", "Other", "en", NOW)}
    follows = (Reason("case", ("Otto", "Lee")),)
    lines = dict(shared().slots(Choice(), picks((URGENT,), follows), earlier))

    assert lines[f"reasons_{URGENT.id}"] == "You get it because you follow: Otto, Lee"


def test_alerts_over_the_cap_are_counted():
    assert "1 of these was an alert beyond the 5 sent a day." in visible(read(digest(beyond=1).html))
    three = digest(beyond=3, by=composer(per_day=2))
    assert "3 of these were alerts beyond the 2 sent a day." in " ".join(read(three.text).split())
    assert "sent a day" not in visible(read(digest().html))


# ---- what is around the stories


def test_bars_are_cells_with_their_numbers_in_words(rich):
    _, (text, page) = weekly_mail(rich)

    assert "Everything that came in, whatever you chose: 34 stories, usually 28." in " ".join(text.split())
    assert "\nForced return  ████████████████████ 12, usually 7\nDetention      █████████████ 8, usually 9\n" in text
    assert tree(page).xpath("//td[@class='track']/table/@width") == ["100%", "67%", "8%"]
    assert [words(label) for label in tree(page).xpath("//td[@class='label']")][:2] == [
        "Forced return: 12, usually 7",
        "Detention: 8, usually 9",
    ]


def test_numbers_without_a_past_are_told_alone():
    alone = Surroundings(WEEK, figures=Figures(4, None, (Bar("refoulement", 4),)))
    text = read(digest(around=alone).text)

    assert "whatever you chose: 4 stories." in text
    assert "usually" not in text


def test_what_is_coming_has_its_days_place_and_age(rich):
    _, (text, page) = weekly_mail(rich)

    assert "Interactive dialogue with the Special Rapporteur (un.example) 10 November 2025, Geneva · as of 1 Oct" in (
        visible(page)
    )
    assert "* 북한인권 국제대회\n  12–14 Nov 2025, 서울 · as of 15 September 2025\n" in text.replace("\u2009", "")


TOLD = (
    "42 of 45 sources answered. Could not be read: Alder Rights Desk (since 31 October 2025)."
    " Could be read only in part: Quarry Relief. Silent for longer than usual: しおりの会 (since 24 September 2025)."
)


def test_a_digest_tells_which_sources_did_not_answer_since_when_and_what_is_held_back(rich):
    mail, (text, page) = weekly_mail(rich)

    for part in (visible(page), " ".join(text.split())):
        assert TOLD in part
        assert "Editors hold back 2 stories until they have checked more." in part
    assert "https://watch.example/sources" in tree(page).xpath("//a/@href")
    assert "\nhttps://watch.example/sources\n" in text
    assert "42 of 45 sources" in shared_text(mail)


@EVERY_LANGUAGE
def test_the_state_of_the_sources_is_told_in_every_language(rich, language):
    _, (_, page) = weekly_mail(rich, language)
    shown = visible(page)

    for said in ("42", "45", "Alder Rights Desk", "Quarry Relief", "しおりの会"):
        assert said in shown
    assert ("sources answered" in shown) == (language == "en")


def test_without_anything_around_nothing_is_said_of_it():
    mail = digest()

    for part in (read(mail.html), read(mail.text)):
        for said in ("answered", "/sources", "In numbers", "Coming up", "How complete", "hold back"):
            assert said not in part


def test_five_publishers_are_named_and_the_rest_is_counted():
    page = visible(read(digest(watch=Watch(9, 2, unreadable=tuple(map(Lack, "ABCDEFG")))).html))

    assert "Could not be read: A, B, C, D, E and 2 more." in page
    assert "Silent" not in page


# ---- what is shared


def test_readers_with_one_plan_share_one_composition_whatever_they_follow():
    one = composer()
    window = issue(one)
    plan, choice = Plan(leads=picks((URGENT, JAPANESE))), Choice(schedule=WEEKLY)
    first = window.composed(plan, choice)
    before = one.renders
    chosen = [ANY, RETURN, (Reason("source", ("alder",)),), (Reason("word", ("Hoeryong",)), Reason("case", ("오토",)))]

    for n in range(1000):
        assert window.composed(plan, replace(choice, phrase=f"phrase {n}", lull=bool(n % 2))) is first
        slots(chosen[n % 4], by=one)

    # one line for each shape of reasons (everything, chosen, followed), and none for each reader
    assert one.renders - before == 3


def test_where_every_plan_differs_nothing_is_rendered_and_every_block_is_one_that_others_have():
    one = service()
    window = one.issue(weekly.AROUND, 12)
    many = [replace(weekly.WAITING, id=f"s{n}") for n in range(12)]
    choice = weekly.choice()

    def plan(n, last):
        order = picks((many[n], *many[:n], *many[n + 1 : last]))
        return Plan(order[:2], (Section("detention", order[2:5]), Section("refoulement", order[5:8])), order[8:])

    kept = [window.composed(plan(n, last), choice) for n in range(10) for last in (10, 11, 12)]
    before, blocks = one.renders, {id(b) for mail in kept for b in mail.blocks}
    # all are new plans, most in an order that nobody had
    again = [window.composed(plan(n, last), choice) for n in range(10) for last in (10, 11, 12)]

    assert one.renders == before
    assert {id(b) for mail in again for b in mail.blocks} <= blocks
    assert len({b.id for mail in kept for b in mail.blocks}) < 100


def test_a_phrase_costs_its_own_line_and_nothing_else():
    one = composer()
    slots(by=one)
    before = one.renders
    slots(phrase="heron on the third stone", by=one)

    assert one.renders - before == 1


def test_other_windows_render_only_what_tells_of_them():
    one = composer()
    digest(by=one)
    before = one.renders
    digest(by=one, watch=Watch(3, 3))

    # subject, body, counts, heading, why, list of lines, further stories, surroundings: text and page; no story
    assert one.renders - before == 15


def test_a_corrected_story_is_rendered_again():
    window = issue()
    lead = URGENT.reports[0]
    edited = replace(lead, statement=replace(lead.statement, title="Eight held at the border", revision=2))

    for of, title in (
        (URGENT, "Seven held"),
        (replace(URGENT, reports=(edited,)), "Eight held"),
        (URGENT, "Seven held"),
    ):
        page = read(window.composed(Plan(leads=picks((of,))), Choice()).html)
        assert tree(page).xpath("//h3")[0].text.startswith(title)


def test_who_muted_a_source_gets_the_story_without_its_report():
    window = issue()
    heard = replace(URGENT, reports=URGENT.reports[1:])
    pages = [read(window.composed(Plan(leads=picks((of,))), Choice()).html) for of in (URGENT, heard, URGENT)]

    assert "Alder" not in visible(pages[1])
    assert pages[0] == pages[2]


def test_readers_in_two_zones_have_all_but_the_hour_in_common():
    window = issue()
    plan = Plan(leads=picks((URGENT, JAPANESE)))
    seoul, utc = (window.composed(plan, Choice(schedule=Schedule(zone=zone))) for zone in ("Asia/Seoul", "UTC"))
    daily = window.composed(plan, Choice(schedule=Schedule(Rhythm.DAILY)))

    assert len({b.id for b in seoul.blocks} - {b.id for b in utc.blocks}) == 2
    assert "nkwatch daily" in daily.subject


# ---- how large it may be


def weigh(mail, lines=()):
    """The octets of the HTML as sent, with what stands in the reader's own places."""
    content = assembler().assemble(claimed(mail, slots=lines)).content
    return len(content.split(b"text/html", 1)[1])


def monster(n, size=10_000):
    """A story of somebody who wants to fill the mail."""
    said = "북한 주민 송환 중단. " * size
    demands = tuple(weekly.ask(f"{n}{k} {said}", said, "GB", said) for k in range(9))
    others = [
        report(source="alder", publisher=f"{k}{said}", id=f"m{n}-{k}", url=f"https://a.example/{said[:300]}")
        for k in range(8)
    ]
    return story(report("ko", said, source="batang", text=said, asks=demands, id=f"m{n}"), *others, name=f"m{n:014d}")


@EVERY_LANGUAGE
def test_no_data_makes_a_digest_larger_than_programs_show(language):
    long = "북한" * 50
    follows = (Reason("word", tuple(f"{n}{long}"[:100] for n in range(50))),)
    many = [Pick(monster(n, 400), follows) for n in range(60)]
    sections = tuple(Section(f"theme{n}", tuple(many[3 + n * 3 : 6 + n * 3])) for n in range(5))
    plan = Plan(tuple(many[:3]), sections, tuple(many[18:48]), tuple(p.story for p in many[20:60]), 5)
    one = composer(contacts=weekly.CONTACTS)
    choice = Choice(edition=Edition(language), country="GB", phrase="&" * 100)
    coming = tuple(replace(c, title=long * 20, place=long * 20) for c in weekly.AROUND.coming) * 20
    gaps = tuple(Lack(f"{n}{long * 3}", NOW) for n in range(20))
    around = replace(weekly.AROUND, coming=coming, watch=Watch(60, 0, gaps, gaps, gaps))
    earlier = {word: Earlier("x", long * 9, "ko", NOW) for word in follows[0].values}

    mail = one.issue(around, 12).composed(plan, choice)

    assert weigh(mail, one.slots(choice, plan.picks, earlier)) <= LARGEST
    assert len(mail.stories) > ALERTED
    assert "further stories" in " ".join(read(mail.text).split()) or language != "en"


def test_twenty_ordinary_stories_are_told_in_full():
    text = "A sentence of some forty letters is here. " * 40
    many = [
        story(report(text=text, id=f"o{i}"), report("ko", source="batang", id=f"p{i}"), name=f"s{i:014d}")
        for i in range(60)
    ]
    lines = slots(
        (Reason("theme", ("refoulement", "detention")), Reason("word", ("Hoeryong",))), many[:20], phrase="x" * 60
    )
    mail = digest(many[:20], more=many[20:])

    assert len(tree(read(mail.html)).xpath("//h3")) == 20
    assert weigh(mail, lines) <= LARGEST
    assert len(mail.stories) == 60


def test_what_does_not_fit_in_full_gets_a_line_and_is_still_named():
    many = [monster(n, 400) for n in range(20)]
    mail = digest(many)
    titles = len(tree(read(mail.html)).xpath("//h3"))

    assert 1 <= titles < 20
    assert len(tree(read(mail.html)).xpath("//li[@class='item']")) == 20 - titles
    assert mail.stories == tuple(s.id for s in many)


def test_a_section_without_room_has_no_heading():
    many = picks([monster(n, 400) for n in range(21)])
    plan = Plan(many[:20], (Section("detention", many[20:]),))
    page = read(issue().composed(plan, Choice()).html)

    assert [words(h) for h in tree(page).xpath("//h2")] == ["Main stories", "Also in this digest"]


def test_alerts_without_room_are_counted():
    page = visible(read(digest(alerted=(JAPANESE,) * (ALERTED + 7)).html))

    assert page.count("七人の送還に反対する声明 (watch.example)") == ALERTED
    assert "There are 7 further stories." in page


WEIGHTS = st.lists(st.integers(1, 100), max_size=60)


@given(WEIGHTS, WEIGHTS, st.integers(0, 4000))
def test_as_much_is_told_in_full_as_fits(full, more, room):
    lines = [1 + weight // 10 for weight in (*full, *more)]
    told, count = fitting(full, lines, room)

    def used(told, count):
        return sum(full[:told]) + sum(lines[told : told + count])

    assert used(told, count) <= room or (told, count) == (0, 0)
    assert told <= len(full)
    assert count <= min(LINES, len(lines) - told)
    if told < len(full):
        assert used(told + 1, min(LINES, len(lines) - told - 1)) > room
    if told:
        assert count == min(LINES, len(lines) - told)


# ---- hostile words


def test_hostile_words_in_every_place_are_only_text(rich):
    said = weekly.ask(HOSTILE, HOSTILE, "GB", HOSTILE)
    marks = replace(
        weekly.NOTED.marks,
        note=replace(weekly.NOTED.marks.note, words=((HOSTILE, HOSTILE),), editor=HOSTILE),
        translations=tuple(
            replace(t, title=HOSTILE, text=HOSTILE, editor=HOSTILE, statement_id="shiori-ja")
            for t in weekly.TRANSLATED.marks.translations
        ),
    )
    quote = replace(weekly.HELD.reports[0].reading.quotes[0], speaker=HOSTILE, role=HOSTILE)
    first = report("ja", HOSTILE, source="shiori", asks=(said,), publisher=HOSTILE)
    second = report("ko", HOSTILE, source="batang", quotes=(quote,), text="Nothing.", publisher=HOSTILE)
    of = [replace(story(first), marks=marks), story(second, name="s2"), story(first, second, name="s3")]
    coming = replace(
        weekly.AROUND.coming[0], title=HOSTILE, place=HOSTILE, url=f"javascript:{HOSTILE}", language=HOSTILE
    )
    around = replace(weekly.AROUND, coming=(coming,), watch=Watch(1, 0, (Lack(HOSTILE),), (Lack(HOSTILE),)))
    mail = rich.issue(around, 1).composed(Plan(leads=picks(of), alerted=tuple(of)), weekly.choice())
    page = read(mail.html)

    assert "49" not in visible(page)
    assert visible(page).count("{{ 7*7 }}") > 15
    assert not tree(page).xpath("//script | //img | //*[@onerror] | //a[contains(@href, 'lure')]")
    assert not [a for a in tree(page).xpath("//a/@href") if not a.startswith(("https://", "{"))]
    assert [p for p in mail.html if p == Slot("leave_url")] == [Slot("leave_url")]
    assert not re.search("[\u202e\ue000\ue001]", mail.subject + page + read(mail.text))


# ---- neutral editions


def test_a_neutral_digest_says_the_same_inside_and_shares_its_stories(rich):
    open_mail, (_, page) = weekly_mail(rich)
    hidden, (text, other) = weekly_mail(rich, neutral=True)
    titles = [words(h) for h in tree(page).xpath("//h3")]

    assert [words(h) for h in tree(other).xpath("//h3")] == titles
    assert hidden.subject == "Your digest of 3 November"
    assert text.startswith("Reading list\nYour digest of 3 November\n")
    assert len({b.id for b in hidden.blocks} - {b.id for b in open_mail.blocks}) <= 6


def test_a_text_only_digest_is_the_text_part(rich):
    whole, _ = weekly_mail(rich)
    text_only, (text, page) = weekly_mail(rich, format=Format.TEXT)

    assert text_only.text == whole.text
    assert text_only.stories == whole.stories
    assert (text_only.html, page) == ((), "")
    assert all(isinstance(p, Block | Slot) for p in text_only.text)
    assert text
