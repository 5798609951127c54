"""What readers see, and what sharing saves."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as markup

from nkwatch.catalogue.locales import load_locales
from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Slot
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Format, Rhythm, Schedule
from nkwatch.editing.digests import Pick
from nkwatch.editing.matching import Reason
from nkwatch.mail.copies import shared_html, shared_text
from nkwatch.mail.encoding import OWN_BEGINS, OWN_ENDS
from nkwatch.mail.widths import columns
from tests.edges.bulletins import (
    ANY,
    JAPANESE,
    RETURN,
    URGENT,
    alert,
    assembler,
    composer,
    confirmation,
    digest,
    move_new,
    move_old,
    read,
    received,
    report,
    settings,
    shared,
    slots,
    story,
)

TEMPLATES = Path(str(files("nkwatch") / "templates"))
KINDS = [digest, alert, confirmation, settings, move_old, move_new]
EVERY_KIND = pytest.mark.parametrize("make", KINDS, ids=lambda make: make().kind.value)
EVERY_LANGUAGE = pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])


def visible(page):
    """The text that a reader sees on the page."""
    tree = markup.document_fromstring(page)
    for hidden in tree.xpath("//head | //*[@class='preheader']"):
        hidden.drop_tree()
    return " ".join(tree.text_content().split())


# ---- what a digest shows


def test_a_digest_tells_everything_about_a_story():
    page = visible(read(digest().html))

    assert "Seven held at the border" in page
    assert "Alder Rights Desk · 2 November 2025" in page
    assert "Seven people are held at the border." in page
    assert "They must not be returned." in page
    assert "More follows" not in page
    assert "Also reported by: 바탕인권모임 (batang.example)" in page
    assert "27 Oct – 3 Nov 2025" in page.replace("\u2009", " ")
    assert "No. 12" in page
    assert "2 stories" in page
    assert "every week on Monday at 07:00 (Seoul)" in page
    assert "not the NGO NK Watch in Seoul (nkwatch.org)" in page
    assert "desk@watch.example" in page


def test_the_text_part_tells_the_same_and_fits_the_screen():
    text, _ = received(digest(), slots())

    for words in (
        "[Urgent]\nSeven held at the border\n",
        "Alder Rights Desk, 2 November 2025",
        "https://alder.example/news/1",
        "https://watch.example/stories/story0000000001",
        "Also reported by: 바탕인권모임",
        "\nhttps://watch.example/leave/leave.sub1.t\n",
    ):
        assert words in text
    assert all(columns(line) <= 72 for line in text.splitlines() if "https://" not in line)
    assert "\n\n\n" not in text


def test_only_urgent_stories_are_called_urgent():
    assert "Urgent" in visible(read(digest((URGENT,)).html))
    assert "Urgent" not in visible(read(digest((JAPANESE,)).html))


def test_a_statement_keeps_its_own_language_inside_another_frame():
    page = markup.document_fromstring(read(digest((JAPANESE,), language="fr").html))

    assert page.get("lang") == "fr"
    assert page.xpath("//h3/@lang") == ["ja"]
    assert page.xpath("//blockquote/p/@lang") == ["ja"]
    assert page.xpath("//span[@lang='ja']/text()") == ["しおりの会", "しおりの会"]


def test_stories_beyond_the_full_ones_get_a_line_each_and_are_counted():
    page = visible(read(digest((URGENT,), more=(JAPANESE,)).html))

    assert "2 stories" in page
    assert "Also in this digest 七人の送還に反対する声明 (watch.example) しおりの会, 2 November 2025" in page


def test_what_has_no_room_is_counted_and_the_site_is_named():
    made = digest((URGENT,), more=(JAPANESE,) * 45)
    for part in (read(made.html), read(made.text)):
        assert "There are 5 further stories." in " ".join(part.split())
    assert "further" not in read(digest((URGENT,), more=(JAPANESE,) * 40).text)


def test_an_estimated_date_is_not_shown_as_the_publishers():
    assert "first seen 2 November 2025" in visible(read(digest((story(report(estimated=True)),)).html))


def test_a_story_without_title_text_or_address_is_still_told():
    page = visible(read(digest((story(report(title="", text="", url="", themes=())),)).html))

    assert "Alder Rights Desk" in page
    assert "The publisher gives no address for it." in page


def test_a_link_that_leads_elsewhere_is_shown_as_text_and_is_no_link():
    strange = story(report(url="https://lure.example/page", link=False))
    mail = digest((strange,))

    assert "lure.example/page" in visible(read(mail.html))
    assert not markup.document_fromstring(read(mail.html)).xpath("//a[contains(@href, 'lure')]")
    assert "lure.example/page" in read(mail.text)
    assert "https://lure.example" not in read(mail.text)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://alder.example@lure.example/", "data:text/html,x", "https://[broken", "//x"]
)
def test_what_is_no_honest_web_address_is_never_linked(url):
    mail = digest((story(report(url=url)),))
    targets = markup.document_fromstring(read(mail.html)).xpath("//a/@href")

    assert {t for t in targets if not t.startswith("{")} == {"https://watch.example/stories/story0000000001"}


def test_a_host_with_other_letters_is_shown_in_punycode():
    page = read(digest((story(report(url="https://аlder.example/наука?q=북")),)).html)

    assert "(xn--lder-43d.example)" in visible(page)
    assert 'href="https://xn--lder-43d.example/%D0%BD%D0%B0%D1%83%D0%BA%D0%B0?q=%EB%B6%81"' in page


# ---- whose words they are


def test_a_reprint_names_who_released_it_and_then_who_passed_it_on():
    reprint = story(report(released_by="Quarry Relief", role=Role.REPRINT))
    mail = digest((reprint,))
    page, text = visible(read(mail.html)), read(mail.text)

    assert "Quarry Relief · via Alder Rights Desk · 2 November 2025" in page
    assert "Quarry Relief, via Alder Rights Desk, 2 November 2025" in text
    assert "Source: Quarry Relief, via Alder Rights Desk" in visible(read(alert(reprint).html))
    assert "Source: Quarry Relief, via Alder Rights Desk" in read(alert(reprint).text)


@pytest.mark.parametrize(
    ("language", "words"),
    [("ko", "Alder Rights Desk 경유"), ("ja", "Alder Rights Desk経由"), ("fr", "via Alder Rights Desk")],
)
def test_who_passed_a_text_on_is_said_in_the_readers_language(language, words):
    reprint = story(report(released_by="Quarry Relief"))

    assert f"Quarry Relief · {words}" in visible(read(digest((reprint,), language=language).html))


def test_a_publisher_that_releases_its_own_words_is_named_once():
    assert "via" not in visible(read(digest((story(report(released_by="Alder Rights Desk")),)).html)).split()


def test_a_reprint_of_the_leading_text_is_not_counted_as_another_report():
    own = report(publisher="Quarry Relief", id="own")
    reprints = [report(released_by="Quarry Relief", role=Role.REPRINT, id=f"again{n}") for n in range(2)]
    korean = report("ko", source="batang", role=Role.PRESS)
    page = visible(read(digest((story(own, *reprints, korean),)).html))

    assert "Also reported by: 바탕인권모임 (batang.example)" in page
    assert "Alder Rights Desk" not in page


def test_the_organisation_behind_several_reprints_is_mentioned_once():
    others = [report(released_by="Quarry Relief", role=Role.REPRINT, id=f"again{n}") for n in range(3)]
    page = visible(read(digest((story(report(), *others),)).html))

    assert page.count("Quarry Relief") == 1


# ---- what stands in the reader's own places

FOLLOWED = (Reason("word", ("송환",)), Reason("case", ("Otto Warmbier",)))


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        (RETURN, "You get it because you chose: Forced return"),
        ((*RETURN, Reason("source", ("alder",))), "You get it because you chose: Forced return, Alder Rights Desk"),
        ((*RETURN, Reason("theme", ("refoulement", "gone"))), "You get it because you chose: Forced return, gone"),
        ((Reason("role", ("press", "state-media")),), "You get it because you chose: press, North Korean state media"),
        (FOLLOWED, "You get it because you follow: 송환, Otto Warmbier"),
        ((*ANY, *FOLLOWED), "You get it because you follow: 송환, Otto Warmbier"),
        (
            (*FOLLOWED, *RETURN),
            "You get it because you chose: Forced return; and because you follow: 송환, Otto Warmbier",
        ),
    ],
)
def test_each_story_says_why_it_is_sent(reasons, words):
    text, page = received(digest(), slots(reasons))

    assert visible(page).count(words) == 2
    assert " ".join(text.split()).count(words) == 2
    assert "You chose every story" not in visible(page) + text
    assert words in visible(received(alert(), slots(reasons, (URGENT,)))[1])


@pytest.mark.parametrize("make", [digest, alert])
def test_a_reader_who_chose_everything_is_told_so_once(make):
    text, page = received(make(), slots(ANY))

    for part in (" ".join(text.split()), visible(page)):
        assert "You get it because" not in part
        assert part.count("You chose every story on human rights in North Korea.") == 1


def test_what_came_only_because_everything_was_chosen_says_so_beside_what_was_followed():
    choice = Choice(wishes=())
    lines = shared().slots(choice, [Pick(URGENT, ANY), Pick(JAPANESE, FOLLOWED)])
    page = visible(received(digest(), lines)[1])

    assert page.count("You get it because you chose every story.") == 1
    assert page.count("You get it because you follow: 송환, Otto Warmbier") == 1


@pytest.mark.parametrize("make", [digest, alert, settings, move_old])
def test_every_genuine_mail_carries_the_readers_phrase(make):
    text, page = received(make(), slots(phrase="왜가리 <b>on</b>\u202e the third stone"))

    for part in (text, visible(page)):
        assert part.rstrip().endswith("Your own phrase, in every genuine mail: 왜가리 <b>on</b> the third stone")
    assert "Your own phrase" not in "".join(received(make(), slots()))


@pytest.mark.parametrize("make", [confirmation, move_new])
def test_an_address_that_may_be_a_strangers_is_not_told_the_phrase(make):
    assert "heron" not in "".join(received(make(), slots(phrase="heron on the third stone")))


def test_these_lines_are_in_the_readers_language():
    korean = dict(slots(RETURN, phrase="heron", language="ko"))

    assert "강제북송" in korean["reasons_story0000000001"]
    assert dict(slots(ANY, language="xx")) == dict(slots(ANY))
    assert korean.keys() == {"phrase", "reasons_story0000000001", "reasons_story0000000002"}


@EVERY_KIND
@pytest.mark.parametrize("neutral", [False, True])
def test_places_that_stay_empty_leave_nothing_behind(make, neutral):
    text, page = received(make(neutral=neutral))

    assert "\n\n\n" not in text
    assert not markup.document_fromstring(page).xpath("//p[not(normalize-space())] | //li[not(normalize-space())]")
    for empty in markup.document_fromstring(page).xpath("//div[@class='sheet']//div[not(*) and not(text())]"):
        style = dict(rule.split(":", 1) for rule in empty.get("style", "a:b").split(";"))
        # neither height nor space above or below that is not its neighbours' too
        assert style.get("padding", "0") in {"0", "0 24px"}
        assert not {name for name in style if name.startswith(("border", "height", "background"))}


# ---- subjects, and what stands beside them in the list of mails


@EVERY_LANGUAGE
def test_a_subject_opens_with_the_news_and_is_short(language):
    long = story(report(title="Seven North Koreans held in the border city face forced return within days"))

    assert digest((long,), language=language).subject.startswith("Seven North Koreans held")
    assert "nkwatch" in digest((long,), language=language).subject
    assert columns(digest((long,), language=language).subject) <= 60
    assert columns(alert(long, language=language).subject) <= 60


def test_an_alert_is_called_one_in_the_readers_language():
    assert alert().subject == "ALERT: Seven held at the border"
    assert alert(language="ko").subject == "[긴급] 국경에 갇힌 일곱 사람"


@EVERY_KIND
@EVERY_LANGUAGE
def test_a_preheader_says_something_else_than_the_subject(make, language):
    mail = make(language=language)
    before = markup.document_fromstring(read(mail.html)).xpath("string(//*[@class='preheader'])").strip()

    assert 40 <= columns(before) <= 100
    assert not before.startswith(mail.subject[:20])


# ---- alerts and confirmations


def test_an_alert_opens_with_the_fact_and_gives_its_times_and_source():
    mail = alert()
    page = visible(read(mail.html))

    assert read(mail.text).startswith("Seven held at the border\n")
    assert page.startswith("nkwatch Seven held at the border Urgent alert")
    assert "Published: 2 November 2025, 11:00 UTC" in page
    assert "Seen by us: 2 November 2025, 12:00 UTC" in page
    assert "Source: Alder Rights Desk" in page
    assert "More follows." in page
    assert Slot("leave_url") in mail.text
    assert Slot("leave_url") in mail.html


def test_times_are_written_as_the_reader_writes_them():
    assert "발표: 2025년 11월 2일 11:00 UTC" in read(alert(language="ko").text)
    assert "Publié : 2 novembre 2025 à 11:00 UTC" in read(alert(language="fr").text)


def test_a_confirmation_says_what_was_asked_and_can_be_ignored():
    mail = confirmation()
    page = visible(read(mail.html))

    assert "every week on Monday at 07:00 (Seoul)" in page
    assert "Without that nothing is sent to you." in page
    assert "you will not hear from us again" in page
    assert "watch.example" in page
    assert Slot("confirm_url") in mail.html
    assert "\n{confirm_url}\n" in read(mail.text)
    assert Slot("leave_url") not in (*mail.html, *mail.text)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            settings,
            [
                "You are subscribed already.",
                "You did not ask for it? Then do nothing: nothing changes",
                "It leads to watch.example and works for 30 minutes.",
                "https://watch.example/settings/settings.sub1~.202511030730",
            ],
        ),
        (
            move_old,
            [
                "You did not ask for it? Then do nothing: the mails go on coming here.",
                "It leads to watch.example and works for 48 hours.",
                "https://watch.example/move/old/move-old.sub1~1762153200000000.202511050700",
            ],
        ),
        (
            move_new,
            [
                "You did not ask for it? Then do nothing: nothing is sent to you.",
                "It leads to watch.example and works for 48 hours.",
                "https://watch.example/move/new/move-new.sub1~1762153200000000.202511050700",
            ],
        ),
    ],
)
def test_a_letter_says_what_it_is_for_how_long_it_works_and_what_to_do_otherwise(make, says):
    text, page = received(make())
    *words, link = says

    for sentence in words:
        assert sentence in visible(page)
        assert sentence in " ".join(text.split())
    assert markup.document_fromstring(page).xpath("//a/@href") == [link]
    assert f"\n{link}\n" in text
    assert "nobody will ask you" in visible(page)


def test_the_foot_of_a_bulletin_shows_every_way_on():
    for make in (digest, alert):
        text, page = received(make())
        links = markup.document_fromstring(page).xpath("//ul[@class='ways']//a/@href")

        assert links == [
            "https://watch.example/manage/manage.sub1.t",
            "https://watch.example/leave/leave.sub1.t",
            "https://watch.example/mails/c0ffee",
        ]
        assert all(f"\n{link}\n" in text for link in links)
        assert "The page there only mails a link to your settings, to you and to nobody else." in visible(page)


# ---- neutral editions

#: What may not be read beside a neutral mail, or in one that concerns the subscription only.
TELLING = re.compile(
    r"nkwatch|nk watch|korea|human right|북한|인권|朝鮮|人権|corée|droits|prison|seven|held|alder|forced|국경|送還",
    re.IGNORECASE,
)


@EVERY_KIND
@EVERY_LANGUAGE
def test_a_neutral_mail_tells_nothing_before_it_is_opened(make, language):
    mail = make(language=language, neutral=True)
    page = markup.document_fromstring(read(mail.html))
    opening = page.xpath("string(//body)")[:200]
    masthead = page.xpath("string(//*[@class='brand'])")

    assert mail.neutral
    for shown in (mail.subject, opening, masthead, page.xpath("string(//title)"), read(mail.text)[:200]):
        assert not TELLING.search(shown)
    assert masthead == "Reading list"
    assert not TELLING.search(page.xpath("string(//*[@role='article']/@aria-label)"))
    assert columns(mail.subject) <= 60


@pytest.mark.parametrize("make", [confirmation, settings, move_old, move_new])
@EVERY_LANGUAGE
def test_a_neutral_letter_has_no_subject_matter_at_all(make, language):
    for part in received(make(language=language, neutral=True)):
        assert not TELLING.search(part.replace("watch.example", ""))


def test_a_neutral_confirmation_does_not_even_tell_the_hour_and_the_zone():
    page = visible(read(confirmation(neutral=True).html))

    assert "Somebody, probably you, asked for mails at this address." in page
    assert "Seoul" not in page


def test_neutral_bulletins_are_named_by_date_and_number():
    assert digest(neutral=True).subject == "Your digest of 3 November"
    assert "11월 3일" in digest(neutral=True, language="ko").subject
    assert alert(neutral=True).subject == "Your alert no. 3"
    assert not digest().neutral


def test_a_neutral_bulletin_tells_the_same_once_it_is_opened():
    for make in (digest, alert):
        text, page = received(make(neutral=True), slots())

        assert "Seven held at the border" in visible(page)
        assert "Seven held at the border" in text
        assert "You get it because you chose: Forced return" in visible(page)


# ---- copies that may be passed on

SECRET = "3f9a1c77"


@given(
    st.sampled_from([digest, alert]),
    st.booleans(),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=3, max_size=3),
)
def test_nothing_that_a_reader_was_sent_alone_is_in_a_copy(make, neutral, around):
    mail = make(neutral=neutral)
    names = {p.name for p in (*mail.html, *mail.text) if isinstance(p, Slot)}
    own = tuple((name, f"{a}{SECRET}{a}") for name, a in zip(sorted(names), around * len(names), strict=False))
    by = assembler(link=lambda *purpose: SECRET, site=f"https://watch.example/{SECRET}")
    text, page = received(mail, own, by=by)

    assert text.count(SECRET) >= 5
    assert page.count(SECRET) >= 5
    assert SECRET not in shared_html(mail)
    assert SECRET not in shared_text(mail)


@pytest.mark.parametrize("make", [digest, alert])
@EVERY_LANGUAGE
def test_a_copy_is_the_mail_without_the_lines_that_speak_to_one_reader(make, language):
    mail = make(language=language)
    page, text = shared_html(mail), shared_text(mail)
    tree = markup.document_fromstring(page)

    assert len(tree.xpath("//*[@role='main']")) == 1
    assert not tree.xpath("//a[@href=''] | //*[@role='article']")
    assert not tree.xpath("//*[@class='ways'] | //p[not(normalize-space())]")
    assert "\n\n\n" not in text
    assert not re.search("[\ue000\ue001]|_url|own_begins", page + text)
    whole = markup.document_fromstring(received(mail)[1])
    for alone in whole.xpath("//*[@class='ways'] | //*[@class='foot']/p[2]"):
        alone.drop_tree()
    assert visible(page) == visible(markup.tostring(whole, encoding="unicode"))


def test_a_copy_tells_all_that_the_mail_tells_of_its_stories():
    mail = digest()

    for part in (visible(shared_html(mail)), " ".join(shared_text(mail).split())):
        for words in ("Seven held at the border", "七人の送還に反対する声明", "desk@watch"):
            assert words in part
        for words in ("You get this", "Leave this list", "Change what you get", "Pass it on"):
            assert words not in part


def test_a_text_only_mail_has_a_copy_without_a_page():
    mail = digest(form=Format.TEXT)

    assert shared_html(mail) == ""
    assert shared_text(mail).startswith("Human rights in North Korea\nnkwatch weekly")


def test_what_is_ones_own_inside_ones_own_ends_where_the_outer_ends():
    pieces = (Block(b"a\r\n"), Slot(OWN_BEGINS), Slot(OWN_BEGINS), Block(b"b\r\n"), Slot(OWN_ENDS), Block(b"c\r\n"))
    mail = Composition(BulletinKind.DIGEST, "en", "s", (*pieces, Slot(OWN_ENDS), Block(b"d\r\n")), ())

    assert shared_text(mail) == "a\nd\n"


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(Rhythm.DAILY, hour=6), "every day at 06:00 (UTC)"),
        (Schedule(Rhythm.MONTHLY, monthday=15), "every month on day 15 at 07:00 (UTC)"),
        (Schedule(Rhythm.NONE), "asked for alerts on human rights in North Korea"),
    ],
)
def test_a_confirmation_names_each_rhythm(schedule, words):
    assert words in visible(read(confirmation(schedule).html))


@EVERY_KIND
def test_a_text_only_reader_gets_no_html(make):
    mail = make(form=Format.TEXT)

    assert mail.html == ()
    assert mail.text == make().text
    assert received(mail)[1] == ""


def test_a_language_without_translation_gets_english_frames():
    assert "Human rights in North Korea" in read(digest(language="de").html)


# ---- pages as mail programs show them


@EVERY_KIND
@EVERY_LANGUAGE
def test_pages_hold_nothing_that_runs_loads_or_tracks(make, language):
    page = read(make(language=language).html).lower()

    for forbidden in ("<img", "<script", "<form", "<link", "<iframe", "url(", "@import", "javascript:", "onload"):
        assert forbidden not in page


@EVERY_KIND
def test_the_host_of_every_link_can_be_read(make):
    page = read(make().html)
    shown = visible(page)

    for target in markup.document_fromstring(page).xpath("//a/@href"):
        host = "watch.example" if target.startswith("{") else target.split("/")[2]
        assert host in shown


@EVERY_KIND
@EVERY_LANGUAGE
def test_pages_can_be_read_aloud_and_without_their_style_sheet(make, language):
    tree = markup.document_fromstring(read(make(language=language).html))

    assert tree.get("lang") == language
    assert len(tree.xpath("//h1")) == 1
    assert tree.xpath("//title/text()")
    assert all(t.get("role") == "presentation" for t in tree.iter("table"))
    assert tree.xpath("//meta[@name='color-scheme']/@content") == ["light dark"]
    # the colours and the width are in the elements
    assert "max-width:600px" in tree.xpath("//*[@class='sheet']/@style")[0]
    assert "color" in tree.xpath("//h1/@style | //body/@style")[0]


def luminance(colour):
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """WCAG 2.2, 1.4.3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sheet", ["style.css", "dark.css"])
def test_every_text_colour_can_be_read_on_its_ground(sheet):
    css = (TEMPLATES / "mail" / sheet).read_text()
    rules = dict(re.findall(r"^\s*(\.[\w, .-]+?) \{([^}]*)\}", css, re.MULTILINE))
    grounds = {n: g[1] for n, r in rules.items() if (g := re.search(r"background-color: (#\w{6})", r))}
    colours = {n: c[1] for n, r in rules.items() if (c := re.search(r"(?<!-)color: (#\w{6})", r))}

    assert len(colours) >= 6
    panels = [grounds[name] for name in (".sheet", ".asks", ".note-by")]
    for name, colour in colours.items():
        for ground in [grounds[name]] if name == ".button" else panels:
            assert contrast(colour, ground) >= 4.5, name


