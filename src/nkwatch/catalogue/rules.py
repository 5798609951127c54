"""Reads the rules that statements are read by: the files that ship with nkwatch, or an editor's own in their place."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nkwatch.catalogue.cases import load_case_book
from nkwatch.catalogue.places import load_places
from nkwatch.catalogue.shipped import shipped
from nkwatch.catalogue.speech import load_speech
from nkwatch.catalogue.stories import load_vocabulary
from nkwatch.catalogue.themes import load_lexicon
from nkwatch.catalogue.weights import load_weights
from nkwatch.domain.problems import ConfigError
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.rules import Rules
from nkwatch.reading.weights import NOTABLE, URGENT

#: The files of the rules, those of the terms first.
TERMS = ("themes.toml", "relevance.toml", "urgency.toml")
FILES = (*TERMS, "speech.toml", "cases.toml", "places.toml", "weights.tsv")


def load_rules(folder: Path | None = None) -> Rules:
    """The rules, with those files of `folder` that it has in place of the shipped ones.

    Their version is the one that themes.toml gives, and a name for the content of all the files: whoever changes a
    term has other rules. Raises `ConfigError` for a file that is wrong.
    """
    if folder is None:
        return _shipped()
    return _rules({name: _text(_existing(folder), name) for name in FILES})


def load_terms(folder: Path | None = None) -> Lexicon:
    """The terms of the rules alone: weights are learned for them, whatever weights there are. As `load_rules`."""
    return load_lexicon(*(_text(_existing(folder), name) for name in TERMS))


@cache
def _shipped() -> Rules:
    return _rules({name: _text(None, name) for name in FILES})


def _existing(folder: Path | None) -> Path | None:
    if folder and not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; it is to hold rules of your own ({', '.join(FILES)})")
    return folder


def _rules(texts: Mapping[str, str]) -> Rules:
    lexicon = load_lexicon(*(texts[name] for name in TERMS))
    weights = load_weights(texts["weights.tsv"])
    if missing := {URGENT, NOTABLE} - weights.heads.keys():
        raise ConfigError(f"weights.tsv: nothing in it tells {' or '.join(sorted(missing))}; run `nkwatch learn`")
    speech, cases = load_speech(texts["speech.toml"]), load_case_book(texts["cases.toml"])
    version, places = f"{lexicon.rules}-{_name(texts)}", load_places(texts["places.toml"])
    return Rules.of(version, lexicon, weights, speech, cases, load_vocabulary(), places)


def _text(folder: Path | None, name: str) -> str:
    own = folder / name if folder else None
    if own is None or not own.exists():
        return shipped(name)
    try:
        text = own.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"{own}: {wrong}") from wrong
    if not text.strip():
        raise ConfigError(f"{own}: it is empty; without this file the one that ships is used")
    return text


def _name(texts: Mapping[str, str]) -> str:
    return hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:6]
