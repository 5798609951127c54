"""Reads cases.toml into the book that persons and groups at risk are found by."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nkwatch.catalogue.shipped import toml
from nkwatch.domain.problems import ConfigError
from nkwatch.reading.casebook import Case, CaseBook
from nkwatch.reading.cues import Words

_CASE = {f.name for f in fields(Case)}
_WORDS = {f.name for f in fields(Words)}
_PAIRS: Mapping[str, tuple[type, str]] = {
    "numbers": (int, "whole number"),
    "wholes": (int, "whole number"),
    "kinds": (str, "phrase"),
    "crowds": (str, "phrase"),
}


def load_case_book(text: str = "") -> CaseBook:
    """The book in `text`, or the one that ships with nkwatch. Raises `ConfigError` when it is wrong."""
    data = toml("cases.toml", text)
    try:
        return CaseBook(
            known=_cases(data["case"]),
            words={language: _words(language, w) for language, w in _table(data["words"], "words").items()},
            never=_phrases(data["never"], "never"),
            places={name: _phrases(p, f"places.{name}") for name, p in _table(data["places"], "places").items()},
            wide_places=frozenset(_phrases(data["wide_places"], "wide_places")),
        )
    except KeyError as missing:
        raise ConfigError(f"cases.toml lacks {missing}") from missing


def _cases(data: Any) -> tuple[Case, ...]:
    if not isinstance(data, list):
        raise ConfigError("cases.toml: [[case]] has to be a list of tables")
    return tuple(_case(number, _table(case, f"the {number}. [[case]]")) for number, case in enumerate(data, 1))


def _case(number: int, data: Mapping[str, Any]) -> Case:
    name = data.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"cases.toml: the {number}. [[case]] has no name")
    _only(data, _CASE, f"the case {name}")
    spellings = (_phrases(data.get(field, []), f"{field} of {name}") for field in ("spellings", "through"))
    return Case(name, *spellings)


def _words(language: str, data: Any) -> Words:
    where = f"words.{language}"
    _only(_table(data, where), _WORDS, f"[{where}]")
    return Words(**{name: _list(value, name, f"{where}.{name}") for name, value in data.items()})


def _list(value: Any, name: str, where: str) -> Any:
    if name == "verb_final":
        if not isinstance(value, bool):
            raise ConfigError(f"cases.toml: {where} is true or false")
        return value
    return _pairs(value, where, *_PAIRS[name]) if name in _PAIRS else _phrases(value, where)


def _pairs(value: Any, where: str, kind: type, called: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(v, kind) for v in value.values()):
        raise ConfigError(f"cases.toml: {where} gives each word its {called}")
    return {" ".join(word.lower().replace("-", " ").split()): v for word, v in value.items()}


def _phrases(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ConfigError(f"cases.toml: {where} has to be a list of phrases, none empty")
    return tuple(value)


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"cases.toml: {where} has to be a table")
    return value


def _only(data: Mapping[str, Any], names: set[str], where: str) -> None:
    unknown = ", ".join(sorted(data.keys() - names))
    if unknown:
        raise ConfigError(f"cases.toml: {where} has {unknown}; it may have {', '.join(sorted(names))}")
