"""Numbers that a text names, in whatever language: 27, twenty-seven and 스물일곱 are equal; days are left out."""

import re
from collections.abc import Iterable, Iterator

_SCALES = {
    "hundred": 100, "thousand": 1_000, "k": 1_000, "mil": 1_000, "tausend": 1_000, "mille": 1_000,
    "million": 10**6, "millionen": 10**6, "millions": 10**6, "millones": 10**6, "millón": 10**6, "m": 10**6,
    "mn": 10**6, "billion": 10**9, "bn": 10**9, "milliarde": 10**9, "milliarden": 10**9, "milliards": 10**9,
    "백": 100, "천": 1_000, "만": 10**4, "억": 10**8, "조": 10**12, "千": 1_000, "万": 10**4, "億": 10**8, "兆": 10**12,
}  # fmt: skip
#: Words of one language a line, counted from the number before it on.
_UNITS = (
    "2 two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen",
    "2 dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho",
    "2 zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn",
    "2 deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "19 nineteen",
    "19 diecinueve",
    "19 neunzehn",
)
_TENS = "2 twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = "1 one two three four five six seven eight nine"
_KOREAN_TENS = "1 열 스물 서른 마흔 쉰 예순 일흔 여든 아흔"
_KOREAN_ONES = ("1 한 두 세 네 다섯 여섯 일곱 여덟 아홉", "1 하나 둘 셋 넷")
_MONTHS = (
    "1 january february march april may june july august september october november december",
    "1 jan feb mar apr may jun jul aug sept oct nov dec",
    "1 enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "1 januar februar märz april mai juni juli august september oktober november dezember",
    "1 janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)


def _counted(lines: Iterable[str], step: int = 1) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        first, *words = line.split()
        found |= {word: n * step for n, word in enumerate(words, int(first))}
    return found


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


_TEN, _ONE = _counted([_TENS], 10), _counted([_ONES])
_WORDS = _counted(_UNITS) | _TEN | {f"{t}-{u}": _TEN[t] + _ONE[u] for t in _TEN for u in _ONE}
_NATIVE_TENS, _NATIVE_ONES = _counted([_KOREAN_TENS], 10), _counted(_KOREAN_ONES)

_FIGURE = re.compile(
    r"(?<![a-z\d.,])[$€£]?(\d{1,3}(?:[,.\u00a0 ]\d{3})+(?!\d)|\d{1,12}(?:[.,]\d{1,2})?)"
    rf"(?:[\u00a0 -]?({_any(_SCALES)})(?![a-z]))?",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"[,.\u00a0 ](?=\d{3}(?:\D|$))")
_SPELLED = re.compile(rf"\b({_any(_WORDS)})\b(?!-)", re.IGNORECASE)
_NATIVE = re.compile(rf"(?<![가-힣])({_any(_NATIVE_TENS)})?({_any(_NATIVE_ONES)})?\s?(?:명|살|사람|가족|번째|차례|척)")
_MONTH = _any(_counted(_MONTHS))
_DAYS = re.compile(
    rf"\b(?:{_MONTH})\.? \d{{1,2}}(?!\d)|(?<!\d)\d{{1,2}}(?:st|nd|rd|th|er|\.)? (?:de |of )?(?:{_MONTH})\b"
    r"|(?:(?<!\d)\d{1,2}\s?[월月]\s?)?(?<!\d)\d{1,2}[일日](?!間|간)",
    re.IGNORECASE,
)


def numbers(text: str) -> list[float]:
    """The numbers that `text` names, those of days left out. Zero and one say nothing and are left out as well."""
    bare = _DAYS.sub(" ", text)
    return [n for n in (*_written(bare), *_spelled(bare)) if n > 1]


def _written(text: str) -> Iterator[float]:
    for match in _FIGURE.finditer(text):
        digits = _THOUSANDS.sub("", match[1]).replace(",", ".")
        yield round(float(digits) * _SCALES.get((match[2] or "").lower(), 1), 2)


def _spelled(text: str) -> Iterator[float]:
    yield from (_WORDS[m[1].lower()] for m in _SPELLED.finditer(text))
    yield from (_NATIVE_TENS.get(m[1], 0) + _NATIVE_ONES.get(m[2], 0) for m in _NATIVE.finditer(text))
