"""What can be wrong with a remote copy. The message says what to do about it."""

from typing import ClassVar


class TieringError(Exception):
    """One line for a person, under a stable code."""

    code: ClassVar[str] = "remote_copy_failed"


class BucketUnavailableError(TieringError):
    """The bucket does not answer, or refuses; trying again may help."""

    code = "bucket_unavailable"


class ObjectMissingError(TieringError):
    """An object that the copy needs is not in the bucket."""

    code = "remote_object_missing"


class ObjectDamagedError(TieringError):
    """An object is not what was uploaded."""

    code = "remote_object_damaged"


class FormatUnknownError(TieringError):
    """A document was written by another version, or is none of ours."""

    code = "remote_format_unknown"


class EditionMissingError(TieringError):
    """The bucket has no such edition of the cluster."""

    code = "edition_missing"


class ForeignCopyError(TieringError):
    """What the bucket holds was not uploaded from this directory: nothing is put over it."""

    code = "remote_copy_foreign"


class UploaderRunningError(TieringError):
    """Another process uploads this cluster."""

    code = "uploader_running"


class CredentialsFileError(TieringError):
    """The file with the bucket's credentials can not be used."""

    code = "bucket_credentials_invalid"
