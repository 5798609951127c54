"""What stands in the copy of a mail where editors have taken something out: a sentence, in the mail's language.

Of a page, the elements that other blocks close or have opened stay, with nothing in them that speaks.
"""

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

from nkwatch.mail.blocks import Blocks
from nkwatch.mail.compose import FALLBACK

#: Elements that are never closed (HTML, 13.1.2).
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
#: Attributes that say nothing of a text.
MUTE = frozenset({"class", "style", "role", "lang", "dir", "width", "align"})

_PAGE = re.compile(r"</?(?:html|body|div|p|h[1-6]|a|span|table|ul|li)\b", re.IGNORECASE)
_HEAD = re.compile(r"^.*</head>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"(<title>).*?(</title>)", re.IGNORECASE | re.DOTALL)
_RULE = re.compile(r"\s*-{3,}(?=\s)")


def removal(blocks: Blocks, languages: frozenset[str]) -> Callable[[str, str], str]:
    """What stands instead of a block, by its language and its text."""

    def removed(language: str, old: str) -> str:
        sentence = blocks.line("removed.txt", language if language in languages else FALLBACK, {})
        return removed_page(old, sentence) if _PAGE.search(old) else removed_text(old, sentence)

    return removed


def removed_text(old: str, sentence: str) -> str:
    """The sentence instead of a passage of text, below the rule that it began with."""
    rule = _RULE.match(old)
    return f"{rule[0].strip()}\n\n{sentence}\n\n" if rule else f"{sentence}\n\n"


def removed_page(old: str, sentence: str) -> str:
    """The sentence instead of a passage of a page."""
    head = _HEAD.match(old)
    kept = _TITLE.sub(r"\1\2", head[0]) if head else ""
    frame = _Frame()
    frame.feed(old[len(head[0]) :] if head else old)
    frame.close()
    closed = "".join(f"</{name}>" for name in frame.closed)
    opened = "".join(start for _, start in frame.opened)
    said = f"<p>{escape(sentence)}</p>"
    return f"{kept}{closed}{opened}{said}\n" if head else f"{closed}{said}{opened}\n"


class _Frame(HTMLParser):
    """What a passage closes that others opened, and opens that others close."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: list[str] = []
        self.opened: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            mute = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if name in MUTE)
            self.opened.append((tag, f"<{tag}{mute}>"))

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _ in self.opened):
            self.closed.append(tag)
            return
        while self.opened.pop()[0] != tag:
            pass
