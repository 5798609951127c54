"""Reads sitemaps (sitemaps.org 0.9) with Google's news extension, sitemap indexes, and plain lists of addresses.

They are for sites without a feed. Namespaces are not looked at: half of the sitemaps in the field get them wrong.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from nkwatch.domain.source import Source, host_of
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import (
    LONGEST_AUTHOR,
    Document,
    Elsewhere,
    Parsed,
    Read,
    Unreadable,
    address,
    declares_entities,
    distinct,
    language_tag,
)
from nkwatch.feeds.kinds import DocumentKind, unknown_options
from nkwatch.net.decoding import decode
from nkwatch.net.unpacking import UNPACKERS, BadlyPacked

#: Bytes of a sitemap once unpacked; the format allows 50 MB, which no worker has the memory for.
LARGEST = 20_000_000
#: Rows of one sitemap (sitemaps.org).
MOST_ROWS = 50_000
#: The newest of a sitemap that may hold all pages of a site since it began.
MOST_SHOWN = 500
#: A day that more than half of at least so many rows share is that of a build.
FEW_ROWS = 5
GZIP = b"\x1f\x8b"
DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>", re.IGNORECASE)
#: An ampersand that begins no reference: lxml would take it away, and the word behind it, out of an address.
BARE = re.compile(r"&(?!#?\w{1,31};)")
#: The W3C datetime that sitemaps.org asks for begins so; anything else would have to be guessed, 50,000 times.
DATED = re.compile(r"\d{4}-\d\d-\d\d")
LONG_AGO = datetime.min.replace(tzinfo=UTC)
OPTIONS = {
    "path": "Pieces of paths, with spaces between them: only addresses that hold one of these are statements.",
    "child": "Of an index: a piece of the address of the sitemap that holds them; else the one changed last is read.",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One <url> or <sitemap>: texts as they were written."""

    loc: str
    lastmod: str = ""
    title: str = ""
    date: str = ""
    name: str = ""
    language: str = ""

    @property
    def news(self) -> bool:
        return bool(self.title or self.date)


def read_sitemap(document: Document, source: Source) -> Read:
    """The entries of a sitemap, newest first, or which of the sitemaps of an index holds them."""
    body = _unpacked(document.body)
    if isinstance(body, Unreadable):
        return body
    text = DECLARATION.sub("", decode(body, document.content_type), count=1).strip()
    if not text:
        return Unreadable("The answer is empty where a sitemap should be.")
    if not text.startswith("<"):
        return _listed(text, document, source)
    if declares_entities(text):
        return Unreadable("The sitemap declares entities in a DOCTYPE, which is refused: they can hide a bomb.")
    return _marked_up(text, document, source)


def _unpacked(body: bytes) -> bytes | Unreadable:
    """The body without the gzip that it is stored in: a .xml.gz is packed whatever its headers say."""
    if not body.startswith(GZIP):
        return body
    try:
        plain = UNPACKERS["gzip"]().feed(body, LARGEST + 1)
    except BadlyPacked:
        return Unreadable("The sitemap is packed as gzip, but broken.")
    if len(plain) > LARGEST:
        return Unreadable(f"The sitemap is larger than {LARGEST // 1_000_000} MB once unpacked, which is refused.")
    return plain


