"""The fact that an alert opens with: all from one report, nothing that is not sure."""

from datetime import timedelta
from typing import Any

import pytest

from nkwatch.domain.reading import Evidence, Headcount, Mention, MentionKind, Sighting, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report
from nkwatch.editing.facts import ORDER, Fact, fact
from nkwatch.reading import read
from nkwatch.reading.urgency import DANGERS
from tests.making import NOW, reading, shipped_rules, statement, story

URGENT = Urgency.URGENT
TITLE = "Seven women held in Hyesan may be deported"
TEXT = "Officers came at night. Nine people were arrested in Dandong. All is quiet. In Yanji two men were executed."


def seen(phrase: str, field: str = "text") -> Evidence:
    start = {"title": TITLE, "text": TEXT}[field].index(phrase)
    return Evidence(field, start, start + len(phrase), phrase)


def titled(phrase: str) -> Evidence:
    return seen(phrase, "title")


def told(id: str = "s1", role: Role = Role.PRESS, title: str = TITLE, text: str = TEXT, **found: Any) -> Report:  # noqa: A002
    given = {"urgency": URGENT} | found
    return Report(statement(id, title=title, text=text), reading(id, **given), role, "owner")


def of(**found: Any) -> Fact:
    return fact(story(told(**found)))


def group(who: Evidence) -> Mention:
    return Mention(who, "group:2 men", MentionKind.GROUP)


DEPORTED = Sighting("forced_return", titled("deported"))
ARRESTED = Sighting("detention", seen("arrested"))
EXECUTED = Sighting("execution", seen("executed"))
SEVEN, NINE, TWO = (
    Headcount(7, titled("Seven women")), Headcount(9, seen("Nine people")), Headcount(2, seen("two men")),
)  # fmt: skip
HYESAN, DANDONG, YANJI = "kp.ryanggang.hyesan", "cn.liaoning.dandong", "cn.jilin.yanbian.yanji"


def test_every_danger_has_its_rank() -> None:
    assert {f"urgency:{code}" for code in ORDER} == DANGERS


def test_a_story_of_which_nothing_is_known_tells_by_whom_and_when() -> None:
    assert of() == Fact("", None, (), (), NOW, estimated=False, by="Publisher a")


def test_a_danger_of_the_title_comes_before_one_of_the_text() -> None:
    assert of(dangers=(DEPORTED, ARRESTED)).danger == "forced_return"
    assert of(dangers=(DEPORTED, ARRESTED), urgency_evidence=(ARRESTED.seen,)).danger == "forced_return"
    assert of(dangers=(ARRESTED,)).danger == "detention"


def test_in_a_text_the_danger_is_one_that_made_it_urgent() -> None:
    early = Sighting("disaster", seen("night"))
    assert of(dangers=(early, ARRESTED)).danger == "disaster"
    assert of(dangers=(early, ARRESTED), urgency_evidence=(ARRESTED.seen,)).danger == "detention"


def test_of_several_dangers_in_one_sentence_the_one_that_it_comes_to_is_told() -> None:
    held = Sighting("detention", titled("held"))
    unknown = Sighting("of another version", titled("Hyesan"))
    assert of(dangers=(held, DEPORTED)).danger == "forced_return"
    assert of(dangers=(unknown, held)).danger == "detention"


def test_what_stands_far_down_is_not_what_happened() -> None:
    assert of(
        dangers=(EXECUTED,), people=(TWO,), cases=(Mention(seen("quiet"), "quiet"), Mention(seen("two men"), "x"))
    ) == (Fact("", None, ("quiet",), (), NOW, estimated=False, by="Publisher a"))


def test_what_was_found_in_earlier_words_is_left_out() -> None:
    found: dict[str, Any] = {
        "dangers": (DEPORTED,),
        "people": (SEVEN,),
        "places": (Sighting(HYESAN, titled("Hyesan")),),
        "cases": (Mention(seen("Officers"), "officers"),),
    }
    assert fact(story(told(**found, title="All is well", text=""))) == of()


def test_a_number_counts_beside_the_danger() -> None:
    assert of(dangers=(DEPORTED,), people=(SEVEN, NINE)).people == 7
    assert of(dangers=(ARRESTED,), people=(NINE,)).people == 9
    # whom the title counts may be others
    assert of(dangers=(ARRESTED,), people=(SEVEN, NINE)).people is None
    assert of(people=(SEVEN,)).people is None
    assert of(dangers=(DEPORTED,), people=(NINE,)).people is None


def test_a_number_counts_where_it_is_that_of_a_group_at_risk() -> None:
    assert of(people=(SEVEN,), cases=(group(titled("Seven")),)).people == 7
    assert of(dangers=(DEPORTED,), people=(NINE,), cases=(group(seen("Nine people")),)).people == 9


