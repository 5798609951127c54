"""Schema 5: what editors say of stories, who waits for alerts, who was told what; compositions are short."""

import quopri
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0005"
down_revision = "0004"

#: Rows read and written at once.
BATCH = 500
#: Each story in a mail stood beside its lasting address.
_TOLD = re.compile(rb"/stories/([\w-]+)")
_MAYBE = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _readers()
    _blocks()
    _mails()
    _desk()
    _fill_bulletins()
    _fill_compositions()
    _fill_named()


def _readers() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("lull", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("quiet_start", sa.Integer(), nullable=True),
        sa.Column("quiet_end", sa.Integer(), nullable=True),
        sa.Column("heard_at", Instant(), nullable=True),
    )
    for column in columns:
        op.add_column("subscriber", column)
    op.execute("UPDATE subscriber SET heard_at = coalesce(consent_at, joined_at)")
    op.create_table(
        "alert_pace",
        sa.Column("subscriber_id", sa.String(), nullable=False),
        sa.Column("leaves_at", Instant(), nullable=True),
        sa.Column("day", sa.String(), nullable=True),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_alert_pace_subscriber_id")),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_alert_pace")),
    )


def _blocks() -> None:
    """Number the blocks: no database can put a new first column into a table that is there."""
    op.rename_table("block", "block_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_block RENAME TO pk_block_before")
    op.create_table(
        "block",
        sa.Column("number", Number, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_block")),
        sa.UniqueConstraint("id", name=op.f("uq_block_id")),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO block (id, body) SELECT id, body FROM block_before")
    op.drop_table("block_before")


def _mails() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("answers", sa.BigInteger(), nullable=True),
        sa.Column("reports", _MAYBE, nullable=True),
        sa.Column("note", _MAYBE, nullable=True),
    )
    for added in columns:
        op.add_column("bulletin", added)
    op.create_index("ix_bulletin_story_id", "bulletin", ["story_id"])
    op.add_column("composition", sa.Column("stories", _MAYBE, nullable=True))
    op.add_column("delivery", sa.Column("answers", sa.Text(), nullable=True))
    op.create_index("ix_delivery_subscriber_id_date", "delivery", ["subscriber_id", "date"])
    op.drop_index("ix_delivery_subscriber_id", "delivery")
    op.create_table(
        "together",
        sa.Column("alert", Number, nullable=False),
        sa.Column("bulletin", Number, nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["bulletin.number"], name=op.f("fk_together_alert")),
        sa.ForeignKeyConstraint(["bulletin"], ["bulletin.number"], name=op.f("fk_together_bulletin")),
        sa.PrimaryKeyConstraint("alert", "bulletin", name=op.f("pk_together")),
    )
    op.create_index("ix_together_bulletin", "together", ["bulletin"])
    op.create_table(
        "waiting_alert",
        sa.Column("subscriber_id", sa.String(), nullable=False),
        sa.Column("bulletin", Number, nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_waiting_alert_subscriber_id")),
        sa.ForeignKeyConstraint(["bulletin"], ["bulletin.number"], name=op.f("fk_waiting_alert_bulletin")),
        sa.PrimaryKeyConstraint("subscriber_id", "bulletin", name=op.f("pk_waiting_alert")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_waiting_alert_bulletin", "waiting_alert", ["bulletin"])
    for name, column, which in (("due", "due_at", "done_at IS NULL"), ("done", "done_at", "done_at IS NOT NULL")):
        some = sa.text(which)
        op.create_index(f"ix_waiting_alert_{name}", "waiting_alert", [column], sqlite_where=some, postgresql_where=some)


def _desk() -> None:
    op.create_table(
        "desk",
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("held_at", Instant(), nullable=True),
        sa.Column("freed_at", Instant(), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("dropped", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("note", _MAYBE, nullable=True),
        sa.Column("correction", _MAYBE, nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_desk")),
    )
    op.create_index("ix_desk_freed_at", "desk", ["freed_at"])
    op.create_table(
        "translation",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_translation_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "language", name=op.f("pk_translation")),
    )
    op.create_table(
        "ruling",
        sa.Column("id", Number, nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruling")),
        sa.UniqueConstraint("story_id", "kind", "editor", "at", name=op.f("uq_ruling_story_id_kind_editor_at")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ruling_at", "ruling", ["at"])
    op.create_table(
        "marking",
        sa.Column("id", Number, nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marking")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_marking_story_id", "marking", ["story_id"])
    op.create_table(
        "alert_call",
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_alert_call")),
    )
    op.create_table(
        "named",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_named_statement_id")),
        sa.PrimaryKeyConstraint("key", "statement_id", name=op.f("pk_named")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_named_statement_id", "named", ["statement_id"])


_bulletin = sa.table(
    "bulletin",
    sa.column("number"),
    sa.column("kind"),
    sa.column("date"),
    sa.column("story_id"),
    sa.column("reports", _MAYBE),
)
_statement = sa.table(
    "statement",
    *(sa.column(name) for name in ("id", "story_id", "first_seen", "read_revision", "read_rules")),
)
_composition = sa.table(
    "composition",
    sa.column("id"),
    sa.column("bulletin"),
    sa.column("pieces", sa.JSON()),
    sa.column("stories", _MAYBE),
)
_block = sa.table("block", sa.column("id"), sa.column("body", sa.LargeBinary()))
_reading = sa.table(
    "reading",
    *(sa.column(name) for name in ("statement_id", "revision", "rules")),
    sa.column("findings", sa.JSON()),
)
_named = sa.table("named", sa.column("key"), sa.column("statement_id"))


def _fill_bulletins() -> None:
    """An alert told of what its story had by then."""
    known = sa.and_(_statement.c.story_id == _bulletin.c.story_id, _statement.c.first_seen <= _bulletin.c.date)
    told = (
        sa.select(_bulletin.c.number, _statement.c.id)
        .join_from(_bulletin, _statement, known)
        .where(_bulletin.c.kind == "alert", _bulletin.c.story_id != "")
        .order_by(_bulletin.c.number, _statement.c.first_seen, _statement.c.id)
    )
    reports: dict[int, list[str]] = defaultdict(list)
    for row in op.get_bind().execute(told):
        reports[row[0]].append(row[1])
    change = sa.update(_bulletin).where(_bulletin.c.number == sa.bindparam("row"))
    _write(change.values(reports=sa.bindparam("told")), [{"row": n, "told": ids} for n, ids in reports.items()])


def _fill_compositions() -> None:
    """A composition told of the story of its alert, or of the stories whose addresses stand in its text."""
    connection = op.get_bind()
    alerts = sa.select(_bulletin.c.number, _bulletin.c.story_id).where(_bulletin.c.story_id != "")
    story_of = {row[0]: row[1] for row in connection.execute(alerts)}
    change = sa.update(_composition).where(_composition.c.id == sa.bindparam("row"))
    change = change.values(stories=sa.bindparam("told"))
    columns = sa.select(_composition.c.id, _composition.c.bulletin, _composition.c.pieces)
    found: dict[str, list[str]] = {}
    last = ""
    while rows := _page(columns, _composition.c.id, last):
        last = rows[-1].id
        _find(found, {n for r in rows for n in r.pieces["text"] if ":" not in n})
        told = {r.id: [i for n in r.pieces["text"] for i in found.get(n, ())] for r in rows if r.bulletin}
        told |= {r.id: [story_of[r.bulletin]] for r in rows if r.bulletin in story_of}
        _write(change, [{"row": i, "told": list(dict.fromkeys(ids))} for i, ids in told.items() if ids])


def _find(found: dict[str, list[str]], names: Iterable[str]) -> None:
    """Look up the stories in these blocks."""
    missing = sorted(set(names) - found.keys())
    for start in range(0, len(missing), BATCH):
        blocks = sa.select(_block.c.id, _block.c.body).where(_block.c.id.in_(missing[start : start + BATCH]))
        for row in op.get_bind().execute(blocks):
            found[row.id] = [name.decode() for name in _TOLD.findall(quopri.decodestring(row.body))]


def _fill_named() -> None:
    """Note who is named in the readings in force."""
    in_force = sa.and_(
        _reading.c.statement_id == _statement.c.id,
        _reading.c.revision == _statement.c.read_revision,
        _reading.c.rules == _statement.c.read_rules,
    )
    columns = sa.select(_statement.c.id, _reading.c.findings).join_from(_statement, _reading, in_force)
    last = ""
    while rows := _page(columns, _statement.c.id, last):
        last = rows[-1].id
        keys = {(m["key"], r.id) for r in rows for m in r.findings.get("cases", ())}
        _write(sa.insert(_named), [{"key": key, "statement_id": i} for key, i in sorted(keys)])


def _page(columns: sa.Select[Any], key: sa.ColumnClause[Any], last: str) -> Sequence[sa.Row[Any]]:
    query = columns.where(key > last).order_by(key).limit(BATCH)
    return op.get_bind().execute(query).all()


def _write(change: sa.Insert | sa.Update, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.get_bind().execute(change, rows)
