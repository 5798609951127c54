"""What systemd is told of a service (sd_notify(3)): datagrams of lines, to a socket that the environment names.

No package for it is kept up that needs no compiler; the protocol is promised to be stable.
"""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

from nkwatch import logs


class Systemd:
    """Who started us, if it wants to be told. Without systemd nothing is said to anybody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        #: how often it wants to hear that we live; None where it does not
        self.watchdog = _watchdog(environment)

    def tell(self, *lines: str) -> None:
        """Send assignments such as ``READY=1``. That nobody listens is told, and harms nothing else."""
        if not self._address:
            return
        # a name that begins with @ lives in no folder (unix(7), abstract)
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
                sending.sendto("\n".join(lines).encode(), address)
        except OSError as wrong:
            self._address = ""
            logs.notice("systemd cannot be told", why=str(wrong), what="it may think that we hang: look at the unit")


def _watchdog(environment: Mapping[str, str]) -> timedelta | None:
    """Half the span after which we are taken for dead (sd_watchdog_enabled(3))."""
    span, whose = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
    return timedelta(microseconds=int(span)) / 2 if span.isdecimal() and whose == str(os.getpid()) else None
