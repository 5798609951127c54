"""What a group of processes takes, sample by sample, and whether that grows."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, mean

_PAGE = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class Sample:
    """`at` is seconds since the begin; octets; counts. `database` is the file with its log (WAL)."""

    at: float
    resident: int
    descriptors: int
    threads: int
    processes: int
    database: int
    wal: int


def sample(group: int, at: float, database: Path | None = None) -> Sample:
    """What the processes of this group take now."""
    resident = descriptors = threads = processes = 0
    for one in _members(group):
        # one may end while it is looked at
        with suppress(OSError, ValueError, IndexError):
            pages = int((one / "statm").read_text("ascii").split()[1])
            open_here = len(list((one / "fd").iterdir()))
            threads += len(list((one / "task").iterdir()))
            resident, descriptors, processes = resident + pages * _PAGE, descriptors + open_here, processes + 1
    return Sample(at, resident, descriptors, threads, processes, _size(database), _size(database, "-wal"))


def per_hour(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """By how much the second grows in an hour of the first (seconds): the slope of the line through them, and twice
    its standard error, by which it may be wrong (as if samples were independent).
    """
    if len(points) < 3:
        return 0.0, 0.0
    times, values = zip(*points, strict=True)
    slope, intercept = linear_regression(times, values)
    middle, count = mean(times), len(points)
    left = sum((v - intercept - slope * t) ** 2 for t, v in points)
    spread = sum((t - middle) ** 2 for t in times)
    error = (left / max(1, count - 2) / spread) ** 0.5 if spread else 0.0
    return slope * 3600, 2 * error * 3600


def _members(group: int) -> Iterator[Path]:
    for entry in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            # the name in brackets may hold anything (proc_pid_stat(5)); the group is the third word behind it
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                yield entry


def _size(database: Path | None, suffix: str = "") -> int:
    file = Path(f"{database}{suffix}")
    return file.stat().st_size if database and file.exists() else 0
