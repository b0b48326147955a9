"""What a cluster may keep and when it is maintained, as it is written in requests and answers."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas import RequestModel, ResponseModel
from control_plane.clusters.maintenance import (
    WINDOW_HOURS,
    MaintenanceWindow,
    Weekday,
    window_from_json,
)
from control_plane.clusters.models import Cluster

BYTES_MAX = 2**53 - 1
RETENTION_MS_MAX = 100 * 366 * 24 * 3_600_000

STORAGE_LIMIT = (
    "The most that its topics hold together; beyond it records are refused with POLICY_VIOLATION."
)
RETENTION_MS = "The longest `retention.ms` of its topics, which holds for those set to more, too."
RETENTION_BYTES = "The largest `retention.bytes` of its topics, by partition, likewise."

StorageLimit = Annotated[
    int, Field(ge=1, le=BYTES_MAX, description=STORAGE_LIMIT, examples=[10_737_418_240])
]
RetentionMs = Annotated[
    int, Field(ge=1, le=RETENTION_MS_MAX, description=RETENTION_MS, examples=[604_800_000])
]
RetentionBytes = Annotated[
    int, Field(ge=1, le=BYTES_MAX, description=RETENTION_BYTES, examples=[1_073_741_824])
]
StorageLimitUpdate = Annotated[
    int,
    Field(
        ge=0,
        le=BYTES_MAX,
        description=f"{STORAGE_LIMIT} 0 for that of the plan.",
        examples=[10_737_418_240],
    ),
]
RetentionMsUpdate = Annotated[
    int,
    Field(
        ge=0,
        le=RETENTION_MS_MAX,
        description=f"{RETENTION_MS} 0 for none.",
        examples=[604_800_000],
    ),
]
RetentionBytesUpdate = Annotated[
    int,
    Field(
        ge=0,
        le=BYTES_MAX,
        description=f"{RETENTION_BYTES} 0 for none.",
        examples=[1_073_741_824],
    ),
]

_HOUR = f"The window is open for {WINDOW_HOURS} hours from this hour of UTC on."


class MaintenanceWindowRequest(RequestModel):
    """When the service may move the cluster to another version of its broker by itself."""

    weekday: Annotated[Weekday, Field(examples=["sunday"])]
    hour: Annotated[int, Field(ge=0, le=23, description=_HOUR, examples=[3])]

    def wanted(self) -> MaintenanceWindow:
        """Return what is asked for."""
        return MaintenanceWindow(self.weekday, self.hour)


class MaintenanceWindowResponse(ResponseModel):
    """When the service may move the cluster to another version of its broker by itself."""

    weekday: Annotated[Weekday, Field(examples=["sunday"])]
    hour: Annotated[int, Field(description=_HOUR, examples=[3])]


MaintenanceWindowUpdate = Annotated[
    MaintenanceWindowRequest | Literal["any_time"],
    Field(description="`any_time` for no window.", examples=[{"weekday": "sunday", "hour": 3}]),
]


def wanted_window(
    update: MaintenanceWindowRequest | Literal["any_time"] | None,
) -> MaintenanceWindow | Literal["any_time"] | None:
    """Return what is asked for; None for no change."""
    return update.wanted() if isinstance(update, MaintenanceWindowRequest) else update


def window_response(cluster: Cluster) -> MaintenanceWindowResponse | None:
    """Render a cluster's window, None where it has none."""
    window = window_from_json(cluster.maintenance_window)
    if window is None:
        return None
    return MaintenanceWindowResponse(weekday=window.weekday, hour=window.hour)
