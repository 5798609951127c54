"""Servers that do everything wrong, all at once: the round ends, memory stays bounded, and nobody else is harmed."""

import asyncio
import contextlib
import gzip
import itertools
import json
import sys
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Self

import brotli
import pytest
import zstandard

from tests.edges.samples import ENGLISH, JSON_FEED, KOREAN, WEB_PAGE

pytestmark = pytest.mark.campaign
MB = 1_000_000
#: What the poller may come to (bytes).
MOST = 300 * MB
Write = Callable[[bytes], Awaitable[None]]
Behaviour = Callable[[Write, str], Awaitable[None]]
XML = "Content-Type: application/rss+xml"
LISTING = '<ul class="board"><li><a href="/{name}/1">All is well with {name}</a></li></ul>'
SELECTORS = {"item": ".board li", "title": "a"}
RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><description/>{items}</channel></rss>'
ITEM = "<item><title>{title}</title><link>https://a.example/{title}</link>{more}</item>"


def head(status: str = "200 OK", *fields: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "Connection: close", "", "")).encode()


def said(body: bytes | str, *fields: str, status: str = "200 OK") -> Behaviour:
    """A whole answer."""
    raw = body.encode() if isinstance(body, str) else body

    async def behave(write: Write, _path: str) -> None:
        length = () if any(f.startswith("Content-Length") for f in fields) else (f"Content-Length: {len(raw)}",)
        await write(head(status, *length, *fields) + raw)

    return behave


def sent(*pieces: bytes, again: bytes = b"", slowly: float = 0, hold: bool = False) -> Behaviour:
    """Bytes as they are; then one piece again and again; `slowly` sends byte by byte."""

    async def behave(write: Write, _path: str) -> None:
        for piece in pieces:
            for part in (piece[i : i + 1] for i in range(len(piece))) if slowly else (piece,):
                await write(part)
                await asyncio.sleep(slowly)
        while again:
            await write(again)
            await asyncio.sleep(slowly)
        if hold:
            await asyncio.Event().wait()

    return behave


def to(address: str, status: str = "302 Found") -> Behaviour:
    return said(b"", f"Location: {address}", status=status)


async def further_and_further(write: Write, path: str) -> None:
    await write(head("301 Moved", f"Location: {path}x", "Content-Length: 0"))


def bomb(encoding: str) -> Behaviour:
    """A body that unpacks to a gigabyte."""
    piece = bytes(16 * MB)
    match encoding:
        case "gzip":
            packer = zlib.compressobj(6, wbits=31)
            first, more = (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
            packed = first + more * 63
        case "br":
            packer = brotli.Compressor(quality=5)
            packed = b"".join(packer.process(piece) + packer.flush() for _ in range(4)) * 16
        case _:
            packer = zstandard.ZstdCompressor(level=1).compressobj()
            packed = b"".join(packer.compress(piece) for _ in range(64)) + packer.flush()
    return said(packed, f"Content-Encoding: {encoding}", XML)


def rss(*items: str) -> bytes:
    return RSS.format(items="".join(items)).encode()


def item(title: object, more: str = "") -> str:
    return ITEM.format(title=title, more=more)


def spelled(tag: bytes, status: str = "200 OK", name: bytes = b"ETag") -> Behaviour:
    """A feed with a header of odd bytes."""
    return sent(
        b"HTTP/1.1 %b\r\n%b: %b\r\nConnection: close\r\n\r\n%b" % (status.encode(), name, tag, rss(item("odd")))
    )


ENTITIES = '<!DOCTYPE r [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise("abcdefghi")
)
MANY_ATTRIBUTES = " ".join(f"a{n}=''" for n in range(300_000))
CHUNKED = head("200 OK", "Transfer-Encoding: chunked", XML)
SURROGATES = JSON_FEED.replace(b"Three return home", rb"\ud83d lost \u0000 half").replace(
    b"/notes/41", rb"/notes/\udc00"
)
TOO_LARGE, IN_TIME = "more than 5 MB", "within 6 seconds"
UNCLEAR = ("not understood", "closed the connection", "cut off", IN_TIME)


