"""The documentation is built, and every link between its pages leads somewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(source: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Read and resolved by Sphinx, without writing pages; warnings make it fail."""
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "dummy", "-c", ROOT / "docs", source, into],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_page_is_built_and_no_link_is_broken(tmp_path):
    built = build(ROOT, tmp_path)
    assert (built.returncode, built.stderr) == (0, "")


@pytest.mark.parametrize("link", ["[gone](missing.md)", "[gone](#no-such-heading)"])
def test_a_link_that_leads_nowhere_is_found(tmp_path, link):
    page = tmp_path / "source" / "docs" / "index.md"
    page.parent.mkdir(parents=True)
    page.write_text(f"# A page\n\n{link}\n")
    built = build(tmp_path / "source", tmp_path / "into")
    assert built.returncode != 0
    assert "index.md:3" in built.stderr
