"""A change that makes reading worse fails here: figures on statements of our own that no weight was learned from."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from nkwatch.catalogue.labelled import load_labelled, read_labelled
from nkwatch.catalogue.rules import load_rules
from nkwatch.cli.corpus import judged
from nkwatch.domain.labelled import Labelled
from nkwatch.domain.reading import Urgency
from nkwatch.learning import measure
from nkwatch.learning.measure import Judged, Tally
from nkwatch.reading.asks import asks
from nkwatch.reading.cases import cases
from nkwatch.reading.quotes import quotes

HERE = Path(__file__).parent
SHARED = os.environ.get("NKWATCH_SHARED", "")
CODES = [theme.code for theme in load_rules().lexicon.themes]

#: Figure, floor, and what was measured when the floor was set (with weights learned anew). Raise a floor when reading
#: gets better; lower one only with a reason.
FLOORS = [
    ("relevance F1", 0.965, 0.979),
    ("themes micro F1", 0.801, 0.831),
    ("themes macro F1", 0.802, 0.832),
    ("themes micro F1, en", 0.773, 0.803),
    ("themes micro F1, ko", 0.883, 0.913),
    ("themes micro F1, fr", 0.784, 0.814),
    ("themes micro F1, ja", 0.806, 0.836),
    ("urgent precision", 0.841, 0.881),
    ("urgent recall", 0.764, 0.804),
    ("story pairs F1", 0.816, 0.846),
    ("stories B-cubed F1", 0.926, 0.956),
    ("quotes precision", 0.873, 0.913),
    ("quotes recall", 0.915, 0.955),
    ("quotes with the right speaker", 0.817, 0.857),
    ("asks precision", 0.97, 1.000),
    ("asks recall", 0.97, 1.000),
    ("asks with the right country", 0.97, 1.000),
    ("cases precision", 0.915, 0.955),
    ("cases recall", 0.835, 0.875),
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a person says is to be found in a short text."""

    texts: dict[str, str]
    language: str
    quotes: list[dict[str, str]]
    asks: list[dict[str, str]]
    cases: list[str]


@cache
def statements() -> tuple[Labelled, ...]:
    with (HERE / "statements.jsonl").open(encoding="utf-8") as lines:
        return tuple(read_labelled(lines, "statements.jsonl"))


@cache
def findings() -> tuple[Finding, ...]:
    lines = (HERE / "findings.jsonl").read_text("utf-8").split("\n")
    records = [json.loads(line) for line in lines if line]
    return tuple(
        Finding({"title": r["title"], "text": r["text"]}, r["lang"], r["quotes"], r["asks"], r["cases"])
        for r in records
    )


def figures_of(told: list[Judged]) -> dict[str, float]:
    micro, urgent = measure.micro(told, CODES), measure.score(told, measure.urgent)
    figures = {
        "relevance F1": measure.score(told, measure.relevant).f1,
        "themes micro F1": micro.f1,
        "themes macro F1": measure.macro(told, CODES).f1,
        "urgent precision": urgent.precision,
        "urgent recall": urgent.recall,
        "story pairs F1": measure.pairs(told).f1,
        "stories B-cubed F1": measure.bcubed(told).f1,
    }
    groups = measure.by(told, lambda one: one.language)
    return figures | {f"themes micro F1, {name}": measure.micro(of, CODES).f1 for name, of in groups.items()}


def matched(
    expected: Iterable[object], found: Iterable[object], same: Callable[[object, object], bool]
) -> tuple[Tally, list[tuple[object, object]]]:
    """Each expected one with the first that was found and is still free."""
    free, pairs, missed = list(found), [], 0
    for one in expected:
        match = next((f for f in free if same(one, f)), None)
        if match is None:
            missed += 1
        else:
            free.remove(match)
            pairs.append((one, match))
    return Tally(len(pairs), len(free), missed), pairs


def bare(words: str) -> str:
    return words.strip(" .,!?、。，")


