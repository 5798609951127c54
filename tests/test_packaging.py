"""What is packaged: versions for operators, licences of what comes along. What is built is looked at by `.ci/wheel`."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
#: As packages say it. What asks for nothing but that its notice stays.
FREE = {
    "0BSD", "Apache 2.0", "Apache Software License", "Apache-2.0", "BSD License", "BSD-2-Clause", "BSD-3-Clause",
    "CC0-1.0", "CNRI-Python", "ISC", "ISC License (ISCL)", "MIT", "MIT License", "MIT-0", "PSF-2.0",
    "Python Software Foundation License", "The Unlicense (Unlicense)", "Zlib", "zlib",
}  # fmt: skip
#: What asks for more of those who hand it on, and lets a program under the MIT licence stand beside it.
LESSER = {
    "GNU Lesser General Public License v3 or later (LGPLv3+)", "GNU Library or Lesser General Public License (LGPL)",
    "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-1.1", "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
}  # fmt: skip


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([^\s\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert len(found) == len(dict(found)) > 50
    return dict(found)


def licences() -> list[tuple[str, str, str]]:
    """Name, version and licence of each package on the page."""
    page = (ROOT / "docs" / "reference" / "licences.md").read_text("utf-8")
    return [
        (n, v, said)
        for n, v, said in re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", page, re.MULTILINE)
        if v[0].isdigit()
    ]


def attention() -> set[str]:
    """The packages on the page of which something is to be known."""
    page = (ROOT / "docs" / "reference" / "licences.md").read_text("utf-8")
    return set(re.findall(r"^\| (\S+) \| [^|]+ \|$", page, re.MULTILINE)) - {"package", "---"}


def parts(licence: str, word: str) -> list[str]:
    return [part.strip() for part in licence.split(word)]


def allows(licence: str, allowed: Iterable[str]) -> bool:
    """Whether all that must be kept, of what one may choose from, is allowed."""
    return any(set(parts(choice.replace(";", " AND "), " AND ")) <= set(allowed) for choice in parts(licence, " OR "))


@pytest.mark.parametrize(
    ("file", "extras"), [("constraints.txt", ("postgres", "learning")), ("deploy/requirements.txt", ("postgres",))]
)
def test_versions_are_pinned_for_all_that_is_asked_for_and_fit_it(file, extras):
    pinned = pins(file)
    asked = map(Requirement, [*PROJECT["dependencies"], *(r for e in extras for r in EXTRAS[e])])
    wrong = [r for r in asked if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"), prereleases=True)]
    assert not wrong, "run .ci/pin"


def test_the_image_gets_the_same_versions_each_with_its_hashes():
    text = (ROOT / "deploy" / "requirements.txt").read_text("utf-8")
    assert pins("deploy/requirements.txt").items() <= pins("constraints.txt").items()
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:])


def test_every_package_that_comes_along_has_its_licence_on_the_page():
    assert {(name, version) for name, version, _ in licences()} == set(pins("constraints.txt").items()), "run .ci/pin"


def test_each_licence_was_looked_at_and_lets_us_stand_beside_it():
    assert not [(name, said) for name, _, said in licences() if not allows(said, FREE | LESSER)]


def test_what_asks_for_more_is_told_apart():
    lesser = {name for name, _, said in licences() if not allows(said, FREE)}
    assert lesser <= attention()
    assert attention() <= {name for name, _, _ in licences()}


def test_a_licence_that_nobody_has_looked_at_is_not_let_through():
    assert not allows("UNKNOWN", FREE | LESSER)
    assert not allows("MIT AND GPL-3.0-only", FREE | LESSER)
    assert allows("GPL-2.0-only OR LGPL-2.1-or-later", FREE | LESSER)
    assert allows("Apache Software License; MIT License", FREE)
