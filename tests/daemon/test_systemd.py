"""What systemd is told."""

import os
import socket
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from nkwatch.daemon.systemd import Systemd


@pytest.fixture(params=["path", "abstract"])
def listening(request, tmp_path):
    """A socket as systemd has it, and its name."""
    name = f"{tmp_path}/notify" if request.param == "path" else f"@nkwatch-{tmp_path.name}-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
        receiving.bind(name.replace("@", "\0") if request.param == "abstract" else name)
        receiving.settimeout(5)
        yield name, receiving


def test_lines_go_in_one_datagram(listening):
    name, receiving = listening
    Systemd({"NOTIFY_SOCKET": name}).tell("READY=1", "STATUS=at work")
    assert receiving.recv(1000) == b"READY=1\nSTATUS=at work"


def test_without_systemd_nothing_is_said():
    Systemd({}).tell("READY=1")


def test_that_nobody_listens_is_told_once_and_harms_nothing(tmp_path):
    systemd = Systemd({"NOTIFY_SOCKET": f"{tmp_path}/nobody"})
    with capture_logs() as told:
        systemd.tell("READY=1")
        systemd.tell("READY=1")
    assert [line["event"] for line in told] == ["systemd cannot be told"]


def test_the_watchdog_is_answered_twice_in_its_span_and_only_by_whom_it_watches():
    assert Systemd({"WATCHDOG_USEC": "60000000"}).watchdog == timedelta(seconds=30)
    assert Systemd({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}).watchdog == timedelta(seconds=30)
    assert Systemd({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}).watchdog is None
    assert Systemd({"WATCHDOG_USEC": "soon"}).watchdog is None
    assert Systemd({}).watchdog is None
