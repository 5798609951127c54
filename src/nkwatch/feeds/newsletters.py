"""Mails into entries. All of this reads hostile bytes: it runs in a worker process that can be killed.

A newsletter is made for one recipient: its links end subscriptions and say who clicked. None of them gets into a
text, and into `Entry.url` only what can be told to be the same for every recipient.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import etree
from lxml.html import HTMLParser

from nkwatch.domain.source import Source, host_of
from nkwatch.domain.statement import TRACKING, Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import LONGEST_AUTHOR, address, language_tag
from nkwatch.feeds.senders import authenticated, expected
from nkwatch.net.letters import bodies, decoded, recipients, sender

LONGEST_ID, LONGEST_TITLE = 500, 1_000
#: A longer line is a paragraph of the statement that speaks of such things.
LONGEST_FOOTER, LONGEST_HINT = 1_000, 200
#: Words of lines that belong to the one recipient, in the languages of the sources.
FOOTER = re.compile(
    r"unsubscrib|(manage|update|change|edit|email|e-mail|mailing|subscription)\W+(your\W+|email\W+|e-mail\W+|my\W+)*"
    r"(preferences|subscription|settings|profile)|^\W*opt[\s-]?out\W*$|opt[\s-]?out\W(of|from)\W(these|this|our|future|all|receiving)|수신\s?거부|구독\s?(취소|해지|해제|설정)|"
    r"(配信|メール|購読|登録)の?(停止|解除|中止)|désabonn|désinscri|"
    r"préférences (de|d’|d')\W*(e-?mail|abonnement|communication)|"
    r"darse de baja|dar(me)? de baja|cancelar (la|tu|su) suscripci|dejar de recibir|abmelden|abbestellen|退订|取消订阅",
    re.IGNORECASE,
)
BROWSER = re.compile(
    r"(view|read|see|open)\W(\w+\W+){0,4}(in|with)\W(your\W|a\W|the\W)?(web\W)?browser|(view|read)\W((it|this|the)\W)?((e-?mail|newsletter|message|issue)\W)?online|"
    r"web version|(웹|브라우저)(에서|으로|로)\s?보기|ブラウザー?で(表示|見る|読む|開く|ご覧)|ウェブで(表示|見る)|"
    r"(voir|afficher|lire|ouvrir|consulter)\W(\w+\W+){0,4}(dans|avec) (votre|le|un) navigateur|version en ligne|"
    r"(ver|leer|abrir)\W(\w+\W+){0,4}en (el|su|tu|un) navegador|im browser",
    re.IGNORECASE,
)
URL = re.compile(r"https?://[!#-'*-;=?-~]+", re.IGNORECASE)
WORD = re.compile(r"[!-~]+")
EMPTIED = re.compile(r"[(<\[]\s*[)>\]]")
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
#: Parameters that name an issue: u and id are Mailchimp's account and campaign, the others count issues.
NAMING = re.compile(r"(u|id)=[0-9a-f]{1,32}|(p|no|idx|seq|nid|issue|num|page_id)=\d{1,10}", re.IGNORECASE)
#: Parameters that name the recipient, and that no page needs.
PERSONAL = re.compile(r"e|email|mc_eid|subscriber|uid|recipient", re.IGNORECASE)
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}|(?=[a-z]*\d)[a-z0-9]{16,}|@|%40", re.IGNORECASE)


class Skipped(StrEnum):
    """Why a mail is no statement: from somebody else, not proven to be from whom it says, or broken."""

    FOREIGN = "foreign"
    FORGED = "forged"
    BROKEN = "broken"


def read_mail(raw: bytes, source: Source) -> Entry | Skipped:
    """The entry that a mail is, if it is one of the newsletters that `source` stands for. Never raises."""
    try:
        if skipped := _unwelcome(BytesHeaderParser().parsebytes(raw), source):
            return skipped
        return _entry(BytesParser().parsebytes(raw), source)
    except Exception:  # noqa: BLE001  on hostile bytes the parsers of the standard library raise almost anything
        return Skipped.BROKEN


def _unwelcome(headers: Message, source: Source) -> Skipped | None:
    """Told by the headers alone: nothing else of such a mail is looked at."""
    _, who = sender(headers)
    if not who or not expected(who, source.options.get("from", "")):
        return Skipped.FOREIGN
    trusted = source.options.get("trust") == "yes"
    domain, server = who.rpartition("@")[2], source.options.get("authserv", "")
    return None if trusted or (server and authenticated(headers, domain, server)) else Skipped.FORGED


def _entry(message: Message, source: Source) -> Entry:
    title = title_line(decoded(message.get("Subject")), plain=True)[:LONGEST_TITLE]
    name, _ = sender(message)
    author = title_line(decoded(name), plain=True)[:LONGEST_AUTHOR]
    language = language_tag(decoded(message.get("Content-Language")))
    markup, plain = bodies(message)
    tree = _tree(markup)
    own = recipients(message)
    return Entry(
        title=title,
        url=_web_version(tree, plain, message, source),
        text=_html_text(tree, source, own) or _plain_text(plain, source, own),
        guid="".join(decoded(message.get("Message-ID")).split())[:LONGEST_ID],
        published=published(source, f"{title} {language}", decoded(message.get("Date"))),
        author="" if "@" in author else author,
        language=language,
    )


def _tree(markup: str) -> etree._Element | None:
    """The HTML without what nobody sees."""
    if not markup.strip():
        return None
    root: etree._Element | None = etree.fromstring(markup.encode(), HTMLParser(encoding="utf-8"))
    for element in list(root.iter(etree.Element)) if root is not None else ():
        above = element.getparent()
        if above is not None and HIDDEN.search(element.get("style") or ""):
            element.tag = "template"  # which the cleaning drops
    return root


def _html_text(tree: etree._Element | None, source: Source, own: frozenset[str]) -> str:
    if tree is None:
        return ""
    markup = etree.tostring(tree, encoding="unicode", method="html")
    for line_break in list(tree.iter("br")):
        line_break.tag = "hr"  # so that each line is a paragraph
    lines = paragraphs(etree.tostring(tree, encoding="unicode", method="html")).split("\n\n")
    return _without_addresses(paragraphs(markup, (*source.strip, *_footers(lines, own))))


def _plain_text(plain: str, source: Source, own: frozenset[str]) -> str:
    footers = _footers(plain.splitlines(), own)
    return _without_addresses(paragraphs(plain, (*source.strip, *footers), plain=True))


def _footers(lines: list[str], own: frozenset[str]) -> Iterator[str]:
    """The lines that are there for the one recipient."""
    for line in lines:
        words = URL.sub("", line)
        hint = len(words) <= LONGEST_HINT and BROWSER.search(words)
        personal = len(words) <= LONGEST_FOOTER and (FOOTER.search(words) or any(a in words.lower() for a in own))
        if hint or personal:
            yield line


def _without_addresses(text: str) -> str:
    """The text without addresses of pages: in a mail almost all of them tell who clicked."""
    bare = EMPTIED.sub("", WORD.sub(lambda word: "" if _tokened(word[0]) else word[0], URL.sub("", text)))
    tidy = (" ".join(paragraph.split()) for paragraph in bare.split("\n\n"))
    return "\n\n".join(paragraph for paragraph in tidy if paragraph)


def _tokened(word: str) -> bool:
    """Whether this is an address without http:// that holds something personal."""
    host, slash, rest = word.partition("/")
    return bool(slash) and "." in host and ("?" in rest or bool(IDENTIFIER.search(rest)))


