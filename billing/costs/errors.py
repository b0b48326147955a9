"""What can be wrong with a question about costs, each with its stable code."""

from control_plane.kit.errors import InvalidInputError


class DateRangeInvalidError(InvalidInputError):
    """The days asked for are none, or too many."""

    code = "date_range_invalid"
    title = "Date range invalid"
