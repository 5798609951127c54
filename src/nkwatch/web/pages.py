"""Fills templates in for one request, in the reader's language. Nothing of a page is decided here."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import babel
from babel.dates import format_date, format_skeleton, format_time
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateSyntaxError, select_autoescape
from markupsafe import Markup

from nkwatch.assembly import Newsroom
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.compiled import Compiled
from nkwatch.mail.locales import Locale
from nkwatch.mail.templates import template_loader
from nkwatch.mail.views import address
from nkwatch.mail.widths import shorten
from nkwatch.web.languages import FALLBACK, negotiate
from nkwatch.web.problems import Problem

FOLDER = "web"
_COMPILED = Compiled("pages")
#: The parameter that names the language of a page.
LANGUAGE = "lang"
#: Names and values of parameters; a name may come more than once.
Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]
#: Texts of templates that are remembered in each language.
TEXTS = 2000
#: What a style sheet has for its readers alone: comments, and white space beside signs. Selectors have no ": ".
_COMMENT, _BETWEEN = re.compile(r"/\*.*?\*/", re.DOTALL), re.compile(r"\s*([{};,])\s*|(?<=:) +")
#: What the long form of a choice does without: it is heavy itself.
_BUT_FORMS = re.compile(r"/\* but forms \*/.*?/\* end \*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. `live` is false for a page that is written to a file: it has nowhere to link to.

    `chosen` says that the reader asked for this language in the address; links then carry it on. `query` is what else
    stands in the address of this page, as names and values.
    """

    language: str
    style: str
    chosen: bool = False
    live: bool = True
    preview: bool = False
    query: tuple[tuple[str, str], ...] = ()

    def href(self, path: str, asked: Fields = (), spoken: str = "") -> str:
        """The address of a page of ours, with what it is `asked` for: names and values, empty ones left out.

        It is the one in the language that the reader chose, or that is to be `spoken` there. A fragment comes after
        the parameters (RFC 3986, 3).
        """
        page, mark, fragment = path.partition("#")
        fields = [
            (n, str(v)) for n, v in (asked.items() if isinstance(asked, Mapping) else asked) if v not in {None, ""}
        ]
        fields += [(LANGUAGE, spoken or self.language)] if self.chosen or spoken else []
        joined = "&" if "?" in page else "?"
        return page + (joined + urlencode(fields) if fields else "") + mark + fragment

    def spoken_in(self, code: str) -> str:
        """The address of this very page in another language, to be resolved against its own."""
        return f"?{urlencode([*self.query, (LANGUAGE, code)])}"


