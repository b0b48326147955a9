"""The bill of a real cluster, against arithmetic that is not billing's; `make proof-cost-report`
does the same with more data, every plan and the process killed meanwhile.
"""

from pathlib import Path

from bench.proofs.bills import day_of, differences, recompute
from bench.proofs.cost_report import (
    QUICK,
    new_cluster,
    read_costs,
    read_prices,
    read_reports,
    read_spend,
    settled_windows,
)
from bench.proofs.load import read_all, write
from tools.running_service import start_service

VALUE_BYTES = 10_000
RECORDS = 2_000


def test_is_what_its_usage_windows_and_the_published_prices_give(tmp_path: Path) -> None:
    with start_service(tmp_path, variables=QUICK) as service:
        with service.http() as http:
            cluster_id, settings = new_cluster(service, http, "standard")
            write(settings, VALUE_BYTES, RECORDS)
            read_all(settings, RECORDS)
            http.delete(f"/v1/clusters/{cluster_id}").raise_for_status()
        plans = {cluster_id: "standard"}
        windows = settled_windows(service, plans)
        days = sorted({day_of(window) for window in windows})
        with service.http() as http:
            expected = recompute(windows, plans, read_prices(http))
            assert differences(expected, read_costs(http, days)) == []
            assert differences(expected, read_reports(http, days)) == []
            spent = sum(read_spend(http, day) for day in days)
    assert sum(window.bytes_in for window in windows) > RECORDS * VALUE_BYTES
    assert sum(window.bytes_out for window in windows) > RECORDS * VALUE_BYTES
    assert spent == sum(amount for _, amount in expected.values()) > 0
