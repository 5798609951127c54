"""Schema 9: standard editions, and the pages of cases."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _editions()
    _cases()
    _indexes()


def _editions() -> None:
    op.create_table(
        "edition_rhythm",
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("covered_until", Instant(), nullable=False),
        sa.Column("closing_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("rhythm", name=op.f("pk_edition_rhythm")),
    )
    op.create_table(
        "edition",
        sa.Column("number", Number, autoincrement=False, nullable=False),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("window_start", Instant(), nullable=False),
        sa.Column("window_end", Instant(), nullable=False),
        sa.Column("date", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["bulletin.number"], name=op.f("fk_edition_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_edition")),
    )
    op.create_table(
        "edition_version",
        sa.Column("number", Number, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("composition_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["composition_id"], ["composition.id"], name=op.f("fk_edition_version_composition_id")),
        sa.ForeignKeyConstraint(["number"], ["edition.number"], name=op.f("fk_edition_version_number")),
        sa.PrimaryKeyConstraint("number", "language", name=op.f("pk_edition_version")),
    )


def _cases() -> None:
    op.create_table(
        "case_page",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_page")),
        sa.UniqueConstraint("key", name=op.f("uq_case_page_key")),
    )
    op.create_table(
        "case_act",
        sa.Column("id", Number, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("words", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_act")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_act_key", "case_act", ["key"])


def _indexes() -> None:
    for name, table, column, which in (
        ("shared_by_all", "composition", "bulletin", "kind IN ('alert', 'alert-correction', 'digest-correction')"),
        ("answering", "bulletin", "answers", "answers IS NOT NULL"),
    ):
        some = sa.text(which)
        op.create_index(f"ix_{table}_{name}", table, [column], sqlite_where=some, postgresql_where=some)
