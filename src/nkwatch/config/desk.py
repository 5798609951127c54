"""`[desk]`: where editors work."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from nkwatch.config.section import Section, WebAddress


class DeskSettings(Section):
    """Where editors work: a site of its own. `[[editor]]` says who may sign in; `nkwatch editors invite` lets them."""

    enabled: bool = Field(default=False, description="Whether there is a desk. It runs beside the site (part `web`).")
    listen: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="The address on which it listens. Where other machines reach it, only behind a proxy with https.",
    )
    port: int = Field(
        default=8026, ge=0, le=65535, description="The port on which it listens; 0 takes one that is free."
    )
    url: WebAddress = Field(
        default="http://localhost:8026",
        description="The address by which browsers know it: scheme, host and port alone, https except at localhost. "
        "Passkeys are bound to its host name and work under no other.",
    )

    @field_validator("url")
    @classmethod
    def _an_address_for_passkeys(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
            msg = "give scheme, host and port alone, such as https://desk.example.org"
            raise ValueError(msg)
        host = parts.hostname or ""
        if _is_address(host):
            msg = "passkeys need a host name, not an IP address; on this machine, localhost"
            raise ValueError(msg)
        if parts.scheme != "https" and not is_local(host):
            msg = "browsers give passkeys over https only, except at localhost"
            raise ValueError(msg)
        return value.rstrip("/")

    @property
    def host(self) -> str:
        """The host name, to which passkeys are bound (the id of the relying party)."""
        return (urlsplit(self.url).hostname or "").lower()

    @property
    def netloc(self) -> str:
        """Host and port, as browsers send them in Host: the usual port is left out (RFC 9110, 7.2)."""
        parts = urlsplit(self.url)
        usual = {"http": 80, "https": 443}[parts.scheme]
        return self.host if parts.port in {None, usual} else f"{self.host}:{parts.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port (RFC 6454)."""
        return f"{urlsplit(self.url).scheme}://{self.netloc}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over https."""
        return self.origin.startswith("https:")

    @property
    def open_to_others(self) -> bool:
        """Whether it listens where other machines may reach it."""
        if is_local(self.listen):
            return False
        return not _is_address(self.listen) or not ip_address(self.listen).is_loopback


def is_local(host: str) -> bool:
    """Whether a name is this machine's own (RFC 6761, 6.3)."""
    return host.lower() == "localhost" or host.lower().endswith(".localhost")


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
