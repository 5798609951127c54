"""HTML to plain text: paragraphs separated by one empty line, each on one line, in Unicode NFC.

nh3 cleans it: what is left are few tags without attributes, and these become the ends of lines and paragraphs. The
text is what readings are made of and what is hashed, so the same page must always give the same text.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import nh3

from nkwatch.feeds.boilerplate import without_trailer
from nkwatch.feeds.documents import LONGEST_TEXT


def _names(written: str) -> frozenset[str]:
    return frozenset(written.split())


MARKUP = re.compile(r"<[a-zA-Z/!?]")
#: Not text, or not the text of the statement: captions name a picture and were seen in other languages.
DROPPED = _names(
    "script style noscript template title iframe object embed svg math canvas audio video form button select textarea "
    "figcaption"
)
BLOCKS = _names(
    "address article aside blockquote caption center dd details dialog dir div dl dt fieldset figure footer h1 h2 h3 "
    "h4 h5 h6 header hgroup hr li main menu nav ol p pre section summary table tbody tfoot thead tr ul"
)
#: Of these, what ends nowhere is taken for empty: HTML would take the rest of the text for their content.
HOLDERS = _names("iframe object embed canvas audio video form button figcaption noscript")
CELLS = frozenset({"td", "th"})
CLEANER = nh3.Cleaner(tags={*BLOCKS, *CELLS, "br"}, clean_content_tags=set(DROPPED), attributes={}, link_rel=None)
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>?")
DROPPED_TAG = re.compile(rf"<({'|'.join(sorted(DROPPED))})\b[^<>]*>", re.IGNORECASE)
#: Pictures written into their tag, or attributes without end, which cost quadratic time.
LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{10000,}>?")
#: These close themselves, or hold nothing.
SHALLOW = _names("p li tr td th br hr img input wbr area col source track link meta")
#: A parser opens them again in each paragraph in which they were left open (HTML Standard, 13.2.4.3).
FORMATS = _names("a b big code em font i nobr s small strike strong tt u")
#: What the tree of a text may come to: its depth, which costs nh3 quadratic time, and copies of open formats.
DEEPEST, MOST_COPIES = 300, 100_000
#: As much of one text as is looked at (characters).
LONGEST_MARKUP = 4 * LONGEST_TEXT
#: Lines end where the markup says so; an empty line ends a paragraph.
LINE, PARAGRAPH = "\x1e", "\x1e\x1e"
#: Zero-width spaces, byte order marks and soft hyphens stand inside words and are no part of them.
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
#: No text means these control characters: they are windows-1252 (HTML Standard, 13.2.5.80).
MEANT = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
TIDY = {**MEANT, **INVISIBLE}


def title_line(markup: str, *, plain: bool = False) -> str:
    """`markup` as one line of text."""
    return " ".join(" ".join(_lines(markup, plain=plain)).split())


def paragraphs(markup: str, strip: Collection[str] = (), *, plain: bool = False) -> str:
    """`markup` as paragraphs separated by one empty line; lines equal to one in `strip` are left out.

    `plain` says that it is no markup, whatever it looks like.
    """
    unwanted = {_tidy(line) for line in strip}
    lines = (line for line in _lines(markup, plain=plain) if not line or line not in unwanted)
    whole = map(without_trailer, _joined(lines))
    return "\n\n".join(p for p in whole if p)[:LONGEST_TEXT].rstrip()


def _tidy(line: str) -> str:
    return " ".join(unicodedata.normalize("NFC", line.translate(TIDY)).split())


def _lines(markup: str, *, plain: bool) -> Iterator[str]:
    if plain:
        raw = markup.splitlines()
    elif MARKUP.search(markup):
        raw = _marked_up(markup).split(LINE)
    else:
        raw = html.unescape(markup).splitlines()
    return map(_tidy, raw)


def _marked_up(markup: str) -> str:
    """The text of HTML with `LINE` and `PARAGRAPH` marks in it."""
    short = LONG_TAG.sub("", markup)[:LONGEST_MARKUP].replace(LINE, " ").removesuffix("</")
    whole = _without_open_ends(short)
    return html.unescape(TAG.sub(_mark, CLEANER.clean(TAG.sub(_mark, whole) if _overgrown(whole) else whole)))


def _without_open_ends(markup: str) -> str:
    """`markup` without tags like ``<iframe/>``, which means an empty element in XML alone, and without open holders."""
    if not DROPPED_TAG.search(markup):
        return markup
    lower = markup.lower()
    ends = {name: lower.rfind(f"</{name}") for name in HOLDERS}

    def kept(tag: re.Match[str]) -> str:
        closed = tag.end() <= ends.get(tag[1].lower(), len(lower))
        return tag[0] if closed and not tag[0].endswith("/>") else ""

    return DROPPED_TAG.sub(kept, markup)


def _mark(tag: re.Match[str]) -> str:
    """What a tag means for the text. What is to be dropped stays as it is: nh3 knows where it ends."""
    begins, name = not tag[1], tag[2].lower()
    if name in BLOCKS:
        return PARAGRAPH
    if name == "br":
        return LINE if begins else ""
    if name in CELLS:
        return " " if begins else ""
    return tag[0] if name in DROPPED else ""


def _overgrown(markup: str) -> bool:
    """Whether the tree of `markup` is too deep or too large to be built. Counts too much rather than too little."""
    if markup.count("<") <= DEEPEST:
        return False
    opened: Counter[str] = Counter()
    depth = formats = copies = 0
    for end, name in TAG.findall(markup.lower()):
        if name not in SHALLOW and (not end or opened[name]):
            step = -1 if end else 1
            opened[name] += step
            depth += step
            formats += step if name in FORMATS else 0
        copies += formats
        if depth > DEEPEST or copies > MOST_COPIES:
            return True
    return False


def _joined(lines: Iterable[str]) -> Iterator[str]:
    gathered: list[str] = []
    for line in (*lines, ""):
        if line:
            gathered.append(line)
        elif gathered:
            yield " ".join(gathered)
            gathered = []
