"""Rules of one's own in place of those that ship, and what an editor is told who wrote one wrong."""

from importlib.resources import files
from pathlib import Path

import pytest
import tomlkit

from nkwatch.catalogue.labelled import load_labelled, read_labelled
from nkwatch.catalogue.rules import FILES, load_rules, load_terms
from nkwatch.catalogue.weights import load_weights, written
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.reading import read
from nkwatch.reading.rules import Rules
from tests.making import statement

SHIPPED = files("nkwatch.catalogue")
TITLE = "North Korea: forty people kept in a sky-cellar"
LINE = '{"title": "t", "text": "x", "lang": "en", "about_nk": true, "themes": ["prisons"], "urgency": "routine"}'


def with_term(folder: Path, term: str) -> Path:
    """A folder whose themes.toml has one English term more, for prisons."""
    themes = tomlkit.parse((SHIPPED / "themes.toml").read_text("utf-8"))
    prisons = next(theme for theme in themes["theme"] if theme["code"] == "prisons")
    prisons["terms"]["en"].append(term)
    (folder / "themes.toml").write_text(tomlkit.dumps(themes), "utf-8")
    return folder


def of_title(rules: Rules, title: str = TITLE) -> Reading:
    return read(statement(title=title, text=""), rules)


def problems(folder: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        load_rules(folder)
    return "\n".join(raised.value.problems)


def test_a_new_term_counts_at_once_and_gives_the_rules_another_version(tmp_path: Path) -> None:
    shipped, own = load_rules(), load_rules(with_term(tmp_path, "sky-cellar"))
    assert own.version != shipped.version
    assert own.version.partition("-")[0] == shipped.version.partition("-")[0]
    before, after = of_title(shipped), of_title(own)
    assert not any(e.phrase == "sky-cellar" for f in before.themes for e in f.evidence)
    prisons = next(f for f in after.themes if f.code == "prisons")
    assert "sky-cellar" in [e.phrase for e in prisons.evidence]
    assert (before.rules, after.rules) == (shipped.version, own.version)


def test_the_same_files_have_the_same_version_and_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    assert load_rules(tmp_path).version == load_rules().version
    for name in FILES:
        (tmp_path / name).write_text((SHIPPED / name).read_text("utf-8"), "utf-8")
    assert load_rules(tmp_path).version == load_rules().version


@pytest.mark.parametrize("name", FILES)
def test_whoever_changes_a_comment_in_any_file_has_other_rules(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text((SHIPPED / name).read_text("utf-8") + "\n# mine\n", "utf-8")
    assert load_rules(tmp_path).version != load_rules().version


def test_a_folder_that_is_not_there_is_told_with_the_files_it_is_to_hold(tmp_path: Path) -> None:
    told = problems(tmp_path / "nowhere")
    assert "nowhere: no such folder" in told
    assert all(name in told for name in FILES)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("# version: 1\nprisons\t(bias)\t-1\nprisons\ttheme:prisons", "weights.tsv, line 3: expected head"),
        ("prisons\t(bias)\tmuch", "weights.tsv, line 1: expected head"),
        ("prisons (bias) 1", "weights.tsv, line 1: expected head"),
        ("prisons\t(bias)\tnan", "weights.tsv, line 1: nan is no weight"),
        ("\n\nprisons\t(bias)\tinf", "weights.tsv, line 3: inf is no weight"),
        ("prisons\ttheme:prisons\t1", "weights.tsv: no line of prisons has the feature (bias)"),
    ],
)
def test_a_broken_line_of_weights_is_told_with_its_number(lines: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "weights.tsv").write_text(lines)
    assert told in problems(tmp_path)


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".toml")])
def test_a_broken_table_is_told_by_its_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("= what")
    assert f"{name} is no TOML" in problems(tmp_path)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "weights.tsv").write_bytes(b"\xff\xfe\x00")
    assert "weights.tsv" in problems(tmp_path)


def test_weights_are_written_as_they_are_read() -> None:
    weights = load_weights()
    text = written(weights, ["a note"])
    assert load_weights(text) == weights
    assert text.startswith("# a note\n# version: ")
    assert load_weights(text.replace("\n", "\r\n")) == weights


def test_every_theme_that_ships_has_weights_and_every_feature_of_a_list_a_list() -> None:
    rules = load_rules()
    assert set(rules.weights.heads) == {theme.code for theme in rules.lexicon.themes} | {"urgent", "notable"}
    assert all(head.weights for head in rules.weights.heads.values())


def test_the_labelled_statements_that_ship_are_many_and_complete() -> None:
    labelled = load_labelled()
    assert len(labelled) > 1_000
    assert {"en", "ko", "ja", "fr"} <= {one.language for one in labelled}
    assert len({one.id for one in labelled}) == len(labelled)
    codes = {theme.code for theme in load_rules().lexicon.themes}
    assert {code for one in labelled for code in (*one.themes, *one.optional)} <= codes
    assert load_labelled() == labelled


def test_a_labelled_statement_needs_few_fields() -> None:
    (one,) = read_labelled(["", LINE, " "], "mine.jsonl")
    assert (one.id, one.themes, one.urgency, one.story) == ("mine.jsonl:2", ("prisons",), Urgency.ROUTINE, "")
    (empty,) = read_labelled([LINE.replace('"t"', "null")], "mine.jsonl")
    assert empty.title == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "no labelled statement"),
        ("[]", "no labelled statement"),
        ("[" * 100_000, "no labelled statement"),
        (LINE.replace('"lang": "en", ', ""), "it lacks 'lang'"),
        (LINE.replace("routine", "soon"), "urgency is 'soon'; it must be urgent, notable or routine"),
        (LINE.replace("true", '"false"'), "about_nk must be true or false"),
        (LINE.replace('["prisons"]', '"prisons"'), "themes and optional_themes must be lists"),
        (LINE.replace('["prisons"]', "7"), "no labelled statement"),
    ],
)
def test_a_line_that_is_no_labelled_statement_is_told_with_its_number(line: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.jsonl, line 3: ") as raised:
        list(read_labelled([LINE, "", line], "mine.jsonl"))
    assert told in raised.value.problems[0]


def test_weights_that_are_broken_can_be_learned_anew_for_the_terms_of_their_folder(tmp_path: Path) -> None:
    (tmp_path / "weights.tsv").write_text("no weights\n", "utf-8")
    with pytest.raises(ConfigError, match=r"weights\.tsv, line 1"):
        load_rules(tmp_path)
    assert load_terms(tmp_path) == load_terms()
    with pytest.raises(ConfigError, match="no such folder"):
        load_terms(tmp_path / "gone")
