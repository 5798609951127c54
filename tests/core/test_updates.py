"""What later reports change in an alert that was sent."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.alert import Change, ChangeKind
from nkwatch.domain.reading import Ask, Evidence, Headcount, Mention, MentionKind, Sighting, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report
from nkwatch.editing.updates import MOST, changed
from tests.making import NOW, context, report


def seen(phrase: str) -> Evidence:
    """Words of a text, wherever they stand."""
    return Evidence("text", 0, len(phrase), phrase)


def sightings(codes: str) -> tuple[Sighting, ...]:
    """What these codes, separated by spaces, name."""
    return tuple(Sighting(code, seen(code)) for code in codes.split())


def ask(addressee: str = "", country: str = "") -> Ask:
    """A request to somebody."""
    return Ask(seen("release them"), addressee, country)


def person(key: str, written: str = "", kind: MentionKind = MentionKind.PERSON) -> Mention:
    """Somebody who is named."""
    return Mention(seen(written or key.title()), key, kind)


def told(
    id: str = "s1",  # noqa: A002
    *,
    people: Iterable[int] = (),
    cases: Iterable[Mention] = (),
    places: str = "",
    dangers: str = "",
    asks: Iterable[Ask] = (),
    by: str = "",
    **fields: object,
) -> Report:
    """An urgent report of the press in which this was found."""
    one = report(id, **{"role": Role.PRESS, "urgency": Urgency.URGENT} | fields)  # type: ignore[arg-type]
    found = {
        "people": tuple(Headcount(n, seen(str(n))) for n in people),
        "cases": tuple(cases),
        "places": sightings(places),
        "dangers": sightings(dangers),
        "asks": tuple(asks),
        "released_by": by,
    }
    return replace(one, reading=replace(one.reading, **found))  # type: ignore[arg-type]


def test_a_report_that_says_the_same_changes_nothing() -> None:
    said = told(people=[5], cases=[person("ri")], places="hoeryong", dangers="arrest", asks=[ask("China", "CN")])
    assert changed([said], [said]) == ()
    assert changed([said], [told("s2")]) == ()
    assert changed([], []) == ()


def test_somebody_speaks_for_themselves_on_what_was_only_reported() -> None:
    own = told("s2", role=Role.STATEMENT, source_id="ngo")
    assert changed([told()], [own]) == (Change(ChangeKind.PRIMARY, ("Publisher ngo",)),)
    assert changed([told(role=Role.STATEMENT)], [own]) == ()
    assert changed([told()], [told("s2", role=Role.REPRINT, by="An NGO")]) == ()


def test_who_speaks_first_is_named_first_and_each_once() -> None:
    later = told("s2", role=Role.STATEMENT, source_id="b", published=NOW + timedelta(hours=1))
    first = told("s3", role=Role.STATEMENT, by="An NGO")
    again = told("s4", role=Role.STATEMENT, by="An NGO", published=NOW + timedelta(hours=2))
    (primary,) = changed([told()], [later, again, first])
    assert primary.values == ("An NGO", "Publisher b")


@pytest.mark.parametrize(
    ("before", "now", "values"),
    [
        ([], [3], ("3",)),
        ([8], [10], ("10",)),
        ([8], [9], ()),
        ([3], [4], ("4",)),
        ([1], [2], ("2",)),
        ([8], [7], ()),
        ([8], [], ()),
        ([2, 100], [110], ()),
        ([100, 2], [7, 500, 3], ("500",)),
        ([0], [0], ()),
        ([], [0], ()),
    ],
)
def test_people_are_told_when_they_are_a_quarter_more(before: list[int], now: list[int], values: tuple[str]) -> None:
    found = changed([told(people=before)], [told("s2", people=now)])
    assert found == ((Change(ChangeKind.PEOPLE, values),) if values else ())


def test_the_highest_number_of_all_that_was_told_counts() -> None:
    assert changed([told(people=[10]), told("s2", people=[2])], [told("s3", people=[11])]) == ()


def test_a_person_named_for_the_first_time_is_told_as_written() -> None:
    new = told("s2", cases=[person("ri", "RI Chol"), person("kim", "Kim Yong"), person("kim", "Kim Young")])
    assert changed([told(cases=[person("ri", "Lee Chul")])], [new]) == (Change(ChangeKind.CASES, ("Kim Yong",)),)


def test_groups_are_no_names() -> None:
    assert changed([told()], [told("s2", cases=[person("500", "the 500", MentionKind.GROUP)])]) == ()


def test_a_few_of_many_names_are_told() -> None:
    (cases,) = changed([], [told(cases=[person(f"p{n}") for n in range(9)])])
    assert cases.values == ("P0", "P1", "P2")
    assert len(cases.values) == MOST


def test_a_place_not_seen_before_is_told() -> None:
    before, now = told(places="x y"), told("s2", places="y z x z w")
    assert changed([before], [now]) == (Change(ChangeKind.PLACES, ("z", "w")),)
    assert changed([before, now], [now]) == ()


@pytest.mark.parametrize(
    ("before", "now", "values"),
    [
        ("detention", "forced_return detention", ("forced_return",)),
        ("forced_return", "detention sentence", ()),
        ("", "epidemic", ("epidemic",)),
        ("epidemic", "flood", ()),
        ("flood", "epidemic", ("epidemic",)),
        ("disaster", "sentence execution", ("sentence", "execution")),
    ],
)
def test_only_a_graver_danger_is_news(before: str, now: str, values: tuple[str, ...]) -> None:
    found = changed([told(dangers=before)], [told("s2", dangers=now)])
    assert found == ((Change(ChangeKind.DANGERS, values),) if values else ())


@pytest.mark.parametrize(
    ("before", "now", "values"),
    [
        ([], [ask("China", "CN")], ("China",)),
        ([], [ask()], ("",)),
        ([], [ask(), ask("China", "CN")], ("China",)),
        ([], [ask("", "CN"), ask("Beijing", "CN")], ("Beijing",)),
        ([ask("China", "CN")], [ask("중국 정부", "CN")], ()),
        ([ask("China", "CN")], [ask("Russia", "RU"), ask("China", "CN")], ("Russia",)),
        ([ask("China", "CN")], [ask()], ()),
        ([ask()], [ask()], ()),
        ([ask()], [ask("the  United Nations")], ("the  United Nations",)),
        ([ask("the United Nations")], [ask("United  NATIONS")], ()),
        ([ask("China", "CN")], [], ()),
    ],
)
def test_the_first_request_and_a_new_addressee_are_told(
    before: list[Ask], now: list[Ask], values: tuple[str, ...]
) -> None:
    found = changed([told(asks=before)], [told("s2", asks=now)])
    assert found == ((Change(ChangeKind.ASKS, values),) if values else ())


@pytest.mark.parametrize(
    "fields",
    [{"role": Role.STATE_MEDIA}, {"urgency": Urgency.NOTABLE}, {"themes": [context()]}],
)
def test_what_raises_no_alert_changes_none(fields: dict[str, object]) -> None:
    new = told("s2", people=[9], cases=[person("ri")], places="x", dangers="y", asks=[ask("China", "CN")], **fields)  # type: ignore[arg-type]
    assert changed([told()], [new]) == ()


def test_changes_are_told_in_one_order() -> None:
    new = told(
        "s2",
        role=Role.STATEMENT,
        people=[9],
        cases=[person("ri")],
        places="x",
        dangers="y",
        asks=[ask("China", "CN")],
    )
    assert [c.kind for c in changed([told()], [new])] == list(ChangeKind)


def test_a_number_of_a_whole_country_is_none_of_people_in_danger() -> None:
    assert changed([told(people=[26_000_000])], [told("s2", people=[7])]) == (Change(ChangeKind.PEOPLE, ("7",)),)
    assert changed([told(people=[7])], [told("s2", people=[26_000_000])]) == ()


@pytest.mark.parametrize("named", ["cn", "cn.jilin", "cn.jilin.tumen.centre"])
def test_the_country_of_a_town_and_a_part_of_it_are_no_other_places(named: str) -> None:
    assert changed([told(places="cn.jilin.tumen")], [told("s2", places=named)]) == ()
    moved = changed([told(places="cn.jilin.tumen")], [told("s2", places="cn cn.jilin.hunchun")])
    assert moved == (Change(ChangeKind.PLACES, ("cn.jilin.hunchun",)),)
