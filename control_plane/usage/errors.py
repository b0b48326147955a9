"""What can go wrong with usage, each with its stable code."""

from control_plane.kit.errors import ConflictError, InvalidInputError


class UsageRangeConflictError(ConflictError):
    """A reported range of offsets does not begin where the last one that was counted ended."""

    code = "usage_range_conflict"
    title = "Usage range in conflict"


class UsageCursorMovedError(ConflictError):
    """Somebody else collected the same windows meanwhile."""

    code = "usage_cursor_moved"
    title = "Usage cursor moved"


class UsageMeterRewoundError(ConflictError):
    """A meter has fewer windows than were collected of it: its data is an old copy."""

    code = "usage_meter_rewound"
    title = "Usage meter rewound"


class UsagePeriodInvalidError(InvalidInputError):
    """The period asked for is no period, or too long for its granularity."""

    code = "usage_period_invalid"
    title = "Usage period invalid"


class UsageTooLargeError(InvalidInputError):
    """The answer would hold more rows than one answer may."""

    code = "usage_too_large"
    title = "Usage too large"