def misbehaviours(port: int) -> dict[str, tuple[Behaviour, str | tuple[str, ...]]]:
    """Everything that a server can do to us, and what is said of it; empty where it is coped with."""
    inner = f"127.0.0.1:{port}"
    refused = {
        "loopback": f"http://{inner}/",
        "loopback-v6": f"http://[::1]:{port}/",
        "name": f"http://localhost:{port}/",
        "other-source": f"http://inner.localhost:{port}/",
        "number": f"http://2130706433:{port}/",
        "short": f"http://127.1:{port}/",
    }
    inside = {
        "loopback-80": "http://127.0.0.1/",
        "loopback-v6-80": "http://[::1]/",
        "metadata": "http://169.254.169.254/latest/meta-data/",
        "private": "http://10.0.0.1/",
        "nat64": "http://[64:ff9b::7f00:1]/",
        "mapped": "http://[::ffff:127.0.0.1]/",
        "name-80": "http://inner.localhost/",
    }
    return {
        **{f"to-{n}": (to(url), "only ports 80 and 443") for n, url in refused.items()},
        **{f"for-good-to-{n}": (to(url, "301 Moved"), "is not a public address") for n, url in inside.items()},
        "to-a-file": (to("file:///etc/passwd"), "only http and https"),
        "to-nowhere": (to("http://["), "no address of a page"),
        "endless-redirect": (further_and_further, "redirects more than 5 times"),
        "loris": (sent(head(), slowly=0.2, hold=True), IN_TIME),
        "loris-body": (sent(head("200 OK", XML), again=b"x", slowly=0.2), IN_TIME),
        "silent": (sent(hold=True), IN_TIME),
        **{f"bomb-{e}": (bomb(e), TOO_LARGE) for e in ("gzip", "br", "zstd")},
        "endless": (sent(head("200 OK", XML), again=bytes(65_536)), TOO_LARGE),
        "gigabyte": (sent(head("200 OK", XML, f"Content-Length: {1000 * MB}"), again=b"x" * 65_536), TOO_LARGE),
        "endless-refusal": (sent(head("500 Oh"), again=bytes(65_536)), "trouble of its own"),
        "endless-redirect-body": (sent(head("302 Go", "Location: /"), again=bytes(65_536)), "redirects more than"),
        "too-long": (said(ENGLISH, XML, f"Content-Length: {len(ENGLISH) + 9}"), "cut off"),
        "too-long-held": (
            sent(head("200 OK", XML, f"Content-Length: {len(ENGLISH) + 9}") + ENGLISH, hold=True),
            IN_TIME,
        ),
        "too-short": (said(ENGLISH, XML, "Content-Length: 100"), UNCLEAR),
        "length-negative": (said(ENGLISH, XML, "Content-Length: -5"), UNCLEAR),
        "length-twice": (said(ENGLISH, XML, "Content-Length: 5", "Content-Length: 7"), UNCLEAR),
        "html": (said(WEB_PAGE, "Content-Type: text/html"), "a web page titled"),
        "empty": (said(b""), "empty where a feed should be"),
        "storm": (said(b"", "Retry-After: 7200", status="429 Slow down"), "come less often (429)"),
        "storm-for-ever": (said(b"", "Retry-After: Fri, 31 Dec 9999 23:59:59 -0100", status="503 X"), "(503)"),
        "stuck": (said(b"", status="304 Not Modified"), "304"),
        "header-large": (said(ENGLISH, "X: " + "x" * MB), UNCLEAR),
        "header-endless": (sent(b"HTTP/1.1 200 OK\r\nX: ", again=b"x" * 65_536), UNCLEAR),
        "headers-10000": (said(ENGLISH, *(f"X-{n}: {n}" for n in range(10_000))), (*UNCLEAR, "")),
        "headers-endless": (sent(b"HTTP/1.1 200 OK\r\n", again=b"X: " + b"x" * 4000 + b"\r\n"), UNCLEAR),
        "status-endless": (sent(b"HTTP/1.1 200 ", again=b"x" * 65_536), UNCLEAR),
        "continue-endless": (sent(again=b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), UNCLEAR),
        "hangs-up": (sent(), "closed the connection"),
        "garbage": (sent(b"\x00\xff" * 5000), UNCLEAR),
        "garbage-endless": (sent(again=bytes(range(256)) * 256), UNCLEAR),
        "ssh": (sent(b"SSH-2.0-OpenSSH_9.9\r\n", hold=True), UNCLEAR),
        "old-http": (sent(b"<rss/>"), UNCLEAR),
        "chunks-endless": (sent(CHUNKED, again=b"1\r\nx\r\n" * 5000), (TOO_LARGE, IN_TIME)),
        "chunks-empty": (sent(CHUNKED, b"5\r\n<rss>\r\n", hold=True), IN_TIME),
        "chunk-extension": (sent(CHUNKED, b"1;", again=b"x" * 65_536), UNCLEAR),
        "chunk-huge": (sent(CHUNKED, b"F" * 17 + b"\r\n", again=b"x" * 65_536), (*UNCLEAR, TOO_LARGE)),
        "chunk-odd": (sent(CHUNKED, b"-1\r\n"), UNCLEAR),
        "trailers-endless": (sent(CHUNKED, b"0\r\n", again=b"X: y\r\n" * 1000), UNCLEAR),
        "gzip-lie": (said(ENGLISH, "Content-Encoding: gzip"), "packed wrongly"),
        "br-lie": (said(ENGLISH, "Content-Encoding: br"), "packed wrongly"),
        "gzip-cut": (said(gzip.compress(ENGLISH)[:-9], "Content-Encoding: gzip"), "cut off"),
        "deflate": (said(zlib.compress(ENGLISH), "Content-Encoding: deflate"), "not asked for"),
        "entities": (said(f"{ENTITIES}]><rss>&i;</rss>"), "declares entities"),
        "items-100000": (
            said(rss(*(f"<item><title>t{n}</title></item>" for n in range(100_000)))),
            ("", "took longer"),
        ),
        "categories": (said(rss(item("c", "<category>x</category>" * 180_000))), ("", "took longer", "emory")),
        "attributes": (said(rss(f"<item {MANY_ATTRIBUTES}/>")), ("", "longer", "emory")),
        "deep-feed": (said("<rss version='2.0'><channel>" + "<a>" * MB), ("died", "longer", "memory", "feed")),
        "redos-author": (said(rss(item("r", f"<author>{'a@' * 2 * MB}</author>"))), ("", "took longer")),
        "redos-comment": (said(rss(item("r", f"<description>{'&lt;!--' * 600_000}</description>"))), ("", "longer")),
        "stuck-reader": (said(ENGLISH), "took longer than 6 seconds"),
        "deep-page": (said("<div>" * MB), ("catch nothing", "died", "longer", "memory")),
        "surrogates": (said(SURROGATES), ""),
        "nul": (said(rss(item("n\x00n", "<guid>\x00</guid>"))), ("", "feed")),
        "odd-references": (said(rss(item("x", "<guid>&#xD800;&#0;</guid><author>&#xDFFF;</author>"))), ("", "feed")),
        "end-of-time": (said(ENGLISH.replace(b"2026-11-22T08:00:00Z", b"9999-12-31T23:59:59-23:59"), XML), ""),
        "encoding-lie": (
            said(KOREAN.format(encoding="utf-8").encode("euc-kr"), "Content-Type: text/xml; charset=utf-8"),
            "",
        ),
        "encoding-unknown": (said(ENGLISH, "Content-Type: text/xml; charset=../../etc/passwd"), ""),
        "encoding-wide": (said(ENGLISH, "Content-Type: text/xml; charset=utf-16"), ("", "no feed")),
        "etag-odd": (spelled(b'"\xff\xfe"'), ""),
        "etag-huge": (spelled(b'"' + b"x" * 8000 + b'"'), ("", *UNCLEAR)),
        "expires-odd": (spelled(b"Fri, 31 Dec 9999 23:59:59 -0100", name=b"Expires"), ""),
        "age-odd": (spelled(b"max-age=" + b"9" * 5000, name=b"Cache-Control"), ""),
        "location-odd": (spelled(b"http://\xff\xfe/", "302 Go", b"Location"), "no address of a page"),
        "robots-endless": (sent(head(), again=b"Disallow: /*a*a*a*a\n" * 3000), TOO_LARGE),
        "robots-silent": (sent(hold=True), IN_TIME),
    }


