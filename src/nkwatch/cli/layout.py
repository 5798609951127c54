"""Shows nested facts to people: headings, names beside values, phrases with where they stand."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nkwatch.cli.output import page, printable, told

_EVIDENCE = {"field", "start", "end", "phrase"}
#: What a list of facts is told by, each on a line of its own above the rest.
_HEADS = ("title", "code", "number", "rules", "id")


def show(facts: Mapping[str, Any]) -> None:
    """Print the facts: those without parts first, then each of the others under its heading."""
    console = page()
    console.print(Text(f"{facts['kind']} {facts['id']}", style="bold"))
    plain = {name: value for name, value in facts.items() if name not in {"kind", "id"} and not _parts(value)}
    console.print(_facts(plain))
    for name, value in facts.items():
        if _parts(value):
            console.print(Text(f"\n{_name(name).capitalize()}", style="bold underline"))
            console.print(Padding(_shown(value), (0, 0, 0, 2)))


def _parts(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _facts(facts: Mapping[str, Any]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value not in (None, "", [], (), {}):
            grid.add_row(_name(name), _shown(value))
    return grid


def _shown(value: Any) -> RenderableType:
    if isinstance(value, Mapping):
        return Text(_phrase(value)) if set(value) == _EVIDENCE else _facts(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value)
    return Text(_word(value))


def _list(values: Sequence[Any]) -> RenderableType:
    if not values:
        return Text("none")
    if not any(_parts(v) for v in values):
        return Text(", ".join(_word(v) for v in values))
    return Group(*(_item(v) for v in values))


def _item(value: Any) -> RenderableType:
    """One of several: told by its name where it has one, with the rest below."""
    head = next((name for name in _HEADS if isinstance(value, Mapping) and value.get(name)), "")
    if not head:
        return _shown(value)
    rest = {name: part for name, part in value.items() if name != head}
    name = f"{_name(head)} {value[head]}" if head in {"number", "rules"} else str(value[head])
    return Group(Text(printable(name), style="bold"), Padding(_facts(rest), (0, 0, 0, 2)))


def _phrase(evidence: Mapping[str, Any]) -> str:
    return f"“{printable(evidence['phrase'])}” ({evidence['field']} {evidence['start']}-{evidence['end']})"


def _name(name: str) -> str:
    return name.replace("_", " ")


def _word(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else told(value)
