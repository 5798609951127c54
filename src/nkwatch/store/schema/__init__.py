"""The tables. Migrations (in `migrations/versions`) make them; a test compares the two."""

from nkwatch.store.schema.columns import EPOCH, Instant, Number, metadata
from nkwatch.store.schema.desk import alert_call, apart, desk, marking, merged, ruling, stood, translation
from nkwatch.store.schema.editions import (
    answering,
    case_act,
    case_page,
    edition,
    edition_rhythm,
    edition_version,
    shared_by_all,
)
from nkwatch.store.schema.editors import audit, audit_end, desk_session, desk_ticket, passkey
from nkwatch.store.schema.installing import installation
from nkwatch.store.schema.mails import (
    accepted_hour,
    block,
    bulletin,
    composition,
    delivery,
    identified,
    leased,
    rate,
    together,
    undone,
    unjudged,
    waiting_alert,
    waits,
)
from nkwatch.store.schema.operating import morning, notice, pulse
from nkwatch.store.schema.readers import alert_pace, move, subscriber, suppression
from nkwatch.store.schema.redactions import redacted, redaction
from nkwatch.store.schema.search import search
from nkwatch.store.schema.sharing import being_read, duty, placing, turn
from nkwatch.store.schema.statements import (
    capture,
    errand,
    host,
    snapshot,
    source_day,
    source_state,
    statement,
    statement_key,
    statement_revision,
    unindexed,
    unread,
)
from nkwatch.store.schema.stories import correction, latch, mark, named, reading, story
from nkwatch.store.schema.webhooks import called, calling, webhook, webhook_call

#: What no page for everybody tells of, or late without harm: readers, mails on their way, polls, who is at the
#: desk, what the operator is told.
UNTOLD = frozenset(
    table.name
    for table in (
        accepted_hour, alert_call, alert_pace, audit, audit_end, being_read, delivery, desk_session, desk_ticket, duty,
        errand, host, installation, latch, morning, move, notice, passkey, placing, pulse, rate, source_day,
        source_state, subscriber, suppression, together, turn, waiting_alert, webhook, webhook_call,
    )
)  # fmt: skip

__all__ = [
    "EPOCH",
    "UNTOLD",
    "Instant",
    "Number",
    "accepted_hour",
    "alert_call",
    "alert_pace",
    "answering",
    "apart",
    "audit",
    "audit_end",
    "being_read",
    "block",
    "bulletin",
    "called",
    "calling",
    "capture",
    "case_act",
    "case_page",
    "composition",
    "correction",
    "delivery",
    "desk",
    "desk_session",
    "desk_ticket",
    "duty",
    "edition",
    "edition_rhythm",
    "edition_version",
    "errand",
    "host",
    "identified",
    "installation",
    "latch",
    "leased",
    "mark",
    "marking",
    "merged",
    "metadata",
    "morning",
    "move",
    "named",
    "notice",
    "passkey",
    "placing",
    "pulse",
    "rate",
    "reading",
    "redacted",
    "redaction",
    "ruling",
    "search",
    "shared_by_all",
    "snapshot",
    "source_day",
    "source_state",
    "statement",
    "statement_key",
    "statement_revision",
    "stood",
    "story",
    "subscriber",
    "suppression",
    "together",
    "translation",
    "turn",
    "undone",
    "unindexed",
    "unjudged",
    "unread",
    "waiting_alert",
    "waits",
    "webhook",
    "webhook_call",
]
