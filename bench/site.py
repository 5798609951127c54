"""``python -m bench site``: how fast the site answers, beside an empty FastAPI route on the same server.

Every contender is a process of its own, one uvicorn worker, and is asked by wrk over loopback.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench.report import Report

ROUNDS = 5
THREADS, CONNECTIONS = 2, 16
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
GOALS = {
    "sign_up_page_of_empty_route": {"min": 0.4},
    "one_click_of_empty_route": {"min": 0.4},
    "one_click_repeated_of_empty_route": {"min": 0.4},
    "front_page_of_empty_route": {"min": 0.25},
    "story_page_of_empty_route": {"min": 0.25},
    "search_english_p99_of_50_milliseconds": {"max": 1.0},
    "search_korean_p99_of_50_milliseconds": {"max": 1.0},
}
#: The size of the archive for which the goals hold.
WHOLE = 100_000
SERVERS = ("empty", "site", "archive")
#: What each page is compared with.
PEERS = {
    "sign_up_page": "empty",
    "one_click": "empty_post",
    "one_click_repeated": "empty_post",
    "front_page": "empty",
    "front_page_anew": "empty",
    "story_page": "empty",
    "story_page_popular": "empty",
    "feed": "empty",
    "feed_unchanged": "empty",
}
#: What is looked for: common words and rare ones, phrases, two letters.
SEARCHES = {
    "english": ("refugees", "human rights", '"forced repatriation"', "camp", "korea", "abduction families", "zzyzx"),
    "korean": ("북한", "인권", "강제 북송", '"정치범 수용소"', "납치", "탈북민 송환", "유엔"),
}
#: Stories that many read at the same time.
POPULAR = 20
#: Milliseconds that a search may take.
PATIENCE = 50.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """Seconds that wrk asks in each turn; readers who leave (each once); statements in the archive."""

    seconds: int = 4
    leaving: int = 30_000
    archive: int = WHOLE
    rounds: int = ROUNDS


QUICK = Sizes(seconds=1, leaving=4_000, archive=300)


@dataclass(slots=True)
class Answers:
    """What wrk said of one contender, round by round."""

    rates: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a server, and the script of wrk that asks for it (empty: a plain GET) over so many connections."""

    server: str
    path: str
    script: str = ""
    connections: int = CONNECTIONS


def run(*, quick: bool) -> Report:
    """All pages, round by round in turn; medians. Without wrk nothing is measured."""
    sizes = QUICK if quick else Sizes()
    report = Report("site", goals=dict(GOALS))
    wrk = shutil.which("wrk")
    if wrk is None:
        report.not_measured += GOALS
        return report
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        subprocess.run([sys.executable, "-m", "bench.archive_rows", folder, str(sizes.archive)], check=True)
        ports = {name: stack.enter_context(_server(name, place, sizes.leaving)) for name in SERVERS}
        answers = _race(wrk, {**_pages(place), **_archive(place)}, ports, sizes)
    _tell(report, answers)
    if sizes.archive < WHOLE:
        of_the_archive = [name for name in GOALS if name.startswith(("front", "story", "search"))]
        report.not_measured += of_the_archive
        for name in of_the_archive:
            report.ratios.pop(name, None)
    return report


def _tell(report: Report, answers: Mapping[str, Answers]) -> None:
    for name, said in answers.items():
        report.figures[f"{name}_requests_per_second"] = median(said.rates)
        report.figures[f"{name}_p99_milliseconds"] = median(said.p99s)
        report.figures[f"{name}_refused_requests"] = said.failed
    for name, peer in PEERS.items():
        pairs = zip(answers[name].rates, answers[peer].rates, strict=True)
        report.ratios[f"{name}_of_empty_route"] = median(one / other for one, other in pairs)
    for name in SEARCHES:
        report.ratios[f"search_{name}_p99_of_50_milliseconds"] = median(answers[f"search_{name}"].p99s) / PATIENCE


def _pages(folder: Path) -> Mapping[str, Asked]:
    """What is asked for of a site with many readers, in the order of each round."""
    return {
        "empty": Asked("empty", "/"),
        "sign_up_page": Asked("site", "/subscribe"),
        "empty_post": Asked("empty", "/", _script(folder, "post", tokens=False)),
        "one_click": Asked("site", "/", _script(folder, "leave", tokens=True)),
        "one_click_repeated": Asked(
            "site", (folder / "repeated").read_text("utf-8"), _script(folder, "p", tokens=False)
        ),
    }


def _archive(folder: Path) -> Mapping[str, Asked]:
    """What is asked for of a large archive. A search is asked one after the other: its time is what is looked at."""
    stories = [f"/stories/{story}" for story in (folder / "stories").read_text("utf-8").split()]
    return {
        "front_page": Asked("archive", "/"),
        "front_page_anew": Asked("archive", "/", _anew(folder)),
        "story_page": Asked("archive", "/", _in_turn(folder, "stories", stories)),
        "story_page_popular": Asked("archive", "/", _in_turn(folder, "popular", stories[-POPULAR:])),
        **{
            f"search_{name}": Asked(
                "archive", "/", _in_turn(folder, name, [_search(q) for q in queries]), connections=1
            )
            for name, queries in SEARCHES.items()
        },
        "feed": Asked("archive", "/feed.atom"),
        "feed_unchanged": Asked("archive", "/feed.atom", _unchanged(folder)),
    }


