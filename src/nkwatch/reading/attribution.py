"""Who released a text that its source only reprints: never the carrier, where the text says who speaks in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from nkwatch.domain.reading import Evidence
from nkwatch.domain.statement import Statement

#: A release names its organisation in its first paragraphs (code points).
LEAD = 1_500
#: Chinese characters and kana are written without spaces: only other letters continue a name.
_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff]"
#: What Korean appends to a name. 국제앰네스티는 is the organisation, 국제앰네스티한국지부 is another.
_PARTICLE = r"(?:측)?(?:은|는|이|가|을|를|의|에|에서|에게|에는|와|과|도|만|로|으로)"
#: Where a sentence or a paragraph ends.
_END = r"[.!?]\W{0,3}?\s\W{0,3}[A-Z]|\n\n"
#: "Human Rights Watch said today": who speaks released the text.
SPEAKS = re.compile(
    rf"(?:['’]s)?(?:(?!{_END})\W){{0,3}}(?:\w+(?:(?!{_END})\W)+){{0,8}}?"
    r"(?:said|says|today|called|calls|urged|urges|warned|warns|condemned|condemns|demanded|demands|denounced|denounces"
    r"|welcomed|welcomes|released|announced)\b"
)
#: In Korean and Japanese a particle marks who speaks, and the verb ends the sentence.
SPEAKS_BY_PARTICLE = re.compile(
    r"(?:\s?측)?(?:[은는이가]\s|[はが])[^.。\n]{0,150}?"
    r"(?:밝혔|말했|촉구|요구|비판|규탄|경고|발표|우려|述べ|訴え|求め|発表|表明|非難|批判)"
)
#: Organisations that speak together; the first of them counts.
JOINED = re.compile(r"[,\s]+(?:(?:and|with|&)\s+)?(?:the\s+)?", re.IGNORECASE)
#: A name that stands alone in its line, or after or before a colon, is a letterhead.
BEFORE_HEAD, AFTER_HEAD = re.compile(r"(?:^|[\n:])[^\S\n]*$"), re.compile(r"[^\S\n]*(?:$|[\n:])")


@dataclass(frozen=True, slots=True)
class Attribution:
    """The organisation that released a text, and the words that say so."""

    organisation: str
    evidence: Evidence


def attribution(statement: Statement, organisations: Sequence[str]) -> Attribution | None:
    """Which of these `organisations` released the text: its author, else who speaks in it first, else its letterhead.

    None where none of them does. One that is merely mentioned released nothing.
    """
    names = {_folded(o): o for o in organisations if o.strip()}
    if not names:
        return None
    author = statement.author.strip()
    if _folded(author) in names:
        start = statement.author.index(author)
        return Attribution(names[_folded(author)], Evidence("author", start, start + len(author), author))
    pattern = _pattern(tuple(names.values()))
    fields = {"text": statement.text[:LEAD], "title": statement.title[:LEAD]}
    found = {field: list(pattern.finditer(text)) for field, text in fields.items()}
    speaking = [(field, m) for field, mentions in found.items() for m in _speaking(mentions)]
    heads = [(field, m) for field, mentions in found.items() for m in mentions if _heads(m)]
    if not (speaking or heads):
        return None
    field, match = _fullest(speaking or heads)
    return Attribution(names[_folded(match[0])], Evidence(field, match.start(), match.end(), match[0]))


@lru_cache(maxsize=8)
def _pattern(organisations: tuple[str, ...]) -> re.Pattern[str]:
    """The names as they are written or all in capitals: ARTICLE 19 is no article 19.

    Longer names first: Amnesty International USA is not merely Amnesty International.
    """
    names = sorted({form for o in organisations for form in (o, o.upper())}, key=lambda name: (-len(name), name))
    written = "|".join(r"\s+".join(map(re.escape, name.split())) for name in names)
    return re.compile(rf"(?<!{_LETTER})(?:{written})(?:(?!{_LETTER})|(?={_PARTICLE}(?!{_LETTER})))")


def _speaking(mentions: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    """Those that say something, by a verb before another organisation is named or by a particle."""
    said: list[re.Match[str]] = []
    speaks, until = False, LEAD
    for match in reversed(mentions):
        text, end = match.string, match.end()
        joined = speaks and JOINED.fullmatch(text, end, until)
        speaks = bool(joined or SPEAKS.match(text, end, until) or SPEAKS_BY_PARTICLE.match(text, end))
        if speaks:
            said.insert(0, match)
        until = match.start()
    return said


def _heads(match: re.Match[str]) -> bool:
    """Whether a name stands alone in its line, but for a label."""
    line = match.string[max(0, match.start() - 40) : match.start()]
    return BEFORE_HEAD.search(line) is not None and AFTER_HEAD.match(match.string, match.end()) is not None


def _fullest(found: Sequence[tuple[str, re.Match[str]]]) -> tuple[str, re.Match[str]]:
    """The first of these, or the one that gives its name in full: a section speaks for its organisation too."""
    first = _folded(found[0][1][0])
    return max((f for f in found if _folded(f[1][0]).startswith(first)), key=lambda f: len(_folded(f[1][0])))


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
