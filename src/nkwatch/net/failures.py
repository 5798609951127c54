"""What went wrong with a request, in words for the operator, and whether our own line may be to blame."""

import os
import ssl

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from nkwatch.net.answers import Unreached
from nkwatch.net.guard import NotPublicError
from nkwatch.net.proxies import Proxy
from nkwatch.net.unpacking import BadlyPacked

#: What a request can raise at run time through no fault of this program; EOFError comes of a proxy that hangs up.
EXPECTED = (
    *(aiohttp.ClientError, OSError, ValueError, *BadlyPacked),
    *(ProxyConnectionError, ProxyError, ProxyTimeoutError, EOFError),
)
#: The first that fits says what a host did; the order goes from the particular to the general.
_HAPPENED: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((aiohttp.InvalidURL, UnicodeError), "is no name of a host"),
    ((aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError), "has no valid certificate"),
    ((aiohttp.ClientConnectorSSLError, ssl.SSLError), "could not be reached over a secure connection"),
    ((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError), "closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "sent an answer that is cut off"),
    (BadlyPacked, "sent an answer that is packed wrongly"),
)


def failure(host: str, error: Exception, proxy: Proxy | None) -> Unreached:
    """What `error` means for a request to `host`."""
    if why := _refusal(error):
        return Unreached(f"{host} was not asked: {why}.")
    if words := _without_a_line(error, proxy):
        return Unreached(f"{host} {words}.", line=True)
    if isinstance(error, aiohttp.ClientOSError) and isinstance(error.__cause__, ssl.SSLError):
        error = error.__cause__  # behind a proxy aiohttp does not tell it from other errors of the system
    for kind, words in _HAPPENED:
        if isinstance(error, kind):
            return Unreached(f"{host} {words}.")
    return Unreached(f"{host} sent an answer that is not understood ({type(error).__name__}).")


def _refusal(error: Exception) -> str:
    """Why the guard refused the addresses of a host; empty when it did not."""
    if not isinstance(error, aiohttp.ClientConnectorError):
        return ""
    # the refusals of several addresses come joined in one text, as an error of no particular kind
    words = str(error.os_error)
    return words.removeprefix("Multiple exceptions: ") if words.endswith(NotPublicError.words) else ""


def _without_a_line(error: Exception, proxy: Proxy | None) -> str:
    """What happened, if it could have happened because of our own line; otherwise empty."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "is a name that cannot be resolved"
        case aiohttp.ClientConnectorError() if type(error) is aiohttp.ClientConnectorError:
            return f"could not be reached ({error.os_error.strerror or error.os_error})"
        case ProxyConnectionError() | ProxyTimeoutError():
            return f"was not asked: the proxy {proxy} cannot be reached{_why(error)}"
        case EOFError():
            return f"could not be reached: the proxy {proxy} closed the connection"
        case ProxyError():
            return f"could not be reached: the proxy {proxy} {_refused(error, proxy)}"
        case _:
            return ""


def _why(error: Exception) -> str:
    """The system's word on why there was no connection, found at the root of the chain."""
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    number = root.errno or 0 if isinstance(root, OSError) else 0
    return f" ({os.strerror(number)})" if number > 0 else ""


def _refused(error: ProxyError, proxy: Proxy | None) -> str:
    """What a proxy answered. The words of an HTTP proxy are its own, so only their number is repeated."""
    if proxy is not None and proxy.scheme == "http":
        return f"answered {error.error_code}" if error.error_code else "gave no answer that is understood"
    return f"answered: {error}"
