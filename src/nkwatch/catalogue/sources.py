"""Reads sources.toml, the sources that ship with nkwatch, and the operator's changes to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from nkwatch.catalogue.shipped import toml
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source

#: What stands in the file and is no field of a `Source`.
_OF_THE_FILE = frozenset({"name", "source", "suggested"})


def load_sources(
    own: Iterable[Source] = (), enable: Iterable[str] = (), disable: Iterable[str] = ()
) -> dict[str, Source]:
    """The shipped sources and the operator's `own` (which win over shipped ones of the same id), by id.

    Raises `ConfigError` for an id to switch that no source has.
    """
    enable, disable = frozenset(enable), frozenset(disable)
    sources = {s.id: s for s in (*_shipped(), *own)}
    unknown = sorted((enable | disable) - sources.keys())
    if unknown:
        raise ConfigError(*(f"catalogue: no source has the id {i!r}; see `nkwatch sources list`" for i in unknown))
    return {i: _switched(s, enable, disable) for i, s in sources.items()}


def suggested_ids() -> tuple[str, ...]:
    """The shipped sources that are off and worth turning on, in the order of the file.

    Unverified ones are left out: an address that nobody saw, or a page whose selectors are guesses, would mail readers
    the menu of a site as news. Somebody looks at those first, one by one.
    """
    return tuple(r["id"] for _, r in _rows() if r.get("suggested") and r["confidence"] != "unverified")


@cache
def _shipped() -> tuple[Source, ...]:
    return tuple(_source(publisher, row) for publisher, row in _rows())


def _rows() -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each source as it stands in the file, after its publisher."""
    publishers = toml("sources.toml")["publisher"]
    return ((publisher, row) for publisher in publishers for row in publisher["source"])


def _source(publisher: Mapping[str, Any], row: Mapping[str, Any]) -> Source:
    """The source of a row, which wins over its publisher; notes of both are kept."""
    merged: dict[str, Any] = {"enabled": False, "owner": publisher["name"], **publisher, **row}
    merged["publisher"] = publisher["name"]
    merged["note"] = " ".join(note for part in (publisher, row) if (note := part.get("note")))
    merged["role"], merged["scope"] = Role(merged["role"]), Scope(merged["scope"])
    fields: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in merged.items() if k not in _OF_THE_FILE
    }
    return Source(**fields)


def _switched(source: Source, enable: frozenset[str], disable: frozenset[str]) -> Source:
    wanted = (source.enabled or source.id in enable) and source.id not in disable
    return source if wanted == source.enabled else replace(source, enabled=wanted)
