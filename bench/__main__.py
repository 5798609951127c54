"""``python -m bench NAME [--quick] [--json]``: run one benchmark."""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report import Report

#: Those of the contract.
NAMES = ("poll", "read", "match", "compose", "deliver", "site", "scale")


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark that the command line names; exit 0 also when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument(
        "--quick", action="store_true", help="smaller, in about a minute; goals of full size are left out"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument(
        "--model", type=Path, help="read only: a folder with a model of sentence-transformers to compare with"
    )
    wanted = parser.parse_args(arguments)
    options = {"model": wanted.model} if wanted.name == "read" else {}
    report: Report = importlib.import_module(f"bench.{wanted.name}").run(quick=wanted.quick, **options)
    sys.stdout.write((json.dumps(report.record()) if wanted.json else report.table()) + "\n")


if __name__ == "__main__":
    main()
