"""Replays the test suite of feedparser, as its source distribution brings it, through the reader of feeds.

    python -m campaigns.feedparser_suite [--json] [--keep DIR]

Each file's bytes and declared Content-Type go to the function behind `nkwatch parse`, in the workers of the daemon.
What the file expects is compared where our entries hold the same thing. The files belong to feedparser (BSD licence):
they are fetched from PyPI into a folder that is deleted at the end, or into DIR.
"""

import argparse
import ast
import asyncio
import codecs
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.documents import Document, Parsed, Read, Unreadable, address
from nkwatch.feeds.parse import read_feed
from nkwatch.feeds.workers import WorkerLimits, Workers
from nkwatch.net.decoding import FORBIDDEN, decode

RELEASE = "feedparser==6.0.14"
#: Where feedparser's own runner serves the files; relative links start there.
SERVER = "http://127.0.0.1:8097/"
HEADER = re.compile(rb"^\s*Header:\s+content-type:(.+)$", re.MULTILINE | re.IGNORECASE)
EXPECTED = re.compile(r"Expect:\s*(.*?)\s*-->", re.DOTALL)
#: Entries without title, link and text are left out; what a case says of another part of such an entry is looked at
#: once it has a title.
END_OF_ENTRY = re.compile(rb"(</(?:\w+:)?(?:item|entry)>)", re.IGNORECASE)
FEED_LEVEL = re.compile(r"feed\['(title|description|link|tagline|subtitle)'\]")
NOT_IN_AN_ENTRY = re.compile(rb"</(?:\w+:)?(?:item|entry|image|textInput)>|<itunes:", re.IGNORECASE)
SUBTITLE = re.compile(rb"(</?)(?:tagline|subtitle)\b")
INSTEAD = {"tagline": "description", "subtitle": "description"}
START_OF_FEED = re.compile(rb"<(channel|feed)\b[^>]*>", re.IGNORECASE)
END_OF_FEED = re.compile(rb"</(?:channel|feed)\b", re.IGNORECASE)
NEEDS_CODEC = re.compile(r"SkipUnless:.*lookup\('([^']+)'\)")
#: What follows from decisions: files (by a part of the path), and why the answer differs.
DESIGN: Mapping[str, str] = {
    "wellformed/cdf/": "CDF, a format of 1997 that nobody publishes any more, is not read",
    "entity_in_doctype": "a DOCTYPE that declares entities is refused",
    "entity_doubled": "a DOCTYPE that declares entities is refused",
    "_base_content_location": "Content-Location says nothing of where links start (RFC 9110, B)",
    "_entry_id_base_": "a guid is kept as it is written, never made an address",
    "_and_summary": "the longest of the texts is taken",
    "_and_description": "the longest of the texts is taken",
    "iframe": "what stands inside a closed iframe is no text",
    "script_nested_cdata": "how the broken end of a script looks is of no matter",
    "item_description_not_a_doctype": "<! begins a comment, as browsers see it",
    "xml_declaration_unexpected_character": "<! begins a comment, as browsers see it",
    "xml_malicious_comment": "a comment without end goes to the end, as browsers see it",
    "bozo_linenoise": "UTF-8 with one broken byte stays UTF-8",
    "illformed/chardet/": "encodings are guessed among those of the languages that sources are in",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the suite: its bytes, the Content-Type that it is to be served with, what it expects."""

    name: str
    body: bytes
    content_type: str
    expected: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case: `as expected`, `different`, `by design`, `not compared`, `unreadable` or `stopped`."""

    case: str
    outcome: str
    detail: str = ""


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; 1 if anything crashed, hung or differs without a reason on record."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.feedparser_suite", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the suite there, and take it from there again")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cases = list(suite(folder))
        began = time.perf_counter()
        verdicts = asyncio.run(replayed(cases))
        took = time.perf_counter() - began
    show(verdicts, took, as_json=options.json)
    return int(any(verdict.outcome in {"different", "stopped"} for verdict in verdicts))


def suite(folder: Path) -> Iterator[Case]:
    """The cases of the suite, fetched into `folder` unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob("feedparser-*/tests")):
        fetch = ["pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", RELEASE, "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", *fetch], check=True)
        with tarfile.open(next(folder.glob("feedparser-*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
    root = next(folder.glob("feedparser-*/tests"))
    for file in sorted(root.rglob("*.xml")):
        yield described(str(file.relative_to(root)), file.read_bytes())


def described(name: str, body: bytes) -> Case:
    """The case in one file, whose remarks may be in any encoding; without its codec it expects nothing, as there."""
    plain = body.replace(b"\0", b"")
    header = HEADER.search(plain)
    expected = EXPECTED.search(decode(body)) or EXPECTED.search(plain.decode("latin-1"))
    if (codec := NEEDS_CODEC.search(plain.decode("latin-1"))) and not known(codec[1]):
        return Case(name, body, "", "")
    content_type = header[1].decode("latin-1").strip() if header else ""
    return Case(name, body, content_type, " ".join(expected[1].split()) if expected else "")


def known(codec: str) -> bool:
    """Whether this Python has the codec."""
    try:
        return bool(codecs.lookup(codec))
    except LookupError:
        return False


async def replayed(cases: Iterable[Case]) -> list[Verdict]:
    """What comes of each case."""
    verdicts = []
    async with Workers(WorkerLimits(documents=1_000)) as workers:
        for one in cases:
            read = await parse(workers, one)
            if "entries" not in one.expected:
                moved = in_an_entry(one)
                read = await parse(workers, moved) if moved is not one else read
                verdicts.append(judged(moved, read))
                continue
            if read == Parsed(()) and "len(" not in one.expected:
                read = await parse(workers, replace(one, body=END_OF_ENTRY.sub(rb"<title>t</title>\1", one.body)))
            verdicts.append(judged(one, read))
    return verdicts


async def parse(workers: Workers, one: Case) -> Read:
    """What the reader makes of a case."""
    url = f"{SERVER}tests/{one.name}"
    document = Document(one.body, url, one.content_type)
    return await workers.run(read_feed, document, Source(id="suite", url=url, publisher=""))


def in_an_entry(one: Case) -> Case:
    """A case on the title, description or link of a feed as one on those of an entry: we keep none of feeds."""
    asked = FEED_LEVEL.search(one.expected)
    start, end = START_OF_FEED.search(one.body), END_OF_FEED.search(one.body)
    if asked is None or start is None or end is None or NOT_IN_AN_ENTRY.search(one.body):
        return one
    name = b"entry" if start[1].lower() == b"feed" else b"item"
    inside = SUBTITLE.sub(rb"\1summary", one.body[start.end() : end.start()])
    parts = (one.body[: start.end()], b"<%s>" % name, inside, b"</%s>" % name)
    expected = FEED_LEVEL.sub(lambda found: f"entries[0]['{INSTEAD.get(found[1], found[1])}']", one.expected)
    return replace(one, body=b"".join((*parts, one.body[end.start() :])), expected=expected)


def judged(one: Case, read: Read) -> Verdict:
    """What `read` is worth beside what the case expects."""
    if isinstance(read, Unreadable) and read.reason.startswith(("Parsing ", "The process ")):
        return Verdict(one.name, "stopped", read.reason)
    reason = next((why for part, why in DESIGN.items() if part in one.name), "")
    compared = list(comparisons(one, read))
    wrong = [detail for same, detail in compared if not same]
    if wrong:
        return Verdict(one.name, "by design" if reason else "different", reason or "; ".join(wrong))
    if compared:
        return Verdict(one.name, "as expected")
    if isinstance(read, Unreadable):
        return Verdict(one.name, "unreadable", read.reason)
    return Verdict(one.name, "not compared", re.sub(r"\[\d+\]", "", one.expected.partition(" == ")[0]))


def comparisons(one: Case, read: Read) -> Iterator[tuple[bool, str]]:
    """For each expectation that can be compared, whether it is met, and what was expected and found."""
    for path, value in expectations(one.expected):
        found = compared(one, path, value, read)
        if found is not None:
            wanted, got = found
            met = got in wanted if isinstance(wanted, frozenset) else wanted == got
            yield met, f"{'.'.join(map(str, path))}: expected {wanted!r}, found {got!r}"


def expectations(text: str) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """The equations of an expectation: ``entries[0]['title'] == 'x'`` as ``("entries", 0, "title"), "x"``."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return
    for part in tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]:
        match part:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                try:
                    yield steps(left), ast.literal_eval(right)
                except ValueError:
                    continue
            case _:
                pass


