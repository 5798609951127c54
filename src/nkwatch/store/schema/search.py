"""The index of the search. Each database has its own kind, so a migration makes it, and `metadata` does not hold it.

SQLite: an FTS5 table whose rows are numbered by `number`, its tokens one text between spaces. PostgreSQL: a table of
`number`, `statement_id` and `tokens` (tsvector) with a GIN index.
"""

from sqlalchemy import BigInteger, String, column, table
from sqlalchemy.dialects.postgresql import TSVECTOR

search = table("search", column("number", BigInteger), column("statement_id", String), column("tokens", TSVECTOR))
