"""Hostile content through the whole site: every page, feed, answer and mail is taken apart, and nothing in it is active.

Which addresses there are is asked of the app's own router, and followed in what it answers: a new page is tested as soon
as it is there, and one that nothing leads to is a failure of this test.
"""

import asyncio
import csv
import io
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from urllib.parse import unquote, urljoin, urlsplit

import bibtexparser
import feedparser
import html5lib
import httpx
import lxml.html
import pytest
import rispy
from lxml import etree

from nkwatch.assembly import Newsroom
from nkwatch.domain.statement import Entry
from nkwatch.web.app import create_app
from tests.edges.site import Reply, Site
from tests.web.conftest import visitor
from tests.web.hostile import AWAY, ENGLISH, EVALUATED, EVIL, LINKS, PAYLOADS, hostile_site
from tests.web.samples import NOW, SITE, empty_newsroom, link, rows, tell
from tests.web.test_browser import site

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
#: No public page runs, embeds or loads any of these.
ACTIVE = frozenset(
    [
        "script",
        "iframe",
        "frame",
        "object",
        "embed",
        "applet",
        "base",
        "video",
        "audio",
        "source",
        "track",
        "template",
        "noscript",
        "style",
        "foreignobject",
        "animate",
        "set",
        "animatetransform",
        "animatemotion",
        "handler",
        "listener",
        "maction",
        "mglyph",
        "portal",
    ]
)
ADDRESSES = frozenset(
    [
        "href",
        "src",
        "srcset",
        "action",
        "formaction",
        "poster",
        "cite",
        "data",
        "background",
        "xlink:href",
        "longdesc",
        "manifest",
        "ping",
        "codebase",
    ]
)
#: Of these nobody asks anything by himself: a reader follows them.
FOLLOWED = frozenset({"a", "area"})
#: Letters that no answer holds. Joiners are part of some scripts, and line ends of texts.
LET_BE = frozenset("\t\n\r\u200c\u200d")
#: Routes whose addresses are secrets of one reader; their pages show nothing of third parties but are looked at, too.
TOKENS = {"{token}", "{provider}"}
#: Addresses of one kind that are followed first, and pages of each that are read as slowly as a browser reads.
ALIKE, SLOWLY = 6, 2


def routes(found, before="") -> Iterator[str]:
    """The templates of all addresses that can be read."""
    for route in found:
        if getattr(route, "routes", None):
            yield from routes(route.routes, before + route.path)
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield before + route.path