# ---- hostile statements


HOSTILE = (
    "{{ 7*7 }}{% raw %}<script>alert(1)</script><img src=x onerror=y>\r\nBcc: all@list.example\u2028"
    "\u202egnorw\u200b\ue000leave_url\ue001\x00\ufeff\"'><a href=https://lure.example>"
)


@pytest.mark.parametrize("make", [digest, alert])
def test_a_hostile_statement_is_only_text(make):
    url = 'https://alder.example/"><script>'
    of = story(report(title=HOSTILE, text=HOSTILE, publisher=HOSTILE, url=url, id="hostile"))
    mail = make((of,)) if make is digest else make(of)
    page = read(mail.html)
    tree = markup.document_fromstring(page)

    assert "49" not in visible(page).replace("2 November", "")
    assert "{{ 7*7 }}" in visible(page)
    assert not tree.xpath("//script | //img | //a[contains(@href, 'lure')] | //*[@onerror]")
    assert [p for p in mail.html if p == Slot("leave_url")] == [Slot("leave_url")]
    assert "\n" not in mail.subject
    assert not re.search("[\u202e\u200b\u2028\x00\ufeff\ue000]", mail.subject + page + read(mail.text))


# ---- templates of the operator


def own(folder, name, text):
    path = folder / "mail" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_an_operators_template_goes_before_ours(tmp_path):
    own(tmp_path, "digest/subject.txt", "This week: {{ story.title }}")

    assert digest(by=composer(templates=tmp_path)).subject == "This week: Seven held at the border"