def _web_version(tree: etree._Element | None, plain: str, message: Message, source: Source) -> str:
    """Where this mail can be read on the web, if that is a page of the source and the same for everybody.

    Its Archived-At (RFC 5064) else. List-Archive names the archive of all mails, and would make them one statement.
    """
    archived = decoded(message.get("Archived-At")).strip().strip("<>")
    for link in (*_browser_links(tree, plain), archived):
        host = host_of(link)
        if any(host == domain or host.endswith(f".{domain}") for domain in source.domains):
            return _impersonal(address("", link))
    return ""


def _browser_links(tree: etree._Element | None, plain: str) -> Iterator[str]:
    for link in tree.iter("a") if tree is not None else ():
        if BROWSER.search("".join(map(str, link.itertext()))[:200]):
            yield link.get("href") or ""
    for told in BROWSER.finditer(plain):
        if near := URL.search(plain, told.start(), told.end() + 500):
            yield near[0].rstrip(".,;)>")


def _impersonal(url: str) -> str:
    """`url` without what names the recipient; empty where nobody can tell whether the rest does.

    Without what names the issue it would be the address of all of them, so nothing else is cut off.
    """
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _superfluous(pair[0])]
    known = all(NAMING.fullmatch(f"{name}={value}") for name, value in pairs)
    somewhere = parts.path.strip("/") or pairs
    if not known or not somewhere or IDENTIFIER.search(parts.path) or parts.username:
        return ""
    return urlunsplit(parts._replace(query=urlencode(pairs), fragment=""))


def _superfluous(name: str) -> bool:
    return bool(TRACKING.fullmatch(name) or PERSONAL.fullmatch(name))
