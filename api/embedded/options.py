"""Options that the server's commands share, and the settings that they make up."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from api.embedded.errors import EmbeddedError
from control_plane.kit.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where everything is kept. [default: ~/.local/share/headrace]",
        show_default=False,
    ),
]


def read_settings(data_dir: Path | None, chosen: dict[str, object]) -> Settings:
    """Read the settings; options that were given win. Raises EmbeddedError."""
    given = {name: value for name, value in chosen.items() if value is not None}
    if data_dir is not None:
        given["data_dir"] = data_dir.expanduser()
    try:
        settings = Settings(**given)  # pyright: ignore[reportArgumentType] - checked by the model
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise EmbeddedError(f"setting {where}: {problem['msg']}") from None
    return settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
