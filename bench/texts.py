"""Statements to read: the labelled ones that ship with nkwatch and the same joined to long ones; further terms."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import cycle

from nkwatch.cli.records import statement
from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.reading.folding import CJK
from nkwatch.reading.lexicon import BEGINS, THEME, WEAK, Term
from nkwatch.reading.relevance import NEAR

#: One of each kind: words, and hangul, where terms match anywhere. The others have too few statements to join.
LANGUAGES = ("en", "ko")
#: One in so many further terms is taken from a text.
STANDING = 10
#: Shorter ones (code points) would stand inside every second word.
SHORTEST = 4


def labelled() -> list[Statement]:
    """The labelled statements, as `nkwatch read` takes them from JSON lines, in an order that mixes their files."""
    folder = files("nkwatch.catalogue") / "labelled"
    parts = sorted((f for f in folder.iterdir() if f.name.endswith(".jsonl")), key=lambda f: f.name)
    lines = [line for part in parts for line in part.read_text("utf-8").splitlines() if line.strip()]
    statements = [statement(line, number) for number, line in enumerate(lines)]
    random.Random(7).shuffle(statements)
    return statements


def joined(statements: Sequence[Statement], length: int, total: int) -> list[Statement]:
    """Statements of `length` characters, each in one language: `total` characters of each language, cut alike.

    For every `length` the characters are the same, so only the length differs.
    """
    return [
        long(language, text[start : start + length])
        for language, text in _streams(statements, total).items()
        for start in range(0, total, length)
    ]


def _streams(statements: Sequence[Statement], total: int) -> Mapping[str, str]:
    by_language: dict[str, list[str]] = defaultdict(list)
    for one in statements:
        by_language[one.language].append(f"{one.title}\n\n{one.text}\n\n")
    return {language: _filled(by_language[language], total) for language in LANGUAGES if language in by_language}


def _filled(pieces: Sequence[str], total: int) -> str:
    taken: list[str] = []
    length = 0
    for piece in cycle(pieces):
        taken.append(piece)
        length += len(piece)
        if length >= total:
            return "".join(taken)[:total]
    return ""


def long(language: str, text: str) -> Statement:
    """A statement whose title names North Korea, so that all of it is read."""
    return Statement(
        id="",
        source_id="",
        publisher="",
        title="DPRK",
        url="",
        text=text,
        language=language,
        author="",
        published=EARLIEST,
        published_estimated=True,
        first_seen=EARLIEST,
    )


def more_terms(terms: Sequence[Term], times: int, statements: Sequence[Statement]) -> tuple[Term, ...]:
    """These terms and so many others that there are `times` as many.

    The others are as long and in the same lists, but for those that decide which texts are on North Korea and so read
    to the end. One in `STANDING` is taken from a text; the rest are words of the
    texts put together by chance, and single words and CJK phrases spliced of two halves: they begin like real ones.
    """
    models = [t for t in terms if ":" in t.list and t.list not in NEAR]
    chance = random.Random(11)
    told = [text for s in statements if (text := [w for w in s.text.split() if w.isalpha()])]
    words = sorted({w.lower() for s in statements for w in s.text.split() if w.isalpha() and w.isascii()})
    eastern = [t.phrase for t in terms if CJK.search(t.phrase)]
    known = {t.phrase for t in terms}
    made = list(terms)
    while len(made) < times * len(terms):
        model = chance.choice(models)
        if chance.randrange(STANDING):
            phrase = _like(model.phrase, words, eastern, chance)
        else:
            phrase = _taken(chance.choice(told), len(model.phrase.split()), chance)
        if phrase not in known and len(phrase) >= SHORTEST:
            known.add(phrase)
            made.append(Term(phrase, model.list.replace(THEME, WEAK), language=model.language))
    return tuple(made)


def _taken(words: Sequence[str], count: int, chance: random.Random) -> str:
    """So many words that follow each other in a text, those with other signs left out."""
    start = chance.randrange(max(1, len(words) - count))
    return " ".join(words[start : start + count])


def _like(phrase: str, words: Sequence[str], eastern: Sequence[str], chance: random.Random) -> str:
    if CJK.search(phrase):
        return _spliced(*chance.sample(eastern, 2)) + chance.choice(eastern)[-1]
    count = len(phrase.split())
    made = " ".join(chance.sample(words, count)) if count > 1 else _spliced(*chance.sample(words, 2)) + "en"
    return made + (BEGINS if phrase.endswith(BEGINS) else "")


def _spliced(one: str, other: str) -> str:
    return one[: (len(one) + 1) // 2] + other[len(other) // 2 :]
