"""The terms of themes.toml, relevance.toml and urgency.toml: what ships, and what an editor is told who wrote one wrong."""

import tomllib
from importlib.resources import files

import pytest

from nkwatch.catalogue.themes import load_lexicon
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.theme import ThemeKind
from nkwatch.reading.lexicon import CUE, THEME
from nkwatch.reading.urgency import DANGERS
from tests.making import shipped_lexicon

SMALL = {
    "themes": """
rules = "1"
exact = ["WHO"]
[[theme]]
code = "health"
kind = "rights"
names = { en = "Health" }
[theme.terms]
en = ["hospital", "WHO"]
[theme.weak]
en = ["ward*"]
[theme.signs]
fr = ["lit"]
[[theme]]
code = "security"
kind = "context"
names = { en = "Security" }
""",
    "relevance": """
names = ["North Korea"]
hints = ["the North"]
masks = ["North Korea Street"]
exact = ["the North"]
actors = ["NATO"]
[names_in]
ko = ["北"]
""",
    "urgency": "\n".join(f'[{d.removeprefix(CUE)}]\nen = ["{d.removeprefix(CUE)}"]' for d in sorted(DANGERS)),
}
EMPTY = "themes.toml: exact has {}: there is nothing to look for"


def problems(**changed: str) -> tuple[str, ...]:
    """What is told of the small files, some of them changed."""
    with pytest.raises(ConfigError) as told:
        load_lexicon(**(SMALL | changed))
    return told.value.problems


def test_what_is_written_is_looked_for() -> None:
    lexicon = load_lexicon(**SMALL)
    assert [(t.code, t.kind) for t in lexicon.themes] == [
        ("health", ThemeKind.RIGHTS),
        ("security", ThemeKind.CONTEXT),
    ]
    text = "hospital WHO who wards lit the North THE NORTH NATO North Korea Street, North Korea 北 execution"

    def found(language: str) -> set[tuple[str, str]]:
        return {(h.list, h.evidence.phrase) for h in lexicon.hits("text", text, language)}

    everywhere = {
        ("theme:health", "hospital"), ("theme:health", "WHO"), ("weak:health", "wards"), ("hints", "the North"),
        ("near:actors", "NATO"), ("names", "North Korea"),
    }  # fmt: skip
    assert found("en") == everywhere | {("urgency:execution", "execution")}
    assert found("fr") == everywhere | {("signs:health", "lit")}
    assert found("ko") == everywhere | {("names", "北")}
    assert lexicon.rules == "1"