def _listed(text: str, document: Document, source: Source) -> Read:
    """A sitemap that is a text: one address a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:MOST_ROWS]
    rows = [_Row(line) for line in lines if address("", line)]
    if len(rows) * 2 < len(lines):
        return Unreadable("This is no sitemap: neither XML nor a list of addresses.")
    return _shown(rows, document, source, partial=False)


def _marked_up(text: str, document: Document, source: Source) -> Read:
    try:
        root, rows = _rows(text)
    except etree.LxmlError:
        root, rows = "", []
    if not root:
        return Unreadable("The sitemap cannot be read as XML.")
    if root not in {"urlset", "sitemapindex"}:
        what = "a web page" if root == "html" else f"a document of another kind (<{root[:40]}>)"
        return Unreadable(f"There is {what} where a sitemap should be: look for the sitemap's new address.")
    cut = not re.search(rf"</(?:[\w.-]+:)?{root}\s*>", text, re.IGNORECASE) and not (text.endswith("/>") and not rows)
    if cut:
        rows = rows[:-1]  # its address may be half of one
    return _elsewhere(rows, document, source) if root == "sitemapindex" else _shown(rows, document, source, partial=cut)


def _rows(text: str) -> tuple[str, list[_Row]]:
    """The name of the root, and the rows below it; what is cut off or broken is read as far as it goes."""
    walk = etree.iterparse(
        io.BytesIO(BARE.sub("&amp;", text).encode()),
        events=("start", "end"),
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    root = ""
    rows: list[_Row] = []
    for event, element in walk:
        above = element.getparent()
        if event == "start":
            root = root or _name(element)
        elif above is not None and above.getparent() is None:
            if _name(element) in {"url", "sitemap"} and len(rows) < MOST_ROWS:
                rows.append(_row(element))
            _forget(element, above)
    return root, rows


def _forget(element: etree._Element, above: etree._Element) -> None:
    """Empty what is read, or the tree grows to several times the text."""
    element.clear()
    while element.getprevious() is not None:
        del above[0]


def _row(element: etree._Element) -> _Row:
    texts: dict[str, str] = {}
    for child in element:
        if (name := _name(child)) == "news":
            told = {f"news:{_name(e)}": _text(e) for e in child.iter() if _text(e)}
            texts = told | texts
        else:
            texts.setdefault(name, _text(child))
    news = (texts.get(f"news:{name}", "") for name in ("title", "publication_date", "name", "language"))
    return _Row(texts.get("loc", ""), texts.get("lastmod", ""), *news)


def _name(element: etree._Element) -> str:
    """The name without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _elsewhere(rows: Iterable[_Row], document: Document, source: Source) -> Elsewhere | Unreadable:
    """The sitemap of this index that was changed last, among those that are wanted and on the same site."""
    wanted = source.options.get("child", "")
    fitting = [row for row in rows if wanted in row.loc and _same_site(address(document.url, row.loc), document.url)]
    if not fitting:
        which = f"whose address contains {wanted!r}" if wanted else "on its own site"
        return Unreadable(f"The index of sitemaps names none {which}.")
    # without dates the first is the one of posts (WordPress); among those chosen by the catalogue, the last is newest
    newest = max(reversed(fitting) if wanted else fitting, key=lambda row: _instant(source, row) or LONG_AGO)
    return Elsewhere(address(document.url, newest.loc))


def _same_site(child: str, index: str) -> bool:
    """Whether an index may name this sitemap: on its own host or the domain above it, never itself."""
    below, above = (host_of(url).removeprefix("www.") for url in (index, child))
    return child != index and bool(above) and (below == above or ("." in above and below.endswith(f".{above}")))


def _shown(rows: list[_Row], document: Document, source: Source, *, partial: bool) -> Parsed | Unreadable:
    wanted = source.options.get("path", "").split()
    fitting = [row for row in rows if not wanted or any(text in _path(row.loc) for text in wanted)]
    if rows and not fitting and not any(row.news for row in rows):
        return Unreadable("The sitemap has no address with what the catalogue asks for in its path.")
    builds = _days_of_builds(rows)
    dated = [(_instant(source, row) or LONG_AGO, row) for row in fitting]
    newest = sorted(dated, key=lambda pair: pair[0], reverse=True)[:MOST_SHOWN]
    entries = (_entry(row, document.url, source, builds) for _, row in newest)
    return Parsed(distinct(entry for entry in entries if entry.url), partial=partial)


def _path(url: str) -> str:
    """The part of an address behind the host."""
    return f"/{url.partition('://')[2].partition('/')[2]}"


def _days_of_builds(rows: list[_Row]) -> frozenset[str]:
    """The day that most rows say they were changed on: the site was built anew, which is no date of publication."""
    days = Counter(row.lastmod[:10] for row in rows if row.lastmod)
    return frozenset(day for day, n in days.most_common(1) if len(rows) > FEW_ROWS and n * 2 > len(rows))


def _entry(row: _Row, url: str, source: Source, builds: frozenset[str]) -> Entry:
    """The title of a plain row comes from its page, later."""
    changed = None if row.lastmod[:10] in builds else _date(source, row, row.lastmod)
    return Entry(
        title=title_line(row.title, plain=True),
        url=address(url, row.loc),
        published=_date(source, row, row.date) or changed,
        author=title_line(row.name, plain=True)[:LONGEST_AUTHOR],
        language=language_tag(row.language),
        updated=changed if row.news else None,
    )


def _instant(source: Source, row: _Row) -> datetime | None:
    return _date(source, row, row.date) or _date(source, row, row.lastmod)


def _date(source: Source, row: _Row, text: str) -> datetime | None:
    return published(source, f"{row.title} {row.language}", text) if DATED.match(text) else None


def problems(source: Source) -> Iterator[str]:
    """Options that are unknown."""
    yield from unknown_options("a sitemap", source, OPTIONS)


SITEMAP = DocumentKind(
    "sitemap",
    accept="application/xml, text/xml;q=0.9, */*;q=0.1",
    read=read_sitemap,
    robots=True,
    may_empty=True,
    problems=problems,
)
