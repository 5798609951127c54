"""Names elements of a page by CSS selectors that will still fit tomorrow."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from lxml.html import HtmlElement as Element

#: Names that somebody gave; those with digits are often made up by machines, and others tomorrow.
STEADY = re.compile(r"[a-zA-Z_-]{2,40}")


def names(element: Element) -> list[str]:
    """The id of an element (empty without one), then its classes."""
    return [element.get("id") or "", *(element.get("class") or "").split()]


def item_selectors(elements: Sequence[Element]) -> Iterator[str]:
    """Selectors for these elements in their page, those that say most with least first."""
    own = _simple(elements)
    parents = [p for e in elements if (p := e.getparent()) is not None]
    above = _simple(parents)
    further = _simple([p for e in parents if (p := e.getparent()) is not None])
    yield from own[:-1]
    yield from (f"{outer} > {s}" for outer in above[:-1] for s in reversed(own))
    yield from (f"{outer} {s}" for outer in further[:-1] for s in reversed(own))
    yield from (f"{outer} > {s}" for outer in above[-1:] for s in own)
    yield from own[-1:]


def _simple(elements: Sequence[Element]) -> list[str]:
    """Simple selectors that all these elements answer to: by id, by class, and last by tag."""
    tags = {str(e.tag) for e in elements}
    if len(tags) != 1:
        return []
    tag = tags.pop()
    shared = set.intersection(*({*(f".{c}" for c in names(e)[1:]), f"#{names(e)[0]}"} for e in elements))
    steady = sorted((n for n in shared if STEADY.fullmatch(n[1:])), key=lambda n: (n[0] != "#", len(n), n))
    return [*(f"{tag}{name}" for name in steady), tag]


def inner_selectors(targets: Sequence[Element]) -> Iterator[str]:
    """Selectors for these elements in their items, the shortest first and those by place last."""
    most = Counter(str(t.tag) for t in targets).most_common(1)[0][0]
    alike = [t for t in targets if t.tag == most]
    above = [p for t in alike if (p := t.getparent()) is not None]
    own, parents = _simple(alike), _simple(above)
    yield from (*own[-1:], *own[:-1])
    yield from (f"{p} > {s}" for p in parents for s in reversed(own))
    yield f"{most}:nth-child({_usual_place(alike)})"
    yield from (f"{p}:nth-child({_usual_place(above)}) > {most}" for p in parents[-1:])


def _usual_place(elements: Sequence[Element]) -> int:
    """The place (from 1) among their siblings at which most of these elements stand."""
    return Counter(1 + sum(1 for _ in e.itersiblings(preceding=True)) for e in elements).most_common(1)[0][0]
