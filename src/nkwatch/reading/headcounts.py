"""How many people a text speaks of: a number and a word for people. Years, days, ages, shares and limits are none."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from unicodedata import numeric

from nkwatch.domain.reading import Evidence, Headcount
from nkwatch.reading.figures import numbers
from nkwatch.reading.people_words import BY_LANGUAGE, PeopleWords

#: A text has no more of them that are worth telling.
MOST = 20
#: So far before a number (code points) it is told what kind of number it is.
BEFORE = 24
#: A number of four digits between these is a year, unless it is a round one.
YEARS, ROUND = range(1900, 2100), 2000

_YEAR = re.compile(r"(\d{4})\s")
_KANJI = re.compile("[二三四五六七八九十]")
_SCALE = re.compile(r"[\s-](hundred|thousand|mille|millions?)\b")


def headcounts(texts: Mapping[str, str], language: str) -> tuple[Headcount, ...]:
    """The numbers of people that texts name, in order, the title's first; none in a language that is not known here."""
    words = BY_LANGUAGE.get(language[:2])
    if words is None:
        return ()
    found = (one for field, text in texts.items() for one in _found(field, text, words))
    return tuple(islice(found, MOST))


def _found(field: str, text: str, words: PeopleWords) -> Iterator[Headcount]:
    lower = text.lower()
    # a letter of Turkish is two in small: places would not be those of the text
    small = lower if len(lower) == len(text) else text
    for match in words.pattern.finditer(small):
        start, end = match.span()
        altered = words.altered.search(small[max(0, start - BEFORE) : start]) or words.shared.match(small, end)
        number = 0 if altered else _number(match[0])
        if number:
            yield Headcount(number, Evidence(field, start, end, text[start:end]))


def _number(counted: str) -> int:
    """The number in these words for people; 0 where it is none: a year, or a part of one."""
    year = _YEAR.match(counted)
    if year and int(year[1]) in YEARS and int(year[1]) != ROUND:
        return 0
    if _KANJI.match(counted):
        return int(numeric(counted[0]))
    found = numbers(counted.replace("\u202f", " "))
    scale = _SCALE.search(counted)
    if found and scale and not counted[0].isdigit():
        found = numbers(f"{found[0]:g} {scale[1]}")
    total = sum(found)
    return int(total) if total == int(total) else 0
