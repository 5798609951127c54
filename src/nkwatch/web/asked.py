"""A search in words: each thing that is asked for with its name, and the same search without it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nkwatch.domain.source import Source
from nkwatch.domain.theme import Theme
from nkwatch.mail.locales import Locale
from nkwatch.mail.views import plain

Pairs = Sequence[tuple[str, str]]
"""Parameters of an address."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is asked for: the parameter, its value, what that is called, the parameters of all else."""

    name: str
    value: str
    called: str
    without: Pairs


@dataclass(frozen=True)
class Vocabulary:
    """What values of parameters are called."""

    themes: Mapping[str, Theme]
    sources: Mapping[str, Source]
    #: what a language is called in another
    spoken: Callable[[str, str], str]

    def parts(self, pairs: Pairs, locale: Locale) -> list[Part]:
        """A search part by part, in the order of its address."""
        return [
            Part(name, value, self._called(name, value, locale), [*pairs[:n], *pairs[n + 1 :]])
            for n, (name, value) in enumerate(pairs)
        ]

    def _called(self, name: str, value: str, locale: Locale) -> str:
        if name == "theme" and value in self.themes:
            return self.themes[value].name(locale.language)
        if name == "source" and value in self.sources:
            return plain(self.sources[value].publisher)
        if name in {"country", "asked"}:
            return locale.country(value)
        return self.spoken(value, locale.language) if name == "language" else plain(value)
