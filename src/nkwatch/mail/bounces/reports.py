"""Delivery status notifications (RFC 3464), also where their parts are broken or stand in the midst of a text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Recipients of one report that are looked at.
MOST_RECIPIENTS = 50
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,80}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,10}\b")
_FIELD = re.compile(
    r"^[ \t>]{0,4}(?P<name>(?:X-)?(?:Original|Final|Actual|Failed|Forward-Path)-?Recipient|Action|Status"
    r"|Diagnostic-Code"
    r"|Original-Envelope-Id|X-(?:Postfix|Display|MS|Mailer|Notes|Outlook|X400|Supplementary)[\w-]{0,40}"
    r"|X-SMTP-Server-Reply"
    r"|Reporting-MTA|Remote-MTA|Will-Retry-Until|Last-Attempt-Date|Arrival-Date|Received-From-MTA|DSN-Gateway)"
    r"[ \t]{0,20}:[ \t]{0,20}(?P<value>.{0,2000}(?:\n[ \t](?![ \t]{0,20}\S{1,40}:[ \t]).{0,998}){0,30})",
    re.IGNORECASE | re.MULTILINE,
)
_SMTP_NAME = re.compile(r"smtp=([^;\s]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failed:
    """One recipient: `status` as in RFC 3463, `action` as in RFC 3464 in small letters, `said` the server's words."""

    recipient: str
    status: str = ""
    action: str = ""
    said: str = ""


def reported(text: str) -> tuple[Failed, ...]:
    """The recipients in the fields of a report."""
    found = [_failed(fields) for fields in _groups(text)]
    return tuple(f for f in found if f is not None)[:MOST_RECIPIENTS]


def queue_names(text: str) -> Iterator[str]:
    """What relays call the mail in their reports."""
    for name, value in _fields(text):
        if name in {"x-postfix-queue-id", "original-envelope-id"}:
            yield value.split()[0] if value.split() else ""


def _groups(text: str) -> Iterator[Sequence[tuple[str, str]]]:
    """The fields by recipients: a group ends where a field comes again that a recipient has once (RFC 3464, 2.3)."""
    group: list[tuple[str, str]] = []
    once = {"final-recipient", "action", "status"}
    for name, value in _fields(text):
        if name in once and any(name == known for known, _ in group):
            yield group
            group = []
        group.append((name, value))
    if group:
        yield group


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for found in _FIELD.finditer(text):
        yield found["name"].lower(), " ".join(found["value"].split())


def _failed(fields: Sequence[tuple[str, str]]) -> Failed | None:
    values: dict[str, str] = {}
    for name, value in fields:
        values.setdefault(name, value)
    named = (_address(values.get(name, "")) for name in ("original-recipient", "final-recipient", "x-failed-recipient"))
    # the address that we wrote to comes before the one that it was passed on to
    recipient = next((address for address in named if address), "") or _address(values.get("x-actual-recipient", ""))
    action, status = values.get("action", "").lower(), values.get("status", "")
    if not (recipient or "final-recipient" in values or (action and status)):
        return None
    code = re.search(r"[245]\.\d\.\d{1,3}", status)
    said = " ".join(v for n, v in fields if n in {"diagnostic-code", "x-smtp-server-reply"} or "supplementary" in n)
    notes = " ".join(re.findall(r"\(([^)]{3,300})\)", f"{status} {action}"))
    return Failed(recipient, code[0] if code else "", re.split(r"\W", action, maxsplit=1)[0], f"{said} {notes}".strip())


def _address(value: str) -> str:
    """The address in `rfc822; ann@inbox.example` and what is written for it."""
    typed = value.partition(";")[2] or value
    other = _SMTP_NAME.search(value)
    found = ADDRESS.search(other[1] if other else typed)
    return found[0].strip("'.\"").lower() if found else ""
