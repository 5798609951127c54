"""Settings of the processes that run: where they listen, what they say, where they belong."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nkwatch.config.section import Section


class WebSettings(Section):
    """Where the small site listens. A reverse proxy with https stands in front of it."""

    host: str = Field(default="127.0.0.1", description="The address on which it listens.")
    port: int = Field(
        default=8080, ge=0, le=65535, description="The port on which it listens; 0 takes one that is free."
    )


class VitalsSettings(Section):
    """Where each process tells how it is: /healthz, /readyz, and /metrics for Prometheus.

    Who may ask it learns how many readers there are: elsewhere than on this machine or in an inner network it listens
    only with `public`.
    """

    listen: str = Field(default="127.0.0.1", description="The address (no name) on which it listens.")
    port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="The port, such as 9464; with 0 it tells nothing. Processes on one machine need a port each: "
        "`nkwatch run --vitals-port`.",
    )
    public: bool = Field(default=False, description="Whether it may listen where anybody can reach it.")

    @model_validator(mode="after")
    def _within(self) -> Self:
        try:
            address = ip_address(self.listen)
        except ValueError as wrong:
            msg = "listen must be an address, such as 127.0.0.1"
            raise ValueError(msg) from wrong
        inner = (address.is_loopback or address.is_private) and not address.is_unspecified
        if not inner and not self.public:
            msg = "anybody may reach it there; where that is meant, or something else prevents it, set public = true"
            raise ValueError(msg)
        return self


class LogSettings(Section):
    """How the log on standard error looks."""

    json_lines: bool = Field(
        default=False, alias="json", description="Whether each line is a JSON object, for programs."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="From which level on lines are written."
    )


class InstallationSettings(Section):
    """How a database knows where it belongs, and where it is kept who left: see docs/backup.md."""

    host: str = Field(
        default="",
        description="The name of this host, to which the database is bound; without it, the machine's id. Needed "
        "where that changes, as in containers.",
    )
    departed: Path | None = Field(
        default=None,
        description="The file of who left, on a disk that stays. Without it `NAME.departed` beside the database, or "
        "with PostgreSQL `nkwatch.departed` beside the settings.",
    )
    backup_for: tuple[Annotated[str, Field(pattern=r"^age1[0-9a-z]+$")], ...] = Field(
        default=(),
        description="Public keys of age (`age1...`) for which backups are encrypted; `nkwatch db key FILE` makes one.",
    )
