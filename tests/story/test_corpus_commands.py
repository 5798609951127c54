"""read FILE, evaluate and learn, as an operator or another program runs them: no settings, no database."""

import asyncio
import gc
import itertools
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.making import statement
from tests.story.commands import invoke

from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.weights import load_weights
from nkwatch.cli.records import RecordError, readings
from nkwatch.cli.records import statement as of_line
from nkwatch.domain.statement import EARLIEST, Statement

CORPUS = Path(__file__).parent.parent / "corpus" / "statements.jsonl"
RECORDS = [json.loads(line) for line in CORPUS.read_text("utf-8").split("\n") if line]
KEYS = {
    "id", "about_nk", "relevance", "relevance_evidence", "themes", "urgency", "urgency_evidence", "language", "quotes",
    "asks", "cases", "story",
}  # fmt: skip
#: Every score of `evaluate` but the macro one.
FIGURES = ("precision", "recall", "f1")
RETURN = {
    "id": "a",
    "title": "China: Seven North Korean women face forced return",
    "text": "(Geneva) – Seven North Korean women held in Yanji since Monday could be sent back within days.",
    "publisher": "One",
    "date": "2027-03-02",
    "url": "https://one.example/a",
}

#: Runs nkwatch as if scikit-learn were not installed.
WITHOUT_SKLEARN = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from nkwatch.cli import app
app(sys.argv[1:])
"""


def told_of(*arguments: str, given: str | bytes = "") -> list[dict]:
    code, out, said = invoke(*arguments, given=given)
    assert (code, said) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


@cache
def corpus_read() -> list[dict]:
    """What `read` says of the whole corpus."""
    return told_of("read", str(CORPUS))


@cache
def corpus_evaluated() -> dict:
    """What `evaluate` says of it."""
    (told,) = told_of("evaluate", str(CORPUS), "--json")
    return told


def jsonl(folder: Path, records: list[dict], name: str = "some.jsonl") -> str:
    file = folder / name
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return str(file)


async def started(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    out, said = await process.communicate(given)
    return process.returncode or 0, out.decode(), said.decode()


def evidence_of(told: dict) -> Iterator[dict]:
    yield from told["relevance_evidence"]
    yield from told["urgency_evidence"]
    for theme in told["themes"]:
        yield from theme["evidence"]
    for found, phrase in (("quotes", "text"), ("asks", "text"), ("cases", "name")):
        for one in told[found]:
            yield {"phrase": one[phrase]} | {part: one[part] for part in ("field", "start", "end")}


def test_readings_come_in_the_order_of_the_statements_with_every_field_of_the_contract() -> None:
    told = corpus_read()
    assert [one["id"] for one in told] == [r["id"] for r in RECORDS]
    ids = set()
    for one in told:
        assert set(one) == KEYS
        assert one["urgency"] in {"urgent", "notable", "routine"}
        assert all(set(theme) == {"code", "score", "evidence"} for theme in one["themes"])
        assert all({"text", "speaker", "role"} <= set(quote) for quote in one["quotes"])
        assert all({"text", "addressee", "by"} <= set(ask) for ask in one["asks"])
        # a story is named by its first statement, which has come before or is this one
        ids.add(one["id"])
        assert one["story"] in ids


def in_form(form: str, ahead: str = "") -> list[dict]:
    """The corpus with its letters composed (NFC) or apart (NFD)."""
    return [r | {part: unicodedata.normalize(form, ahead + r[part]) for part in ("title", "text")} for r in RECORDS]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_evidence_reproduces_its_phrase_in_code_points(form: str, tmp_path: Path) -> None:
    records = in_form(form, "\U0001f1f0\U0001f1f5\U0001d539 e\u0301\u0323 ")
    count = 0
    for record, told in zip(records, told_of("read", jsonl(tmp_path, records)), strict=True):
        for one in evidence_of(told):
            assert record[one["field"]][one["start"] : one["end"]] == one["phrase"] != ""
            count += 1
    assert count > len(records)


def test_combined_letters_change_no_reading(tmp_path: Path) -> None:
    def gist(told: list[dict]) -> list[tuple]:
        return [(t["id"], t["about_nk"], [theme["code"] for theme in t["themes"]], t["urgency"]) for t in told]

    assert in_form("NFC") == RECORDS
    assert gist(told_of("read", jsonl(tmp_path, in_form("NFD")))) == gist(corpus_read())


async def test_standard_input_is_read_by_a_process_without_settings(tmp_path: Path) -> None:
    given = "\ufeff" + json.dumps(RETURN | {"text": "평양에서 체포된 여성"}, ensure_ascii=False) + "\n"
    code, out, said = await started(
        "-m", "nkwatch", "--config", str(tmp_path / "no.toml"), "read", "-", given=given.encode()
    )
    assert (code, said) == (0, "")
    assert json.loads(out)["id"] == "a"
    assert not list(tmp_path.iterdir())


def test_a_line_that_is_no_statement_is_told_and_left_out() -> None:
    bad = ["{", "7", '{"title": 7}', '{"text": ["x"]}', "[" * 100_000]
    lines = [json.dumps(RETURN), *bad, "", json.dumps(RETURN | {"id": "b"})]
    code, out, said = invoke("read", "-", given="\n".join(lines))
    assert code == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["a", "b"]
    for number in range(2, len(bad) + 2):
        assert f"-, line {number}: left out: " in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == len(bad)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"title": None, "text": None, "id": None, "publisher": None, "url": None, "date": None, "lang": None},
        {"title": "North Korea", "date": "yesterday", "lang": 7},
        {"title": "North Korea", "date": "0001-01-01T00:00:00+14:00"},
        {"title": "North Korea", "date": "9999-12-31T23:59:59-14:00"},
        {"title": "North Korea \ud800 \udfff executes a man", "id": "\ud800"},
        {"title": "北朝鮮" * 100_000, "text": "\u0000\u202e" * 10},
    ],
)
def test_a_statement_is_taken_with_what_it_has(record: dict) -> None:
    (told,) = told_of("read", "-", given=json.dumps(record))
    assert set(told) == KEYS


def test_bytes_that_are_no_utf_8_harm_only_their_own_letters(tmp_path: Path) -> None:
    file = tmp_path / "latin.jsonl"
    file.write_bytes(b'{"id": "a", "title": "North Korea f\xfcr"}\n{"id": "b", "title": "North Korea"}\n')
    assert [one["id"] for one in told_of("read", str(file))] == ["a", "b"]
    assert [one["id"] for one in told_of("read", "-", given=file.read_bytes())] == ["a", "b"]


def test_a_date_is_a_day_or_an_instant_and_a_year_or_month_alone_an_estimate() -> None:
    dates = {
        "2027-03-02": ("2027-03-02", False),
        "2027-03-02T01:00+09:00": ("2027-03-01", False),
        "2027-03": ("2027-03-01", True),
        "2027": ("2027-01-01", True),
    }
    for given, expected in dates.items():
        one = of_line(json.dumps({"title": "x", "date": given}), 1)
        assert (one.published.date().isoformat(), one.published_estimated) == expected
    undated = of_line('{"published": "soon"}', 7)
    assert (undated.id, undated.published, undated.published_estimated) == ("7", EARLIEST, True)
    with pytest.raises(RecordError, match="no JSON object"):
        of_line("[]", 1)


def test_a_reprint_and_a_translation_bear_the_id_of_the_first_of_their_story(tmp_path: Path) -> None:
    records = [
        RETURN,
        RETURN | {"id": "b", "publisher": "Two", "date": "2027-03-03", "url": ""},
        RETURN | {"id": "c", "date": "2029-03-02", "url": "https://one.example/c",
                  "text": RETURN["text"] + " " + "Nobody has heard of last year's letter to the embassy in Seoul. " * 3},
        RETURN | {"id": "d", "title": "Football cup final in Leeds", "text": "The keeper saved two shots."},
    ]  # fmt: skip
    told = told_of("read", jsonl(tmp_path, records))
    assert [one["story"] for one in told] == ["a", "a", "c", "d"]


def test_stories_come_together_across_languages_as_in_the_service(tmp_path: Path) -> None:
    records = [r for r in RECORDS if r["story"] in {"laos9", "flood-chongjin"}]
    told = told_of("read", jsonl(tmp_path, records))
    stories = {one["story"] for one in told}
    assert len(stories) == 2


def test_a_story_is_never_revised(tmp_path: Path) -> None:
    whole = {one["id"]: one["story"] for one in corpus_read()}
    half = told_of("read", jsonl(tmp_path, RECORDS[:100]))
    assert {one["id"]: one["story"] for one in half} == {r["id"]: whole[r["id"]] for r in RECORDS[:100]}


def test_statements_are_read_one_by_one_and_not_kept() -> None:
    taken = itertools.count()

    def endless() -> Iterator[Statement]:
        for number in taken:
            yield statement(f"s{number}", title=f"North Korea: report number {number} on the camps")

    found = readings(endless(), load_rules())
    assert [one.id for one, *_ in itertools.islice(found, 3)] == ["s0", "s1", "s2"]
    assert next(taken) == 3
    for _ in itertools.islice(found, 150):
        pass
    gc.collect()
    ours = [o for o in gc.get_objects() if isinstance(o, Statement) and o.title.startswith("North Korea: report")]
    assert len(ours) < 10


@pytest.mark.parametrize("command", [["read"], ["evaluate"]])
def test_a_file_that_is_not_there_is_told(command: list[str], tmp_path: Path) -> None:
    for name in ("none.jsonl", "."):
        code, out, said = invoke(*command, str(tmp_path / name))
        assert (code, out) == (2, "")
        assert str(tmp_path) in said.replace("\n", "")
        assert "Traceback" not in said


WEIGHTS = ("weights.tsv", "prisons\t(bias)\t-1\nprisons\ttheme:prisons\n", "weights.tsv, line 2")
THEMES = ("themes.toml", "rules = \n", "themes.toml is no TOML")


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (["read", "-"], WEIGHTS),
        (["evaluate", "-"], WEIGHTS),
        (["read", "-"], THEMES),
        (["evaluate", "-"], THEMES),
        # the weights are what it writes, so wrong ones do not keep it from that
        (["learn", "out.tsv"], THEMES),
    ],
)
def test_wrong_rules_are_told_before_anything_is_read(
    command: list[str], wrong: tuple[str, str, str], tmp_path: Path
) -> None:
    name, text, told = wrong
    (tmp_path / name).write_text(text)
    code, out, said = invoke(*command, "--rules", str(tmp_path), given=json.dumps(RETURN))
    assert (code, out) == (2, "")
    assert told in said
    assert "Traceback" not in said


def test_rules_for_no_file_are_wrong_usage(tmp_path: Path) -> None:
    code, out, said = invoke("read", "--rules", str(tmp_path))
    assert (code, out) == (2, "")
    assert "--rules goes with a file" in said


def assert_figures(figures: dict) -> None:
    assert figures["there"] >= 0 <= figures["found"]
    for name in FIGURES:
        low, high = figures[f"{name}_interval"]
        assert 0 <= low <= high <= 1
        assert 0 <= figures[name] <= 1


def test_evaluate_tells_every_figure_with_its_interval() -> None:
    told = corpus_evaluated()
    assert set(told) == {
        "rules", "statements", "relevance", "themes", "urgent", "stories", "by_language", "by_publisher",
    }  # fmt: skip
    assert (told["rules"], told["statements"]) == (load_rules().version, len(RECORDS))
    codes = [theme.code for theme in load_rules().lexicon.themes]
    assert list(told["themes"]["each"]) == codes
    groups = [*told["by_language"].values(), *told["by_publisher"].values()]
    for figures in (
        told["relevance"], told["themes"]["micro"], told["urgent"], *told["stories"].values(),
        *told["themes"]["each"].values(), *(g[name] for g in groups for name in ("relevance", "themes", "urgent")),
    ):  # fmt: skip
        assert_figures(figures)
    assert set(told["stories"]) == {"pairs", "bcubed"}
    assert set(told["themes"]["macro"]) == {"f1", "f1_interval"}
    assert {"en", "ko", "ja", "fr"} <= set(told["by_language"])
    assert all(group["statements"] >= 5 for group in groups)


def test_evaluate_measures_what_read_finds(tmp_path: Path) -> None:
    measured = corpus_evaluated()
    read = {one["id"]: one for one in corpus_read()}
    right = sum(r["urgency"] == "urgent" == read[r["id"]]["urgency"] for r in RECORDS)
    found = sum(one["urgency"] == "urgent" for one in read.values())
    assert measured["urgent"]["found"] == found
    assert measured["urgent"]["precision"] == pytest.approx(right / found)
    # its own readings as labels are matched in full
    own = [
        r | {"about_nk": read[r["id"]]["about_nk"], "themes": [t["code"] for t in read[r["id"]]["themes"]],
             "optional_themes": [], "urgency": read[r["id"]]["urgency"], "story": read[r["id"]]["story"]}
        for r in RECORDS
    ]  # fmt: skip
    (perfect,) = told_of("evaluate", jsonl(tmp_path, own), "--json")
    for figures in (perfect["relevance"], perfect["themes"]["micro"], perfect["urgent"], *perfect["stories"].values()):
        assert [figures[name] for name in FIGURES] == pytest.approx([1, 1, 1])


def test_evaluate_shows_people_a_table(tmp_path: Path) -> None:
    code, out, said = invoke("evaluate", jsonl(tmp_path, RECORDS[:60]))
    assert (code, said) == (0, "")
    assert out.startswith("60 statements, rules ")
    for row in (
        "precision",
        "relevance",
        "themes, micro",
        "themes, macro",
        "urgent",
        "story pairs",
        "stories, B-cubed",
        "themes, en",
    ):
        assert row in out


def test_a_file_without_labels_is_told_with_file_and_line(tmp_path: Path) -> None:
    for command in (["evaluate"], ["learn", str(tmp_path / "w.tsv"), "--with"]):
        code, out, said = invoke(*command, jsonl(tmp_path, [RECORDS[0], RETURN], "unlabelled.jsonl"))
        assert (code, out) == (2, "")
        assert "unlabelled.jsonl, line 2: no labelled statement: it lacks '" in said
        assert "Traceback" not in said
    code, out, said = invoke("evaluate", "-", given="\n\n")
    assert (code, out) == (1, "")
    assert "no labelled statement in it" in said


def test_what_operators_correct_moves_the_weights_that_learn_writes(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="learning needs scikit-learn")
    told = {"title": "", "lang": "en", "about_nk": True, "themes": ["culture"], "urgency": "routine"}
    ours = [told | {"text": f"North Korea: the political prison camp choir sang song {n}."} for n in range(12)]
    out = tmp_path / "rules" / "weights.tsv"
    (figures,) = [json.loads(invoke("learn", str(out), "--with", jsonl(tmp_path, ours), "--times", "10", "--json")[1])]
    learned, shipped = load_weights(out.read_text("utf-8")), load_weights()
    assert figures["file"] == str(out)
    assert figures["version"] == learned.version != shipped.version
    assert figures["weights"] == sum(len(head.weights) for head in learned.heads.values())
    assert load_rules(out.parent).version != load_rules().version
    for head, up in (("culture", True), ("prisons", False)):
        before, after = (of.heads[head].weights.get("theme:prisons", 0.0) for of in (shipped, learned))
        assert (after > before) is up
    given = json.dumps({"title": "", "text": ours[0]["text"]})
    scores = [
        {theme["code"] for theme in told_of("read", "-", *rules, given=given)[0]["themes"]}
        for rules in ([], ["--rules", str(out.parent)])
    ]
    assert "culture" not in scores[0]
    assert "culture" in scores[1]


async def test_learning_without_scikit_learn_is_told_in_a_sentence(tmp_path: Path) -> None:
    code, out, said = await started("-c", WITHOUT_SKLEARN, "learn", str(tmp_path / "w.tsv"))
    assert (code, out) == (2, "")
    assert "learning needs scikit-learn: pip install 'nkwatch[learning]'" in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


async def test_reading_needs_no_scikit_learn(tmp_path: Path) -> None:
    code, out, said = await started("-c", WITHOUT_SKLEARN, "read", jsonl(tmp_path, [RETURN]))
    assert (code, said) == (0, "")
    assert json.loads(out)["about_nk"] is True


@pytest.mark.parametrize("command", ["read", "evaluate", "learn"])
def test_each_command_has_an_example(command: str) -> None:
    code, out, _ = invoke(command, "--help")
    assert code == 0
    assert f"Example: nkwatch {'correct' if command == 'learn' else command}" in out
