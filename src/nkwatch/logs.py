"""The log: one line an event, for people or as JSON, and never an address, a token or a phrase in it (promise 9)."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ADDRESS = re.compile(r"[^\s<>\"(),;:]+@[^\s<>\"(),;:]+")
#: Tokens stand in addresses of pages; the part behind these paths is a secret.
_PATH = re.compile(r"/(leave|confirm|manage|settings|move/old|move/new|desk/enrol)/[\w.~-]+")
#: One by itself, by its shape (`keys.Keyring.token`).
_TOKEN = re.compile(r"\b\d{1,3}\.[\w~-]+\.[0-9a-z]*\.[\w-]{22}")


def redact(text: str) -> str:
    """`text` without mail addresses and tokens."""
    return _TOKEN.sub("[token]", _PATH.sub(r"/\1/[token]", _ADDRESS.sub("[address]", text)))


def _redacting(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


class _RedactingFilter(logging.Filter):
    """The same for libraries that log by themselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and record.exc_info[1]:
            kind = type(record.exc_info[1]).__name__
            record.msg += f" ({kind}: {redact(str(record.exc_info[1]))})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def set_up(*, json: bool = False, level: str = "info") -> None:
    """Write the log to standard error. Called once, by the command line."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[
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


def notice(event: str, **facts: Any) -> None:
    """Tell the operator: what happened, where, what to do."""
    structlog.get_logger().warning(event, **facts)


def record(event: str, **facts: Any) -> None:
    """Note a result of the day's work."""
    structlog.get_logger().info(event, **facts)
