"""Templates are compiled once, for all languages."""

import pytest

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