def test_an_operators_style_reaches_the_elements(tmp_path):
    own(tmp_path, "style.css", ".title { color: #123456; }")

    assert 'style="color:#123456">Seven held' in read(digest(by=composer(templates=tmp_path)).html)


def test_a_template_that_cannot_be_read_is_reported_at_once_with_its_line(tmp_path):
    own(tmp_path, "digest/body.html", "<p>\n{% if %}\n")
    own(tmp_path, "alert/body.txt", "{{ open\n")

    with pytest.raises(ConfigError) as caught:
        composer(templates=tmp_path)

    assert len(caught.value.problems) == 2
    assert any(p.startswith(f"{tmp_path.name}/mail/digest/body.html, line 2: ") for p in caught.value.problems)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{{ storys }}", "'storys' is undefined"),
        ("{{ slot('leave') }}", "there is no slot called 'leave'"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__'"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_template_that_goes_wrong_names_its_file_and_line(tmp_path, wrong, said):
    own(tmp_path, "digest/body.txt", f"one\n\n{wrong}\n")
    one = composer(templates=tmp_path)

    with pytest.raises(ConfigError, match=r"mail/digest/body\.txt, line 3: .*" + re.escape(said)):
        digest(by=one)


# ---- translations


def messages():
    """Every English message in the templates, with the name of its file."""
    for path in sorted(TEMPLATES.rglob("*.*")):
        if path.suffix in {".html", ".txt"}:
            with path.open("rb") as source:
                for _, found, _, _ in extract("jinja2.ext:babel_extract", source):
                    yield path.name, found if isinstance(found, str) else found[0]


@pytest.mark.parametrize("language", ["ko", "ja", "fr"])
def test_every_message_of_the_templates_is_translated(language):
    texts = load_locales()[language]
    missing = {f"{name}: {message}" for name, message in messages() if message not in texts}

    assert not missing


@pytest.mark.parametrize("language", ["ko", "ja", "fr"])
def test_a_translation_names_the_same_values_as_the_message(language):
    for message, text in load_locales()[language].items():
        assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", message)), message


def test_equal_stories_in_two_languages_are_two_compositions():
    one = composer()
    english = digest(form=Format.TEXT, by=one)
    korean = digest(form=Format.TEXT, language="ko", by=one)

    assert english.language == "en"
    assert korean.language == "ko"
    assert "제12호" in read(korean.text)
