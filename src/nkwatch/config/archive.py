"""What the settings say of the archive."""

from typing import Literal

from pydantic import Field, field_validator

from nkwatch.config.section import Section, Zone
from nkwatch.domain.subscriber import Rhythm, Schedule


class ArchiveSettings(Section):
    """Which digests stand in the archive, and when their windows close. They belong to no reader."""

    #: none in an empty list
    editions: tuple[Literal["daily", "weekly", "monthly"], ...] = ("weekly",)
    hour: int = Field(default=7, ge=0, le=23, description="hour of the zone")
    zone: Zone = "UTC"
    weekday: int = Field(default=0, ge=0, le=6, description="of weekly editions; 0 is Monday")

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
