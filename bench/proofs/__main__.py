"""`make proof-NAME`: run one proof, print its JSON line, exit non-zero unless it is green."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench.proofs import (
    abuse,
    ack_after_sync,
    authorization,
    broker_cost,
    broker_speed,
    broker_start,
    clean_clone,
    console_journey,
    cost_report,
    cross_organization,
    durability,
    exactly_once,
    first_produce,
    fuzzing,
    group_churn,
    ha_create,
    ha_kill,
    ha_roll,
    kill_steps,
    lifecycle,
    noisy_neighbour,
    revocation,
    suites,
    terraform_apply,
    terraform_life,
    tls_cost,
    usage_bytes,
)
from bench.proofs.report import Finding, commit, publish

PROOFS: dict[str, Callable[[], Finding]] = {
    "clean-clone": clean_clone.prove,
    "first-produce": first_produce.prove,
    "lifecycle": lifecycle.prove,
    "kill-steps": kill_steps.prove,
    "broker-start": broker_start.prove,
    "broker-cost": broker_cost.prove,
    "broker-latency": broker_speed.prove_latency,
    "broker-bulk": broker_speed.prove_bulk,
    "broker-partitions": broker_speed.prove_partitions,
    "broker-stored": broker_speed.prove_stored,
    "broker-memory": broker_speed.prove_memory,
    "durability-kill": durability.prove_kill,
    "durability-power": durability.prove_power,
    "durability-relaxed": durability.prove_relaxed,
    "durability-errors": durability.prove_errors,
    "durability-rot": durability.prove_rot,
    "cost-report": cost_report.prove,
    "ack-after-sync": ack_after_sync.prove,
    "usage-bytes": usage_bytes.prove,
    "clients": suites.prove_clients,
    "group-churn": group_churn.prove,
    "ha-create": ha_create.prove,
    "ha-kill": ha_kill.prove,
    "ha-roll": ha_roll.prove,
    "parity": suites.prove_parity,
    "exactly-once": exactly_once.prove,
    "bad-input": suites.prove_bad_input,
    "fuzz": fuzzing.prove,
    "cross-organization": cross_organization.prove,
    "revocation": revocation.prove,
    "authorization": authorization.prove,
    "abuse": abuse.prove,
    "noisy-neighbour": noisy_neighbour.prove,
    "tls-cost": tls_cost.prove,
    "demo": suites.prove_demo,
    "console-journey": console_journey.prove,
    "terraform-apply": terraform_apply.prove,
    "terraform-life": terraform_life.prove,
}


def main(arguments: list[str]) -> int:
    """Run the named proof; 2 when there is none of that name."""
    if arguments == ["list"]:
        print("\n".join(PROOFS))
        return 0
    if len(arguments) != 1 or arguments[0] not in PROOFS:
        print(f"which proof? one of: {', '.join(PROOFS)}", file=sys.stderr)
        return 2
    # A clone is taken at the start, and others may commit while a proof runs.
    proved = commit()
    finding = PROOFS[arguments[0]]()
    print(publish(arguments[0], finding, proved))
    return 0 if finding.green else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
