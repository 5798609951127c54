"""What `deploy/` says fits the program: commands, parts, ports and paths. What was run by hand stands in its README."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from nkwatch.cli.app import COMMANDS
from nkwatch.config import WebSettings
from nkwatch.config.desk import DeskSettings
from nkwatch.daemon.ticks import PARTS

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = ("nkwatch.service", "nkwatch@.service", "nkwatch-backup.service")
#: What a unit of a service that meets strangers' bytes has at least.
HARDENED = {
    "NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes",
    "PrivateDevices=yes", "MemoryDenyWriteExecute=yes", "RestrictNamespaces=yes", "SystemCallFilter=@system-service",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "UMask=0077", "User=nkwatch", "LimitCORE=0",
}  # fmt: skip


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def lines(name: str) -> list[str]:
    """What counts of a file: no comments."""
    return [row.strip() for row in text(name).splitlines() if row.strip() and not row.strip().startswith("#")]


def compose() -> Any:
    return yaml.safe_load(text("container/compose.yaml"))


# Units


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_hardened(name: str) -> None:
    assert not HARDENED - set(lines(f"systemd/{name}"))


@pytest.mark.parametrize("name", SERVICES[:2])
def test_the_daemon_is_watched_and_told_to_reload_as_it_expects(name: str) -> None:
    unit = set(lines(f"systemd/{name}"))
    expected = {"Type=notify", "NotifyAccess=main", "ExecReload=/bin/kill -HUP $MAINPID", "Restart=on-failure"}
    assert not expected - unit
    assert any(row.startswith("WatchdogSec=") for row in unit)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_calls_a_command_that_there_is(name: str) -> None:
    (started,) = [row for row in lines(f"systemd/{name}") if row.startswith("ExecStart=")]
    program, _, command, *_ = started.removeprefix("ExecStart=").replace("--config ", "").split()
    assert program == "/opt/nkwatch/bin/nkwatch"
    assert command in COMMANDS


def test_a_unit_lets_the_service_listen_at_its_usual_ports() -> None:
    unit = text("systemd/nkwatch.service")
    for port in (WebSettings().port, DeskSettings().port, 9464):
        assert f"SocketBindAllow=ipv4:tcp:{port}" in unit


def test_the_parts_named_in_the_unit_for_several_machines_are_those_of_the_program() -> None:
    named = re.findall(r"PARTS=([a-z,]+)|nkwatch@([a-z]+)\.service {2,}runs the part", text("systemd/nkwatch@.service"))
    parts = {part for pair in named for one in pair for part in one.split(",") if part}
    assert {"collect", "web"} <= parts <= set(PARTS)


def test_the_unit_for_several_machines_differs_in_its_parts_alone() -> None:
    one, several = (set(lines(f"systemd/{name}")) for name in SERVICES[:2])
    differing = {row.partition("=")[0] for row in one ^ several}
    assert differing == {"Description", "Environment", "EnvironmentFile", "ExecStart", "SyslogIdentifier"}


# Proxies


def test_proxies_lead_to_where_site_and_desk_listen_and_write_no_access_log() -> None:
    for name in ("proxy/Caddyfile", "proxy/nginx.conf"):
        said = text(name)
        assert "127.0.0.1:8080" in said
        assert "127.0.0.1:8026" in said
        assert "Strict-Transport-Security" in said
        assert not [row for row in lines(name) if re.match(r"access_log (?!off)|log\b(?! default)", row)]


def test_nginx_sets_anew_what_strangers_may_not_say() -> None:
    said = lines("proxy/nginx.conf")
    assert said.count("proxy_set_header X-Forwarded-For $remote_addr;") == said.count("proxy_http_version 1.1;") == 2
    assert not [row for row in said if "$proxy_add_x_forwarded_for" in row]


# Containers


def test_the_image_is_pinned_has_no_root_and_stops_as_the_daemon_does() -> None:
    rows = lines("container/Dockerfile")
    bases = [row.split()[1] for row in rows if row.startswith("FROM")]
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert len(bases) == 2
    assert {"USER 10001:10001", "STOPSIGNAL SIGTERM"} <= set(rows)
    final = rows[max(i for i, row in enumerate(rows) if row.startswith("FROM")) :]
    assert not [row for row in final if "apt-get" in row or "pip install" in row]


def test_what_the_image_is_built_from_is_there() -> None:
    kept = [row[1:] for row in lines("container/Dockerfile.dockerignore") if row.startswith("!")]
    assert all((DEPLOY.parent / name).exists() for name in kept)
    links = [file for file in (DEPLOY.parent / "src").rglob("*") if file.is_symlink()]
    needed = {link.resolve().relative_to(DEPLOY.parent.resolve()).parts[0] for link in links}
    assert {"src", "pyproject.toml", *needed} <= set(kept)


def test_containers_may_do_as_little_as_they_need() -> None:
    for service in compose()["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["restart"] == "unless-stopped"
    assert compose()["networks"]["inner"]["internal"] is True
    assert compose()["services"]["db"]["networks"] == ["inner"]


def test_passwords_are_files_and_every_secret_and_volume_is_declared() -> None:
    found = compose()
    for service in found["services"].values():
        assert set(service["secrets"]) <= set(found["secrets"])
        named = {v.partition(":")[0] for v in service["volumes"] if not v.startswith((".", "/"))}
        assert named <= set(found["volumes"])
        assert not [key for key in service["environment"] if key.endswith("PASSWORD")]


def test_only_this_machine_reaches_the_ports() -> None:
    published = [p for s in compose()["services"].values() for p in s.get("ports", ())]
    assert published
    assert all(p.startswith("127.0.0.1:") for p in published)


# Postfix, README


def test_postfix_serves_this_machine_alone_and_does_not_sign() -> None:
    said = dict(row.partition("=")[::2] for row in lines("postfix/main.cf"))
    said = {name.strip(): value.strip() for name, value in said.items()}
    assert said["inet_interfaces"] == "loopback-only"
    assert said["smtpd_relay_restrictions"] == "permit_mynetworks, reject"
    assert said["smtpd_milters"] == said["non_smtpd_milters"] == ""


def test_every_file_that_the_readme_names_is_there() -> None:
    named = re.findall(r"deploy/([\w./*-]*[\w*])", text("README.md"))
    assert named
    assert all(list(DEPLOY.glob(name)) for name in named)
