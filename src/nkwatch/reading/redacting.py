"""How the forms of a name are found in a text, and blacked out.

They are found whatever the case, width, accents, hyphens and spaces, in decomposed letters, with invisible characters
between them, and percent-encoded or as entities: in Latin scripts as words, in scripts without boundaries of words
anywhere. An address that holds one goes as a whole.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from nkwatch.domain.identity import Identified
from nkwatch.domain.redaction import CJK, SQUARES
from nkwatch.domain.statement import Article, Entry, Statement
from nkwatch.reading.disguises import ENCODED, FOLDING, decoded, folded, letters, plain, texts, unreadable
from nkwatch.reading.names import name_key

#: An address may be encoded in an address.
ROUNDS = 3

#: An address, with what stands before it in a page; bounded, since texts come from outside.
_ADDRESS = re.compile(
    r"""(?P<link>href=["'])?(?:(?:https?|ftp)://[^\s<>"']+|[a-z0-9_-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/[^\s<>"']*)""",
    re.IGNORECASE,
)
_HYPHENS = "\\-\u2010-\u2015\u2212\u00ad"
_APOSTROPHES = "'\u2019\u2018\u02bc`\u00b4\u2032"
#: What may stand between the parts of a name: a text may be wrapped and indented, a slug has hyphens.
_BETWEEN = rf"[\s{_HYPHENS}{_APOSTROPHES}_.,·・+]{{0,12}}"
_WITHIN = rf"[{_HYPHENS}{_APOSTROPHES}]?"
_APART = r"[\s·・]{0,4}"
_ENDS = rf"s?(?:(?![^\W\d_])|(?={CJK.pattern}))"
#: The rest of a letter that was taken apart: a form must not end inside one.
_WHOLE = "(?![\u1160-\u11ff\u3099\u309a])"


class Forms:
    """The forms of any number of names; without any, everything stays as it is."""

    def __init__(self, forms: Iterable[str] = ()) -> None:
        given = sorted({f for f in forms if f}, key=lambda f: (-len(f), f))
        patterns = [p for form in given if (p := _pattern(form))]
        self._pattern = re.compile("|".join(patterns)) if patterns else None
        #: The keys of mentions (`reading.names`) that are these names.
        self.keys = frozenset(key for form in given if (key := name_key(form)))

    def __bool__(self) -> bool:
        return self._pattern is not None

    def named(self, text: str) -> bool:
        """Whether a form stands in it."""
        if self._pattern is None or not text:
            return False
        if self._pattern.search(folded(text)):
            return True
        return bool(ENCODED.search(text)) and self._pattern.search(folded(decoded(text))) is not None

    def known(self, key: str) -> bool:
        """Whether this is the key of a mention of one of the names."""
        return key in self.keys or self.named(key)

    def named_in_bytes(self, body: bytes) -> bool:
        """Whether a form stands in bytes as they came from outside, or may: in what cannot be read, any name may."""
        return bool(self) and (unreadable(body) or any(self.named(text) for text in dict.fromkeys(texts(body))))

    def blacked_out(self, text: str) -> str:
        """The text with squares for each form, and for each address that holds one."""
        if not self.named(text):
            return text
        places = sorted(self._places(text))
        pieces, end = [], 0
        for start, after, instead in _merged(places, list(_ADDRESS.finditer(text))):
            pieces += [text[end:start], instead]
            end = after
        return "".join((*pieces, text[end:]))

    def address(self, url: str) -> str:
        """The address; empty where a form stands in it, however often it is encoded."""
        seen = url
        for _ in range(ROUNDS):
            if self.named(seen):
                return ""
            seen = unquote(seen)
        return url

    def told(self, value: Any) -> Any:
        """A value of JSON with all that it says blacked out."""
        match value:
            case str():
                return self.blacked_out(value)
            case dict():
                return {name: self.told(one) for name, one in value.items()}
            case list():
                return [self.told(one) for one in value]
            case _:
                return value

    def told_by(self, value: Any) -> bool:
        """Whether a value of JSON, or of the same shape, tells of one of them."""
        match value:
            case str():
                return self.named(value)
            case dict():
                return any(self.told_by(one) for one in value.values())
            case list() | tuple():
                return any(self.told_by(one) for one in value)
            case _:
                return False

    def entry(self, entry: Entry) -> Entry:
        """What a source shows, as we may keep it."""
        return replace(
            entry,
            title=self.blacked_out(entry.title),
            text=self.blacked_out(entry.text),
            author=self.blacked_out(entry.author),
            url=self.address(entry.url),
        )

    def identified(self, entries: Identified) -> Identified:
        """Entries as we may keep them, under the keys that they came with: only by those are they known again."""
        return tuple((self.entry(entry), keys) for entry, keys in entries) if self else entries

    def statement(self, statement: Statement) -> Statement:
        """A statement as we may keep it."""
        return replace(
            statement,
            title=self.blacked_out(statement.title),
            text=self.blacked_out(statement.text),
            teaser=self.blacked_out(statement.teaser),
            author=self.blacked_out(statement.author),
            url=self.address(statement.url),
        )

    def article(self, article: Article) -> Article:
        """What a page says, as we may keep it."""
        return replace(
            article,
            title=self.blacked_out(article.title),
            text=self.blacked_out(article.text),
            author=self.blacked_out(article.author),
        )

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the forms stand; taken apart letter by letter, which only texts that hold one are worth."""
        if self._pattern is None:
            return
        ways = [plain(text), letters(text)] if ENCODED.search(text) else [plain(text)]
        for way in ways:
            spans = [(start, end, one) for start, end, char in way for one in char.translate(FOLDING)]
            for found in self._pattern.finditer("".join([one for _, _, one in spans])):
                yield spans[found.start()][0], spans[found.end() - 1][1]


