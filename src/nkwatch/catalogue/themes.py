"""Reads themes.toml into the lexicon that statements are read by."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from nkwatch.domain.problems import ConfigError
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.reading.lexicon import HINTS, NAMES, Lexicon, Term


def load_lexicon(text: str = "") -> Lexicon:
    """The lexicon in `text`, or the one that ships with nkwatch. Raises `ConfigError` when it is wrong."""
    shipped = text or (files("nkwatch.catalogue") / "themes.toml").read_text("utf-8")
    try:
        data = tomllib.loads(shipped)
        return Lexicon(
            rules=data["rules"],
            themes=tuple(Theme(t["code"], ThemeKind(t["kind"]), t["names"]) for t in data["theme"]),
            terms=tuple(_terms(data)),
            masks=tuple(data["relevance"]["masks"]),
            urgent_themes=frozenset(t["code"] for t in data["theme"] if t.get("urgent")),
        )
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"themes.toml is no TOML: {wrong}") from wrong
    except KeyError as missing:
        raise ConfigError(f"themes.toml lacks {missing}") from missing


def _terms(data: dict[str, Any]) -> Iterator[Term]:
    exact = set(data["exact"])
    for name, phrases in _lists(data):
        yield from (Term(p, name, exact=p in exact) for p in phrases)
    for code, phrases in data["relevance"]["names_in"].items():
        yield from (Term(p, NAMES, exact=p in exact, language=code) for p in phrases)
    # a cue is a turn of phrase of its language: French "film" must not damp an English sentence
    for kind, by_language in data["urgency"].items():
        for code, phrases in by_language.items():
            yield from (Term(p, f"urgency:{kind}", language=code) for p in phrases)


def _lists(data: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for theme in data["theme"]:
        for kind, prefix in (("terms", "theme"), ("weak", "weak")):
            for phrases in theme.get(kind, {}).values():
                yield f"{prefix}:{theme['code']}", phrases
    yield NAMES, data["relevance"]["names"]
    yield HINTS, data["relevance"]["hints"]
