"""Schema 7: the index of the search. Nothing is in it yet: what was read is put in by the round of indexing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("statement", sa.Column("indexed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("statement", sa.Column("number", sa.BigInteger(), nullable=True))
    op.create_index("ix_statement_number", "statement", ["number", "presence", "embargo", "story_id", "id"])
    some = sa.text("NOT indexed AND read_revision > 0")
    op.create_index("ix_statement_unindexed", "statement", ["published"], sqlite_where=some, postgresql_where=some)
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    # of ASCII the tokenizer keeps letters, digits and these; of all else every letter, whatever Unicode it knows
    made = "CREATE VIRTUAL TABLE search USING fts5(tokens, tokenize = \"ascii tokenchars ':_-.'\", columnsize = 0)"
    # to SQLAlchemy a colon begins a parameter
    op.get_bind().exec_driver_sql(made)


def _postgresql() -> None:
    op.create_table(
        "search",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("tokens", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_search_statement_id_statement"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_search_tokens", "search", ["tokens"], postgresql_using="gin")
    # as many places as there are
    op.execute("ALTER TABLE search ALTER COLUMN tokens SET STATISTICS 1000")
