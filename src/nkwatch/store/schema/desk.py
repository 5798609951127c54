"""What editors say of stories and alerts.

Nothing here refers to a row of `story`: one without reports may go and come back, and what was said of it stays.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from nkwatch.store.schema.columns import Instant, Number, metadata

#: The marks in force, one row for each story that was ever marked.
desk = Table(
    "desk",
    metadata,
    Column("story_id", String, primary_key=True),
    Column("held", Boolean, nullable=False, server_default=false()),
    Column("held_at", Instant),
    # when it was let go last: under this it is news again
    Column("freed_at", Instant, index=True),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("dropped", Boolean, nullable=False, server_default=false()),
    # signed words of an editor, as an object of words (pairs of language and text), editor, at (ISO 8601)
    Column("note", JSON(none_as_null=True)),
    Column("correction", JSON(none_as_null=True)),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
)

translation = Table(
    "translation",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("language", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("editor", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Who ruled what on an alert. Rows are never changed.
ruling = Table(
    "ruling",
    metadata,
    Column("id", Number, primary_key=True),
    Column("story_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("editor", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("note", Text, nullable=False),
    UniqueConstraint("story_id", "kind", "editor", "at"),
    sqlite_autoincrement=True,
)

#: Who marked what, and when. Rows are never changed.
marking = Table(
    "marking",
    metadata,
    Column("id", Number, primary_key=True),
    Column("story_id", String, nullable=False, index=True),
    Column("editor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", String, nullable=False),
    sqlite_autoincrement=True,
)

#: How many calls editors were sent for an alert that waits, and when the last was.
alert_call = Table(
    "alert_call",
    metadata,
    Column("story_id", String, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Where stories went that editors merged: always to one that was not merged itself.
merged = Table(
    "merged",
    metadata,
    Column("story_id", String, primary_key=True),
    Column("into_id", String, nullable=False, index=True),
    Column("editor", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Which statement does not belong to which story: an editor split it off.
apart = Table(
    "apart",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("story_id", String, primary_key=True),
)

#: Which statement stood in which story before an editor moved it, and when: so it is known who had it there.
stood = Table(
    "stood",
    metadata,
    Column("story_id", String, primary_key=True),
    Column("statement_id", ForeignKey("statement.id"), primary_key=True, index=True),
    Column("until", Instant, primary_key=True),
    Column("since", Instant, nullable=False),
)