class Pages:
    """The templates under `web/`, in every language that there is a translation for."""

    def __init__(self, newsroom: Newsroom, *, preview: bool = False) -> None:
        """Loads every template; the operator's folder goes before ours. Raises `ConfigError` when one is wrong."""
        site = newsroom.config.site
        loader = template_loader(newsroom.config.templates)
        self.locales = {code: Locale(code, t) for code, t in {FALLBACK: {}, **newsroom.translations}.items()}
        languages = {code: language_name(code, code) for code in self.locales}
        contacts = {code: address(url) for code, url in newsroom.config.contacts.items()}
        self._environments = {c: _environment(loader, locale) for c, locale in self.locales.items()}
        for environment in self._environments.values():
            environment.globals.update(
                name=site.name,
                contact=site.contact,
                contact_pages=contacts,
                languages=languages,
                site=site.url.rstrip("/"),
            )
        if newsroom.config.templates:
            _check(self._environments[FALLBACK])
        else:
            _check_ours()
        self._loader = loader
        self._preview = preview
        style = self.source("style.css")
        self.style, self.form_style = _short(style), _short(_BUT_FORMS.sub("", style))
        self._style_address = f"/style.css?v={_version(self.style)}"
        for environment in self._environments.values():
            environment.globals.update(form_style=f"/form.css?v={_version(self.form_style)}")

    def source(self, name: str) -> str:
        """A file beside the templates, as it stands there."""
        return self._loader.get_source(self._environments[FALLBACK], f"{FOLDER}/{name}")[0]

    def language(self, request: Request, otherwise: str = "") -> str:
        """The language asked for in the address, else `otherwise`, else what the browser accepts."""
        offered = tuple(self.locales)
        asked = request.query_params.get(LANGUAGE, "")
        if asked in offered:
            return asked
        return otherwise if otherwise in offered else negotiate(request.headers.get("accept-language", ""), offered)

    def answer(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
        language: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page `template` for this request; `language` is what to use when the address asks for none."""
        spoken = self.language(request, language)
        chosen = request.query_params.get(LANGUAGE) == spoken
        query = tuple((n, v) for n, v in request.query_params.multi_items() if n != LANGUAGE)
        frame = Frame(spoken, self._style_address, chosen=chosen, preview=self._preview, query=query)
        said = {"Content-Language": spoken, "Vary": "Accept-Language", **(headers or {})}
        return HTMLResponse(self.render(template, frame, values or {}), status, said)

    def problem(self, request: Request, problem: Problem, *, language: str = "") -> HTMLResponse:
        """The page that tells of a problem."""
        values = {"problem": problem}
        return self.answer(request, "problem.html", values, status=problem.status, language=language)

    def render(self, template: str, frame: Frame, values: Mapping[str, Any]) -> str:
        """The text of a page."""
        filled = self._environments[frame.language].get_template(f"{FOLDER}/{template}")
        return filled.render({**values, "frame": frame, "language": frame.language})


def language_name(code: str, language: str) -> str:
    """What the language `code` is called in `language`; the code itself where nobody knows it."""
    try:
        name = babel.Locale.parse(code.replace("-", "_")).get_display_name(language)
    except (ValueError, babel.UnknownLocaleError):
        name = None
    return name[:1].upper() + name[1:] if name else code


@lru_cache(4)
def _short(style: str) -> str:
    """A style sheet as browsers need it."""
    # comments first: what stood around them then stands beside signs
    return _BETWEEN.sub(r"\1", _COMMENT.sub("", style)).strip()


def _version(style: str) -> str:
    return hashlib.sha256(style.encode()).hexdigest()[:12]


def _environment(loader: BaseLoader, locale: Locale) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(["html", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    environment.globals["_"] = _translating(locale)
    environment.filters.update(
        day=lambda moment: locale.day(moment.astimezone(ZoneInfo("UTC"))),
        instant=locale.instant,
        weekday=locale.weekday,
        place=locale.place,
        shorten=shorten,
        short_day=lambda moment: format_date(moment.astimezone(ZoneInfo("UTC")), "medium", locale=locale.region),
        clock=lambda moment: format_time(moment.astimezone(ZoneInfo("UTC")), "HH:mm", locale=locale.region),
        month=lambda moment: format_skeleton("MMM", moment, locale=locale.region),
        iso=lambda moment: moment.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%MZ"),
        hour_in=lambda moment, zone: _hour_in(locale, moment, zone),
        country=locale.country,
        language_name=lambda code: language_name(code, locale.language),
    )
    return environment


def _translating(locale: Locale) -> Callable[..., Markup]:
    """Gives texts of templates in a language. A text is markup of ours; what is put into its places is none."""
    found = lru_cache(TEXTS)(lambda english: Markup(locale.text(english)))  # noqa: S704
    whole = lru_cache(TEXTS)(lambda english: found(english) % {})

    def translated(english: str, **values: object) -> Markup:
        return found(english) % values if values else whole(english)

    return translated


def _hour_in(locale: Locale, moment: datetime, zone: str) -> str:
    """Date and hour of `moment` in the time zone `zone`: 3 November 2025, 07:00 (Seoul)."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{locale.day(local)}, {local:%H:%M} ({locale.place(zone)})"


@cache
def _check_ours() -> None:
    """Once is enough: they are part of the program."""
    _check(_environment(template_loader(None), Locale(FALLBACK, {})))


def _check(environment: Environment) -> None:
    """Read all templates now: a wrong one is told at the start, not to a reader."""
    for name in environment.list_templates(extensions=("html", "svg")):
        if name.startswith(f"{FOLDER}/"):
            try:
                environment.get_template(name)
            except TemplateSyntaxError as wrong:
                raise ConfigError(f"templates/{wrong.name}, line {wrong.lineno}: {wrong.message}") from wrong
