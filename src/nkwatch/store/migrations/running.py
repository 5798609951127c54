"""The part of it that needs Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from nkwatch.domain.problems import ConfigError


def upgrade(connection: Connection, current: str | None) -> None:
    """Run the revisions after the `current` one."""
    _refuse_newer(current)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def after(current: str | None) -> list[tuple[str, str]]:
    """The revisions after the `current` one, the oldest first: number, and the first line of the docstring."""
    _refuse_newer(current)
    every = reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
    return [(r.revision, (r.doc or "").partition("\n")[0]) for r in every if current is None or r.revision > current]


def revisions() -> list[str]:
    """All of them, the newest first."""
    return [r.revision for r in ScriptDirectory.from_config(_config()).walk_revisions()]


def _refuse_newer(current: str | None) -> None:
    known = revisions()
    if current and current not in known:
        raise ConfigError(
            f"the database has schema {current}, this nkwatch knows up to {known[0]}: install the newer nkwatch again"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
