"""The page on the settings, from their schema."""

import json
from collections.abc import Iterator

from schemas import Node, worded
from writing import MADE, code, page, prose, table

from nkwatch.config import SECRETS, Config, Secrets
from nkwatch.config.schema import Schema
from nkwatch.feeds import mailboxes, parse, reliefweb, sitemaps
from nkwatch.feeds import pages as listing

BEGIN = f"""\
# Configuration

Settings stand in `nkwatch.toml`, secrets beside it in `{SECRETS}`, both in [TOML](https://toml.io).
`nkwatch init` writes both, with comments. What is not written has its default. A setting that is *needed* is so where
its section stands, and only `[site]` and `[mail]` must stand there. `nkwatch config check` shows every problem with
its line, or the settings in force; a name that does not exist is a problem too. A running service takes changes up
when it gets SIGHUP.

Paths start at the folder of the settings file. `nkwatch config schema` prints a JSON Schema for editors that complete
and check TOML with Taplo; the first line of the file then is `#:schema ./nkwatch.schema.json`.

{MADE}"""
SECRET = f"""\
## The secrets file

`{SECRETS}`, with mode 600, or wherever `secrets` says. Passwords and keys stand here and nowhere else."""
KINDS = """\
### Options by kind of source

In `[source.options]`, below the `[[source]]` that they belong to."""
OPTIONS = {
    "feed": parse.OPTIONS,
    "page": listing.OPTIONS,
    "sitemap": sitemaps.OPTIONS,
    "reliefweb": reliefweb.OPTIONS,
    "mailbox": mailboxes.OPTIONS,
}
HEADS = ("Setting", "Type", "Default", "Meaning")


def written() -> str:
    """The whole page."""
    options = ((kind, name, said) for kind, named in OPTIONS.items() for name, said in named.items())
    return page(
        BEGIN,
        "## At the top of the file",
        *_file(Schema.of(Config), "##"),
        KINDS,
        table(("Kind", "Option", "Meaning"), ((code(kind), code(name), prose(said)) for kind, name, said in options)),
        SECRET,
        *_file(Schema.of(Secrets), "###"),
    )


def _file(schema: Schema, mark: str) -> Iterator[str]:
    """What stands at the top of a file, then its sections, each with its heading."""
    top = {name: said for name, said in schema.whole["properties"].items() if not _is_table(said)}
    yield _table(schema, {**schema.whole, "properties": top})
    for place, section in _sections(schema, schema.whole, ""):
        yield f"{mark} {code(place)}"
        said = "\n\n".join(prose(part) for part in section["description"].split("\n\n"))
        yield f"{said} There may be several." if place.startswith("[[") else said
        yield f"A {_type(schema, section)}." if _is_table(section) else _table(schema, section)


def _sections(schema: Schema, node: Node, above: str) -> Iterator[tuple[str, Node]]:
    """Every section below a node, as its header stands in the file, those within it after it."""
    for name, said in node["properties"].items():
        several = said.get("type") == "array"
        section = schema.opened(said.get("items", {}) if several else said)
        place = f"{above}{name}"
        if "properties" in section:
            yield f"[[{place}]]" if several else f"[{place}]", section
            yield from _sections(schema, section, f"{place}.")
        elif _is_table(section) and not above:
            yield f"[{place}]", section


def _table(schema: Schema, node: Node) -> str:
    """The settings of a section; sections within it have tables of their own."""
    rows = (
        (code(name), _type(schema, said), _default(name, said, node), prose(said["description"]))
        for name, said in node["properties"].items()
        if "description" in said
    )
    return table(HEADS, rows)


def _is_table(node: Node) -> bool:
    """Whether names are the operator's own."""
    return node.get("type") == "object" and "properties" not in node


def _default(name: str, said: Node, section: Node) -> str:
    if name in section.get("required", ()):
        return "needed"
    value = said.get("default", {})
    return "none" if value is None else code(json.dumps(value, ensure_ascii=False))


def _type(schema: Schema, said: Node) -> str:
    """What may be written, in words; that a setting may be left out is told by its default."""

    def of(name: str) -> str:
        node = schema.whole["$defs"][name]
        return "sections" if "properties" in node else worded(node, of)

    return worded(schema.opened(said), of)
