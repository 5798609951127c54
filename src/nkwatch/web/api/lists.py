"""Lists of what the API tells, page by page, and what else it answers."""

from pydantic import BaseModel, Field

from nkwatch.web.api.models import Bulletin, Id, Model, Reading, Source, Statement, Story, Theme


class Page(Model):
    """What all lists have."""

    next: str | None = Field(description="The address of the next page; null at the end.")


class Stories(Page):
    """Stories, each where its newest statement stands that was found."""

    items: list[Story]


class Statements(Page):
    """Statements, the newest first."""

    items: list[Statement]


class Readings(Page):
    """Readings, the newest first."""

    statement: Id
    items: list[Reading]


class Themes(Page):
    """Themes."""

    items: list[Theme]


class Sources(Page):
    """Sources."""

    items: list[Source]


class Bulletins(Page):
    """Bulletins, the highest number first."""

    items: list[Bulletin]


class Start(Model):
    """Where all begins."""

    version: str
    description: str
    documentation: str
    addresses: list[str]


class Mistake(Model):
    """One of several mistakes."""

    detail: str


class Problem(BaseModel):
    """What is wrong (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str
    errors: list[Mistake] | None = Field(default=None, description="All that is mistaken.")
