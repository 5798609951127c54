"""What became of a mail to one reader, in words and as facts."""

from datetime import datetime
from typing import Any

from nkwatch.cli.output import told
from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.delivery import Delivery, DeliveryState
from nkwatch.store.bounces import BounceTrace
from nkwatch.store.outbox import Posted
from nkwatch.workflow.bounces import COMPLAINED, NO_MAILBOX, RUN_OUT

#: How the reason of an end begins that a mail which came back so led to.
_ENDS = {BounceKind.HARD: NO_MAILBOX, BounceKind.SOFT: RUN_OUT, BounceKind.COMPLAINT: COMPLAINED}
_CAME_BACK = {
    BounceKind.HARD: "came back as a hard bounce",
    BounceKind.SOFT: "came back as a soft bounce",
    BounceKind.COMPLAINT: "was complained of",
    BounceKind.AUTO_REPLY: "was answered by a program",
}
ENDED, YET, NOTHING = "subscription ended", "nothing yet", "nothing"
_LED_TO = {
    ENDED: "and the subscription ended for it",
    YET: "which has led to nothing yet",
    NOTHING: "which led to nothing",
}


def bulletin_name(found: Posted) -> str:
    """Letters have no number that readers see."""
    return str(found.kind) if found.kind.personal else f"{found.kind} {found.number}"


def outcome(delivery: Delivery) -> str:
    """What became of a delivery, in words."""
    match delivery.state:
        case DeliveryState.SENT:
            return f"the relay took it on {when(delivery.done_at)}: {delivery.reply}"
        case DeliveryState.PENDING:
            return f"it waits to be handed over, from {when(delivery.due_at)} on"
        case DeliveryState.LEASED:
            return "it is being handed over at this moment"
        case DeliveryState.DEFERRED:
            again = when(delivery.due_at)
            return f"it was put off {delivery.attempts} times and is tried again on {again}: {delivery.reply}"
        case DeliveryState.UNKNOWN:
            again = when(delivery.due_at)
            return f"the relay may have taken it; it is tried again on {again}: {delivery.reply}"
        case DeliveryState.REFUSED | DeliveryState.CANCELLED:
            return f"it was {delivery.state} on {when(delivery.done_at)}: {delivery.reply}"


def returned(mark: BounceTrace | None) -> str:
    """What came back of a mail, as the end of a sentence on it; empty where nothing did."""
    return f"; on {when(mark.at)} it {_CAME_BACK[mark.kind]}, {_LED_TO[_led_to(mark)]}" if mark else ""


def came_back(mark: BounceTrace | None) -> dict[str, Any] | None:
    """What came back of a mail, for programs: as what, when that was noted, what it led to."""
    if mark is None:
        return None
    led_to = _led_to(mark)
    return {
        "kind": str(mark.kind),
        "at": mark.at,
        "led_to": led_to,
        "ended_at": mark.ended_at if led_to == ENDED else None,
    }


def _led_to(mark: BounceTrace) -> str:
    """Nobody writes down which of several mails ended a subscription: the reason tells it, and the time."""
    if mark.ended_at is None:
        return YET
    ending = _ENDS.get(mark.kind)
    return ENDED if ending and mark.end_reason.startswith(ending) and mark.ended_at >= mark.at else NOTHING


def facts(found: Posted, mark: BounceTrace | None = None) -> dict[str, Any]:
    """A mail, for programs."""
    delivery = found.delivery
    return {
        "bulletin": found.number,
        "kind": str(found.kind),
        "delivery": delivery.id,
        "state": str(delivery.state),
        "attempts": delivery.attempts,
        "date": delivery.date,
        "due_at": delivery.due_at,
        "done_at": delivery.done_at,
        "reply": delivery.reply,
        "came_back": came_back(mark),
    }


def when(instant: datetime | None) -> str:
    """A moment, for people."""
    return told(instant) or "an unknown day"
