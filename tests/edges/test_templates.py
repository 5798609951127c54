"""Templates are compiled once, for all languages; what they make of hostile values is plain to every reader of HTML."""

import re

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.catalogue.locales import load_locales
from nkwatch.mail import templates
from nkwatch.mail.locales import Locale
from nkwatch.web import pages

LOADER = templates.template_loader(None)
ENVIRONMENTS = {"mail": templates._environment, "web": pages._environment}


@pytest.mark.parametrize("folder", ENVIRONMENTS)
def test_a_template_compiles_to_the_same_code_in_every_language(folder):
    """Otherwise the languages could not share what was compiled: a phrase of one would stand in another."""
    locales = [Locale(code, texts) for code, texts in {"en": {}, **load_locales()}.items()]
    environments = [ENVIRONMENTS[folder](LOADER, locale) for locale in locales]
    names = environments[0].list_templates(filter_func=lambda n: n.startswith(folder) and n.endswith((".html", ".txt")))
    assert names
    for name in names:
        source = LOADER.get_source(environments[0], name)[0]
        assert len({e.compile(source, name, raw=True) for e in environments}) == 1, name


SHEET = '<p title="{{ value }}" class="brand">{{ value }}</p><br>\n'
PAGE = f'<!doctype html>\n<html lang="en"><body>{SHEET}</body></html>\n'
HOSTILE = st.text(st.sampled_from("<>\"'=&/ aps\n\u00a0;"))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Templates of an operator: a whole page, and a piece of one."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mail").mkdir()
    (folder / "mail" / "page.html").write_text(PAGE)
    (folder / "mail" / "piece.html").write_text(SHEET)
    return templates.Templates({"en": Locale("en", {})}, folder)


@pytest.mark.parametrize("name", ["page.html", "piece.html"])
@given(value=HOSTILE)
@example(value='"><script src=x>')
@example(value="<p class='x'")
@example(value='a="<b>')
@example(value="</p><style>")
def test_no_value_looks_like_a_tag_not_even_within_an_attribute(own, name, value):
    page = own.render(name, "en", {"value": value})
    parsed = html5lib.parseFragment(page, namespaceHTMLElements=False)
    (found,) = parsed.iter("p")

    assert (found.get("title"), "".join(found.itertext())) == (value, value)
    assert found.get("style"), "it has its style, too"
    bare = re.findall(r"<(/?\w+)", page)
    assert bare == [
        t
        for t in ("html", "head", "/head", "body", "p", "/p", "br", "/body", "/html")
        if name == "page.html" or t in {"p", "/p", "br"}
    ]
