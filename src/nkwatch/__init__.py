"""nkwatch: alerts and digests on human rights in North Korea.

The floors of the house, and what each may know of the others, are in docs/architecture.md.
"""

__version__ = "0.1.0"
