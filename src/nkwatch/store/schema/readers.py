"""Subscribers, addresses that are not mailed, changes of address, and the pace of each reader's alerts."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    text,
)

from nkwatch.store.schema.columns import Instant, metadata

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", String, primary_key=True),
    Column("address_key", LargeBinary, nullable=False, unique=True),
    Column("address", LargeBinary, nullable=False),
    Column("standing", String, nullable=False),
    Column("rhythm", String, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("zone", String, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("monthday", Integer, nullable=False),
    Column("alerts", Boolean, nullable=False),
    Column("language", String, nullable=False),
    Column("format", String, nullable=False),
    Column("wishes", JSON, nullable=False),
    Column("covered_until", Instant, nullable=False),
    # the next closing instant after covered_until; null without a rhythm
    Column("closes_at", Instant),
    Column("joined_at", Instant, nullable=False),
    Column("consent_origin", Text, nullable=False, default=""),
    Column("consent_at", Instant),
    Column("ended_at", Instant),
    Column("end_reason", Text, nullable=False, default=""),
    # a keyed hash of the address's domain, for limits
    Column("domain_key", LargeBinary, nullable=False, server_default=text("''"), index=True),
    # phrase, country, and the words and cases of wishes and mutes; null where there are none
    Column("sealed", LargeBinary),
    Column("mutes", JSON(none_as_null=True)),
    Column("neutral", Boolean, nullable=False, server_default=false()),
    Column("paused_until", Instant),
    # when the mail that answers a sign-up was asked for
    Column("asked_at", Instant),
    Column("lull", Boolean, nullable=False, server_default=false()),
    Column("quiet_start", Integer),
    Column("quiet_end", Integer),
    # when something that others get too was written to the reader last; or the confirmation
    Column("heard_at", Instant),
    Index("ix_subscriber_standing_closes_at", "standing", "closes_at"),
    Index("ix_subscriber_standing_alerts_id", "standing", "alerts", "id"),
)

#: Addresses that are not mailed: nothing but their keyed hash is kept.
suppression = Table(
    "suppression",
    metadata,
    Column("address_key", LargeBinary, primary_key=True),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Changes of address under way.
move = Table(
    "move",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("address_key", LargeBinary, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("old_confirmed", Boolean, nullable=False),
    Column("new_confirmed", Boolean, nullable=False),
    Column("asked_at", Instant, nullable=False),
)

#: When a reader's last alert left or leaves, and how many mails with alerts that day (ISO date) has.
alert_pace = Table(
    "alert_pace",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("leaves_at", Instant),
    Column("day", String),
    Column("mails", Integer, nullable=False),
)
