"""HTML to plain text: paragraphs separated by one empty line, each on one line, in Unicode NFC.

The text is what readings are made of and what is hashed, so the same page must always give the same text.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator

from lxml import etree
from lxml.html import HTMLParser

from nkwatch.feeds.documents import LONGEST_TEXT

MARKUP = re.compile(r"<[a-zA-Z/!?]")
#: Not text, or not the text of the statement: captions name a picture and were seen in other languages.
DROPPED = (
    *(
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "canvas",
    ),
    *("audio", "video", "form", "button", "select", "textarea", "figcaption"),
)
BLOCKS = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "center",
            "dd",
            "details",
            "dialog",
        ),
        *(
            "dir",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figure",
            "footer",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
        ),
        *(
            "hgroup",
            "hr",
            "html",
            "li",
            "main",
            "menu",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
            "summary",
            "table",
        ),
        *("tbody", "tfoot", "thead", "tr", "ul"),
    )
)
#: Lines end where the markup says so; an empty line ends a paragraph.
LINE, PARAGRAPH = "\x1e", "\x1e\x1e"
#: Zero-width spaces, byte order marks and soft hyphens stand inside words and are no part of them.
INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u2060\ufeff\u00ad"))
#: What WordPress adds to every entry, in the languages it was seen in.
TRAILERS = (
    ("The post ", " appeared first on "),
    ("L’article ", " est apparu en premier sur "),
    ("L'article ", " est apparu en premier sur "),
    ("La entrada ", " se publicó primero en "),
    ("La entrada ", " aparece primero en "),
    ("Der Beitrag ", " erschien zuerst auf "),
    ("投稿 ", " に最初に表示されました"),
)
LONGEST_TRAILER = 600


def title_line(markup: str, *, plain: bool = False) -> str:
    """`markup` as one line of text."""
    return " ".join(" ".join(_lines(markup, plain=plain)).split())


def paragraphs(markup: str, strip: Collection[str] = (), *, plain: bool = False) -> str:
    """`markup` as paragraphs separated by one empty line; lines equal to one in `strip` are left out.

    `plain` says that it is no markup, whatever it looks like.
    """
    unwanted = {_tidy(line) for line in strip}
    lines = (line for line in _lines(markup, plain=plain) if not line or line not in unwanted)
    whole = [_without_trailer(p) for p in _joined(lines)]
    return "\n\n".join(p for p in whole if p)[:LONGEST_TEXT].rstrip()


def _tidy(line: str) -> str:
    return " ".join(unicodedata.normalize("NFC", line.translate(INVISIBLE)).split())


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
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    body = f"<div>{markup.replace(LINE, ' ')}</div>".encode("utf-8", "replace")
    root = etree.fromstring(body, parser)
    etree.strip_elements(root, *DROPPED, with_tail=False)
    return "".join(_pieces(root))


def _pieces(root: etree._Element) -> Iterator[str]:
    for event, element in etree.iterwalk(root, events=("start", "end")):
        begins = event == "start"
        if element.tag in BLOCKS:
            yield PARAGRAPH
        elif element.tag == "br" and begins:
            yield LINE
        elif element.tag in {"td", "th"} and begins:
            yield " "
        yield (element.text if begins else element.tail) or ""


def _joined(lines: Iterable[str]) -> Iterator[str]:
    gathered: list[str] = []
    for line in (*lines, ""):
        if line:
            gathered.append(line)
        elif gathered:
            yield " ".join(gathered)
            gathered = []


def _without_trailer(paragraph: str) -> str:
    for opening, middle in TRAILERS:
        at = paragraph.rfind(opening)
        if at >= 0 and middle in paragraph[at:] and len(paragraph) - at <= LONGEST_TRAILER:
            return paragraph[:at].rstrip()
    return paragraph