def steps(node: ast.expr) -> tuple[str | int, ...]:
    """The names and numbers that lead to a value."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name):
            return (*steps(value), name)
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
            return (*steps(value), key)
        case ast.Call(func=ast.Name(id="len"), args=[value]):
            return (*steps(value), "len()")
        case _:
            raise ValueError(ast.dump(node))


def compared(one: Case, path: tuple[str | int, ...], value: object, read: Read) -> tuple[object, object] | None:
    """What was expected and what was found, in our terms; None where our entries hold no such thing."""
    if path == ("encoding",):
        return in_encoding(one.body, str(value)), decode(one.body, one.content_type)
    if path == ("entries", "len()"):
        return value, len(read.entries) if isinstance(read, Parsed) else read
    match path:
        case ("entries", int() as number, *rest):
            terms = TERMS.get(tuple(rest))
            if terms is None or not isinstance(read, Parsed):
                return None if terms is None else (value, read)
            ours, theirs = terms
            entry = read.entries[number] if number < len(read.entries) else Entry("")
            return theirs(value), ours(entry)
        case _:
            return None


def in_encoding(body: bytes, encoding: str) -> str:
    """The whole text, as if the bytes were in this encoding."""
    return FORBIDDEN.sub("", body.decode(encoding, "replace").removeprefix("\ufeff"))


def line(value: object) -> frozenset[str]:
    """A title as we show it, if it is HTML and if it is none: feedparser marks neither in what it hands out."""
    return frozenset({title_line(str(value)), title_line(str(value), plain=True)})


def text(value: object) -> frozenset[str]:
    """A text as we show it, if it is HTML and if it is none."""
    return frozenset({paragraphs(str(value)), paragraphs(str(value), plain=True)})


def link(value: object) -> str:
    """A link as we show it."""
    return address(SERVER, str(value))


def moment(value: object) -> datetime | None:
    """The instant of a ``time.struct_time``."""
    match value:
        case (int() as year, int() as month, int() as day, int() as hour, int() as minute, int() as second, *_):
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        case _:
            return None


def same(value: object) -> object:
    """The value itself."""
    return value


Terms = tuple[Callable[[Entry], object], Callable[[object], object]]
TITLE: Terms = (lambda e: e.title, line)
TEXT: Terms = (lambda e: e.text, text)
LINK: Terms = (lambda e: e.url, link)
GUID: Terms = (lambda e: e.guid, same)
AUTHOR: Terms = (lambda e: e.author.partition(", ")[0], line)
LANGUAGE: Terms = (lambda e: e.language, lambda value: str(value).lower())
PUBLISHED: Terms = (lambda e: e.published, moment)
UPDATED: Terms = (lambda e: e.updated, moment)
TERMS: Mapping[tuple[str | int, ...], Terms] = {
    ("title",): TITLE,
    ("title_detail", "value"): TITLE,
    ("description",): TEXT,
    ("summary",): TEXT,
    ("summary_detail", "value"): TEXT,
    ("content", 0, "value"): TEXT,
    ("link",): LINK,
    ("id",): GUID,
    ("guid",): GUID,
    ("author_detail", "name"): AUTHOR,
    ("authors", 0, "name"): AUTHOR,
    ("language",): LANGUAGE,
    ("published_parsed",): PUBLISHED,
    ("created_parsed",): PUBLISHED,
    ("updated_parsed",): UPDATED,
}


def show(verdicts: list[Verdict], took: float, *, as_json: bool) -> None:
    """The figures, and each case that differs or was stopped."""
    figures = Counter(verdict.outcome for verdict in verdicts)
    told = [verdict for verdict in verdicts if verdict.outcome in {"different", "stopped"}]
    reasons = Counter((v.outcome, v.detail) for v in verdicts if v.outcome not in {"different", "stopped"} and v.detail)
    if as_json:
        summary = {"cases": len(verdicts), "seconds": round(took, 1), "outcomes": dict(figures)}
        sys.stdout.write(json.dumps(summary | {"told": [[v.case, v.outcome, v.detail] for v in told]}) + "\n")
        return
    sys.stdout.write(f"{RELEASE}: {len(verdicts)} cases in {took:.1f} s\n")
    for outcome, number in figures.most_common():
        sys.stdout.write(f"{number:6} {outcome}\n")
    for (outcome, why), number in reasons.most_common(40):
        sys.stdout.write(f"{number:12} {outcome}: {why}\n")
    for verdict in told:
        sys.stdout.write(f"{verdict.outcome}: {verdict.case}: {verdict.detail}\n")


if __name__ == "__main__":
    sys.exit(main())