def test_of_two_numbers_that_of_the_group_at_risk_counts_and_else_none() -> None:
    other = Headcount(40, titled("Hyesan"))
    assert of(dangers=(DEPORTED,), people=(SEVEN, other)).people is None
    assert of(dangers=(DEPORTED,), people=(SEVEN, other), cases=(group(titled("Seven women")),)).people == 7
    assert of(dangers=(DEPORTED,), people=(SEVEN, Headcount(7, titled("women")))).people == 7


def test_persons_are_named_as_they_are_written_and_no_places_among_them() -> None:
    persons = tuple(Mention(seen(word), word) for word in ("Officers", "night", "Nine", "people", "Dandong"))
    assert of(cases=persons).names == ("Officers", "night", "Nine")
    named = of(cases=(persons[4], group(seen("people"))), places=(Sighting(DANDONG, seen("Dandong")),))
    assert named.names == ()


@pytest.mark.parametrize(
    ("in_title", "in_text", "told_places"),
    [
        ([HYESAN], [DANDONG], [HYESAN]),
        ([], [DANDONG], [DANDONG]),
        (["cn"], [DANDONG], [DANDONG]),
        (["la"], [DANDONG], ["la"]),
        (["cn", HYESAN], [], [HYESAN]),
        ([HYESAN, "kp.ryanggang"], [], [HYESAN]),
        ([HYESAN, DANDONG], [], [HYESAN, DANDONG]),
        (["cn.jilin.yanbian.tumen", YANJI, "cn.jilin.yanbian.helong"], [], ["cn.jilin.yanbian"]),
        ([YANJI, DANDONG, "cn.yunnan"], [], ["cn"]),
        ([HYESAN, DANDONG, "th"], [], [HYESAN, DANDONG]),
        ([HYESAN, DANDONG, "th.nong_khai"], [], []),
        ([], [], []),
    ],
)
def test_the_narrowest_places_are_told_two_at_most(
    in_title: list[str], in_text: list[str], told_places: list[str]
) -> None:
    sightings = [Sighting(code, titled("Hyesan")) for code in in_title]
    sightings += [Sighting(code, seen("Dandong")) for code in in_text]
    assert of(places=tuple(sightings)).places == tuple(told_places)


def test_the_fact_is_that_of_the_first_of_the_most_urgent_reports_that_names_a_danger() -> None:
    plain = told("s1", Role.STATEMENT)
    press = told("s2", dangers=(DEPORTED,), people=(SEVEN,), released_by="Asylum Watch")
    calm = told("s3", Role.STATEMENT, urgency=Urgency.NOTABLE, dangers=(ARRESTED,))
    assert fact(story(calm, plain, press)) == Fact("forced_return", 7, (), (), NOW, estimated=False, by="Asylum Watch")
    assert fact(story(calm, plain)).danger == ""
    assert fact(story(calm)).danger == "detention"


def test_an_estimated_date_is_told_as_one() -> None:
    early = NOW - timedelta(hours=3)
    one = Report(statement(published=early, published_estimated=True), reading(), Role.PRESS, "owner")
    assert (fact(story(one)).published, fact(story(one)).estimated) == (early, True)


@pytest.mark.parametrize(
    ("language", "title", "text", "expected"),
    [
        (
            "en", "China: do not send back nine North Korean women held in Tumen",
            "They could be put on a bus within days. Two are from Musan, their families fear the worst.",
            ("forced_return", 9, (), ("cn.jilin.yanbian.tumen",)),
        ),
        (
            "ko", "중국 옌지서 탈북 여성 9명 체포…강제북송 임박", "인권단체는 즉각 석방을 촉구했다.",
            ("forced_return", 9, (), (YANJI,)),
        ),
        (
            "ja", "北朝鮮・清津の地下教会で信者7人を逮捕", "収容所に送られる恐れがあり、緊急の行動を求めている。",
            ("detention", 7, (), ("kp.north_hamgyong.chongjin",)),
        ),
        (
            "fr", "Chine : sept Nord-Coréennes détenues à Yanji risquent un renvoi forcé", "Il faut agir d'urgence.",
            ("forced_return", 7, (), (YANJI,)),
        ),
    ],
)  # fmt: skip
def test_whole_texts_are_told_in_a_line(
    language: str, title: str, text: str, expected: tuple[str, int, tuple[str, ...], tuple[str, ...]]
) -> None:
    one = statement(title=title, text=text, language=language)
    found = fact(story(Report(one, read(one, shipped_rules()), Role.STATEMENT, "owner")))
    assert (found.danger, found.people, found.names, found.places) == expected
