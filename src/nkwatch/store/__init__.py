"""The database: SQLite by default, PostgreSQL for several machines. One module per aggregate.

Queries run synchronously on threads of their own; what the workflow sees is async.
"""
