"""Reads themes.toml, relevance.toml and urgency.toml into the lexicon that statements are read by."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nkwatch.catalogue.phrases import by_language, listed, named, unknown
from nkwatch.catalogue.shipped import toml
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.reading.lexicon import CUE, HINTS, NAMES, Lexicon, Term
from nkwatch.reading.relevance import DOMESTIC, NEAR
from nkwatch.reading.urgency import DANGERS

#: The lists of a theme, and whether a term of them counts in texts of its language only.
LISTS = {"terms": ("theme", False), "weak": ("weak", False), "signs": ("signs", True)}
#: What themes.toml says of a theme beside its lists.
OF_A_THEME = frozenset({"code", "kind", "names", "definition"})
#: The lists of relevance.toml that must be there, and those that may.
NEEDED, OPTIONAL = ("names", "hints", "masks"), (*(name.removeprefix("near:") for name in NEAR), "exact")
BOUND = ("names_in", "domestic_in")


def load_lexicon(themes: str = "", relevance: str = "", urgency: str = "") -> Lexicon:
    """The lexicon in these TOML texts, each the one that ships with nkwatch where it is empty.

    Raises `ConfigError` naming all that is wrong.
    """
    ruled, found = toml("themes.toml", themes), toml("relevance.toml", relevance)
    cued = toml("urgency.toml", urgency)
    problems = (*_wrong_themes(ruled), *_wrong_names(found), *_wrong_cues(cued))
    if problems:
        raise ConfigError(*problems)
    exact = frozenset(ruled["exact"])
    subjects = tuple(Theme(t["code"], ThemeKind(t["kind"]), t["names"]) for t in ruled["theme"])
    terms = (*_themes(ruled["theme"], exact), *_cues(cued), *_names(found, exact))
    return Lexicon(ruled["rules"], subjects, terms, tuple(found["masks"]))


def _wrong_themes(ruled: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(ruled.get("rules"), str):
        yield 'themes.toml: rules must be the version of the rules in quotation marks, such as "2026.11.1"'
    yield from listed("themes.toml: exact", ruled.get("exact"))
    yield from unknown("themes.toml", ruled, {"rules", "exact", "theme"})
    themes = ruled.get("theme")
    if not isinstance(themes, list) or not all(isinstance(t, dict) for t in themes):
        yield "themes.toml: theme must be written as [[theme]] tables"
        return
    codes = [t.get("code") for t in themes]
    for number, theme in enumerate(themes, 1):
        code = theme.get("code")
        if not isinstance(code, str) or not code.isidentifier() or code in codes[: number - 1]:
            yield f"themes.toml, [[theme]] {number}: code is {code!r}; it must be a name of its own such as prisons"
        yield from _wrong_theme(f"themes.toml, [[theme]] {code}", theme)


def _wrong_theme(where: str, theme: Mapping[str, Any]) -> Iterator[str]:
    kinds = [str(kind) for kind in ThemeKind]
    if theme.get("kind") not in kinds:
        yield f"{where}: kind is {theme.get('kind')!r}; it must be one of {', '.join(kinds)}"
    yield from named(where, theme.get("names"), "Prisons")
    yield from unknown(where, theme, OF_A_THEME | LISTS.keys())
    for kind in LISTS:
        yield from by_language(f"{where}: {kind}", theme.get(kind, {}))


def _wrong_names(found: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown("relevance.toml", found, {*NEEDED, *OPTIONAL, *BOUND})
    for name in NEEDED:
        yield from listed(f"relevance.toml: {name}", found.get(name))
    for name in OPTIONAL:
        yield from listed(f"relevance.toml: {name}", found.get(name, []))
    for name in BOUND:
        yield from by_language(f"relevance.toml: {name}", found.get(name, {}))


def _wrong_cues(cued: Mapping[str, Any]) -> Iterator[str]:
    needed = {danger.removeprefix(CUE) for danger in DANGERS}
    yield from (f"urgency.toml lacks [{name}]: it is one of the dangers" for name in sorted(needed - cued.keys()))
    for name, lists in cued.items():
        yield from by_language(f"urgency.toml: {name}", lists)


def _themes(themes: Sequence[Mapping[str, Any]], exact: frozenset[str]) -> Iterator[Term]:
    for theme, (kind, (prefix, bound)) in product(themes, LISTS.items()):
        for code, phrases in theme.get(kind, {}).items():
            name = f"{prefix}:{theme['code']}"
            yield from (Term(p, name, exact=p in exact, language=code if bound else "") for p in phrases)


def _names(relevance: Mapping[str, Any], exact: frozenset[str]) -> Iterator[Term]:
    exact |= frozenset(relevance.get("exact", ()))
    lists = {NAMES: relevance["names"], HINTS: relevance["hints"]}
    lists |= {name: relevance.get(name.removeprefix("near:"), ()) for name in NEAR}
    for name, phrases in lists.items():
        yield from (Term(p, name, exact=p in exact) for p in phrases)
    for name, key in ((NAMES, "names_in"), (DOMESTIC, "domestic_in")):
        for code, phrases in relevance.get(key, {}).items():
            yield from (Term(p, name, exact=p in exact, language=code) for p in phrases)


def _cues(urgency: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[Term]:
    # a cue is a turn of phrase of its language: French "film" must not damp an English sentence
    for kind, by_code in urgency.items():
        for code, phrases in by_code.items():
            yield from (Term(p, f"{CUE}{kind}", language=code) for p in phrases)
