"""Brings a database to the newest schema."""

from pathlib import Path

import sqlalchemy

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database_url: str) -> None:
    """Run all outstanding migrations as the database's owner, in one transaction.

    The roles that the migrations grant to must exist. Safe to repeat: a database that is up to date stays as it is.
    """
    from alembic import command  # takes a tenth of a second to import, and a platform that only serves needs it never
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))  # it would fill in a name there
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def versions() -> tuple[str, ...]:
    """The revisions that the code comes with, in the order in which they are run, whatever their numbers."""
    from alembic.script import ScriptDirectory

    chain = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return tuple(reversed([script.revision for script in chain]))
