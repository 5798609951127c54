"""What the tags of another program mean here: a small file of the operator's, one table for each tag."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nkwatch.cli.choices import SIDES, Menu, read_choice
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice
from nkwatch.domain.wish import Follows, Wish


@dataclass(frozen=True, slots=True)
class Tags:
    """Wishes by tag, in small letters."""

    wishes: Mapping[str, Wish] = field(default_factory=dict)

    def applied(self, tags: Sequence[str], choice: Choice, given: Mapping[str, Any]) -> Choice:
        """The choice with the wishes of these tags, unless wishes were `given`; other tags change nothing."""
        found = [self.wishes[t] for tag in tags if (t := tag.strip().casefold()) in self.wishes]
        if not found or "wishes" in given or given.keys() & set(SIDES):
            return choice
        return replace(choice, wishes=_joined(found))


def load_tags(path: Path, menu: Menu) -> Tags:
    """The meaning of tags in a TOML file: `[tag."forced return"]` with the sides of a wish. Raises `ConfigError`."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong}") from wrong
    named = tables.get("tag")
    if set(tables) != {"tag"} or not isinstance(named, dict):
        raise ConfigError(f'{path}: it must hold tables such as [tag."forced return"], and nothing else')
    wishes, problems = {}, []
    for tag, table in named.items():
        try:
            wishes[tag.strip().casefold()] = _wish(table, menu)
        except ConfigError as wrong:
            problems += [f'{path}: [tag."{tag}"]: {p}' for p in wrong.problems]
    if problems:
        raise ConfigError(*problems)
    return Tags(wishes)


def _wish(table: Any, menu: Menu) -> Wish:
    if not isinstance(table, dict) or not table or not set(table) <= set(SIDES):
        raise ConfigError(f"a tag has one or more of {', '.join(SIDES)}")
    return read_choice(table, menu, Choice()).wishes[0]


def _joined(wishes: Sequence[Wish]) -> tuple[Wish, ...]:
    """As few wishes as mean the same: those that name one and the same side only are one."""
    joined: dict[Any, Wish] = {}
    for wish in wishes:
        sides = (bool(wish.themes), bool(wish.sources), bool(wish.roles))
        name: Any = sides if sum(sides) == 1 else (wish.themes, wish.sources, wish.roles)
        joined[name] = _both(joined[name], wish) if name in joined else wish
    return tuple(joined.values())


def _both(one: Wish, other: Wish) -> Wish:
    return Wish(
        one.themes | other.themes,
        one.sources | other.sources,
        one.roles | other.roles,
        Follows(one.follows.words | other.follows.words, one.follows.cases | other.follows.cases),
    )
