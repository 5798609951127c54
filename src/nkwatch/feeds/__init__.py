"""Bytes from outside into entries: fetched conditionally, parsed in a worker process that can be killed.

`KindPoller` (kinds) asks each source as its kind is asked: most by `WebKind` (fetch), which hands what came to
`Workers` (workers). What these run shares one shape: `Reader` (documents). Nothing here writes
anywhere or decides when to ask again.
"""
