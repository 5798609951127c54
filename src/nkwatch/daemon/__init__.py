"""The daemon: parts that tick, each supervised by itself. The scheduler ticks, the rows decide."""

from nkwatch.daemon.running import Daemon
from nkwatch.daemon.shift import standing
from nkwatch.daemon.ticks import PARTS, TICKS

__all__ = ["PARTS", "TICKS", "Daemon", "standing"]
