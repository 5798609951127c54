"""The day's work. Each function loads, decides, acts, records, and returns a small printable result.

The adapters are known here only as protocols: in `ports`, or beside what alone needs them. The deciding is done by the
core.
"""
