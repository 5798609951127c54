"""Reads speech.toml into the words by which quotes and asks are found."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from nkwatch.catalogue.phrases import listed, unknown
from nkwatch.catalogue.shipped import toml
from nkwatch.domain.problems import ConfigError
from nkwatch.reading.speech import Speech, Tongue

LANGUAGES = ("en", "fr", "ja", "ko")
#: The lists that every language must have.
LISTS = tuple(f.name for f in fields(Tongue) if f.name != "countries")


def load_speech(text: str = "") -> Speech:
    """The words in `text`, or those that ship with nkwatch. Raises `ConfigError` naming all that is wrong."""
    data = toml("speech.toml", text)
    problems = tuple(_problems(data))
    if problems:
        raise ConfigError(*problems)
    return Speech({code: _tongue(data, code) for code in LANGUAGES})


def _tongue(data: Mapping[str, Any], code: str) -> Tongue:
    countries = {phrase: a["country"] for a in data.get("addressee", ()) for phrase in a.get(code, ())}
    return Tongue(**{name: tuple(data[code][name]) for name in LISTS}, countries=countries)


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    for code in LANGUAGES:
        lists = data.get(code)
        if not isinstance(lists, dict):
            yield f"speech.toml lacks the table [{code}]"
            continue
        yield from unknown(f"speech.toml, [{code}]", lists, LISTS)
        for name in LISTS:
            yield from listed(f"speech.toml, [{code}]: {name}", lists.get(name))
    addressees = data.get("addressee", [])
    if not isinstance(addressees, list) or not all(isinstance(a, dict) for a in addressees):
        yield "speech.toml: addressee must be written as [[addressee]] tables"
        return
    for number, addressee in enumerate(addressees, 1):
        yield from _wrong(f"speech.toml, [[addressee]] {number}", addressee)


def _wrong(where: str, addressee: Mapping[str, Any]) -> Iterator[str]:
    country = addressee.get("country")
    if not isinstance(country, str) or not re.fullmatch("(?:[A-Z]{2})?", country):
        yield f'{where}: country is {country!r}; it must be two capitals such as "CN", or "" for a body without country'
    yield from unknown(where, addressee, ("country", *LANGUAGES))
    for code in LANGUAGES:
        yield from listed(f"{where}: {code}", addressee.get(code, []))
