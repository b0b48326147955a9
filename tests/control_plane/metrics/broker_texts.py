"""What a broker tells of itself, as its own client of Prometheus writes it."""

from collections.abc import Mapping

from control_plane.metrics.readings import LATENCY_BOUNDS_MS


def broker_text(
    counters: Mapping[str, int] | None = None,
    *,
    requests: Mapping[str, int] | None = None,
    produced_ms: Mapping[float, int] | None = None,
    connections: int = 0,
    groups: int = 0,
) -> str:
    """Write OpenMetrics; `produced_ms` are cumulated counts of produce requests by bounds."""
    lines = ["# HELP headrace_broker_wal_blocks Blocks.", "headrace_broker_wal_blocks_total 7"]
    lines += [f"headrace_broker_{name}_total {count}" for name, count in (counters or {}).items()]
    lines += [
        f'headrace_broker_requests_total{{api="{api}"}} {count}'
        for api, count in (requests or {}).items()
    ]
    if produced_ms is not None:
        bounds = (*LATENCY_BOUNDS_MS, float("inf"))
        for bound in bounds:
            count = max(n for up_to, n in {0: 0, **produced_ms}.items() if up_to <= bound)
            written = "+Inf" if bound == float("inf") else repr(bound / 1000)
            lines.append(
                f'headrace_broker_request_seconds_bucket{{le="{written}",api="Produce"}} {count}'
            )
    lines += [f"headrace_broker_connections {connections}", f"headrace_broker_groups {groups}"]
    return "\n".join([*lines, "# EOF", ""])
