"""What a value of a JSON Schema is, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from writing import code

Node = Mapping[str, Any]
FORMATS = {
    "date-time": "instant",
    "email": "mail address",
    "mailbox": "address of a mailbox",
    "path": "path",
    "time-zone": "time zone, such as Asia/Seoul",
    "uri": "web address",
}
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "null": "null",
}
#: More values than this are not listed.
FEW = 6


def worded(node: Node, of: Callable[[str], str]) -> str:
    """What may stand there; `of` says what the definition of a name is."""
    if "anyOf" in node:
        return " or ".join(worded(one, of) for one in node["anyOf"])
    if "$ref" in node:
        return of(node["$ref"].rpartition("/")[2])
    values = [value for value in node.get("enum", ()) if value]
    return " or ".join(map(code, values)) if 0 < len(values) <= FEW else _plainly(node, of)


def _plainly(node: Node, of: Callable[[str], str]) -> str:
    match node["type"]:
        case "array":
            return f"list of {worded(node['items'], of)}" + (
                f", {node['maxItems']} at most" if "maxItems" in node else ""
            )
        case "object":
            (value,) = node.get("patternProperties", {"": node.get("additionalProperties")}).values()
            return f"table, by name: {worded(value, of)}"
        case kind:
            return ", ".join(filter(None, (FORMATS.get(node.get("format", ""), TYPES[kind]), _limits(node))))


def _limits(node: Node) -> str:
    """The bounds of a number, or of the length of a text."""
    low, above, high = node.get("minimum"), node.get("exclusiveMinimum"), node.get("maximum")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    bounds = (
        "" if low is None else f"{low:g} or more",
        "" if above is None else f"more than {above:g}",
        "" if high is None else f"{high:g} at most",
        f"{node['maxLength']} letters at most" if "maxLength" in node else "",
    )
    return ", ".join(filter(None, bounds))
