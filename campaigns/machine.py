"""What a recorded result says of the machine and the versions that it was seen with."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

_PARTS = ("SQLAlchemy", "psycopg", "aiohttp", "APScheduler", "feedparser", "lxml", "aiosmtplib")


def machine() -> dict[str, object]:
    """Processors, memory, load (of one, five, fifteen minutes), and versions."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load": [round(one, 2) for one in os.getloadavg()],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "versions": {name: version(name) for name in _PARTS},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
