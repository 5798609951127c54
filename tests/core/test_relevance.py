"""Is North Korea the subject, or merely named?"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.language import language
from nkwatch.reading.lexicon import Lexicon, Term
from nkwatch.reading.relevance import (
    ACTORS,
    CONTEXT,
    DEEDS,
    DOMESTIC,
    ELSEWHERE,
    KEPT,
    LEAD,
    OCCASION,
    OFFICES,
    Relevance,
    relevance,
    suspected,
)
from nkwatch.reading.themes import names_rights
from tests.core.counting import lines_run
from tests.making import shipped_lexicon


def lexicon(lists: dict[str, list[str]]) -> Lexicon:
    """A lexicon of these lists."""
    return Lexicon(rules="test.1", themes=(), terms=tuple(Term(p, name) for name, ps in lists.items() for p in ps))


CORPUS = Path(__file__).parents[1] / "corpus" / "relevance.jsonl"
SMALL = lexicon(
    {
        "names": ["North Korea", "Pyongyang", "북한", "북한인권", "탈북", "대북"],
        "hints": ["Hyesan", "escapee", "the North"],
        CONTEXT: ["Seoul"],
        ELSEWHERE: ["Iran", "China", "Russia"],
        ACTORS: ["Trump"],
        DOMESTIC: ["martial law", "특검", "여당"],
        OFFICES: ["외교부", "통일부"],
        OCCASION: ["amid", "near North Korea"],
        DEEDS: ["반발"],
        "theme:prisons": ["prison camp"],
        "theme:diplomacy": ["summit"],
    }
)
TITLE = "A very long headline that speaks of gardens, weather and the price of bread"
FAR = "Words of no weight stand here, and more of them follow at once. " * 2


def weigh(
    title: str = "", text: str = "", *, nk_only: bool = False, on_rights: bool = False, by: Lexicon = SMALL
) -> Relevance:
    """The relevance of a statement."""
    texts = {"title": title, "text": text}
    hits = [h for field, words in texts.items() for h in by.hits(field, words, "en")]
    return relevance(hits, nk_only=nk_only, on_rights=on_rights, texts=texts)


def test_a_text_without_any_name_is_on_something_else() -> None:
    nothing = weigh("A concert in Seoul", "Many came.")
    assert not nothing.about_nk
    assert nothing.evidence == ()


def test_a_name_in_the_title_is_enough() -> None:
    assert weigh("North Korea closes a market").about_nk


def test_a_name_at_the_beginning_of_the_text_is_the_subject_and_a_later_one_is_not() -> None:
    assert weigh(TITLE, "In North Korea the markets stay shut.").about_nk
    assert not weigh(
        TITLE, "The singer, who was born in Leipzig and once gave a concert in North Korea, has died."
    ).about_nk


@pytest.mark.parametrize("dateline", ["(New York) – ", "GENEVA (Wire) - ", "(서울=가람) 아무개 기자 = ", "【ソウル】"])
def test_where_a_report_was_written_is_no_part_of_its_first_sentence(dateline: str) -> None:
    assert weigh(TITLE, f"{dateline}북한 시장이 닫혔다").about_nk


def test_a_title_on_somebody_else_has_that_for_its_subject() -> None:
    assert not weigh(f"Trump: {TITLE}", "The North Korea summit is off.").about_nk
    assert not weigh(f"{TITLE} in Iran", "The North Korea summit is off.").about_nk
    assert weigh("Trump on North Korea", "The summit is off.").about_nk


def test_the_heading_of_a_chapter_leaves_the_country_to_the_text() -> None:
    text = f"{FAR}North Korea gave no figures. Pyongyang was asked twice."
    assert weigh("The right to food and to water", text).about_nk
    assert not weigh(TITLE, text).about_nk


def test_a_text_with_hardly_a_title_may_name_its_subject_a_little_later() -> None:
    text = f"{FAR}North Korea gave no figures."
    assert weigh("", text).about_nk
    assert weigh("Death penalty", text).about_nk
    assert not weigh("The right to food and to water", text).about_nk


def test_the_first_name_late_in_the_lead_weighs_less_and_each_further_one_little() -> None:
    late = FAR * 2
    assert weigh(TITLE, f"{late}North Korea").score < weigh(TITLE, f"{FAR}North Korea").score
    assert weigh(TITLE, f"{FAR}North Korea, Pyongyang").score == 0.9


def test_a_name_in_the_lead_of_a_text_on_rights_is_enough() -> None:
    assert weigh(TITLE, f"{FAR}A prison camp in North Korea", on_rights=True).about_nk
    assert not weigh(TITLE, "A prison camp", on_rights=True).about_nk


def test_a_name_far_down_in_a_long_text_weighs_little() -> None:
    assert not weigh(text="x " * LEAD + "North Korea. " * 4).about_nk
    assert weigh(text="x " * LEAD + "North Korea. " * 5).about_nk


@pytest.mark.parametrize(
    "title",
    [
        "Iran, Russia and North Korea draw closer",
        "Envoys speak of China, Russia, Iran and North Korea",
        "Bottom of the table: North Korea, Iran, China",
    ],
)
def test_a_name_among_other_countries_is_one_of_a_list(title: str) -> None:
    assert not weigh(title).about_nk
    assert not weigh(title, "A prison camp", on_rights=True).about_nk


@pytest.mark.parametrize(
    "title",
    [
        "Russia and North Korea sign a treaty",
        "China returns escapees to North Korea, as Russia and Iran watch",
        "China, Russia: a word on North Korea",
    ],
)
def test_one_other_country_or_words_between_make_no_list(title: str) -> None:
    assert weigh(title).about_nk


def test_a_name_inside_a_longer_one_is_counted_once() -> None:
    found = weigh("북한인권 결의")
    assert found.score == weigh("북한 결의").score
    assert [e.phrase for e in found.evidence] == ["북한인권"]


def test_a_hint_counts_only_beside_a_name_or_korea_or_where_nothing_else_is_written_on() -> None:
    assert weigh("Hyesan", "An escapee").score == 0
    assert weigh("Hyesan", "An escapee in Seoul").about_nk
    assert weigh(f"{TITLE} in Hyesan", f"{FAR}North Korea").about_nk
    assert weigh("Snow in Hyesan", nk_only=True).about_nk


def test_a_hint_is_counted_once_where_it_weighs_most() -> None:
    once = weigh("Hyesan", "Seoul")
    assert weigh("Hyesan", "Seoul. Hyesan, Hyesan").score == once.score
    assert weigh(TITLE, "Seoul." + "x " * LEAD + "Hyesan. Hyesan").score == 0.1


def test_a_text_is_suspected_by_a_name_or_by_a_hint_where_korea_is_named() -> None:
    assert suspected(SMALL.hits("text", "Pyongyang", "en"))
    assert suspected(SMALL.hits("text", "Hyesan and Seoul", "en"))
    assert not suspected(SMALL.hits("text", "Hyesan", "en"))


def test_a_hint_inside_a_name_is_part_of_it() -> None:
    inside = lexicon({"names": ["North Korea"], "hints": ["Korea"]})
    assert [e.phrase for e in weigh("North Korea", "Korea", by=inside).evidence] == ["North Korea", "Korea"]
    assert [e.phrase for e in weigh("Korea, North Korea", by=inside).evidence] == ["North Korea", "Korea"]


def test_politics_at_home_have_north_korea_for_their_occasion_unless_rights_are_named() -> None:
    assert not weigh("Martial law: he feared North Korea").about_nk
    assert not weigh(TITLE, "North Korea: 특검, martial law").about_nk
    assert weigh(TITLE, "North Korea, and then martial law").about_nk
    assert weigh("Martial law and a prison camp in North Korea", on_rights=True).about_nk


def test_a_summit_makes_politics_no_matter_of_rights() -> None:
    assert not weigh("Martial law and a summit with North Korea", on_rights=True).about_nk
    assert not weigh(TITLE, f"{FAR}A summit on North Korea", on_rights=True).about_nk
    assert weigh(TITLE, f"{FAR}A summit on North Korea", on_rights=True, nk_only=True).about_nk


@pytest.mark.parametrize(
    "title",
    [
        "여당, 북한인권 외면",
        '여당 "북한, 답하라"',
        "여당 “북한은 답하라”",
        "북한 도서 논란에 여당 침묵",
        "여당 내 대북 반발",
        "통일부와 외교부, 북한 자료 놓고 딴소리",
    ],
)
def test_who_acts_in_a_headline_is_its_subject(title: str) -> None:
    assert not weigh(title).about_nk


@pytest.mark.parametrize(
    "title",
    [
        "북한, 여당 비난",
        "북한은 여당에 답 안 해",
        "여당 방문에 북한 반발",
        "북한반발 이틀째 여당은 침묵",
        '[속보] 북한 외무성 대변인 "여당에 경고"',
        "여당 발언에…북한 매체, 조롱",
        "북한 여당은 하나뿐",
        "통일부, 북한에 회담 제의",
        "[Wire] North Korea on martial law in the South",
        "Breaking: Pyongyang and martial law",
    ],
)
def test_what_north_korea_says_and_does_is_no_politics_at_home(title: str) -> None:
    assert weigh(title).about_nk


def test_politics_in_the_lead_leave_a_title_its_subject_where_that_is_no_quote() -> None:
    assert weigh("겨울을 나는 북한 사람들", "특검, 여당").about_nk
    assert not weigh('장군 "북한 사람들 봤다"', "특검, 여당").about_nk


def test_a_name_in_a_title_may_be_no_more_than_its_occasion() -> None:
    assert not weigh("Iran fires a rocket amid a race with North Korea").about_nk
    assert not weigh("A ship is stopped near North Korea", "Sailors on North Korea: nothing seen.").about_nk
    assert weigh("Talks fail amid floods in North Korea", "North Korea is wet. Pyongyang is, too.").about_nk
    assert weigh("A prison camp amid hills of North Korea", on_rights=True).about_nk
    assert weigh(f"Amid all that was said of {TITLE[:50]}, North Korea waits").about_nk
    assert weigh("North Korea waits amid floods").about_nk


@pytest.mark.parametrize("title", ["북, 미사일 발사", '[속보] 북 "대화 없다"', '정부 "북의 답 기다려"', "남·북·미"])
def test_a_korean_headline_names_it_by_one_syllable(title: str) -> None:
    assert weigh(title).about_nk


@pytest.mark.parametrize("title", ["강북, 아파트값 상승", "경북의 가을", "북 콘서트 열려", "책 북 페어"])
def test_the_same_syllable_in_another_word_is_no_name(title: str) -> None:
    assert weigh(title).score == 0


def test_a_source_that_writes_on_nothing_else_needs_little_more() -> None:
    assert weigh(TITLE, f"{FAR}North Korea", nk_only=True).about_nk
    assert weigh("A prison camp", nk_only=True, on_rights=True).about_nk
    assert not weigh("Our office is closed on Monday", nk_only=True).about_nk


def test_the_strongest_evidence_is_kept_and_not_all_of_it() -> None:
    found = weigh("North Korea", "North Korea. " * 40)
    assert len(found.evidence) == KEPT
    assert found.evidence[0].field == "title"


@given(
    st.lists(st.sampled_from(["North Korea", "Iran", "China", ", ", " and ", "북한", "탈북", " "]), max_size=30),
    st.booleans(),
)
def test_what_decided_stands_in_the_text(pieces: list[str], nk_only: bool) -> None:
    text = "".join(pieces)
    found = weigh(text, text, nk_only=nk_only)
    assert all(e.phrase == text[e.start : e.end] for e in found.evidence)
    assert weigh(text, text, nk_only=nk_only) == found


@pytest.mark.parametrize("field", ["title", "text"])
@pytest.mark.parametrize(
    "words", ["Iran, ", "North Korea, ", "북 ", "( ", "A ", " ", '북 "', "amid 북한 ", "여당 대북 "]
)
def test_a_hostile_text_costs_no_more_than_its_length(words: str, field: str) -> None:
    def cost(count: int) -> int:
        hits = SMALL.hits(field, words * count, "en")
        texts = {"title": "", "text": ""} | {field: words * count}
        return lines_run(lambda: relevance(hits, nk_only=False, on_rights=False, texts=texts))

    assert cost(800) < 2.5 * cost(400) + 100


def labelled() -> list[dict[str, object]]:
    """The project's own near misses and subjects."""
    return [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]


def misread() -> list[object]:
    """Those of them that the shipped rules get wrong."""
    wrong, rules = [], shipped_lexicon()
    for one in labelled():
        texts = {"title": str(one["title"]), "text": str(one["text"])}
        spoken = language(" ".join(texts.values()), str(one["lang"]))
        hits = [h for field, words in texts.items() for h in rules.hits(field, words, spoken)]
        found = relevance(hits, nk_only=False, on_rights=names_rights(hits, rules.themes), texts=texts)
        if found.about_nk != one["about_nk"] or spoken != one["lang"]:
            wrong.append(one["id"])
    return wrong


def test_subjects_and_near_misses_in_many_languages_are_told_apart() -> None:
    assert len(labelled()) >= 60
    assert misread() == []