class Rogue:
    """One listener, many names: each behaves as scripted until all is well, and what it was asked is counted."""

    def __init__(self) -> None:
        self.behaviours: dict[str, Behaviour] = {}
        self.well = False
        self.asked: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(piece: bytes) -> None:
            writer.write(piece)
            await writer.drain()

        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            path, name = request.split()[1], request.lower().split("host: ")[1].split(".")[0]
            self.asked[name] += 1
            ended = asyncio.create_task(reader.read())
            behaviour = asyncio.create_task(self._behave(write, name, path, request))
            await asyncio.wait({ended, behaviour}, return_when=asyncio.FIRST_COMPLETED)
            for task in (ended, behaviour):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await behaviour
        writer.close()

    async def _behave(self, write: Write, name: str, path: str, request: str) -> None:
        behaviour = self.behaviours.get(name)
        if behaviour is None or self.well:
            await self._well(write, name, path, request)
        elif path != "/robots.txt" or name.startswith("robots"):
            await behaviour(write, path)
        else:
            await write(head("404 Not Found", "Content-Length: 0"))

    async def _well(self, write: Write, name: str, path: str, request: str) -> None:
        if path == "/robots.txt":
            await write(head("404 Not Found", "Content-Length: 0"))
        elif "if-none-match" in request.lower() and not self.well:
            await write(head("304 Not Modified", 'ETag: "1"'))
        else:
            page = is_page(name)
            body = (
                LISTING.format(name=name).encode() if page else rss(item(f"All is well with {name}"), item(f"{name}-2"))
            )
            await write(head("200 OK", 'ETag: "1"', f"Content-Length: {len(body)}") + body)


def is_page(name: str) -> bool:
    return name.startswith("robots") or name in {"deep-page", "good-1", "good-2"}


