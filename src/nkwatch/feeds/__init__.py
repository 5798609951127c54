"""Bytes from outside into entries: fetched conditionally, parsed in a worker process that can be killed.

`SourcePoller` (fetch) asks the web and hands what came to `Workers` (workers), which run `read` (parse).
All readers share one shape: `Reader` (documents). Nothing here writes anywhere or decides when to ask again.
"""
