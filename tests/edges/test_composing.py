"""What readers see, and what sharing saves."""

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract
from lxml import html as markup

from nkwatch.catalogue.locales import load_locales
from nkwatch.domain.bulletin import Slot
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Format, Rhythm, Schedule
from nkwatch.domain.watch import Watch
from nkwatch.editing.digests import Pick
from nkwatch.editing.matching import Reason
from nkwatch.mail.widths import columns
from tests.edges.bulletins import (
    ANY,
    JAPANESE,
    RETURN,
    URGENT,
    WEEK,
    WEEKLY,
    alert,
    composer,
    confirmation,
    digest,
    read,
    report,
    story,
)

TEMPLATES = Path(str(files("nkwatch") / "templates"))
EVERY_KIND = pytest.mark.parametrize("make", [digest, alert, confirmation])
EVERY_LANGUAGE = pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])


def visible(page):
    """The text that a reader sees on the page."""
    tree = markup.document_fromstring(page)
    for hidden in tree.xpath("//head | //*[@class='preheader']"):
        hidden.drop_tree()
    return " ".join(tree.text_content().split())


# ---- what is shared


def test_a_thousand_readers_with_equal_wishes_cost_one_rendering():
    one = composer()
    first = digest(by=one)
    rendered = one.renders

    for _ in range(999):
        assert digest(by=one) is first
    assert one.renders == rendered


def test_a_story_is_rendered_once_for_a_language_and_format():
    one = composer()
    digest(by=one)
    before = one.renders

    digest((JAPANESE, URGENT), reasons=(Reason("source", ("alder",)),), by=one)

    # subject and two frames are new, and the line of reasons in two formats; no story is
    assert one.renders - before == 5


def test_a_corrected_story_is_rendered_again():
    one = composer()
    digest(by=one)
    lead = URGENT.reports[0]
    edited = replace(lead, statement=replace(lead.statement, title="Eight held at the border", revision=2))

    again = digest((replace(URGENT, reports=(edited, URGENT.reports[1])), JAPANESE), by=one)

    assert "Eight held at the border" in read(again.html)


def test_readers_with_different_reasons_share_the_blocks_of_stories():
    one = composer()
    ours = set(digest(reasons=RETURN, by=one).blocks)
    theirs = set(digest(reasons=(Reason("source", ("alder",)),), by=one).blocks)

    assert len(ours & theirs) >= 4


# ---- what a digest shows


def test_a_digest_tells_everything_about_a_story():
    page = visible(read(digest().html))

    assert "Seven held at the border" in page
    assert "Alder Rights Desk · 2 November 2025" in page
    assert "Forced return" in page
    assert "Seven people are held at the border." in page
    assert "They must not be returned." in page
    assert "More follows" not in page
    assert "Also reported by: 바탕인권모임 (batang.example)" in page
    assert "You get it because you chose: Forced return" in page
    assert "27 Oct – 3 Nov 2025" in page.replace("\u2009", " ")
    assert "No. 12" in page
    assert "2 stories" in page
    assert "every week on Monday at 07:00 (Asia/Seoul)" in page
    assert "not the NGO NK Watch in Seoul (nkwatch.org)" in page
    assert "desk@watch.example" in page


def test_the_text_part_tells_the_same_and_fits_the_screen():
    text = read(digest().text)

    for words in (
        "Urgent: Seven held at the border",
        "Alder Rights Desk, 2 November 2025",
        "https://alder.example/news/1",
        "https://watch.example/stories/story0000000001",
        "Also reported by: 바탕인권모임",
        "You get it because you chose: Forced return",
        "\n{leave_url}\n",
    ):
        assert words in text
    assert all(columns(line) <= 72 for line in text.splitlines() if "https://" not in line)
    assert "\n\n\n" not in text


def test_only_urgent_stories_are_called_urgent():
    assert "Urgent" in visible(read(digest((URGENT,)).html))
    assert "Urgent" not in visible(read(digest((JAPANESE,)).html))


