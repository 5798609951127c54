"""How the documentation is built: every Markdown page that the project has, with broken links as errors.

python -m sphinx -W --keep-going -b dirhtml -c docs . build/docs
"""

from importlib.metadata import version as installed

project = "nkwatch"
author = "The nkwatch developers"
copyright = author  # noqa: A001 — the name that Sphinx asks for
version = release = installed("nkwatch")

# the source folder is the project's root, so that links from README to docs/ and back are links between pages
root_doc = "docs/index"
extensions = ["myst_parser"]
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/**.md",
    "deploy/README.md",
    "bench/README.md",
    "campaigns/README.md",
]
nitpicky = True
# as forges make them of headings
myst_heading_anchors = 4

html_theme = "furo"
html_title = "nkwatch"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