@pytest.mark.parametrize("name", ["themes", "relevance", "urgency"])
def test_what_is_no_toml_is_told(name: str) -> None:
    (told,) = problems(**{name: "[["})
    assert told.startswith(f"{name}.toml is no TOML: ")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('rules = "1"', "", 'themes.toml: rules must be the version of the rules in quotation marks, such as "2026.11.1"'),
        ('rules = "1"', "rules = 1", 'themes.toml: rules must be the version of the rules in quotation marks, such as "2026.11.1"'),
        ('exact = ["WHO"]', "", "themes.toml: exact is missing"),
        ('exact = ["WHO"]', 'exact = "WHO"', "themes.toml: exact must be a list of phrases in quotation marks"),
        ('exact = ["WHO"]', "exact = [1]", "themes.toml: exact must be a list of phrases in quotation marks"),
        ('exact = ["WHO"]', 'exact = [" "]', EMPTY.format("' '")),
        ('exact = ["WHO"]', 'exact = ["*"]', EMPTY.format("'*'")),
        ('exact = ["WHO"]', 'exact = ["-"]', EMPTY.format("'-'")),
        ('exact = ["WHO"]', 'exact = ["WHO"]\nexcat = []', "themes.toml: excat is unknown; there are exact, rules, theme"),
        ('code = "health"', "", "themes.toml, [[theme]] 1: code is None; it must be a name of its own such as prisons"),
        ('code = "health"', 'code = "a b"', "themes.toml, [[theme]] 1: code is 'a b'; it must be a name of its own such as prisons"),
        ('code = "security"', 'code = "health"', "themes.toml, [[theme]] 2: code is 'health'; it must be a name of its own such as prisons"),
        ('kind = "rights"', "", "themes.toml, [[theme]] health: kind is None; it must be one of rights, context"),
        ('kind = "rights"', 'kind = "right"', "themes.toml, [[theme]] health: kind is 'right'; it must be one of rights, context"),
        ('names = { en = "Health" }', "", 'themes.toml, [[theme]] health: names must give the name by language, English at least: names = { en = "Prisons" }'),
        ('names = { en = "Health" }', 'names = { fr = "Santé" }', 'themes.toml, [[theme]] health: names must give the name by language, English at least: names = { en = "Prisons" }'),
        ('names = { en = "Health" }', 'names = { en = "" }', 'themes.toml, [[theme]] health: names must give the name by language, English at least: names = { en = "Prisons" }'),
        ("[theme.weak]", "[theme.week]", "themes.toml, [[theme]] health: week is unknown; there are code, definition, kind, names, signs, terms, weak"),
        ('[theme.weak]\nen = ["ward*"]', "", ""),
        ('[theme.terms]\nen = ["hospital", "WHO"]', 'terms = ["hospital"]', 'themes.toml, [[theme]] health: terms must have a list for each language, such as en = ["prison"]'),
        ('en = ["hospital", "WHO"]', 'en = "hospital"', "themes.toml, [[theme]] health: terms.en must be a list of phrases in quotation marks"),
        ('en = ["hospital", "WHO"]', 'en = ["hospital", ""]', "themes.toml, [[theme]] health: terms.en has '': there is nothing to look for"),
        ('fr = ["lit"]', 'French = ["lit"]', "themes.toml, [[theme]] health: signs: French is no language; write two small letters, such as en"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_themes_is_told_by_file_and_key(before: str, after: str, told: str) -> None:
    assert before in SMALL["themes"]
    changed = SMALL["themes"].replace(before, after, 1)
    if told:
        assert problems(themes=changed) == (told,)
    else:
        assert load_lexicon(**(SMALL | {"themes": changed})).terms


@pytest.mark.parametrize("written", ["theme = 3", 'theme = ["prisons"]', "[theme]\ncode = 'prisons'", ""])
def test_themes_are_tables(written: str) -> None:
    assert problems(themes=f'rules = "1"\nexact = []\n{written}') == (
        "themes.toml: theme must be written as [[theme]] tables",
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('names = ["North Korea"]', "", "relevance.toml: names is missing"),
        ('hints = ["the North"]', "", "relevance.toml: hints is missing"),
        ('masks = ["North Korea Street"]', "", "relevance.toml: masks is missing"),
        ('masks = ["North Korea Street"]', 'masks = [""]', "relevance.toml: masks has '': there is nothing to look for"),
        ('names = ["North Korea"]', 'names = "North Korea"', "relevance.toml: names must be a list of phrases in quotation marks"),
        ('actors = ["NATO"]', "actors = [true]", "relevance.toml: actors must be a list of phrases in quotation marks"),
        ("[names_in]\nko = ", "names_in = ", 'relevance.toml: names_in must have a list for each language, such as en = ["prison"]'),
        ('ko = ["北"]', 'ko = "北"', "relevance.toml: names_in.ko must be a list of phrases in quotation marks"),
        ("actors", "acters", "relevance.toml: acters is unknown; there are actors, context, deeds, domestic, domestic_in, elsewhere, exact, hints, masks, names, names_in, occasion, offices"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_names_is_told_by_file_and_key(before: str, after: str, told: str) -> None:
    assert before in SMALL["relevance"]
    assert problems(relevance=SMALL["relevance"].replace(before, after, 1)) == (told,)


def test_only_names_hints_and_masks_have_to_be_there() -> None:
    lexicon = load_lexicon(**(SMALL | {"relevance": 'names = ["a"]\nhints = []\nmasks = []'}))
    assert [t.phrase for t in lexicon.terms if t.list == "names"] == ["a"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[execution]", "[executions]", "urgency.toml lacks [execution]: it is one of the dangers"),
        ('[execution]\nen = ["execution"]', '[execution]\nen = "execution"', "urgency.toml: execution.en must be a list of phrases in quotation marks"),
        ('[execution]\nen = ["execution"]', "[execution]\nenglish = []", "urgency.toml: execution: english is no language; write two small letters, such as en"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_cues_is_told_by_file_and_key(before: str, after: str, told: str) -> None:
    assert before in SMALL["urgency"]
    assert problems(urgency=SMALL["urgency"].replace(before, after, 1)) == (told,)


def test_cues_stand_in_tables() -> None:
    assert problems(urgency=f"now = ['today']\n{SMALL['urgency']}") == (
        'urgency.toml: now must have a list for each language, such as en = ["prison"]',
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(problems(themes="rules = 1", relevance="names = 1", urgency="now = 1")) == 3 + 3 + len(DANGERS) + 1


def test_a_term_of_an_editor_counts_with_the_weight_of_its_list() -> None:
    text = (files("nkwatch.catalogue") / "themes.toml").read_text("utf-8")
    with_term = text.replace("[theme.terms]\nen = [\n", '[theme.terms]\nen = [\n  "zzyzx pit",\n', 1)
    assert with_term != text
    first = tomllib.loads(text)["theme"][0]["code"]
    (hit,) = [h for h in load_lexicon(with_term).hits("text", "two Zzyzx pits", "en") if "pits" in h.evidence.phrase]
    assert (hit.list, hit.evidence.phrase) == (f"theme:{first}", "Zzyzx pits")


# What ships


def test_every_theme_has_a_name_in_the_four_languages_and_terms() -> None:
    named = {t.list for t in shipped_lexicon().terms}
    for theme in shipped_lexicon().themes:
        assert theme.names.keys() >= {"en", "ko", "ja", "fr"}
        assert f"{THEME}{theme.code}" in named
