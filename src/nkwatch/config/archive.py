"""What the settings say of the archive."""

from typing import Literal

from pydantic import Field, field_validator

from nkwatch.config.section import Section, Zone
from nkwatch.domain.subscriber import Rhythm, Schedule


class ArchiveSettings(Section):
    """The standard editions in the archive: the digest of a reader who chose everything. They are mailed to nobody."""

    editions: tuple[Literal["daily", "weekly", "monthly"], ...] = Field(
        default=("weekly",), description="The rhythms of which there are editions; an empty list for none."
    )
    hour: int = Field(default=7, ge=0, le=23, description="The hour of the zone at which their windows close.")
    zone: Zone = Field(default="UTC", description="The time zone of the hour and of the days.")
    weekday: int = Field(
        default=0,
        ge=0,
        le=6,
        description="The day on which windows of weekly editions close; 0 is Monday. Those of monthly ones close on "
        "the first.",
    )

    @field_validator("zone")
    @classmethod
    def _somewhere(cls, value: str) -> str:
        return value or "UTC"

    @field_validator("editions")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            msg = "a rhythm is there twice"
            raise ValueError(msg)
        return value

    def schedules(self) -> tuple[Schedule, ...]:
        """When the windows of each rhythm close; monthly ones on the first day of the month."""
        return tuple(Schedule(Rhythm(name), self.hour, self.zone, self.weekday) for name in self.editions)
