"""The templates of mails: loaded once, run in a sandbox, styled inline.

Mail clients drop style sheets, so `style.css` is written into the elements; only what cannot stand there (dark
colours) remains in the head. An operator's folder comes before ours: whatever goes wrong in a template is a
`ConfigError` that names file and line.
"""

import re
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateRuntimeError,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from nkwatch.domain.problems import ConfigError
from nkwatch.mail.compiled import Compiled
from nkwatch.mail.encoding import CLOSING, OPENING, OWN_BEGINS, OWN_ENDS, marker
from nkwatch.mail.locales import Locale
from nkwatch.mail.reasons import SLOT
from nkwatch.mail.widths import columns, shorten, wrap

#: The address that is the same for everybody who gets a composition.
COPY = "copy_url"
#: Addresses, filled for each delivery.
LINKS = frozenset({COPY, "leave_url", "manage_url", "confirm_url", "settings_url", "move_url"})
#: Besides, lines filled for each delivery, and places where the parts of a digest go.
SLOTS = LINKS | {"phrase", "everything", "counts", "content", "asks", "lines", "why"}

_MARKER_LETTERS = dict.fromkeys(map(ord, (OPENING, CLOSING)))
_REASONS = re.compile(rf"{SLOT}[\w-]+", re.ASCII)
#: A tag as the inliner writes it: values in double quotes, of which it escapes no more than it must.
_TAG = re.compile(r'<[a-zA-Z][^\s<>"=]*(?: [^\s<>"=]+="[^"]*")+>')
#: What may be a < in a value; there is none in most pages.
_BARE = re.compile(r'="[^"]*<')
_DOCUMENT = re.compile(r"\s*<!doctype", re.IGNORECASE)


class Templates:
    """Renders the templates under `mail/` in each of the languages of `locales`."""

    def __init__(self, locales: Mapping[str, Locale], folder: Path | None = None) -> None:
        """Loads every template. Raises `ConfigError` with all that cannot be read."""
        loader = template_loader(folder)
        self._environments = {language: _environment(loader, locale) for language, locale in locales.items()}
        # the languages share the sources of their templates: what one of them can read, all can
        environment = next(iter(self._environments.values()))
        if folder:
            _load_all(environment)
        else:
            _load_ours()
        self._style = loader.get_source(environment, "mail/style.css")[0]
        self._inliner = CSSInliner(
            inline_style_tags=False,
            keep_style_tags=True,
            load_remote_stylesheets=False,
            extra_css=self._style,
            minify_css=True,
        )
        #: how many times a template was rendered: what sharing saves
        self.renders = 0

    def render(self, name: str, language: str, values: Mapping[str, Any]) -> str:
        """The template `mail/<name>` in `language`, styled if it is HTML, ending with a line end or a slot."""
        self.renders += 1
        try:
            text = self._environments[language].get_template(f"mail/{name}").render(values)
        except Exception as error:
            if problem := _problem(error):
                raise ConfigError(problem) from error
            raise
        styled = self._styled(text) if name.endswith(".html") else text
        return styled if styled.endswith(("\n", CLOSING)) else styled + "\n"

    def _styled(self, html: str) -> str:
        whole = _DOCUMENT.match(html)
        styled = self._inliner.inline(html) if whole else self._inliner.inline_fragment(html, self._style)
        return _TAG.sub(_guarded, styled) if _BARE.search(styled) else styled


_COMPILED = Compiled("mail")


def template_loader(folder: Path | None) -> BaseLoader:
    """Finds templates in the operator's folder, if there is one, then in ours."""
    ours = _ours()
    return ChoiceLoader([FileSystemLoader(folder), ours]) if folder else ours


@cache
def _ours() -> BaseLoader:
    return PackageLoader("nkwatch", "templates")


def _environment(loader: BaseLoader, locale: Locale) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        keep_trailing_newline=True,
    )
    translate: Callable[..., str] = locale.text
    environment.install_gettext_callables(translate, _no_plurals, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(slot=_slot, own=_own, locale=locale)
    environment.filters.update(
        columns=columns,
        shorten=shorten,
        wrap=wrap,
        day=locale.day,
        instant=locale.instant,
        weekday=locale.weekday,
        place=locale.place,
    )
    return environment


def _guarded(tag: re.Match[str]) -> str:
    """The tag without a bare < or > in its values: filters take what stands there for another tag."""
    return f"<{tag[0][1:-1].replace('<', '&lt;').replace('>', '&gt;')}>"


def _slot(name: str) -> Markup:
    if name not in SLOTS and not _REASONS.fullmatch(name):
        known = ", ".join(sorted(SLOTS))
        raise TemplateRuntimeError(f"there is no slot called {name!r}; there are {known}, {SLOT} and a story's id")
    return Markup(marker(name))  # noqa: S704


def _own(caller: Callable[[], str]) -> Markup:
    """``{% call own() %}...{% endcall %}``: what speaks to one reader alone, and is left out of copies."""
    return Markup(f"{marker(OWN_BEGINS)}{caller()}{marker(OWN_ENDS)}")  # noqa: S704


def _no_plurals(one: str, many: str, n: int) -> str:
    return one if n == 1 else many


def _finalize(value: object) -> object:
    """No value can pass for a slot, whatever a publisher writes into a title."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return value.translate(_MARKER_LETTERS)
    return value


@cache
def _load_ours() -> None:
    """Once is enough: they are part of the program."""
    _load_all(_environment(template_loader(None), Locale("en", {})))


def _load_all(environment: ImmutableSandboxedEnvironment) -> None:
    """Compile every template of mails. Raises `ConfigError` with one problem for each that is wrong."""
    problems = []
    for name in environment.list_templates(filter_func=_is_template):
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            problems.append(f"{_place(error.filename or name, error.lineno)}: {error.message}")
    if problems:
        raise ConfigError(*problems)


def _is_template(name: str) -> bool:
    return name.startswith("mail/") and name.endswith((".html", ".txt"))


def _problem(error: Exception) -> str:
    """What a template did wrong; empty when the mistake is not the template's."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).suffix in {".html", ".txt"}]
    if not inside or not (isinstance(error, TemplateError) or inside[-1] is frames[-1]):
        return ""
    return f"{_place(inside[-1].filename, inside[-1].lineno)}: {error}"


def _place(filename: str, line: int | None) -> str:
    """`templates/mail/digest/body.html, line 12`, from the path on disk."""
    parts = Path(filename).parts
    folder = len(parts) - 1 - parts[::-1].index("mail") if "mail" in parts else 1
    return f"{'/'.join(parts[folder - 1 :])}, line {line}"
