"""The line that opens an alert has to be right when it speaks: measured on texts of our own in four languages."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from nkwatch.catalogue.places import load_places
from nkwatch.catalogue.rules import load_rules
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report, Story
from nkwatch.editing.facts import Fact, fact
from nkwatch.reading import read
from tests.making import NOW, statement

FILE = Path(__file__).parent / "facts.jsonl"
#: Of what there is to tell, so much is told at least; what is told is never wrong.
FLOORS = {"danger": 0.95, "people": 0.9, "names": 0.75, "places": 0.95}


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, and what a person says that its fact is."""

    language: str
    title: str
    text: str
    danger: str
    people: int | None
    names: tuple[str, ...]
    places: tuple[str, ...]


@cache
def samples() -> tuple[Sample, ...]:
    records = [json.loads(line) for line in FILE.read_text("utf-8").split("\n") if line]
    return tuple(
        Sample(r["lang"], r["title"], r["text"], r["danger"], r["people"], tuple(r["names"]), tuple(r["places"]))
        for r in records
    )


@cache
def told(sample: Sample) -> Fact:
    one = statement(title=sample.title, text=sample.text, language=sample.language)
    return fact(Story("s1", (Report(one, read(one, load_rules()), Role.PRESS, "owner"),), NOW))


@pytest.mark.parametrize("sample", samples(), ids=[s.title for s in samples()])
@pytest.mark.parametrize("part", FLOORS)
def test_what_is_told_is_right(part: str, sample: Sample) -> None:
    said = getattr(told(sample), part)
    assert not said or said == getattr(sample, part)


@pytest.mark.parametrize("part", FLOORS)
def test_most_of_what_there_is_to_tell_is_told(part: str) -> None:
    there = [s for s in samples() if getattr(s, part)]
    assert sum(bool(getattr(told(s), part)) for s in there) >= FLOORS[part] * len(there)


def test_the_samples_are_many_in_four_languages_and_name_every_danger() -> None:
    assert len(samples()) >= 48
    by_language = {code: sum(s.language == code for s in samples()) for code in ("en", "ko", "ja", "fr")}
    assert min(by_language.values()) >= 9
    codes = {place.code for place in load_places()}
    assert {code for s in samples() for code in s.places} <= codes
    assert len({s.danger for s in samples() if s.danger}) == 7
