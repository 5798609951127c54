"""``python -m campaigns NAME``: run one campaign."""

import sys

from campaigns import crash

if __name__ == "__main__":
    if sys.argv[1:2] != ["crash"]:
        sys.exit("usage: python -m campaigns crash [--kills N] [--database sqlite|postgresql] [--seed N] [--json]")
    sys.exit(crash.main(sys.argv[2:]))
