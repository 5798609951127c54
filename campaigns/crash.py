"""Kills the delivering worker again and again, and compares the ledger with what a mail server took.

Workers are killed at random moments and at named points (`campaigns.points`); then come the scenarios of
`campaigns.scenarios`. Exit 1 when anything was lost, or is not explained.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from campaigns.comparing import Findings
from campaigns.databases import KINDS, databases, missing
from campaigns.killing import CONNECTIONS, Killing, killing
from campaigns.scenarios import scenarios
from nkwatch.workflow.deliver import GROUP

#: Sentences on what is wrong that are shown.
SHOWN = 20


def main(arguments: list[str]) -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m campaigns crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only-kills", action="store_true", help="without the other scenarios")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    wanted = parser.parse_args(arguments)
    if why := missing(wanted.database):
        sys.stderr.write(f"{why}\n")
        return 2
    # what was started is stopped then as well
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place, databases(wanted.database, Path(place)) as fresh:
        done = Killing()
        for done in killing(wanted.kills, fresh, Path(place), wanted.seed):
            _tell(f"{done.kills.total()} kills, {_short(done.found)}")
        others: dict[str, Findings | str] = {}
        for name, found in () if wanted.only_kills else scenarios(fresh, Path(place), wanted.seed):
            others[name] = found
            _tell(f"{name}: {found if isinstance(found, str) else _short(found)}")
    record = {"campaign": "crash", "database": wanted.database, "seed": wanted.seed}
    record |= _record(done) | {"scenarios": {n: _scenario(f) for n, f in others.items()}}
    record["wrong"] = [*done.found.wrong, *(w for f in others.values() if isinstance(f, Findings) for w in f.wrong)]
    record["seconds"] = round(time.monotonic() - began, 1)
    sys.stdout.write(json.dumps(record) + "\n" if wanted.json else _table(record))
    return 1 if record["wrong"] else 0


def _record(done: Killing) -> dict[str, Any]:
    found = done.found
    return {
        "kills": done.kills.total(),
        "kills_by_point": dict(sorted(done.kills.items())),
        "deliveries": found.deliveries,
        "accepted": found.accepted,
        "states": dict(found.states),
        "lost": found.lost,
        "extra_copies": found.extra,
        "extra_copies_of_a_crash_mean": round(mean(found.extras), 2) if found.extras else 0,
        "extra_copies_of_a_crash_most": max(found.extras, default=0),
        "on_the_line_at_a_crash_mean": round(mean(found.in_flight), 2) if found.in_flight else 0,
        "on_the_line_at_a_crash_most": max(found.in_flight, default=0),
        "allowed_at_a_crash": CONNECTIONS + GROUP - 1,
        "most_copies_of_a_message": found.most_copies,
    }


def _scenario(found: Findings | str) -> Mapping[str, Any]:
    if isinstance(found, str):
        return {"not_tried": found}
    states = dict(found.states)
    return {"states": states, "accepted": found.accepted, "extra_copies": found.extra, "wrong": len(found.wrong)}


def _short(found: Findings) -> str:
    states = ", ".join(f"{count} {state}" for state, count in found.states.items())
    return f"{states}; {found.accepted} taken, lost {found.lost}, {found.extra} copies, {len(found.wrong)} wrong"


def _tell(progress: str) -> None:
    sys.stderr.write(f"{progress}\n")
    sys.stderr.flush()


def _table(record: Mapping[str, Any]) -> str:
    lines = [f"{name:32} {value}" for name, value in record.items() if name not in {"scenarios", "wrong"}]
    lines += [f"{name:32} {told}" for name, told in record["scenarios"].items()]
    wrong = record["wrong"]
    lines += [f"WRONG {w}" for w in wrong[:SHOWN]]
    lines += [f"... and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    return "\n".join(lines) + "\n"
