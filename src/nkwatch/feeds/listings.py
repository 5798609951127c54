"""Proposes CSS selectors for a listing page: the structure that repeats around links with longish texts.

A proposal is a guess for a person to look at, never taken by itself.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from cssselect import SelectorError
from lxml import etree, html
from lxml.html import HtmlElement as Element

from nkwatch.domain.source import Source
from nkwatch.feeds.cleaning import title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.naming import STEADY, inner_selectors, item_selectors, names
from nkwatch.net.decoding import decode

FEWEST_ITEMS = 3
MOST_PROPOSALS = 3
#: More links than this are on no listing page; a hostile one has as many as fit into its bytes.
MOST_LINKS = 1_000
#: So many items are looked at to find what they have in common.
SAMPLE = 20
#: Titles are longer than entries of menus. A Korean or Japanese letter tells as much as two Latin ones.
LONGISH, TELLING = 18, 90
WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af]")
LONGEST_DATE = 40
SHORTEST_TEASER = 40
CONTENT = frozenset({"article", "main", "body", "html"})
MENUS = frozenset({"nav", "header", "footer", "aside", "form"})
NAMED_AS_MENU = re.compile(r"(?:^|[-_])(?:nav|menu|gnb|lnb|snb|footer|header|side|breadcrumb|widget|popular|banner)")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
#: A selector is good when it finds what it is for in so many of the items.
GOOD = 0.8
NOBODY = Source(id="", url="", publisher="")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Selectors for a page, as the options of a source of kind "page", and how many items they catch."""

    options: Mapping[str, str]
    items: int


@dataclass(frozen=True, slots=True)
class _Item:
    """One element of the structure that repeats, and the link in it that has the title."""

    element: Element
    link: Element


def propose(document: Document) -> tuple[Proposal, ...] | Unreadable:
    """Up to three ways to read the page, the most likely first; none where nothing repeats.

    The page may be hostile: run this in a worker process.
    """
    root = page(document)
    if isinstance(root, Unreadable):
        return root
    groups = sorted(_groups(root), key=_weight, reverse=True)
    distinct: dict[tuple[str, ...], Proposal] = {}
    for group in groups[: 2 * MOST_PROPOSALS]:
        if proposal := _proposal(root, group):
            distinct.setdefault(tuple(proposal.options.values()), proposal)
    return tuple(islice(distinct.values(), MOST_PROPOSALS))


def page(document: Document) -> Element | Unreadable:
    """The page as a tree, without comments and processing instructions."""
    text = decode(document.body, document.content_type)
    if not text.strip():
        return Unreadable("The page is empty.")
    try:
        return html.document_fromstring(
            text.encode(), parser=html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        )
    except (etree.LxmlError, ValueError):
        return Unreadable("The page cannot be read as HTML.")


def _groups(root: Element) -> list[list[_Item]]:
    """The items of the page, those together that stand alike in it.

    An item is the largest element around a link that holds no other longish link.
    """
    links = _longish_links(root)
    leads = _leads(links)
    groups: dict[tuple[str, ...], dict[Element, Element]] = defaultdict(dict)
    for link in links:
        element = link
        while (parent := element.getparent()) is not None and parent.tag not in CONTENT and len(leads[parent]) == 1:
            element = parent
        if parent is not None and parent.tag == "article" and len(leads[parent]) == 1:
            element = parent
        group = groups[_standing(element)]
        if element not in group or len(_text(link)) > len(_text(group[element])):
            group[element] = link
    return [[_Item(e, a) for e, a in group.items()] for group in groups.values() if len(group) >= FEWEST_ITEMS]


def _longish_links(root: Element) -> list[Element]:
    links = (a for a in root.iter("a") if not (a.get("href") or "#").strip().startswith(("#", "mailto:")))
    return [a for a in islice(links, MOST_LINKS) if _telling(_text(a)) >= LONGISH]


def _leads(links: Iterable[Element]) -> Mapping[Element, set[str]]:
    """Where the links within each element lead to."""
    within: dict[Element, set[str]] = defaultdict(set)
    for link in links:
        for around in link.iterancestors():
            within[around].add(link.get("href") or "")
    return within


