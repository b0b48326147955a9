//! What every subject has used of its rates.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    bucket::{Allowance, Bucket},
    key::QuotaKey,
    limits::{BURST_SECONDS, QUOTA_BUCKETS_MAX},
    set::Subject,
};

/// How long after a look for rested buckets the next one may come: subjects are made by clients, looks must not be.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The buckets of all subjects, of which there are as many as were used a short while ago.
#[derive(Debug, Default)]
pub struct Ledger {
    buckets: BTreeMap<(QuotaKey, Subject), (Bucket, Allowance)>,
    swept_at: Option<Duration>,
}

impl Ledger {
    /// How many subjects are kept apart.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether nothing was used lately.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Counts what was done, and answers how long whoever did it has to wait.
    pub fn spend(
        &mut self,
        key: QuotaKey,
        subject: Subject,
        rate: f64,
        amount: f64,
        now: Duration,
    ) -> Duration {
        let (bucket, allowance) = self.bucket(key, subject, rate, now);
        bucket.spend(amount, allowance, now)
    }

    /// Counts what is to be done, unless too much was done already; then answers how long to wait before asking again.
    pub fn try_spend(
        &mut self,
        key: QuotaKey,
        subject: Subject,
        rate: f64,
        amount: f64,
        now: Duration,
    ) -> Result<(), Duration> {
        let (bucket, allowance) = self.bucket(key, subject, rate, now);
        bucket.try_spend(amount, allowance, now)
    }

    /// Whether a subject has used nothing of its burst, as of now.
    #[must_use]
    pub fn is_rested(&self, key: QuotaKey, subject: &Subject, rate: f64, now: Duration) -> bool {
        let allowance = Allowance::per_second(rate, BURST_SECONDS);
        let bucket = self.buckets.get(&(key, subject.clone()));
        bucket.is_none_or(|(bucket, _)| bucket.is_rested(allowance, now))
    }

    fn bucket(
        &mut self,
        key: QuotaKey,
        subject: Subject,
        rate: f64,
        now: Duration,
    ) -> (&mut Bucket, Allowance) {
        let allowance = Allowance::per_second(rate, BURST_SECONDS);
        let place = (key, subject);
        let place = if self.buckets.contains_key(&place) || self.has_room(now) {
            place
        } else {
            (key, Subject::Others)
        };
        let entry = self.buckets.entry(place);
        let (bucket, kept) = entry.or_insert_with(|| (Bucket::full(allowance, now), allowance));
        *kept = allowance;
        (bucket, allowance)
    }

    /// Whether one more subject can be kept apart; forgets those that are rested.
    fn has_room(&mut self, now: Duration) -> bool {
        let is_due = self.swept_at.is_none_or(|swept| now.saturating_sub(swept) >= SWEEP_INTERVAL);
        if self.buckets.len() >= QUOTA_BUCKETS_MAX && is_due {
            self.swept_at = Some(now);
            self.buckets.retain(|_, (bucket, allowance)| !bucket.is_rested(*allowance, now));
        }
        self.buckets.len() < QUOTA_BUCKETS_MAX
    }
}
