"""``python -m campaigns NAME``: run one campaign."""

import importlib
import sys

NAMES = ("crash", "soak", "cluster", "faults")

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in NAMES:
        sys.exit(importlib.import_module(f"campaigns.{sys.argv[1]}").main(sys.argv[2:]))
    sys.exit(f"usage: python -m campaigns {'|'.join(NAMES)} [options]; --help tells them")