def test_a_version_in_the_readers_language_leads():
    page = read(digest((URGENT,), language="ko").html)

    assert markup.document_fromstring(page).xpath("//h2/@lang") == ["ko"]
    assert "국경에 갇힌 일곱 사람" in page
    assert "Seven held at the border" not in visible(page)
    assert "함께 보도: Alder Rights Desk" in visible(page)


def test_a_statement_keeps_its_own_language_inside_another_frame():
    page = markup.document_fromstring(read(digest((JAPANESE,), language="fr").html))

    assert page.get("lang") == "fr"
    assert page.xpath("//h2/@lang") == ["ja"]
    assert page.xpath("//blockquote/@lang") == ["ja"]
    assert page.xpath("//span[@lang='ja']/text()") == ["しおりの会"]


def test_stories_beyond_the_full_ones_get_a_line_each_and_are_counted():
    page = visible(read(digest((URGENT,), more=(JAPANESE,)).html))

    assert "2 stories" in page
    assert (
        "Also in this digest 七人の送還に反対する声明 しおりの会, 2 November 2025: all reports (watch.example)" in page
    )


def test_what_has_no_room_is_counted_and_the_site_is_named():
    made = digest((URGENT,), more=(JAPANESE,) * 45)
    for part in (read(made.html), read(made.text)):
        assert "There are 5 further stories." in " ".join(part.split())
    assert "further" not in read(digest((URGENT,), more=(JAPANESE,) * 40).text)


def test_a_reader_who_chose_everything_is_told_so_once():
    page = visible(read(digest(reasons=ANY).html))

    assert "You get it because" not in page
    assert page.count("You chose every story on human rights in North Korea.") == 1


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


# ---- how the sources are

WATCH = Watch(45, 42, silent=("しおりの会",), unreadable=("Alder Rights Desk",), partly=("Quarry Relief",))
TOLD = {
    "en": (
        "42 of 45 sources answered. Could not be read: Alder Rights Desk. Could be read only in part: Quarry Relief."
        " Silent for longer than usual: しおりの会."
    ),
    "ko": (
        "출처 45곳 가운데 42곳이 응답했습니다. 읽지 못한 곳: Alder Rights Desk. 일부만 읽은 곳: Quarry Relief."
        " 평소보다 오래 새 글이 없는 곳: しおりの会."
    ),
    "ja": (
        "45の情報源のうち42が応答しました。 読み取れなかった情報源：Alder Rights Desk。"
        " 一部だけ読み取れた情報源：Quarry Relief。 ふだんより長く新しい発表がない情報源：しおりの会。"
    ),
    "fr": (
        "42 sources sur 45 ont répondu. Illisibles : Alder Rights Desk. Lisibles en partie seulement : Quarry Relief."
        " Silence plus long que d’habitude : しおりの会."
    ),
}


@EVERY_LANGUAGE
def test_a_digest_tells_how_many_sources_answered_and_which_did_not(language):
    mail = digest(language=language, watch=WATCH)
    page = read(mail.html)
    spaceless = str.maketrans("", "", "\u00a0\u202f \n")

    assert TOLD[language].translate(spaceless) in visible(page).translate(spaceless)
    assert TOLD[language].translate(spaceless) in read(mail.text).translate(spaceless)
    assert "https://watch.example/sources" in markup.document_fromstring(page).xpath("//a/@href")
    assert "\nhttps://watch.example/sources\n" in read(mail.text)
    assert markup.document_fromstring(page).xpath("//*[@class='foot']//span[@lang='ja']/text()") == ["しおりの会"]
    assert all(columns(line) <= 72 for line in read(mail.text).splitlines() if "https://" not in line)
    assert "\n\n\n" not in read(mail.text)


def test_without_a_watch_a_digest_says_nothing_of_sources():
    mail = digest()

    assert "answered" not in read(mail.html) + read(mail.text)
    assert "/sources" not in read(mail.html) + read(mail.text)


