"""The pages of docs/reference say what the code says, and the code says something of everything that they tell of."""

import importlib
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.main import get_command

from nkwatch.cli.app import app
from nkwatch.cli.beginning import init
from nkwatch.cli.deferring import loaded
from nkwatch.config import Config, Secrets, load_config
from nkwatch.config.schema import Schema
from tests.docs.shell import parsed
from tests.story.commands import invoke

ROOT = Path(__file__).parents[1]
EXAMPLE = (ROOT / "config.example.toml").read_text("utf-8")
REFERENCE = ROOT / "docs" / "reference"
#: A setting or the header of a table behind a mark of comment.
SWITCHED_OFF = re.compile(r"# (\[{1,2}[\w.]+\]{1,2}\s*(?:#.*)?|\w+ = .*)")
#: What options of one meaning are called everywhere.
USUAL = {
    "as_json": {"--json"},
    "dry_run": {"--dry-run"},
    "by": {"--by"},
    "editor": {"--by", "--editor"},
    "rules": {"--rules"},
    "out": {"--out"},
    "note": {"--note"},
}


@pytest.fixture
def generate(monkeypatch):
    """What writes the pages; it lies beside them, outside of all packages."""
    monkeypatch.syspath_prepend(REFERENCE)
    known = set(sys.modules)
    yield importlib.import_module("generate")
    for name in set(sys.modules) - known:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == REFERENCE:
            del sys.modules[name]


def test_no_page_is_stale(generate, capsys):
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_what_is_stale_is_told_and_written_only_when_that_is_asked_for(generate, tmp_path):
    pages = {"one.md": lambda: "new\n", "two.md": lambda: "as it was\n"}
    (tmp_path / "two.md").write_text("as it was\n")
    assert generate.stale(tmp_path, pages, check=True) == ["one.md"]
    assert not (tmp_path / "one.md").exists()
    assert generate.stale(tmp_path, pages, check=False) == ["one.md"]
    assert (tmp_path / "one.md").read_text() == "new\n"
    assert generate.stale(tmp_path, pages, check=True) == []


def settings(schema: Schema, node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every setting and section below a node, by its whole name."""
    for name, said in node["properties"].items():
        yield f"{above}{name}", said
        below = schema.opened(said.get("items", said) if said.get("type") == "array" else said)
        if "properties" in below:
            yield from settings(schema, below, f"{above}{name}.")


@pytest.mark.parametrize("model", [Config, Secrets])
def test_every_setting_has_a_meaning_of_whole_sentences(model):
    schema = Schema.of(model)
    for name, said in settings(schema, schema.whole):
        section = schema.opened(said.get("items", said) if said.get("type") == "array" else said)
        meaning = said.get("description") or ("properties" in section and section["description"])
        assert meaning, name
        assert meaning.endswith("."), name
        assert "|" not in meaning, name


def switched_on(text: str) -> str:
    """The settings with all that stands in comments, but for other values of what is there already."""
    lines, known = list[str](), set[str]()
    for line in text.splitlines():
        off = SWITCHED_OFF.fullmatch(line)
        wanted = off[1] if off else line
        name = wanted.partition(" = ")[0]
        if wanted.startswith("["):
            known.clear()
        if not off or name not in known:
            lines.append(wanted)
        known.add(name)
    return "\n".join(lines)


def named(data: Mapping[str, Any], schema: Schema, node: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The whole names of what is written, as the schema has them: names of the operator's own are left out."""
    for name, value in data.items():
        yield f"{above}{name}"
        said = schema.opened(node["properties"].get(name, {}))
        below = schema.opened(said.get("items", {})) if said.get("type") == "array" else said
        for one in value if isinstance(value, list) else [value]:
            if "properties" in below:
                yield from named(one, schema, below, f"{above}{name}.")


def test_the_example_names_every_setting_and_no_other():
    schema = Schema.of(Config)
    written = set(named(tomllib.loads(switched_on(EXAMPLE)), schema, schema.whole))
    assert written == {name for name, _ in settings(schema, schema.whole)}


def test_the_example_is_valid_with_all_that_stands_in_comments(tmp_path):
    path = tmp_path / "nkwatch.toml"
    path.write_text(switched_on(EXAMPLE).replace("age1...", "age1example"))
    assert load_config(path).source[2].id == "newsletter"


def test_the_secrets_that_init_writes_name_every_secret(tmp_path):
    init(tmp_path)
    written = tomllib.loads((tmp_path / "nkwatch.secrets.toml").read_text("utf-8"))
    assert set(written) == set(Schema.of(Secrets).names(()))


def test_the_schema_that_is_printed_takes_the_example_and_finds_what_is_wrong():
    code, told, _ = invoke("config", "schema")
    assert code == 0
    schema = jsonschema_rs.validator_for(json.loads(told))
    assert schema.is_valid(tomllib.loads(EXAMPLE))
    assert not schema.is_valid(tomllib.loads(EXAMPLE) | {"colour": "red"})
    assert not schema.is_valid(tomllib.loads(EXAMPLE.replace("per_day = 5 ", "per_day = 500 ")))


def commands(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what is typed."""
    for name, command in group.commands.items():
        later = getattr(group, "later", {})
        found = loaded(name, later[name]) if name in later else command
        if hasattr(found, "commands"):
            yield from commands(found, f"{above}{name} ")
        else:
            yield f"{above}{name}", found


COMMANDS = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_in_the_help_of_a_command_are_such_as_it_takes(name):
    said = " ".join(COMMANDS[name].help.split()).partition("Example: ")[2]
    examples = re.split(r"(?:;|&&) (?=nkwatch )", said)
    typed = [shlex.split(example.partition(" < ")[0].partition(" > ")[0])[1:] for example in examples]
    assert any(name in " ".join(words) for words in typed)
    for words in typed:
        parsed(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_meaning_and_is_named_as_others_are(name):
    for param in (p for p in COMMANDS[name].params if p.name != "help"):
        assert param.help.endswith((".", "?")), param.name
        # brackets and dots around it are for the library to add
        assert not set("[]").intersection(param.metavar or ""), param.name
        if param.param_type_name == "option":
            assert set(param.opts) == USUAL.get(param.name, set(param.opts))
            assert not param.multiple or "May be repeated." in param.help
