"""Reads the page of one statement: its text without the furniture of the site, and what it says of itself.

Trafilatura finds the text; a source of the catalogue may name the element that holds it instead. Nothing is fetched.
A page that shows a notice on cookies, a login or an error instead of the article is no article: then the summary of
the feed is kept (trafilatura #569).
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import trafilatura
from cssselect import SelectorError
from lxml import etree, html

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Article
from nkwatch.feeds.boilerplate import without_boilerplate
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import Document, Unreadable, language_tag
from nkwatch.feeds.embargo import held_until
from nkwatch.net.decoding import decode

#: Elements of a page that trafilatura still reads within the memory and time of a worker (measured).
MOST_ELEMENTS = 20_000
PAGE = re.compile(r"<(?:html|head|body|meta|title|main|article|section|div|p|h1|br)\b", re.IGNORECASE)
#: Code points.
LONGEST_LINE = 500
#: Characters of a text found in the page from which it is one, whatever JSON-LD holds.
ENOUGH = 250
#: Walls and errors say little; a text that is longer and also mentions a login is an article.
LONGEST_WALL = 1_200
LONGEST_JSON = 1_000_000
SILENT = ("script", "style", "noscript", "template", "svg", "math", "iframe", "canvas", "object", "embed")
CAPTIONS = "figcaption, .wp-caption-text, .gallery-caption, .image-caption, .photo-caption, .caption-text"
#: Where consent is asked for; never an element that holds the article.
CONSENT = re.compile(r"\b(?:cookies?|consent|gdpr|onetrust|didomi|cookiebot|cmp)(?:[-_]|\b)", re.IGNORECASE)
OUTER = frozenset({"html", "body", "main", "article"})
DATES = (
    *("article:published_time", "og:article:published_time", "og:published_time", "datepublished"),
    "dc.date.issued",
    *("dcterms.issued", "dcterms.created", "dc.date", "dcterms.date", "pubdate", "publishdate", "publish-date"),
    *("sailthru.date", "parsely-pub-date", "date"),
)
ASIDE = frozenset({"aside", "nav", "footer", "li"})
COOKIES = re.compile(r"\bcookies?\b|쿠키|クッキー|\bconsent to\b|\bprivacy (?:policy|settings)\b", re.IGNORECASE)
LOGIN = re.compile(
    r"\b(?:(?:log|sign) ?in|subscribe|register|create an account)\b.{0,40}"
    r"\b(?:to (?:continue|read|view|access)|required)\b"
    r"|\b(?:for|to) (?:subscribers|members) only\b|\balready (?:a (?:member|subscriber)|have an account)\b"
    r"|로그인.{0,20}(?:필요|하셔야|후 이용|해 ?주세요|하시기)|회원 ?전용|유료 ?회원"
    r"|ログイン.{0,20}(?:必要|してください|すると)|会員限定|有料会員"
    r"|\bconnectez-vous\b.{0,40}\b(?:pour|afin)\b|\bréservé aux abonnés\b"
    r"|\binici(?:a|e|ar) sesión\b.{0,40}\bpara\b|\bsolo para suscriptores\b",
    re.IGNORECASE,
)
LOGIN_TITLE = re.compile(r"^(?:log ?in|sign ?in|로그인|ログイン|connexion|iniciar sesión)\b", re.IGNORECASE)
CHECK = re.compile(
    r"^(?:just a moment|attention required|access denied|checking your browser|verify you are human|403 forbidden)"
    r"|\b(?:enable javascript and cookies|are you a robot|checking (?:if the site connection|your browser))\b",
    re.IGNORECASE,
)
MISSING = re.compile(
    r"^(?:error )?404\b|\bpage (?:not found|cannot be found|does not exist)\b|^not found$"
    r"|페이지를 찾을 수 없|존재하지 않는 (?:페이지|게시물)|삭제된 (?:게시물|기사)"
    r"|ページ[がは](?:見つかりません|存在しません)"
    r"|お探しのページ|\bpage (?:introuvable|non trouvée)\b|\bpágina no (?:encontrada|existe)\b",
    re.IGNORECASE,
)

for _name in ("trafilatura", "htmldate", "justext"):
    # what a page lacks is told by a sentence of ours, not by theirs on standard error
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class _About:
    """What the head of a page says of the article."""

    title: str
    author: str
    language: str
    dates: tuple[str, ...]
    body: str


def read_article(document: Document, source: Source) -> Article | Unreadable:
    """The article on a page, or a sentence why there is none. Pure; made to run in a worker process."""
    text = decode(document.body, document.content_type)
    if not text.strip():
        return Unreadable("The page is empty.")
    if not PAGE.search(text):
        return Unreadable("The document is no HTML page.")
    try:
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        root = html.document_fromstring(text.encode(), parser=parser)
        return _article(root, document.url, source)
    except SelectorError as error:
        return Unreadable(f"A selector of the catalogue is not valid: {error}.")
    except (etree.LxmlError, ValueError):
        return Unreadable("The page cannot be read as HTML.")


def _article(root: html.HtmlElement, url: str, source: Source) -> Article | Unreadable:
    about = _about(root, url)
    _prune(root, source.drop)
    raw = paragraphs(_markup(root, source), source.strip)
    if len(raw) < ENOUGH < len(about.body):
        raw = paragraphs(about.body, source.strip)
    if reason := _no_article(about.title, raw, root):
        return Unreadable(reason)
    # players repeat the title as their label
    text = without_boilerplate(raw, (about.title,))
    if not text:
        return Unreadable("No article was found on the page.")
    shown = f"{about.title} {about.language}"
    when = published(source, shown, *about.dates)
    held = held_until(source, shown, about.title, raw, when)
    return Article(about.title, text, when, about.author, about.language, held)


def _about(root: html.HtmlElement, url: str) -> _About:
    nodes = list(_json_ld(root))
    # dates are read here: trafilatura would guess them from addresses and years of copyright
    known = trafilatura.extract_metadata(root, default_url=url or None, date_config=_NO_GUESSES)
    return _About(
        title=title_line(known.title or "", plain=True)[:LONGEST_LINE],
        author=title_line(known.author or "", plain=True)[:LONGEST_LINE],
        language=language_tag(root.get("lang") or root.get("xml:lang") or ""),
        dates=tuple(_dates(root, nodes)),
        body=max((str(n["articleBody"]) for n in nodes if n.get("articleBody")), key=len, default=""),
    )


#: No day lies in this span, so nothing is searched for long.
_NO_GUESSES = {"original_date": True, "extensive_search": False, "min_date": "1990-01-01", "max_date": "1990-01-02"}


def _json_ld(root: html.HtmlElement) -> Iterator[dict[str, Any]]:
    """The objects of JSON-LD on the page, those of a graph or list one by one."""
    for script in root.iterfind('.//script[@type="application/ld+json"]'):
        try:
            held = json.loads((script.text or "")[:LONGEST_JSON], strict=False)
        except (ValueError, RecursionError):
            continue
        for node in held if isinstance(held, list) else [held]:
            graph = node.get("@graph") if isinstance(node, dict) else None
            yield from (n for n in [node, *(graph if isinstance(graph, list) else [])] if isinstance(n, dict))


def _dates(root: html.HtmlElement, nodes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Dates of publication that the page states, the surest first."""
    stated: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        stated.setdefault(name.lower(), meta.get("content") or "")
    yield stated.get(DATES[0], "")
    yield from (node["datePublished"] for node in nodes if isinstance(node.get("datePublished"), str))
    yield from (stated.get(name, "") for name in DATES[1:])
    yield from (t.get("datetime") or t.get("content") or "" for t in root.cssselect("[itemprop=datePublished]"))
    times = (t for t in root.iter("time") if not any(a.tag in ASIDE for a in t.iterancestors()))
    yield from (t.get("datetime") or "" for t in times)