def test_five_publishers_are_named_and_the_rest_is_counted():
    page = visible(read(digest(watch=Watch(9, 2, unreadable=tuple("ABCDEFG"))).html))

    assert "Could not be read: A, B, C, D, E and 2 more." in page
    assert "Silent" not in page


def test_a_hostile_name_of_a_publisher_is_only_text():
    mail = digest(watch=Watch(1, 0, unreadable=(HOSTILE,)))

    assert not markup.document_fromstring(read(mail.html)).xpath("//script | //img | //a[contains(@href, 'lure')]")
    assert [p for p in mail.html if p == Slot("leave_url")] == [Slot("leave_url")]


def test_another_watch_renders_only_the_frames_again():
    one = composer()
    digest(by=one)
    before = one.renders
    made = digest(by=one, watch=WATCH)

    # the subject, and a frame in each of two formats
    assert one.renders - before == 3
    assert digest(by=one, watch=replace(WATCH)) is made


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
    assert "You get it because you chose: Forced return" in page
    assert Slot("leave_url") in mail.text
    assert Slot("leave_url") in mail.html


def test_times_are_written_as_the_reader_writes_them():
    assert "발표: 2025년 11월 2일 11:00 UTC" in read(alert(language="ko").text)
    assert "Publié : 2 novembre 2025 à 11:00 UTC" in read(alert(language="fr").text)


def test_a_confirmation_says_what_was_asked_and_can_be_ignored():
    mail = confirmation()
    page = visible(read(mail.html))

    assert "every week on Monday at 07:00 (Asia/Seoul)" in page
    assert "Without that nothing is sent to you." in page
    assert "you will not hear from us again" in page
    assert "watch.example" in page
    assert Slot("confirm_url") in mail.html
    assert "\n{confirm_url}\n" in read(mail.text)
    assert Slot("leave_url") not in (*mail.html, *mail.text)


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
    assert "max-width: 600px" in tree.xpath("//*[@class='sheet']/@style")[0]
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
    for name, colour in colours.items():
        ground = grounds[name] if name == ".button" else grounds[".sheet"]
        assert contrast(colour, ground) >= 4.5, name


def test_a_full_digest_is_not_clipped_by_gmail():
    many = tuple(
        story(report(text=("A sentence of some forty letters here. " * 40)), name=f"s{i:014d}") for i in range(20)
    )

    assert sum(len(b.body) for b in digest(many, more=many).blocks) < 160_000
    assert len(read(digest(many, more=many).html).encode()) < 102_000


# ---- hostile statements


HOSTILE = (
    "{{ 7*7 }}{% raw %}<script>alert(1)</script><img src=x onerror=y>\r\nBcc: all@list.example\u2028"
    "\u202egnorw\u200b\ue000leave_url\ue001\x00\ufeff\"'><a href=https://lure.example>"
)


@pytest.mark.parametrize("make", [digest, alert])
def test_a_hostile_statement_is_only_text(make):
    of = story(report(title=HOSTILE, text=HOSTILE, publisher=HOSTILE, url='https://alder.example/"><script>'))
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
    own(tmp_path, "digest/subject.txt", "This week: {{ stories[0].title }}")

    assert digest(by=composer(templates=tmp_path)).subject == "This week: Seven held at the border"


def test_an_operators_style_reaches_the_elements(tmp_path):
    own(tmp_path, "style.css", ".title { color: #123456; }")

    assert 'style="color: #123456;">Seven held' in read(digest(by=composer(templates=tmp_path)).html)


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


def test_equal_wishes_in_two_languages_are_two_compositions():
    one = composer()
    picks = (Pick(URGENT, RETURN),)

    english = one.digest(picks, (), WEEK, 1, WEEKLY, "en", Format.TEXT)
    korean = one.digest(picks, (), WEEK, 1, WEEKLY, "ko", Format.TEXT)

    assert english.language == "en"
    assert korean.language == "ko"
    assert "제1호" in read(korean.text)
