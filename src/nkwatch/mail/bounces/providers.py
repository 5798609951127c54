"""What mail providers report of our mails, each in its own JSON: only the fields that it documents are looked at.

Amazon SES (by way of SNS), Postmark, Mailgun, SendGrid. What is not as documented is no event; nothing raises.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nkwatch.domain.bounce import Bounce, BounceKind
from nkwatch.editing.bouncing import kind_of

#: Events of one report, recipients of one event, letters of one text.
MOST_EVENTS, MOST_RECIPIENTS, LONGEST = 5_000, 50, 1_000
#: An enhanced code (RFC 3463).
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_HARD, _SOFT = BounceKind.HARD, BounceKind.SOFT

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What a message is called: by the provider, and by us (its Message-ID)."""

    relay_ids: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


def parsed(body: bytes) -> Any:
    """The JSON in these bytes; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def unwrapped(told: Any) -> Any:
    """What Amazon SES says: as text inside a notification of SNS, or without one where SNS is told to pass it raw."""
    if text(told, "Type") != "Notification":
        return told
    return parsed(str(told.get("Message", "")).encode("utf-8", "replace"))


def ses(told: Any) -> Iterator[Bounce]:
    """Amazon SES: "Contents of notifications", and of events (which are named otherwise)."""
    message, mail = unwrapped(told), _inside(unwrapped(told), "mail")
    ours = text(_inside(mail, "commonHeaders"), "messageId")
    names = Names(_named(text(mail, "messageId")), _bracketed(ours))
    match text(message, "notificationType") or text(message, "eventType"):
        case "Bounce":
            bounce = _inside(message, "bounce")
            for one in _listed(bounce, "bouncedRecipients"):
                yield _ses_bounce(bounce, one, names)
        case "Complaint":
            for one in _listed(_inside(message, "complaint"), "complainedRecipients"):
                yield _event(names, BounceKind.COMPLAINT, text(one, "emailAddress"))
        case "Delivery":
            yield _event(names, BounceKind.NONE, "")
        case _:
            pass


def _ses_bounce(bounce: Json, one: Json, names: Names) -> Bounce:
    status, said = text(one, "status"), text(one, "diagnosticCode")
    # on its list are addresses that came back before: it did not even try
    listed = text(bounce, "bounceSubType") in {"Suppressed", "OnAccountSuppressionList", "NoEmail"}
    permanent = text(bounce, "bounceType") == "Permanent"
    kind = (_HARD if listed else _judged(status, said)) if permanent else _SOFT
    return _event(names, kind, text(one, "emailAddress"), status)


#: Postmark's types of bounces. It goes on trying after a `Transient` one; what is not here is somebody's policy.
_POSTMARK = {
    "HardBounce": _HARD,
    "BadEmailAddress": _HARD,
    "SpamComplaint": BounceKind.COMPLAINT,
    "AutoResponder": BounceKind.AUTO_REPLY,
    "AddressChange": BounceKind.AUTO_REPLY,
    "ChallengeVerification": BounceKind.AUTO_REPLY,
    "Transient": BounceKind.NONE,
    "Subscribe": BounceKind.NONE,
    "Unsubscribe": BounceKind.NONE,
    "OpenRelayTest": BounceKind.NONE,
}


def postmark(told: Any) -> Iterator[Bounce]:
    """Postmark: bounces, complaints, deliveries."""
    names = Names(_named(text(told, "MessageID")))
    match text(told, "RecordType"):
        case "Bounce" | "SpamComplaint":
            kind = _POSTMARK.get(text(told, "Type"), _SOFT)
            yield _event(names, kind, text(told, "Email"))
        case "Delivery":
            yield _event(names, BounceKind.NONE, text(told, "Recipient"))
        case _:
            pass


def mailgun(told: Any) -> Iterator[Bounce]:
    """Mailgun: events `failed`, `complained`, `delivered`. After a failure that is temporary it goes on trying."""
    event = _inside(told, "event-data")
    said, recipient = _inside(event, "delivery-status"), text(event, "recipient")
    names = Names((), _bracketed(text(_inside(_inside(event, "message"), "headers"), "message-id")))
    match text(event, "event"), text(event, "severity"):
        case "failed", "permanent":
            status = text(said, "enhanced-code")
            answer = f"{text(said, 'code')} {status} {text(said, 'message')} {text(said, 'description')}"
            on_its_list = {"suppress-bounce": _HARD, "suppress-complaint": BounceKind.COMPLAINT}
            kind = on_its_list.get(text(event, "reason")) or _judged(status, answer.strip())
            yield _event(names, kind, recipient, status)
        case "complained", _:
            yield _event(names, BounceKind.COMPLAINT, recipient)
        case "delivered" | "failed", _:
            yield _event(names, BounceKind.NONE, recipient)
        case _:
            pass


#: Why SendGrid did not even try.
_DROPPED = {
    "bounced address": _HARD,
    "invalid": _HARD,
    "spam reporting address": BounceKind.COMPLAINT,
}


def sendgrid(told: Any) -> Iterator[Bounce]:
    """SendGrid: a list of events. It goes on trying after `deferred`."""
    for event in (told if isinstance(told, list) else [])[:MOST_EVENTS]:
        status, reason = text(event, "status"), text(event, "reason")
        whole = text(event, "sg_message_id")
        # the name in the relay's reply is the part before what the provider's own servers added
        parts = (whole, whole.partition(".filter")[0], whole.partition(".recvd")[0], whole.partition(".")[0])
        names = Names(_named(*parts), _bracketed(text(event, "smtp-id")))
        match text(event, "event"), text(event, "type"):
            case "bounce", "blocked":
                kind = _SOFT
            case "bounce", _:
                kind = _judged(status, reason)
            case "dropped", _:
                kind = _DROPPED.get(reason.lower(), _SOFT)
            case "spamreport", _:
                kind = BounceKind.COMPLAINT
            case (("delivered" | "deferred"), _):
                kind = BounceKind.NONE
            case _:
                continue
        yield _event(names, kind, text(event, "email"), status)


#: How the reports of each provider are read.
FORMATS: Mapping[str, Callable[[Any], Iterator[Bounce]]] = {
    "ses": ses,
    "postmark": postmark,
    "mailgun": mailgun,
    "sendgrid": sendgrid,
}


def text(told: Any, name: str) -> str:
    """The text in a field; empty where there is none. What a database or a log could not take is left out."""
    value = told.get(name) if isinstance(told, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**LONGEST else ""
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value[:LONGEST] if c.isprintable())


def _judged(status: str, said: str) -> BounceKind:
    """What a failure for good means: a block by somebody's filter is none of the mailbox."""
    return kind_of(_code(status), said) if status or said else _HARD


def _event(names: Names, kind: BounceKind, recipient: str, status: str = "") -> Bounce:
    recipients = (recipient.lower(),) if "@" in recipient else ()
    told = Bounce(kind, recipients, _code(status))
    return replace(told, relay_ids=names.relay_ids, message_ids=names.message_ids)


def _code(status: str) -> str:
    return status if _STATUS.fullmatch(status) else ""


def _inside(told: Any, name: str) -> Json:
    value = told.get(name) if isinstance(told, dict) else None
    return value if isinstance(value, dict) else {}


def _listed(told: Json, name: str) -> list[Json]:
    value = told.get(name)
    return [one for one in value[:MOST_RECIPIENTS] if isinstance(one, dict)] if isinstance(value, list) else []


def _named(*ids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i for i in ids if i))


def _bracketed(message_id: str) -> tuple[str, ...]:
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    return (f"<{bare}>",) if bare else ()