def _prune(root: html.HtmlElement, drop: Iterable[str]) -> None:
    """Take out what is no text of the article, before anything is measured."""
    for selector in (CAPTIONS, *drop):
        for element in root.cssselect(selector):
            _remove(element)
    etree.strip_elements(root, *SILENT, with_tail=False)
    marked = [e for e in root.iter("div", "section", "aside", "dialog", "form") if _asks_for_consent(e)]
    for element in marked:
        _remove(element)


def _asks_for_consent(element: html.HtmlElement) -> bool:
    names = f"{element.get('id') or ''} {element.get('class') or ''}"
    return bool(CONSENT.search(names)) and next(element.iter("main", "article", "h1"), None) is None


def _remove(element: html.HtmlElement) -> None:
    if element.getparent() is not None and element.tag not in OUTER:
        element.drop_tree()


def _markup(root: html.HtmlElement, source: Source) -> str:
    """The HTML that holds the text: what the catalogue names, else what trafilatura finds."""
    named = _outermost(root.cssselect(source.article)) if source.article else []
    if named:
        return "".join(map(_html, named))
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        return "".join(map(_html, _outermost(root.cssselect("article, main")) or [root]))
    found = trafilatura.extract(root, output_format="html", favor_precision=True, include_comments=False)
    return found or ""


def _outermost(elements: Iterable[html.HtmlElement]) -> list[html.HtmlElement]:
    kept: dict[html.HtmlElement, None] = {}
    for element in elements:  # in the order of the page: what holds others comes first
        if not any(above in kept for above in element.iterancestors()):
            kept[element] = None
    return list(kept)


def _html(element: html.HtmlElement) -> str:
    return etree.tostring(element, encoding="unicode", method="html", with_tail=False)


def _no_article(title: str, text: str, root: html.HtmlElement) -> str:
    """Why this is no article, or empty. A long text is one, whatever it mentions."""
    lines = text.split("\n\n")
    if 2 * sum(len(line) for line in lines if COOKIES.search(line)) > len(text):
        return "The page shows a notice on cookies instead of the article."
    if len(text) > LONGEST_WALL:
        return ""
    if CHECK.search(title) or CHECK.search(text):
        return "The page shows a check for robots instead of the article."
    if MISSING.search(title) or (len(text) <= ENOUGH and MISSING.search(text)):
        return "The page says that the article was not found."
    if LOGIN.search(text) or LOGIN_TITLE.search(title) or (not text and root.cssselect("input[type=password]")):
        return "The page asks for a login or a subscription instead of showing the article."
    return ""
