"""The words by which speech and demands are found, by language, and how patterns are made of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

#: Matches nowhere: what a list without words becomes.
NOWHERE = "(?!)"
#: How what is no letter is written in a pattern; white space and apostrophes of any kind are equal.
WRITTEN = {" ": r"\s{1,3}", "'": "['’]"}

_Tree: TypeAlias = dict[str, "_Tree"]


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """The lists of one language; `speech.toml` says what each is for.

    Equal only to itself: the patterns made of it are kept by it.
    """

    said: tuple[str, ...]
    spoke: tuple[str, ...]
    according: tuple[str, ...]
    pronouns: tuple[str, ...]
    roles: tuple[str, ...]
    honorifics: tuple[str, ...]
    voices: tuple[str, ...]
    titled: tuple[str, ...]
    quoting: tuple[str, ...]
    particles: tuple[str, ...]
    offices: tuple[str, ...]
    former: tuple[str, ...]
    modals: tuple[str, ...]
    passives: tuple[str, ...]
    agents: tuple[str, ...]
    demands: tuple[str, ...]
    asks: tuple[str, ...]
    links: tuple[str, ...]
    adverbs: tuple[str, ...]
    no_demand: tuple[str, ...]
    denials: tuple[str, ...]
    heads: tuple[str, ...]
    titles: tuple[str, ...]
    again: tuple[str, ...]
    never: tuple[str, ...]
    joints: tuple[str, ...]
    tails: tuple[str, ...]
    imperatives: tuple[str, ...]
    reviews: tuple[str, ...]
    deadlines: tuple[str, ...]
    dating: tuple[str, ...]
    dates: tuple[str, ...]
    not_times: tuple[str, ...]
    at_once: tuple[str, ...]
    #: addressee as written -> ISO 3166-1 alpha-2 code of its country, "" for a body that has none
    countries: Mapping[str, str]

    @property
    def bodies(self) -> tuple[str, ...]:
        """What speaks without being a person: countries, organisations, offices."""
        return (*self.countries, *self.voices, *self.heads)


@dataclass(frozen=True)
class Speech:
    """All words by language (ISO 639-1)."""

    tongues: Mapping[str, Tongue]

    @property
    def addressed(self) -> frozenset[str]:
        """The countries (ISO 3166-1 alpha-2) of which something is found to be asked."""
        return frozenset(code for tongue in self.tongues.values() for code in tongue.countries.values() if code)


def alternation(phrases: Iterable[str], *, whole: bool = True) -> str:
    """A pattern for any of these phrases, the longest first; `whole` where no letter may stand next to one.

    It branches letter by letter, so that a search compares what many phrases begin with only once.
    """
    ways = branching(phrases, WRITTEN)
    return rf"(?<!\w){ways}(?!\w)" if whole else ways


def anywhere(phrases: Iterable[str]) -> str:
    """A pattern for any of these phrases in a script that is written without the boundaries of words."""
    return alternation(phrases, whole=False)


def branching(phrases: Iterable[str], written: Mapping[str, str]) -> str:
    """A pattern for any of these phrases, the longest first; `written` gives the patterns of what is no letter."""
    tree: _Tree = {}
    for phrase in sorted({p.replace("’", "'") for p in phrases}):
        branch = tree
        for char in (*phrase, ""):
            branch = branch.setdefault(char, {})
    return f"(?:{_branches(tree, written)})" if tree else NOWHERE


def _branches(tree: _Tree, written: Mapping[str, str]) -> str:
    """The pattern of a tree of letters; a phrase ends at the key without one, and is left for last."""
    run = ""
    while len(tree) == 1 and "" not in tree:
        char, tree = next(iter(tree.items()))
        run += written.get(char, re.escape(char))
    ways = "|".join(written.get(char, re.escape(char)) + _branches(tree[char], written) for char in tree if char)
    if not ways:
        return run
    return f"{run}(?:{ways})?" if "" in tree else f"{run}(?:{ways})"