def pattern_of(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile("".join("[^/]+" if p.startswith("{") else re.escape(p) for p in parts))


class Known:
    """What may stand in the place of a name in an address; of a name that nobody knows, everything."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.of = {
            "story_id": [r["id"] for r in rows(newsroom, "story")],
            "statement_id": [r["id"] for r in rows(newsroom, "statement")],
            "composition_id": [r["id"] for r in rows(newsroom, "composition")],
            "number": [r["number"] for r in rows(newsroom, "bulletin") if r["number"] > 0],
            "code": [t.code for t in newsroom.rules.lexicon.themes],
            "source_id": list(newsroom.sources),
        }

    def fill(self, template: str) -> list[str]:
        names = re.findall(r"\{([^}:]+)", template)
        if any(name in template for name in TOKENS):
            return []
        if not names:
            return [template]
        if len(names) > 1:
            return []
        values = self.of.get(names[0]) or [v for own in self.of.values() for v in own[:3]]
        return [re.sub(r"\{[^}]+\}", str(v), template) for v in values]


def token_pages(newsroom: Newsroom) -> list[str]:
    reader = rows(newsroom, "subscriber")[0]["id"]
    purposes = ("confirm", "leave", "manage", "settings")
    pages = [link(newsroom, p, reader, minutes=30) for p in purposes]
    return [*pages, *(f"{pages[-1]}/{p}" for p in ("choice", "pause", "address", "data", "erase"))]


@dataclass
class Told:
    """Every answer of a site whose sources are hostile, by its address; the router's templates; the mails."""

    answers: dict[str, httpx.Response]
    templates: list[str]
    mails: list[EmailMessage]

    @property
    def kinds(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(t, pattern_of(t)) for t in self.templates]


#: It takes long, and ends alike each time.
_ONCE: list[Told] = []


@pytest.fixture
async def told(tmp_path):
    """What a hostile site says."""
    if not _ONCE:
        async with empty_newsroom(tmp_path) as newsroom, visitor(newsroom) as client:
            mails = await hostile_site(newsroom)
            answers = await crawl(newsroom, client)
            _ONCE.append(Told(answers, list(routes(create_app(newsroom).routes)), mails))
    return _ONCE[0]


async def crawl(newsroom, client):
    """All that the router and the pages lead to, but no more of one kind than `ALIKE`."""
    templates = [(t, pattern_of(t)) for t in routes(create_app(newsroom).routes)]
    known, alike, answers = Known(newsroom), Counter(), {}
    # in the pages of stories stands all that was said
    asked = [p for t, _ in templates for p in known.fill(t)[: 60 if t.endswith("{story_id}") else ALIKE]]
    asked += [f"/?lang={language}" for language in ("ko", "ja", "fr")] + token_pages(newsroom)
    asked += [
        f"/search?q={word}" for word in ("evil", "camp", "%22%3E%3Cscript%3Eevil()%3C/script%3E", "%E2%80%AE%00%0D%0A")
    ]
    while asked:
        path = asked.pop(0)
        kind = kind_of(path, templates)
        if path in answers or alike[kind] >= (60 if kind.endswith("{story_id}") else 2 * ALIKE):
            continue
        alike[kind] += 1
        answers[path] = answer = await client.get(path)
        asked += [u.removeprefix(SITE) for u in re.findall(r"<loc>([^<]*)</loc>", answer.text) if "sitemap" in path]
        if answer.headers.get("content-type", "").startswith("text/html"):
            asked += [p for p in followed(answer.text, path) if p not in answers]
    return answers


def kind_of(path: str, templates) -> str:
    plain = path.partition("?")[0]
    return next((t for t, pattern in templates if pattern.fullmatch(plain)), "none of ours")


def joined(base: str, value: str) -> str:
    """Where an address leads; one that nobody understands leads nowhere."""
    try:
        return urljoin(base, value)
    except ValueError:
        return f"broken:{value}"


def followed(page: str, path: str) -> list[str]:
    """Where a page leads to on our own site, but for searches with many filters."""
    found = lxml.html.document_fromstring(page).iter("a", "link", "img", "form")
    links = (joined(SITE + path, e.get("href") or e.get("src") or e.get("action") or "") for e in found)
    own = [u.removeprefix(SITE).partition("#")[0] or "/" for u in links if u.startswith((f"{SITE}/", f"{SITE}?"))]
    return [p for p in dict.fromkeys(own) if len(p) < 2000 and p.count("=") <= 2]


def tree_of(page: str, *, slowly: bool):
    """As a browser reads it (HTML Standard, 13.2), which takes ten times as long; or as lxml does."""
    if slowly:
        return html5lib.parse(page, treebuilder="etree")
    return lxml.html.document_fromstring(page)


# What is wrong in an answer


def letters(text: str) -> list[str]:
    """Letters that nobody sees, that turn others round, that control a terminal, or that are none (XML 1.0, 2.2)."""
    if text.isprintable():  # none of them is, and most attributes are
        return []
    return [f"letter U+{ord(c):04X} {text.count(c)} times" for c in dict.fromkeys(text) if hidden(c)]


def hidden(letter: str) -> bool:
    code = ord(letter)
    none = code in {0xFFFE, 0xFFFF} or 0xFDD0 <= code <= 0xFDEF
    return none or (unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and letter not in LET_BE)


def local(name: str) -> str:
    return name.rpartition("}")[2].lower()


def elements(page: str, *, slowly: bool = True) -> list[str]:
    """Elements and attributes that load, run, cover or lead away."""
    return of_tree(tree_of(page, slowly=slowly))


def of_tree(tree) -> list[str]:
    wrong = []
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        tag = local(element.tag)
        if tag in ACTIVE or EVIL in tag or (tag == "meta" and element.get("http-equiv")):
            wrong.append(f"<{tag}>")
        for written, value in element.attrib.items():
            wrong += attribute(tag, local(written), value, element)
    return wrong


def attribute(tag, name, value, element):
    if name.startswith("on") or name == "style" or EVIL in name or name in {"srcdoc", "autofocus", "ping"}:
        return [f"<{tag} {name}>"]
    if found := letters(value):
        return [f"<{tag} {name}>: {w}" for w in found]
    return away(tag, name, value, element) if name in ADDRESSES else []


def away(tag, name, value, element):
    """An address that runs something, or to which a browser goes by itself."""
    whole = joined(f"{SITE}/", value)
    parts = urlsplit(whole)
    if parts.scheme not in {"http", "https", "mailto"} or parts.username is not None:
        return [f"<{tag} {name}={value[:80]!r}>"]
    if parts.scheme == "mailto" or whole.startswith(f"{SITE}/"):
        return []
    if tag not in FOLLOWED and not (tag == "link" and element.get("rel") in {"alternate", "canonical"}):
        return [f"<{tag} {name}={value[:80]!r}> is asked elsewhere"]
    safe = {"noopener", "noreferrer"} <= set((element.get("rel") or "").split())
    evil = [f"<{tag} {name}={value[:80]!r}>"] if (parts.hostname or "").endswith("evil.example") else []
    return evil + ([] if safe or tag == "link" else [f"<{tag} {name}={value[:60]!r}> without rel"])


def of_page(text: str, *, slowly: bool = True) -> list[str]:
    tree = tree_of(text, slowly=slowly)
    return [*of_tree(tree), *letters(text), *letters("".join(tree.itertext())), *evaluated(text)]


def evaluated(text: str) -> list[str]:
    return ["a template was evaluated"] if EVALUATED in text else []


#: What may be HTML in a feed. Titles are text in all of them.
HELD_AS_HTML = {"content", "summary", "description", "encoded"}


def of_xml(text: str) -> list[str]:
    """Feeds, sitemaps and pictures: well-formed; of what feeds hold as HTML, the same as of pages."""
    wrong = [*letters(text), *evaluated(text)]
    root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    # what Atom holds is text unless it says otherwise (RFC 4287, 3.1.1), what RSS describes is HTML
    usual = "html" if local(root.tag) == "rss" else "text"
    for element in root.iter():
        if not isinstance(element.tag, str):
            wrong.append("a processing instruction" if "xml-stylesheet" in str(element) else "")
            continue
        if element.tag.startswith(SVG) or element.tag == "svg":
            wrong += [f"<{local(element.tag)}>"] if local(element.tag) in ACTIVE | {"use", "image", "a"} else []
        wrong += [
            f"<{element.tag}> {local(n)}" for n in element.attrib if local(n).startswith("on") or local(n) == "style"
        ]
        words = [element.text or "", *element.attrib.values()]
        wrong += [w for one in words for w in letters(one)]
        if local(element.tag) in HELD_AS_HTML and element.get("type", usual) == "html":
            wrong += elements(f"<body><p>{element.text or ''}</body>", slowly=False)
        wrong += [f"{local(element.tag)} {w[:80]!r}" for w in words if runs(w)]
    return [w for w in wrong if w]


def runs(value: str) -> bool:
    """Whether a value as a whole is an address that runs something."""
    bare = "".join(c for c in unquote(value) if c > " ").lower()
    return bare.startswith(("javascript:", "data:", "vbscript:", "file:", "//evil", AWAY))


def strings(found) -> Iterator[tuple[str, str]]:
    """All texts in JSON, each with the name that it has."""
    if isinstance(found, dict):
        for name, value in found.items():
            yield from ((name, value),) if isinstance(value, str) else strings(value)
    elif isinstance(found, list):
        for value in found:
            yield from strings(value)
    elif isinstance(found, str):
        yield "", found


def of_json(text: str) -> list[str]:
    wrong = [*evaluated(text)]
    for name, value in strings(json.loads(text)):
        wrong += letters(value)
        if name == "content_html":
            wrong += elements(f"<body><p>{value}</body>", slowly=False)
        if name.lower().endswith(("url", "uri", "link", "href")) and value:
            parts = urlsplit(value)
            wrong += [] if parts.scheme in {"http", "https"} and parts.username is None else [f"{name}: {value[:80]!r}"]
    return wrong


def of_csv(text: str) -> list[str]:
    """A spreadsheet takes what begins so for a formula (OWASP, "CSV Injection")."""
    # for spreadsheets that ask for it
    wrong = [*letters(text.removeprefix("\ufeff")), *evaluated(text)]
    cells = [c for row in csv.reader(io.StringIO(text)) for c in row]
    return wrong + [f"formula {c[:40]!r}" for c in cells if re.match(r"[=+@\t\r]|-(?![\d.]+$)", c)]


def of_bib(text: str) -> list[str]:
    """Read back, what was written is there and nothing else; no command of TeX stands in it."""
    found = bibtexparser.parse_string(text)
    wrong = [*letters(text), *evaluated(text), *(e.key for e in found.entries if EVIL in e.key)]
    wrong += [f"not read back: {b.raw[:80]!r}" for b in found.failed_blocks]
    own = len(re.findall(r"(?m)^@\w+\{nkwatch-", text))
    wrong += [f"{len(found.entries)} entries instead of {own}"] if own != len(found.entries) else []
    urls = (f.value for e in found.entries for f in e.fields if f.key == "url")
    wrong += [f"url {u[:80]!r}" for u in urls if runs(u)]
    return wrong + [c for c in ("\\input{", "\\write18") if c in text]


def of_ris(text: str) -> list[str]:
    found = rispy.loads(text)
    wrong = letters(text) + [str(e)[:80] for e in found if e.get("type_of_reference") == "EVIL"]
    return wrong + [f"a link to {AWAY}" for e in found for u in e.get("urls", ()) if u.startswith(AWAY)]


READERS = (
    ("application/atom+xml", of_xml),
    ("application/rss+xml", of_xml),
    ("application/xml", of_xml),
    ("text/xml", of_xml),
    ("image/svg+xml", of_xml),
    ("application/x-bibtex", of_bib),
    ("application/x-research-info-systems", of_ris),
    ("text/csv", of_csv),
)


def _of_mails(fault: str) -> bool:
    return fault == "<style>" or fault.endswith((" style>", " without rel"))


def wrong_in(answer, *, slowly: bool) -> list[str]:
    """What is wrong in an answer, by its kind; what is of no kind known here is looked at as text."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    wrong = []
    if answer.headers.get("x-content-type-options") != "nosniff":
        wrong.append("no nosniff")
    if "default-src 'none'" not in answer.headers.get("content-security-policy", ""):
        wrong.append("no policy")
    wrong += [f"header {n}" for n, v in answer.headers.items() if EVIL in v.lower() or letters(v)]
    if kind == "text/html":
        found = of_page(answer.text, slowly=slowly)
        # mails carry their own style; the policy of that page lets nothing in but that
        return wrong + ([f for f in found if not _of_mails(f)] if answer.url.path.startswith("/mails/") else found)
    if kind.endswith("json"):
        return wrong + of_json(answer.text)
    if kind.endswith(("jsonl", "ndjson", "json-lines")):
        return wrong + [w for line in answer.text.splitlines() for w in of_json(line)]
    read = next((r for k, r in READERS if kind == k), None)
    return wrong + (read(answer.text) if read else letters(answer.text) + evaluated(answer.text))


# The campaign


def test_what_looks_for_faults_finds_each_of_them():
    """The judge is judged: every payload that is put into a page as it is, is found there."""
    found = [
        p for p in PAYLOADS if of_page(f"<!doctype html><title>x</title><p title=\"{p}\">{p}</p><a href='{p}'>{p}</a>")
    ]
    harmless = {p for p in PAYLOADS if p not in found}
    assert not [p for p in harmless if re.search(r"<\w+[^>]*(evil|on\w+=)", p)]
    for one in (u for u in LINKS if not u.startswith(("https://www", "/", "http://", "https://a"))):
        if one.strip():
            assert elements(f'<!doctype html><title>x</title><a href="{one}" rel="noopener noreferrer">x</a>'), one
    assert of_page(f"<!doctype html><title>x</title>{EVALUATED}")
    assert of_csv("a,=1+1\n")
    assert of_json('{"url": "javascript:evil()"}')
    assert of_json('{"title": "\\u202e"}')


@pytest.mark.timeout(300)
def test_no_page_feed_or_answer_holds_anything_active(told):
    wrong = defaultdict(list)
    slow = Counter()
    for path, answer in told.answers.items():
        kind = kind_of(path, told.kinds)
        slow[kind] += 1
        if answer.status_code >= 500:
            wrong[f"status {answer.status_code}"].append(path)
        for fault in dict.fromkeys(wrong_in(answer, slowly=slow[kind] <= SLOWLY)):
            wrong[fault].append(path)
    assert {fault: (len(paths), paths[:3]) for fault, paths in wrong.items()} == {}
    reached = {path.partition("?")[0] for path, answer in told.answers.items() if answer.status_code < 400}
    templates = {t for t in told.templates if not any(name in t for name in TOKENS)}
    missed = sorted(t for t in templates if not any(pattern_of(t).fullmatch(path) for path in reached))
    assert missed == [], "nothing leads there, or the campaign does not know what stands in its address"


def test_the_feeds_can_be_read_back_and_lead_nowhere_else(told):
    feeds = {p: a for p, a in told.answers.items() if re.search("atom|rss", a.headers.get("content-type", ""))}
    assert feeds
    for path, answer in feeds.items():
        read = feedparser.parse(answer.content)
        assert not read.bozo, (path, read.get("bozo_exception"))
        for entry in read.entries:
            hosts = {urlsplit(found.href).hostname for found in entry.links}
            assert not [h for h in hosts if h and h.endswith("evil.example")], path
            assert {urlsplit(found.href).scheme for found in entry.links} <= {"http", "https"}, path


def test_no_mail_holds_anything_active_and_no_header_comes_from_a_source(told):
    mails = told.mails
    assert len({m["Subject"] for m in mails}) > 3
    names = set()
    for mail in (message_from_bytes(m.as_bytes(), policy=default) for m in mails):
        assert not mail.defects
        names |= {name.lower() for name in mail.keys()}  # noqa: SIM118  a mail is no dictionary
        assert [v for v in mail.get_all("To") if EVIL in v] == []
        assert letters(str(mail["Subject"])) == []
        for part in (p for p in mail.walk() if not p.is_multipart()):
            assert part.get_content_maintype() == "text"
            body = part.get_content()
            assert (letters(body), evaluated(body)) == ([], [])
            if part.get_content_subtype() == "html":
                assert [w for w in elements(body) if not _of_mails(w)] == []
    assert "bcc" not in names


def test_no_text_of_a_third_party_is_given_out_whole(told):
    tail = re.compile(r"\b[hf]\d+x\d+(?: [hf]\d+x\d+){60}")
    assert [path for path, answer in told.answers.items() if tail.search(answer.text)] == []


INNER = [
    "http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://[::1]:{port}/x", "http://[::ffff:127.0.0.1]:{port}/x",
    "http://2130706433:{port}/x", "http://0x7f000001:{port}/x", "http://017700000001:{port}/x", "http://127.1:{port}/x",
    "http://0.0.0.0:{port}/x", "http://a.localhost:{port}/x", "http://①②⑦.⓪.⓪.①:{port}/x", "http://127。0。0。1:{port}/x",
    "http://user@127.0.0.1:{port}/x", "http://127.0.0.1:{port}#@www.sample-border-watch.example/x",
    "http://www.sample-border-watch.example@127.0.0.1:{port}/x", "http://127.0.0.1/x", "http://[fe80::1%25lo]/x",
    "http://169.254.169.254/latest/meta-data/", "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:7f00:1::]/",
]  # fmt: skip


async def test_no_page_of_a_statement_is_fetched_from_an_inner_network(newsroom):
    async with Site() as inner:
        inner.serve("/x", Reply(b"<html><main>inside</main></html>"))
        port = inner.place.rpartition(":")[2]
        urls = [url.format(port=port) for url in INNER]
        for url in urls:
            answer = await newsroom.web.get(url)
            assert not hasattr(answer, "status"), url
        shown = [
            Entry(f"North Korean prison camp {n}", url, f"North Korea holds prisoners. a{n}", str(n), NOW)
            for n, url in enumerate(urls[:9])
        ]
        await tell(newsroom, ENGLISH, *shown)
        newsroom.clock.now = NOW
        await newsroom.visit()
    assert inner.requests == []


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.timeout(300)
async def test_in_a_browser_nothing_runs_asks_elsewhere_or_complains_though_no_policy_holds_it_back(tmp_path, browser):
    async with empty_newsroom(tmp_path) as newsroom:
        await nothing_is_active(newsroom, browser)


async def nothing_is_active(newsroom, browser):
    mails = await hostile_site(newsroom)
    stories = [f"/stories/{r['id']}" for r in rows(newsroom, "story")[:25]]
    async with site(newsroom) as address:
        async with visitor(newsroom) as client:
            front = (await client.get("/")).text
        pages = dict.fromkeys([*followed(front, "/")[:25], "/search?q=camp", "/dossier?q=camp", *stories])
        wrong = []
        context = await browser.new_context(bypass_csp=True)
        await context.add_init_script("window.evil = () => { window.hit = true; console.error('evil ran') }")
        page = await context.new_page()
        page.on("dialog", lambda d: (wrong.append((page.url, "a dialog")), asyncio.ensure_future(d.dismiss())))
        page.on("console", lambda m: wrong.append((page.url, m.text)) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: wrong.append((page.url, str(error))))

        async def asked(route):
            if route.request.url.startswith((address, SITE)):
                await (route.continue_() if route.request.url.startswith(address) else route.abort())
            else:
                wrong.append((page.url, f"asks {route.request.url[:100]}"))
                await route.abort()

        await page.route("**/*", asked)
        for path in pages:
            answer = await page.goto(address + path)
            kind = answer.headers.get("content-type", "")
            if kind.startswith("text/html"):
                wrong += [(path, fault) for fault in await page.evaluate(ACTIVE_IN_BROWSER)]
        for mail in mails:
            body = mail.get_body(("html",))
            if body is not None:
                await page.set_content(body.get_content())
                wrong += [(mail["Subject"], fault) for fault in await page.evaluate(ACTIVE_IN_BROWSER)]
    assert len(pages) > 30
    assert wrong == []


#: What a real browser has made of a page: handlers, scripts, addresses that run, what the reader was to hover or focus.
ACTIVE_IN_BROWSER = """() => {
  const wrong = window.hit ? ["evil ran"] : [];
  for (const one of document.querySelectorAll("*")) {
    for (const {name} of one.attributes) if (/^on|evil|srcdoc/i.test(name)) wrong.push(one.tagName + " " + name);
    if (/^(script|iframe|object|embed|base|foreignobject|animate|template)$|evil/i.test(one.localName)) wrong.push(one.tagName);
    for (const address of [one.href, one.src, one.action]) {
      const whole = address && (address.baseVal ?? address);
      if (whole && !/^(https?|mailto):|^#/.test(String(whole))) wrong.push(one.tagName + " " + String(whole).slice(0, 80));
    }
    one.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    one.dispatchEvent(new FocusEvent("focus"));
  }
  return window.hit && !wrong.length ? ["evil ran when touched"] : wrong;
}"""
