"""The standard editions of the archive, and the pages of cases."""

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table, Text, text

from nkwatch.store.schema.columns import Instant, Number, metadata
from nkwatch.store.schema.mails import bulletin, composition

#: How far the editions of each rhythm have come: see `domain.edition.Progress`.
edition_rhythm = Table(
    "edition_rhythm",
    metadata,
    Column("rhythm", String, primary_key=True),
    Column("covered_until", Instant, nullable=False),
    Column("closing_until", Instant),
)

#: The editions. What a bulletin is stands in `bulletin`; this one is the archive's, whoever else has it.
edition = Table(
    "edition",
    metadata,
    Column("number", ForeignKey("bulletin.number"), primary_key=True, autoincrement=False),
    Column("rhythm", String, nullable=False),
    Column("window_start", Instant, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("date", Instant, nullable=False),
)

edition_version = Table(
    "edition_version",
    metadata,
    Column("number", ForeignKey("edition.number"), primary_key=True),
    Column("language", String, primary_key=True),
    Column("composition_id", ForeignKey("composition.id"), nullable=False),
    # the fingerprint when it was made: what is redacted later has another
    Column("fingerprint", String, nullable=False),
)

#: The pages that editors keep open.
case_page = Table(
    "case_page",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("opened_at", Instant, nullable=False),
    # objects of language, heading, text, editor, at (ISO 8601), the one written first leads
    Column("words", JSON, nullable=False),
)

#: Who opened, changed and closed pages of cases. Rows are never changed, but for redaction.
case_act = Table(
    "case_act",
    metadata,
    Column("id", Number, primary_key=True),
    Column("key", String, nullable=False, index=True),
    Column("deed", String, nullable=False),
    Column("editor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("words", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

#: Conditions of partial indexes, to be had word for word: see `mails.undone`.
shared_by_all = text("kind IN ('alert', 'alert-correction', 'digest-correction')")
answering = text("answers IS NOT NULL")
Index(
    "ix_composition_shared_by_all",
    composition.c.bulletin,
    sqlite_where=shared_by_all,
    postgresql_where=shared_by_all,
)
Index("ix_bulletin_answering", bulletin.c.answers, sqlite_where=answering, postgresql_where=answering)
