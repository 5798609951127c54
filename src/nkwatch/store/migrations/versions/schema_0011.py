"""Schema 11: editors at their desk: passkeys, sessions, what works once, and what was done."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _keys()
    _sessions()
    _audit()


def _keys() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", Number, nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("synced", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkey_credential")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_passkey_editor"), "passkey", ["editor"])


def _sessions() -> None:
    op.create_table(
        "desk_session",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("passkey", Number, nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_desk_session")),
        sa.ForeignKeyConstraint(["passkey"], ["passkey.id"], name=op.f("fk_desk_session_passkey"), ondelete="CASCADE"),
    )
    op.create_index(op.f("ix_desk_session_editor"), "desk_session", ["editor"])
    op.create_index(op.f("ix_desk_session_passkey"), "desk_session", ["passkey"])
    op.create_table(
        "desk_ticket",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_desk_ticket")),
    )
    op.create_index(op.f("ix_desk_ticket_until"), "desk_ticket", ["until"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_table(
        "audit_end",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_end")),
    )
