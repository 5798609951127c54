"""Lists of what the API tells, page by page, and what else it answers."""

from pydantic import BaseModel, Field

from nkwatch.web.api.models import Bulletin, Id, Model, Reading, Source, Statement, Story, Theme


class Page(Model):
    """What all lists have."""

    next: str | None = Field(description="The address of the next page; null at the end.")


class Stories(Page):
    """Stories, each where its newest statement stands that was found."""

    items: list[Story] = Field(description="What was found.")


class Statements(Page):
    """Statements, the newest first."""

    items: list[Statement] = Field(description="What was found.")


class Readings(Page):
    """Readings, the newest first."""

    statement: Id = Field(description="Whose they are.")
    items: list[Reading] = Field(description="All that were made.")


class Themes(Page):
    """Themes."""

    items: list[Theme] = Field(description="What was found.")


class Sources(Page):
    """Sources."""

    items: list[Source] = Field(description="What was found.")


class Bulletins(Page):
    """Bulletins, the highest number first."""

    items: list[Bulletin] = Field(description="What was found.")


class Start(Model):
    """Where all begins."""

    version: str = Field(description="The version of this API, as in its path.")
    description: str = Field(description="The address of the OpenAPI document.")
    documentation: str = Field(description="The address of the page for people.")
    addresses: list[str] = Field(description="What there is below.")


class Mistake(Model):
    """One of several mistakes."""

    detail: str = Field(description="What is mistaken.")


class Problem(BaseModel):
    """What is wrong (RFC 9457)."""

    type: str = Field(description="about:blank: the status says it all.", examples=["about:blank"])
    title: str = Field(description="The status in words.", examples=["Bad Request"])
    status: int = Field(description="As in the line of status.", examples=[400])
    detail: str = Field(description="What is wrong here, in a sentence.")
    errors: list[Mistake] | None = Field(default=None, description="All that is mistaken.")
