"""`python -m migrations upgrade`; for developers `python -m migrations revision ID MESSAGE`."""

import argparse
import tempfile
from pathlib import Path

from alembic import command

from control_plane.kit.db import Database
from control_plane.kit.settings import Settings
from migrations.upgrade import config, upgrade


def main() -> None:
    """Bring the database of the settings to the head, or write a new revision file."""
    parser = argparse.ArgumentParser(prog="python -m migrations", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("upgrade", help="bring the database to the newest schema")
    revision = actions.add_parser("revision", help="write a revision from what the models changed")
    revision.add_argument("id", help="four digits, following on the newest revision")
    revision.add_argument("message")
    arguments = parser.parse_args()
    if arguments.action == "upgrade":
        upgrade(Database(Settings().resolved_database_url).engine)
    else:
        write_revision(arguments.id, arguments.message)


def write_revision(revision_id: str, message: str) -> None:
    """Compare the models with a scratch database at the head, and write the difference."""
    with tempfile.TemporaryDirectory() as directory:
        engine = Database(f"sqlite:///{Path(directory) / 'scratch.db'}").engine
        upgrade(engine)
        with engine.begin() as connection:
            settings = config()
            settings.attributes["connection"] = connection
            command.revision(settings, message, autogenerate=True, rev_id=revision_id)
        engine.dispose()


if __name__ == "__main__":
    main()