def of_findings() -> Iterator[tuple[str, float]]:
    rules = load_rules()
    totals = dict.fromkeys(("quotes", "asks", "cases"), Tally())
    speakers, addressees = [], []
    for one in findings():
        said = quotes(one.texts, rules.speech, one.language)
        tally, pairs = matched(one.quotes, said, lambda q, f: bare(q["text"]) == bare(f.words.phrase))
        totals["quotes"] += tally
        speakers += [q["speaker"] == f.speaker for q, f in pairs]
        asked = asks(one.texts, rules.speech, one.language)
        tally, pairs = matched(one.asks, asked, lambda a, f: a["text"] in f.what.phrase)
        totals["asks"] += tally
        addressees += [a["country"] == f.country for a, f in pairs]
        named = cases(one.texts, rules.cases, one.language)
        tally, _ = matched(one.cases, named, lambda c, f: c in f.who.phrase or rules.cases.key(c) == f.key)
        totals["cases"] += tally
    for name, total in totals.items():
        yield f"{name} precision", total.precision
        yield f"{name} recall", total.recall
    yield "quotes with the right speaker", sum(speakers) / len(speakers)
    yield "asks with the right country", sum(addressees) / len(addressees)


@cache
def figures() -> dict[str, float]:
    return figures_of(judged(statements(), load_rules())) | dict(of_findings())


@pytest.mark.parametrize(("figure", "floor", "measured"), FLOORS, ids=[name for name, *_ in FLOORS])
def test_reading_is_not_worse_than_it_was(figure: str, floor: float, measured: float) -> None:
    assert floor < measured
    assert figures()[figure] >= floor


def test_every_figure_has_a_floor() -> None:
    few = {"themes micro F1, de", "themes micro F1, es"}
    assert set(figures()) - few == {name for name, *_ in FLOORS}


def test_the_corpus_is_what_it_is_said_to_be() -> None:
    told = statements()
    assert len(told) >= 200
    assert len({one.id for one in told}) == len(told)
    by_language = measure.by([Judged(one, None) for one in told], lambda one: one.language)  # type: ignore[arg-type]
    assert [name for name, of in by_language.items() if len(of) >= 30] == ["en", "ko", "fr", "ja"]
    for code in CODES:
        assert sum(code in one.themes and code not in one.optional for one in told) >= 6, code
    assert {code for one in told for code in (*one.themes, *one.optional)} <= set(CODES)
    assert sum(one.urgency is Urgency.URGENT for one in told) >= 35
    assert sum(not one.about_nk for one in told) >= 45
    assert not any(one.themes or one.urgency for one in told if not one.about_nk)
    shared = measure.by([Judged(one, None) for one in told], lambda one: one.story)  # type: ignore[arg-type]
    assert sum(len(of) > 1 for of in shared.values()) >= 20


def test_what_is_to_be_found_stands_in_its_text() -> None:
    assert len(findings()) >= 60
    for one in findings():
        whole = "\n".join(one.texts.values())
        for expected in (*one.quotes, *one.asks):
            assert all(expected.get(part, "") in whole for part in ("text", "speaker", "role", "addressee", "by"))
        assert all(name in whole for name in one.cases)


def test_no_text_that_tests_is_one_that_was_learned_from() -> None:
    learned = {text for one in load_labelled() for text in (one.title, one.text) if len(text) > 40}
    assert not learned & {text for one in statements() for text in (one.title, one.text)}


@pytest.mark.skipif(not SHARED, reason="NKWATCH_SHARED names no folder with labelled statements of third parties")
def test_the_table_of_third_party_statements(capsys: pytest.CaptureFixture[str]) -> None:
    for file in sorted(Path(SHARED).glob("corpus/*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            table = figures_of(judged(list(read_labelled(lines, file.name)), load_rules()))
        with capsys.disabled():
            rows = "\n".join(f"  {name:30}{figure:.3f}" for name, figure in table.items())
            print(f"\n{file.name}\n{rows}")  # noqa: T201  this table is what the test is for
        assert table
