"""places.toml: what ships, and what an editor is told who wrote one of their own wrong."""

from importlib.resources import files
from pathlib import Path

import pytest

from nkwatch.catalogue.places import load_places
from nkwatch.catalogue.rules import load_rules
from nkwatch.domain.place import around
from nkwatch.domain.problems import ConfigError
from nkwatch.reading import read
from tests.making import statement

OWN = """
[[place]]
code = "kp"
names = { en = "North Korea" }

[[place]]
code = "kp.skyland"
names = { en = "Skyland", ko = "하늘땅" }
terms = { en = ["Skyland"], ko = ["하늘땅"] }
masks = ["Skyland Park"]
"""


def problems(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load_places(text)
    return "\n".join(raised.value.problems)


def test_the_places_that_ship_have_names_in_four_languages_and_lie_in_one_another() -> None:
    places = load_places()
    codes = {place.code for place in places}
    assert 60 <= len(places) <= 120
    assert len(codes) == len(places)
    for place in places:
        assert {"en", "ko", "ja", "fr"} <= place.names.keys(), place.code
        assert place.country == place.code[:2].upper()
        assert set(around(place.code)) <= codes, place.code
        assert place.terms or place.code == "kp"


def test_no_term_of_a_place_is_one_of_another() -> None:
    told = [(t.casefold(), place.code) for place in load_places() for some in place.terms.values() for t in some]
    owners: dict[str, set[str]] = {}
    for term, code in told:
        owners.setdefault(term, set()).add(code)
    assert not {term: codes for term, codes in owners.items() if len(codes) > 1}


def test_an_operator_reads_by_places_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "places.toml").write_text(OWN, "utf-8")
    rules = load_rules(tmp_path)
    assert [place.code for place in rules.places] == ["kp", "kp.skyland"]
    assert rules.version != load_rules().version
    found = read(statement(title="North Korea: arrests in Skyland and Hyesan", text=""), rules)
    assert [(p.code, p.seen.phrase) for p in found.places] == [("kp.skyland", "Skyland")]
    assert read(statement(title="North Korea: arrests near Skyland Park", text=""), rules).places == ()


def test_the_shipped_places_are_part_of_the_shipped_rules() -> None:
    assert load_rules().places == load_places()
    assert load_places((files("nkwatch.catalogue") / "places.toml").read_text("utf-8")) == load_places()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("place = 1", "place must be written as [[place]] tables"),
        ("place = [1]", "place must be written as [[place]] tables"),
        ("", "place must be written"),
        ("= what", "places.toml is no TOML"),
        (OWN + "[more]\n", "places.toml: more is unknown"),
        (OWN.replace("kp.skyland", "Skyland"), "code is 'Skyland'; it must be a country and what lies in it"),
        (OWN.replace('"kp.skyland"', "7"), "code is 7; it must be"),
        (OWN.replace("kp.skyland", "kp"), "kp is there already"),
        (OWN.replace("kp.skyland", "kp.far.skyland"), "there is no place kp.far for it to lie in"),
        (OWN.replace('names = { en = "Skyland", ko = "하늘땅" }', ""), "names must give the name by language"),
        (OWN.replace('en = "Skyland", ', ""), "names must give the name by language"),
        (OWN.replace('en = "Skyland", ', 'en = "", '), "names must give the name by language"),
        (OWN.replace('en = ["Skyland"]', 'english = ["Skyland"]'), "english is no language"),
        (OWN.replace('en = ["Skyland"]', 'en = "Skyland"'), "terms.en must be a list of phrases"),
        (OWN.replace('masks = ["Skyland Park"]', 'masks = [" "]'), "there is nothing to look for"),
        (OWN.replace("masks", "mask"), "mask is unknown"),
    ],
)
def test_a_wrong_place_is_told_by_its_code(text: str, told: str) -> None:
    assert told in problems(text or "\n")
