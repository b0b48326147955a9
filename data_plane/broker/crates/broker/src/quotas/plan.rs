//! The rates that the cluster's plan allows all of its clients together.

use std::{cell::Cell, time::Duration};

use headrace_quotas::{Allowance, Bucket, QuotaKey, limits::BURST_SECONDS};

use crate::{
    config::LimitsConfig,
    limits::{PLAN_BURST_SECONDS, PLAN_MUTATIONS_BURST_SECONDS},
};

/// An allowance, and what is left of it.
type Rate = (Allowance, Cell<Bucket>);

/// One bucket a rate; none for a rate that the plan leaves open.
pub(super) struct PlanRates {
    rates: [(QuotaKey, Option<Rate>); 4],
}

/// A count as an amount. Rates are no money: beyond 2^53 it is as good.
#[allow(clippy::cast_precision_loss, reason = "the nearest double is near enough for a rate")]
pub(super) fn units(count: u64) -> f64 {
    count as f64
}

impl PlanRates {
    pub(super) fn new(limits: &LimitsConfig, now: Duration) -> Self {
        let rate = |rate: Option<f64>, burst_seconds| {
            let allowance = Allowance::per_second(rate?, burst_seconds);
            Some((allowance, Cell::new(Bucket::full(allowance, now))))
        };
        let bytes = |bytes: Option<u64>| rate(bytes.map(units), PLAN_BURST_SECONDS);
        let changes = limits.partition_changes_per_minute_max.map(|changes| f64::from(changes) / 60.0);
        let connections = limits.connections_per_second_max.map(f64::from);
        Self {
            rates: [
                (QuotaKey::ProducerByteRate, bytes(limits.produce_bytes_per_second_max)),
                (QuotaKey::ConsumerByteRate, bytes(limits.fetch_bytes_per_second_max)),
                (QuotaKey::ControllerMutationRate, rate(changes, PLAN_MUTATIONS_BURST_SECONDS)),
                (QuotaKey::ConnectionCreationRate, rate(connections, BURST_SECONDS)),
            ],
        }
    }

    /// Counts what was used, and answers how long to wait until nothing is overdrawn.
    pub(super) fn spend(&self, key: QuotaKey, amount: f64, now: Duration) -> Duration {
        let of_key = self.rates.iter().find(|(known, _)| *known == key);
        let Some((_, Some((allowance, bucket)))) = of_key else { return Duration::ZERO };
        let mut spent = bucket.get();
        let wait = spent.spend(amount, *allowance, now);
        bucket.set(spent);
        wait
    }

    /// How long to wait until nothing is overdrawn.
    pub(super) fn overdrawn(&self, key: QuotaKey, now: Duration) -> Duration {
        self.spend(key, 0.0, now)
    }
}
