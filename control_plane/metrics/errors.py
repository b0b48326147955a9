"""What can go wrong with metrics, each with its stable code."""

from control_plane.kit.errors import InvalidInputError


class MetricsRangeInvalidError(InvalidInputError):
    """The time asked for is none, has too many points, or lies where none are kept."""

    code = "metrics_range_invalid"
    title = "Metrics range invalid"
