"""Why a backup can not be made or restored, each one line for a person."""

from api.embedded.errors import EmbeddedError


class BackupError(EmbeddedError):
    """The backup could not be made, or nothing was restored."""

    code = "backup_failed"


class BackupDamagedError(BackupError):
    """The file is not what was written: cut short, changed, or no backup at all."""

    code = "backup_damaged"