def _race(wrk: str, pages: Mapping[str, Asked], ports: Mapping[str, int], sizes: Sizes) -> Mapping[str, Answers]:
    answers = {name: Answers() for name in pages}
    for number in range(sizes.rounds + 1):
        for name, page in pages.items():
            rate, p99, failed = _ask(wrk, ports[page.server], page, sizes.seconds, number)
            if number:  # the first round warms up
                answers[name].rates.append(rate)
                answers[name].p99s.append(p99)
                answers[name].failed += failed
    return answers


def _ask(wrk: str, port: int, page: Asked, seconds: int, number: int) -> tuple[float, float, int]:
    """Requests a second, the 99th percentile (ms), and how many were not answered with 200."""
    threads = min(THREADS, page.connections)
    command = [wrk, f"-t{threads}", f"-c{page.connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", page.script] if page.script else []
    command += [f"http://127.0.0.1:{port}{page.path}", "--", str(number)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, p99, failed = _RATE.search(said), _P99.search(said), _FAILED.search(said)
    if rate is None or p99 is None:
        raise RuntimeError(f"wrk said nothing of use: {said}")
    return float(rate[1]), float(p99[1]) * _MILLISECONDS[p99[2]], int(failed[1]) if failed else 0


#: wrk runs this in each thread: every request takes the next reader of the thread's own share in this round.
_LEAVE = """
local threads, share, round = {threads}, {share}, 0
local started = 0
function setup(thread) thread:set("mine", started); started = started + 1 end
function init(args)
  round = tonumber(args[1])
  paths = {{}}
  for line in io.lines("{paths}") do paths[#paths + 1] = line end
  next = (round * threads + mine) * share
  stop = next + share
end
function request()
  if next < stop then next = next + 1 end
  return wrk.format("POST", paths[next], {headers}, "{body}")
end
"""
_POST = """
wrk.method = "POST"
wrk.body = "{body}"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
"""
_BODY = "List-Unsubscribe=One-Click"
#: One address after the other.
_IN_TURN = """
local paths, next = {{}}, 0
for line in io.lines("{paths}") do paths[#paths + 1] = line end
function request()
  next = next % #paths + 1
  return wrk.format("GET", paths[next])
end
"""
#: Nobody asked for this address before.
_ANEW = """
local started, asked = 0, 0
function setup(thread) thread:set("mine", started); started = started + 1 end
function init(args) round = args[1] end
function request()
  asked = asked + 1
  return wrk.format("GET", "/?anew=" .. round .. "-" .. mine .. "-" .. asked)
end
"""
#: What a feed reader says that has these bytes already.
_UNCHANGED = """
wrk.headers["If-None-Match"] = "*"
"""


def _script(folder: Path, name: str, *, tokens: bool) -> str:
    """A script for wrk that posts what mail programs post; with `tokens` for one reader after another."""
    paths = folder / "paths"
    readers = len(paths.read_text("utf-8").splitlines())
    share = readers // (THREADS * (ROUNDS + 1))
    headers = '{["Content-Type"] = "application/x-www-form-urlencoded"}'
    known = {"threads": THREADS, "share": share, "paths": paths, "headers": headers, "body": _BODY}
    script = folder / f"{name}.lua"
    script.write_text((_LEAVE if tokens else _POST).format(**known), "utf-8")
    return str(script)


def _in_turn(folder: Path, name: str, paths: Sequence[str]) -> str:
    """A script that asks for these addresses, one after the other."""
    listed, script = folder / f"{name}.paths", folder / f"{name}.lua"
    listed.write_text("\n".join(paths), "utf-8")
    script.write_text(_IN_TURN.format(paths=listed), "utf-8")
    return str(script)


def _anew(folder: Path) -> str:
    """A script that asks for the front page by an address of its own each time, so that it is rendered each time."""
    script = folder / "anew.lua"
    script.write_text(_ANEW, "utf-8")
    return str(script)


def _search(words: str) -> str:
    return f"/search?{urlencode({'q': words})}"


def _unchanged(folder: Path) -> str:
    script = folder / "unchanged.lua"
    script.write_text(_UNCHANGED, "utf-8")
    return str(script)


@contextmanager
def _server(kind: str, folder: Path, leaving: int) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.site", kind, str(folder), str(leaving)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline() if process.stdout else ""
        if not said:
            raise RuntimeError(f"the server {kind!r} did not start")
        yield int(said)
    finally:
        process.kill()
        process.wait()


async def _serve(kind: str, folder: Path, leaving: int) -> None:
    """Serve one contender on a free port of loopback and print it."""
    from nkwatch.web.server import listen, serve  # noqa: PLC0415

    listening = listen("127.0.0.1", 0, "web")

    def ready(address: str) -> None:
        sys.stdout.write(f"{address.rstrip('/').rpartition(':')[2]}\n")
        sys.stdout.flush()

    if kind == "empty":
        from fastapi import FastAPI  # noqa: PLC0415

        async def nothing() -> dict[str, str]:
            return {}

        app = FastAPI(openapi_url=None)
        app.add_api_route("/", nothing, methods=["GET", "POST"])
        await serve(app, listening, asyncio.Event(), ready)
        return
    from bench.readers import newsroom_of_readers, newsroom_with_archive  # noqa: PLC0415
    from nkwatch.web.app import create_app  # noqa: PLC0415

    opened = newsroom_with_archive(folder) if kind == "archive" else newsroom_of_readers(folder, leaving)
    async with opened as newsroom:
        await serve(create_app(newsroom), listening, asyncio.Event(), ready)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