def source(name: str, port: int) -> dict:
    kind = "page" if is_page(name) else "stuck" if name == "stuck-reader" else "feed"
    options = SELECTORS if kind == "page" else {}
    return {"id": name, "url": f"http://{name}.localhost:{port}/", "publisher": name, "kind": kind, "options": options}


class Poller:
    """The poller in its process, and how much memory it and its workers take (bytes)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.most: dict[int, int] = {}
        self.most_together = 0

    async def round(self, hours: float) -> dict:
        self._process.stdin.write(f"{hours}\n".encode())
        answer = asyncio.create_task(self._process.stdout.readline())
        while not answer.done():
            await asyncio.wait({answer}, timeout=0.1)
            self._look()
        return json.loads(answer.result())

    def _look(self) -> None:
        together = 0
        for pid in family(self._process.pid):
            with contextlib.suppress(OSError):
                told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
                self.most[pid] = max(self.most.get(pid, 0), kilobytes(told.get("VmHWM", "0")))
                shared = Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1]
                together += kilobytes(shared)
        self.most_together = max(self.most_together, together)


def kilobytes(text: str) -> int:
    return int(text.split(maxsplit=1)[0]) * 1024


def family(pid: int) -> Iterator[int]:
    """A process and all that come of it."""
    yield pid
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from family(int(child))


@contextlib.asynccontextmanager
async def poller(plan: Path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.edges.rounds", str(plan)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=100 * MB,
    )
    try:
        yield Poller(process)
    finally:
        process.stdin.close()
        await process.wait()


@contextlib.asynccontextmanager
async def forbidden():
    """A place inside the network: where it is, and who came."""
    came: list[str] = []

    async def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("sockname")))
        writer.close()

    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(await asyncio.start_server(note, "127.0.0.1", 0))
        port = first.sockets[0].getsockname()[1]
        for host, place in (("::1", port), ("127.0.0.1", 80), ("::1", 80)):
            with contextlib.suppress(OSError):  # no IPv6 here, or a port that is not ours to take
                await stack.enter_async_context(await asyncio.start_server(note, host, place))
        yield port, came


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is measured by Linux's word")
async def test_a_round_among_servers_that_do_everything_wrong(tmp_path, record_property):
    async with Rogue() as rogue, forbidden() as (port, came):
        expected = misbehaviours(port)
        rogue.behaviours = {name: behaviour for name, (behaviour, _) in expected.items()}
        good = [f"good-{n}" for n in range(20)]
        names = [n for pair in itertools.zip_longest(expected, good) for n in pair if n]
        plan = {
            "database": f"sqlite:///{tmp_path / 'nkwatch.db'}",
            "allow": [f"{name}.localhost:{rogue.port}" for name in names],
            "sources": [source(name, rogue.port) for name in names],
        }
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        async with poller(tmp_path / "plan.json") as poll:
            first = await poll.round(0)
            asked = rogue.asked.total()
            second = await poll.round(0.1)
            asked_again = rogue.asked.total() - asked
            rogue.well = True
            third = await poll.round(30)
        report = memory(poll, first, third)
        record_property("memory", report)

    assert not came
    assert set(first["states"]) == set(names)
    assert not first["notices"]
    assert not {n: s for n in good if (s := first["states"][n])["failures"] or not first["brought"].get(n)}
    assert wrong(expected, first) == {}
    assert all(state["due"] >= 1 for state in first["states"].values())
    assert 2 <= first["states"]["storm"]["due"] <= 2.2

    assert (second["polled"], asked_again) == (0, 0)

    resting = {"storm-for-ever"}  # it asked for more than a week
    assert set(names) - resting == {
        n for n, s in third["states"].items() if third["brought"].get(n) and not s["failures"]
    }
    assert {s["health"] for n, s in third["states"].items() if n not in resting} <= {"ok", "gap suspected"}

    assert third["peak"] <= MOST
    assert max(poll.most.values()) <= MOST


def wrong(expected: dict, told: dict) -> dict:
    """What is said of servers that should be said of none, or not of this one."""
    found = {}
    for name, (_, words) in expected.items():
        reason = told["states"][name]["reason"]
        options = (words,) if isinstance(words, str) else words
        fits = any(o and o in reason for o in options) if reason else "" in options
        if not fits or bool(reason) == bool(told["brought"].get(name)) or (reason and not reason.endswith(".")):
            found[name] = (reason, told["brought"].get(name, 0), told["states"][name]["failures"])
    return found


def memory(poll: Poller, first: dict, last: dict) -> str:
    children = sorted((f"{most / MB:.0f}" for most in poll.most.values()), key=int, reverse=True)
    return (
        f"main {first['peak'] / MB:.0f} MB after the first round, {last['peak'] / MB:.0f} MB in the end; "
        f"processes {', '.join(children)} MB; together (shared pages counted once) {poll.most_together / MB:.0f} MB"
    )
