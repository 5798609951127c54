"""The part of it that needs Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from nkwatch.domain.problems import ConfigError


def upgrade(connection: Connection, current: str | None) -> None:
    """Run the revisions after the `current` one."""
    known = revisions()
    if current and current not in known:
        raise ConfigError(
            f"the database has schema {current}, this nkwatch knows up to {known[0]}: install the newer nkwatch again"
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revisions() -> list[str]:
    """All of them, the newest first."""
    return [r.revision for r in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
