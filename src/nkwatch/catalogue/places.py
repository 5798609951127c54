"""Reads places.toml: the places that statements on North Korea speak of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nkwatch.catalogue.phrases import by_language, listed, named, unknown
from nkwatch.catalogue.shipped import toml
from nkwatch.domain.place import Place, around
from nkwatch.domain.problems import ConfigError

#: A country, then what lies in it, from wide to narrow.
CODE = re.compile(r"[a-z]{2}(?:\.[a-z][a-z0-9_]{1,40}){0,3}")
OF_A_PLACE = frozenset({"code", "names", "terms", "masks"})


def load_places(text: str = "") -> tuple[Place, ...]:
    """The places in this TOML text, or those that ship with nkwatch. Raises `ConfigError` naming all that is wrong."""
    data = toml("places.toml", text)
    if problems := tuple(_wrong(data)):
        raise ConfigError(*problems)
    return tuple(_place(one) for one in data["place"])


def _place(one: Mapping[str, Any]) -> Place:
    terms = {language: tuple(phrases) for language, phrases in one.get("terms", {}).items()}
    return Place(one["code"], one["code"][:2].upper(), one["names"], terms, tuple(one.get("masks", ())))


def _wrong(data: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown("places.toml", data, {"place"})
    places = data.get("place")
    if not isinstance(places, list) or not all(isinstance(p, dict) for p in places):
        yield "places.toml: place must be written as [[place]] tables"
        return
    codes = [p.get("code") for p in places]
    for number, place in enumerate(places, 1):
        yield from _wrong_code(number, codes)
        yield from _wrong_place(f"places.toml, [[place]] {place.get('code')}", place)


def _wrong_code(number: int, codes: Sequence[object]) -> Iterator[str]:
    code = codes[number - 1]
    if not isinstance(code, str) or not CODE.fullmatch(code):
        yield (
            f"places.toml, [[place]] {number}: code is {code!r}; it must be a country and what lies in it, such as "
            "cn.jilin.changchun"
        )
    elif code in codes[: number - 1]:
        yield f"places.toml, [[place]] {number}: {code} is there already"
    else:
        yield from (
            f"places.toml, [[place]] {code}: there is no place {wide} for it to lie in"
            for wide in around(code)[1:-1]
            if wide not in codes
        )


def _wrong_place(where: str, place: Mapping[str, Any]) -> Iterator[str]:
    yield from named(where, place.get("names"), "Hyesan")
    yield from unknown(where, place, OF_A_PLACE)
    yield from by_language(f"{where}: terms", place.get("terms", {}))
    yield from listed(f"{where}: masks", place.get("masks", []))