def _standing(element: Element) -> tuple[str, ...]:
    """How an element stands in the page: the tags above it, and the steady names of its parent."""
    parent = element.getparent()
    steady = () if parent is None else (n for n in names(parent) if STEADY.fullmatch(n))
    return (str(element.tag), *(str(e.tag) for e in element.iterancestors()), *steady)


def _weight(group: Sequence[_Item]) -> float:
    """How much a group looks like what people come for: many telling titles, dates beside them, outside of menus."""
    told = sum(min(_telling(_text(i.link)), TELLING) for i in group)
    sample = group[:SAMPLE]
    dated = sum(_date(i) is not None for i in sample) / len(sample)
    headed = sum(_heading(i) is not None for i in sample) / len(sample)
    return told * (1 + 2 * dated + headed) * (0.1 if _in_menu(group[0].element) else 1)


def _in_menu(element: Element) -> bool:
    for around in (element, *element.iterancestors()):
        if around.tag in CONTENT:
            return False
        if around.tag in MENUS or any(NAMED_AS_MENU.search(n.lower()) for n in names(around)):
            return True
    return False


def _proposal(root: Element, group: Sequence[_Item]) -> Proposal | None:
    sample = group[:SAMPLE]
    try:
        link, item = _within(sample, lambda i: i.link), _item_selector(root, group)
        if not link or not item:
            return None
        options = {"item": item, "title": _within(sample, _heading) or link, "link": link}
        further = {"date": _within(sample, _date), "teaser": _within(sample, _teaser)}
    except SelectorError:
        return None  # a name that cannot stand in a selector as it is
    return Proposal(options | {name: found for name, found in further.items() if found}, len(group))


def _item_selector(root: Element, group: Sequence[_Item]) -> str:
    """The first selector that catches this group and nothing else; failing that, the one that comes nearest."""
    wanted = {i.element for i in group}
    best, nearest = "", 0.0
    for selector in item_selectors([i.element for i in group]):
        caught = {e for e in root.cssselect(selector) if e in wanted or next(e.iter("a"), None) is not None}
        near = len(wanted & caught) / len(wanted | caught)
        if near > nearest:
            best, nearest = selector, near
        if near == 1:
            break
    return best if nearest > 1 / 2 else ""


def _within(items: Sequence[_Item], find: Callable[[_Item], Element | None]) -> str:
    """The shortest selector that comes upon what `find` finds in most of these items; empty where most have none."""
    pairs = [(i.element, found) for i in items if (found := find(i)) is not None]
    if len(pairs) < len(items) / 2:
        return ""
    selectors = list(inner_selectors([found for _, found in pairs]))
    caught = {s: [e.cssselect(s) for e, _ in pairs] for s in selectors}
    enough = GOOD * len(pairs)
    good = [s for s in selectors if sum(c[:1] == [t] for c, (_, t) in zip(caught[s], pairs, strict=True)) >= enough]
    # what is alone in its item stays right when the items change
    return next((s for s in good if sum(len(c) == 1 for c in caught[s]) >= enough), next(iter(good), ""))


def _heading(item: _Item) -> Element | None:
    """The heading around the link, or in it."""
    inside = next(item.link.iter(*HEADINGS), None)
    around = next(item.link.iterancestors(*HEADINGS), None)
    return around if around is not None and item.element in around.iterancestors() else inside


def _date(item: _Item) -> Element | None:
    """The first element that says a date and nothing else."""
    for inner in item.element.iter():
        told = _text(inner) or inner.get("datetime") or ""
        if inner is item.link or (len(inner) == 1 and _text(inner[0]) == told):
            continue
        if len(told) <= LONGEST_DATE and re.search(r"\d", told) and _is_date(inner.get("datetime") or "", told):
            return inner
    return None


def _is_date(*written: str) -> bool:
    return published(NOBODY, " ".join(written), *written) is not None


def _teaser(item: _Item) -> Element | None:
    """The first longer text beside the title."""
    taken = {item.element, item.link, *item.link.iterancestors(), *item.link.iterdescendants()}
    beside = (e for tags in (("p",), ("div", "span", "dd", "td")) for e in item.element.iter(*tags) if e not in taken)
    return next((e for e in beside if _telling(_text(e)) >= SHORTEST_TEASER), None)


def _text(element: Element) -> str:
    return title_line(element.text_content(), plain=True)


def _telling(text: str) -> int:
    return len(text) + len(WIDE.findall(text))