NOBODY = Forms()


def husk(findings: dict[str, Any], forms: Forms) -> dict[str, Any]:
    """What a reading found, without a word of the text: its themes and figures stay, all that it quotes goes."""
    bare = {name: [] if isinstance(value, list) else forms.told(value) for name, value in findings.items()}
    return bare | {"themes": [theme | {"evidence": []} for theme in findings.get("themes", ())]}


@lru_cache(maxsize=256)
def _pattern(form: str) -> str:
    """A form as a regular expression over folded text; empty where it has no letter."""
    letters: list[tuple[str, bool, bool]] = []
    gap = False
    for char in unicodedata.normalize("NFC", form):
        flat = char.translate(FOLDING)
        if flat[:1].isalnum():
            letters.append((flat, CJK.match(flat) is not None, gap))
            gap = False
        elif flat:
            gap = True
    if not letters:
        return ""
    first, cjk, _ = letters[0]
    first = re.escape(first)
    # a name begins with a letter, so that others are passed over quickly, and only then is looked at what is before it
    opens = "" if cjk else rf"(?:(?<![^\W\d_]{first})|(?<={CJK.pattern}{first}))"
    parts = [first, opens]
    for (_, before, _), (letter, cjk, apart) in pairwise(letters):
        parts += [_BETWEEN if apart else _APART if before and cjk else _WITHIN, re.escape(letter)]
    return "".join((*parts, _WHOLE if letters[-1][1] else _ENDS))


def _merged(places: list[tuple[int, int]], addresses: list[re.Match[str]]) -> Iterator[tuple[int, int, str]]:
    """What to put where, in order and apart: an address that a form stands in goes as a whole."""
    taken = 0
    for start, end in places:
        whole = next((a for a in addresses if a.start() <= start < a.end()), None)
        instead = SQUARES
        if whole:
            instead = f"{whole['link']}#" if whole["link"] else SQUARES
            start, end = whole.start(), max(end, whole.end())  # noqa: PLW2901  the place is that of the address
        if start >= taken:
            yield start, end, instead
            taken = end
