"""The words by which quotes and asks are found: what ships, and what an editor is told who wrote it wrong."""

import re
import tomllib
from importlib.resources import files

import pytest

from nkwatch.catalogue.speech import LANGUAGES, LISTS, load_speech
from nkwatch.domain.problems import ConfigError
from nkwatch.reading.asks import asks
from nkwatch.reading.quotes import quotes

SHIPPED = (files("nkwatch.catalogue") / "speech.toml").read_text("utf-8")


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load_speech(text)
    return raised.value.problems


def test_what_ships_has_every_list_in_every_language() -> None:
    speech = load_speech()
    assert tuple(speech.tongues) == LANGUAGES
    for tongue in speech.tongues.values():
        assert {"CN", "KP", "KR", ""} <= set(tongue.countries.values())
        assert tongue.said
        assert tongue.demands
        assert tongue.modals


def test_the_file_says_what_each_list_is_for() -> None:
    told = re.findall(r"^# (\w+)  +\S", SHIPPED, re.MULTILINE)
    assert tuple(told) == LISTS


def test_no_name_stands_for_two_countries() -> None:
    written = [
        (code, phrase) for a in tomllib.loads(SHIPPED)["addressee"] for code in LANGUAGES for phrase in a.get(code, ())
    ]
    assert len(written) - len(set(written)) == 0


def test_an_editor_extends_it_without_code() -> None:
    text = SHIPPED.replace('said = [\n  "said",', 'said = [\n  "quipped",', 1).replace(
        'modals = ["must",', 'modals = ["had better",', 1
    )
    text += '\n[[addressee]]\ncountry = "NZ"\nen = ["Aotearoa"]\n'
    speech = load_speech(text)
    (quote,) = quotes({"text": "“They are all still there,” quipped Jane Roe."}, speech, "en")
    (ask,) = asks({"text": "Aotearoa had better speak up."}, speech, "en")
    assert (quote.speaker, ask.country, ask.what.phrase) == ("Jane Roe", "NZ", "speak up")


def test_an_editor_extends_what_a_time_limit_and_a_korean_office_look_like() -> None:
    text = SHIPPED.replace('dates = [\n  "the end",', 'dates = [\n  "Eastertide", "the end",', 1).replace(
        'offices = ["부",', 'offices = ["클럽", "부",', 1
    )
    speech = load_speech(text)
    (ask,) = asks({"text": "China must free them by Eastertide."}, speech, "en")
    (quote,) = quotes({"text": "예시클럽은 “국경은 닫혀 있다”고 밝혔다."}, speech, "ko")
    assert (ask.by, quote.speaker) == ("by Eastertide", "예시클럽")


def test_what_is_no_toml_is_told() -> None:
    assert problems("en = [")[0].startswith("speech.toml is no TOML: ")


def test_all_that_is_missing_is_told_at_once() -> None:
    assert problems("x = 1") == tuple(f"speech.toml lacks the table [{code}]" for code in LANGUAGES)
    without = SHIPPED.replace("\nmodals = ", "\nmodal = ", 1)
    assert problems(without) == (
        f"speech.toml, [en]: modal is unknown; there are {', '.join(sorted(LISTS))}",
        "speech.toml, [en]: modals is missing",
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("modals = 3", "speech.toml, [ko]: modals must be a list of phrases in quotation marks"),
        ("modals = [3]", "speech.toml, [ko]: modals must be a list of phrases in quotation marks"),
        ('modals = [" "]', "speech.toml, [ko]: modals has ' ': there is nothing to look for"),
    ],
)
def test_a_wrong_list_is_told(written: str, told: str) -> None:
    head, _, korean = SHIPPED.partition("\n[ko]\n")
    assert problems(f"{head}\n[ko]\n" + re.sub(r"^modals = .*$", written, korean, count=1, flags=re.MULTILINE)) == (
        told,
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('en = ["A"]', 'country is None; it must be two capitals such as "CN", or "" for a body without country'),
        ('country = "China"', "country is 'China'; it must be two capitals such as \"CN\", or \"\" for a body without country"),
        ('country = "CN"\nde = ["China"]', "de is unknown; there are country, en, fr, ja, ko"),
        ('country = "CN"\nen = [""]', "en has '': there is nothing to look for"),
    ],
)  # fmt: skip
def test_a_wrong_addressee_is_told(written: str, told: str) -> None:
    number = SHIPPED.count("\n[[addressee]]") + 1
    assert problems(f"{SHIPPED}\n[[addressee]]\n{written}\n") == (f"speech.toml, [[addressee]] {number}: {told}",)


def test_addressees_must_be_tables() -> None:
    body = SHIPPED[SHIPPED.index("\n[en]\n") :]
    assert problems(f'addressee = "China"\n{body}') == (
        "speech.toml: addressee must be written as [[addressee]] tables",
    )
    assert problems(f"addressee = [1]\n{body}") == ("speech.toml: addressee must be written as [[addressee]] tables",)
    assert load_speech(body).tongues["en"].countries == {}
