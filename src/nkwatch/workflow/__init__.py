"""The day's work. Each function loads, decides, acts, records, and returns a small printable result.

The adapters are known here only as the protocols in `ports`; the deciding is done by the core.
"""
