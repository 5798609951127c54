"""What may be wrong with the lists of phrases that editors write; each problem is a sentence that begins with where."""

import re
from collections.abc import Collection, Iterator, Mapping

from nkwatch.reading.folding import fold
from nkwatch.reading.lexicon import BEGINS

LANGUAGE = re.compile("[a-z]{2}")


def listed(where: str, value: object) -> Iterator[str]:
    """What is wrong with a list of phrases."""
    if value is None:
        yield f"{where} is missing"
    elif not isinstance(value, list) or not all(isinstance(p, str) for p in value):
        yield f"{where} must be a list of phrases in quotation marks"
    else:
        yield from (f"{where} has {p!r}: there is nothing to look for" for p in value if _empty(p))
        yield from (f"{where} has {p!r}: {BEGINS} only ends a phrase" for p in value if BEGINS in p[:-1])


def by_language(where: str, value: object) -> Iterator[str]:
    """What is wrong with a table of lists of phrases by language."""
    if not isinstance(value, dict):
        yield f'{where} must have a list for each language, such as en = ["prison"]'
        return
    for code, phrases in value.items():
        if not LANGUAGE.fullmatch(code):
            yield f"{where}: {code} is no language; write two small letters, such as en"
        yield from listed(f"{where}.{code}", phrases)


def named(where: str, names: object, such: str) -> Iterator[str]:
    """What is wrong with a table of names by language; `such` is a name of this kind in English."""
    if not isinstance(names, dict) or "en" not in names or not all(isinstance(n, str) and n for n in names.values()):
        yield f'{where}: names must give the name by language, English at least: names = {{ en = "{such}" }}'


def unknown(where: str, table: Mapping[str, object], known: Collection[str]) -> Iterator[str]:
    """The keys that nobody reads: most are misspelt."""
    yield from (f"{where}: {key} is unknown; there are {', '.join(sorted(known))}" for key in table if key not in known)


def _empty(phrase: str) -> bool:
    return not fold(phrase.removesuffix(BEGINS)).text.strip()
