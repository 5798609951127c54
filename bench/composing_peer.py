"""The usual way to make many digests: Jinja2 renders a whole mail for each reader, as text and as HTML.

An honest peer: the service's own templates, put together to one for each form, which is compiled once for each
language; styles are in the elements already; stories, figures and the watch come as finished views; there is no
sandbox; wrapped and shortened texts and dates are remembered. It says word for word what the service's mail says.
"""

import html
import quopri
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from bench.composing_templates import sources
from bench.composing_week import SITE
from nkwatch.domain.bulletin import Block, Composition
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Format, Subscriber
from nkwatch.domain.surroundings import Surroundings
from nkwatch.editing.digests import Plan
from nkwatch.mail.compose import Composer
from nkwatch.mail.issue import ALERTED, ASKS
from nkwatch.mail.locales import Locale, Texts
from nkwatch.mail.stories import StoryView, asks, countries
from nkwatch.mail.surroundings import around_view
from nkwatch.mail.views import address
from nkwatch.mail.widths import columns, shorten, wrap

#: By country the page from which a reader reaches the government.
CONTACTS = {"GB": "https://parliament.example/write", "KR": "https://assembly.example/"}
_TAG = re.compile(r"<[^>]*>|\s+")


@dataclass(frozen=True, slots=True)
class Group:
    """Stories under one heading."""

    leads: bool
    theme: str
    stories: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A digest for one reader, and what the service made of it: content, and the reader's own lines."""

    reader: Subscriber
    plan: Plan
    composition: Composition
    slots: tuple[tuple[str, str], ...]


class Peer:
    """Renders whole mails."""

    def __init__(self, composer: Composer, surroundings: Surroundings, translations: Mapping[str, Texts]) -> None:
        found = sources()
        self._blocks, self._surroundings = composer.blocks, surroundings
        self._templates: dict[str, dict[str, Template]] = {}
        for language, texts in {"en": {}, **translations}.items():
            made = _environment(found, Locale(language, texts))
            names = {"subject": "mail/digest/subject.txt", "text": "whole.txt", "html": "whole.html"}
            self._templates[language] = {form: made.get_template(name) for form, name in names.items()}
        called = self._blocks.names
        self._around = {code: around_view(surroundings, called, code, called.sources) for code in self._templates}

    def prepared(self, wanted: Wanted) -> dict[str, Any]:
        """What the templates are given: finished views. The service says how many stories fit into the mail."""
        plan, edition = wanted.plan, wanted.reader.choice.edition

        def view(story: Story) -> StoryView:
            return self._blocks.view(story, edition.language)

        told = (*plan.picks, *plan.more)
        full = sum(getattr(p, "name", "").startswith("reasons_") for p in wanted.composition.text)
        alerted, behind = plan.alerted[:ALERTED], len(wanted.composition.stories) - min(len(plan.alerted), ALERTED)
        groups, left = [], full
        names = self._blocks.names
        for theme, picks in ((None, plan.leads), *((s.theme, s.picks) for s in plan.sections)):
            if shown := [view(p.story) for p in picks[:left]]:
                groups.append(Group(theme is None, names.theme(theme or "", edition.language), shown))
            left -= len(shown)
        lists = [("alerted", [view(s) for s in alerted], len(plan.alerted) - len(alerted))]
        lists.append(("more", [view(p.story) for p in told[full:behind]], len(told) - behind))
        country = wanted.reader.choice.country
        asking = [p.story for p in told if country in countries(p.story)][:ASKS] if country else []
        asked = [(view(s), next(asks(s, s.lead_in(edition.language), country))) for s in asking]
        return {
            "site": SITE,
            "host": address(SITE).host,
            "name": "Reading list" if edition.neutral else "nkwatch",
            "contact": "editors@watch.example",
            "neutral": edition.neutral,
            "language": edition.language,
            "window": self._surroundings.window,
            "number": 1,
            "schedule": wanted.reader.choice.schedule,
            "stories": len(told),
            "lead": view(told[0].story),
            "groups": groups,
            "lists": lists,
            "asking": asked,
            "contact_page": address(CONTACTS.get(country, "")),
            "around": self._around[edition.language],
            "own": dict(wanted.slots),
            "form": edition.format,
        }

    def rendered(self, values: Mapping[str, Any], links: Mapping[str, str]) -> dict[str, str]:
        """Subject, text and HTML of one mail, without HTML for who takes text alone."""
        templates = self._templates[values["language"]]
        own = {**values["own"], **links}
        subject = " ".join(templates["subject"].render(values, story=values["lead"]).split())
        wrapped = {name: f"{wrap(line)}\n" for name, line in own.items()}
        made = {"subject": subject, "text": templates["text"].render(values, subject=subject, slots=wrapped)}
        if values["form"] is Format.HTML:
            made["html"] = templates["html"].render(values, subject=subject, slots=own)
        return made


def as_message(rendered: Mapping[str, str], fields: Mapping[str, str]) -> bytes:
    """The mail as it goes over the wire, made by the standard library."""
    message = EmailMessage(SMTP)
    for name, value in fields.items():
        message[name] = value
    message["Subject"] = rendered["subject"]
    message.set_content(rendered["text"], cte="quoted-printable")
    if "html" in rendered:
        message.add_alternative(rendered["html"], subtype="html", cte="quoted-printable")
    return message.as_bytes()


def words(page: str) -> list[str]:
    """The words of a page, or of a text; style sheets and comments left out."""
    bare = re.sub(r"<style>.*?</style>|<!--.*?-->", " ", page, flags=re.DOTALL)
    return html.unescape(_TAG.sub(" ", bare)).split()


def said(composition: Composition, slots: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The words that the service's mail says, as text and as HTML."""

    def decoded(pieces: Sequence[Any], fill: Callable[[str], str]) -> str:
        parts = [
            quopri.decodestring(p.body).decode() if isinstance(p, Block) else fill(slots.get(p.name, ""))
            for p in pieces
        ]
        return "".join(parts)

    return decoded(composition.text, wrap).split(), words(decoded(composition.html, html.escape))


def _environment(sources: Mapping[str, str], locale: Locale) -> Environment:
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        cache_size=-1,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    plural = lambda one, many, n: one if n == 1 else many  # noqa: E731
    environment.install_gettext_callables(locale.text, plural, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(locale=_Remembering(locale))
    remembered: dict[str, Callable[..., Any]] = {
        "columns": columns,
        "shorten": shorten,
        "wrap": wrap,
        "day": locale.day,
        "weekday": locale.weekday,
        "place": locale.place,
    }
    environment.filters.update({name: lru_cache(100_000)(work) for name, work in remembered.items()})
    environment.filters["instant"] = locale.instant
    return environment


class _Remembering:
    """A locale that makes each date once."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        for name in ("period", "day_of_year", "days", "on"):
            setattr(self, name, lru_cache(10_000)(getattr(locale, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._locale, name)
