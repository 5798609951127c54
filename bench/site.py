"""``python -m bench site``: how fast the site answers, beside an empty FastAPI route on the same server.

Every contender is a process of its own, one uvicorn worker, and is asked by wrk over loopback.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

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
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Seconds that wrk asks in each turn; readers who leave (each once)."""

    seconds: int = 4
    leaving: int = 30_000
    rounds: int = ROUNDS


QUICK = Sizes(seconds=1, leaving=4_000, rounds=3)


@dataclass(slots=True)
class Answers:
    """What wrk said of one contender, round by round."""

    rates: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a server, and the script of wrk that asks for it (empty: a plain GET)."""

    server: str
    path: str
    script: str = ""


def run(*, quick: bool) -> Report:
    """All pages, round by round in turn; medians. Without wrk nothing is measured."""
    sizes = QUICK if quick else Sizes()
    report = Report("site", goals=dict(GOALS))
    wrk = shutil.which("wrk")
    if wrk is None:
        report.not_measured += GOALS
        return report
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ports = {name: stack.enter_context(_server(name, Path(folder), sizes.leaving)) for name in ("empty", "site")}
        answers = _race(wrk, _pages(Path(folder)), ports, sizes)
    for name, said in answers.items():
        report.figures[f"{name}_requests_per_second"] = median(said.rates)
        report.figures[f"{name}_p99_milliseconds"] = median(said.p99s)
        report.figures[f"{name}_refused_requests"] = said.failed
    for name, peer in (("sign_up_page", "empty"), ("one_click", "empty_post"), ("one_click_repeated", "empty_post")):
        pairs = zip(answers[name].rates, answers[peer].rates, strict=True)
        report.ratios[f"{name}_of_empty_route"] = median(one / other for one, other in pairs)
    return report


def _pages(folder: Path) -> Mapping[str, Asked]:
    """What is asked for, in the order of each round."""
    return {
        "empty": Asked("empty", "/"),
        "sign_up_page": Asked("site", "/subscribe"),
        "empty_post": Asked("empty", "/", _script(folder, "post", tokens=False)),
        "one_click": Asked("site", "/", _script(folder, "leave", tokens=True)),
        "one_click_repeated": Asked(
            "site", (folder / "repeated").read_text("utf-8"), _script(folder, "p", tokens=False)
        ),
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
    command = [wrk, f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
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
    from nkwatch.web.server import serve  # noqa: PLC0415

    def ready(address: str) -> None:
        sys.stdout.write(f"{address.rstrip('/').rpartition(':')[2]}\n")
        sys.stdout.flush()

    if kind == "empty":
        from fastapi import FastAPI  # noqa: PLC0415

        async def nothing() -> dict[str, str]:
            return {}

        app = FastAPI(openapi_url=None)
        app.add_api_route("/", nothing, methods=["GET", "POST"])
        await serve(app, "127.0.0.1", 0, asyncio.Event(), ready)
        return
    from bench.readers import newsroom_of_readers  # noqa: PLC0415
    from nkwatch.web.app import create_app  # noqa: PLC0415

    async with newsroom_of_readers(folder, leaving) as newsroom:
        await serve(create_app(newsroom), "127.0.0.1", 0, asyncio.Event(), ready)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
