"""The log: one line an event, for people or as JSON, and never an address, a token or a phrase in it (promise 9).

What the operator is told (`notice`) is heard besides by whoever asked for it: it is kept for the morning's mail.
"""

import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO

import structlog

# until a process says where its log goes: standard output is for answers
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

#: In addresses of pages the at sign may be escaped; a keyboard for Chinese or Japanese writes a wide one. It is looked
#: for from where a word begins alone: texts come from outside, and a long word would cost quadratic time.
_ADDRESS = re.compile(r"(?<![^\s<>\"(),;:])[^\s<>\"(),;:]+(?:@|%40|＠|﹫)[^\s<>\"(),;:]+", re.IGNORECASE)
#: Tokens stand in addresses of pages; the part behind these paths is a secret.
_PATH = re.compile(r"/(leave|confirm|manage|settings|move/old|move/new|desk/enrol)/[\w.~-]+")
#: One by itself, by its shape (`keys.Keyring.token`).
_TOKEN = re.compile(r"\b\d{1,3}\.[\w~-]+\.[0-9a-z]*\.[\w-]{22}")
#: What ends a line somewhere, or makes a terminal do things, or turns letters round.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
#: So deep is looked into values; what lies deeper is told as words.
DEEPEST = 4

Hearer = Callable[[str, Mapping[str, Any]], None]
"""Is told each notice, from any thread; it must not wait, raise or tell a notice itself."""

#: Who hears notices. The last one alone: a newsroom that takes the place of another hears what happens from then on.
_hearers: list[Hearer] = []


def redact(text: str) -> str:
    """`text` without mail addresses and tokens."""
    return _TOKEN.sub("[token]", _PATH.sub(r"/\1/[token]", _ADDRESS.sub("[address]", text)))


def redacted(value: Any, depth: int = 0) -> Any:
    """The same for any value: lists and mappings are looked into, everything strange becomes redacted words."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping() if depth < DEEPEST:
            return {redact(str(k)): redacted(v, depth + 1) for k, v in value.items()}
        case list() | tuple() if depth < DEEPEST:
            return [redacted(v, depth + 1) for v in value]
        case bytes() | bytearray():
            return redact(value.decode("utf-8", "backslashreplace"))
        case _:
            return redact(str(value))


def _redacting(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {redact(key): redacted(value) for key, value in event.items()}


def _line(text: str) -> str:
    return _CONTROLS.sub(" ", redact(text))


class _RedactingFilter(logging.Filter):
    """The same for libraries that log by themselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _line(record.getMessage()), ()
        if record.exc_info and record.exc_info[1]:
            kind = type(record.exc_info[1]).__name__
            record.msg += f" ({kind}: {_line(str(record.exc_info[1]))})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def wants_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether what is written there may have colours: as rich decides for other answers (https://no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") not in {"dumb", "unknown"}


def set_up(*, json: bool = False, level: str = "info") -> None:
    """Write the log to standard error. Called once, by the command line.

    JSON lines say besides which process wrote them (`owner`, as leases name it), so that those of several machines
    can be put together.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=wants_colours(sys.stderr, os.environ), pad_event_to=24)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *([_owned] if json else []),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            _redacting,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_RedactingFilter())
    # a tick that finds its part still at work is skipped by design, and needs no line each second
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True, format="%(name)s: %(message)s")


def owner() -> str:
    """This process, by the name of its machine and its number. Leases name it so too, with random letters behind."""
    return f"{socket.gethostname()}/{os.getpid()}"


def about(**ids: str) -> AbstractContextManager[None]:
    """Everything that is logged within, by whatever it calls, names these: which `part` is at work."""
    return structlog.contextvars.bound_contextvars(**ids)


def notice(event: str, **facts: Any) -> None:
    """Tell the operator: what happened, where, what to do."""
    structlog.get_logger().warning(event, **facts)
    for hear in _hearers[-1:]:
        hear(event, facts)


def record(event: str, **facts: Any) -> None:
    """Note a result of the day's work."""
    structlog.get_logger().info(event, **facts)


@contextmanager
def hearing(hear: Hearer) -> Iterator[None]:
    """Within, `hear` is told every notice of this process, and nobody else is."""
    _hearers.append(hear)
    try:
        yield
    finally:
        _hearers.remove(hear)


def _owned(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.setdefault("owner", owner())
    return event
