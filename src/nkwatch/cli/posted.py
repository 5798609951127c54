"""What became of a mail to one reader, in words and as facts."""

from datetime import datetime
from typing import Any

from nkwatch.domain.delivery import Delivery, DeliveryState
from nkwatch.store.outbox import Posted


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


def facts(found: Posted) -> dict[str, Any]:
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
    }


def when(instant: datetime | None) -> str:
    """A moment, for people."""
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "an unknown day"
