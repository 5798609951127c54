"""What the settings are, as JSON Schema: for editors, for messages, and for the reference in docs/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Node = Mapping[str, Any]
#: Names and places in lists, as pydantic says where a mistake stands.
Where = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema of a file: of what stands in it, by the names that are written there."""

    whole: Node

    @classmethod
    def of(cls, model: type[BaseModel]) -> Self:
        """The schema of the file that this model reads."""
        return cls({"$schema": DRAFT, **model.model_json_schema(by_alias=True, mode="validation")})

    def meaning(self, where: Where) -> str:
        """What the setting at this place means; empty for a section, and where there is no setting."""
        node, said = self.whole, ""
        for part in where:
            node = self._below(node, part)
            said = node.get("description", said)
        return said

    def names(self, where: Where) -> list[str]:
        """What may stand in the section at this place."""
        node = self.whole
        for part in where:
            node = self._below(node, part)
        return list(self.opened(node).get("properties", {}))

    def opened(self, node: Node) -> Node:
        """What a node is, where it only refers to it, or is it or nothing."""
        for one in node.get("anyOf", ()):
            if one.get("type") != "null":
                return self.opened(one)
        if name := node.get("$ref", "").rpartition("/")[2]:
            return self.opened(self.whole["$defs"][name])
        return node

    def _below(self, node: Node, part: str | int) -> Node:
        opened = self.opened(node)
        below: Node = opened.get("items", {}) if isinstance(part, int) else opened.get("properties", {}).get(part, {})
        return below
