"""Reads sources.toml, the sources that ship with nkwatch, and the operator's changes to them."""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files

from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Kind, Role, Scope, Selectors, Source


def load_sources(
    own: Iterable[Source] = (), enable: Iterable[str] = (), disable: Iterable[str] = ()
) -> dict[str, Source]:
    """The shipped sources and the operator's `own` (which win over shipped ones of the same id), by id.

    Raises `ConfigError` for an id to switch that no source has.
    """
    own, enable, disable = tuple(own), frozenset(enable), frozenset(disable)
    sources = {s.id: s for s in (*_shipped(), *own)}
    unknown = sorted((enable | disable) - sources.keys())
    if unknown:
        raise ConfigError(*(f"catalogue: no source has the id {i!r}; see `nkwatch sources list`" for i in unknown))
    return {i: _switched(s, enable, disable) for i, s in sources.items()}


def _shipped() -> Iterable[Source]:
    data = tomllib.loads((files("nkwatch.catalogue") / "sources.toml").read_text("utf-8"))
    for row in data["source"]:
        yield Source(
            id=row["id"],
            url=row["url"],
            publisher=row["publisher"],
            owner=row.get("owner", ""),
            kind=Kind(row.get("kind", "feed")),
            role=Role(row["role"]),
            scope=Scope(row["scope"]),
            country=row.get("country", ""),
            languages=tuple(row["languages"]),
            homepage=row.get("homepage", ""),
            domains=tuple(row.get("domains", ())),
            zone=row.get("zone", ""),
            enabled=row.get("enabled", False),
            selectors=Selectors(**row["selectors"]) if "selectors" in row else None,
            strip=tuple(row.get("strip", ())),
        )


def _switched(source: Source, enable: frozenset[str], disable: frozenset[str]) -> Source:
    wanted = (source.enabled or source.id in enable) and source.id not in disable
    return source if wanted == source.enabled else replace(source, enabled=wanted)
