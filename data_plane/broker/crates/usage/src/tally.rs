//! What the open window has counted.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use headrace_types::{PartitionIndex, TopicId, TopicPartition};

use crate::{
    OTHER,
    limits::{PRINCIPAL_BYTES_MAX, PRINCIPALS_PER_WINDOW_MAX, WINDOW_APPENDED_BYTES_MAX, WINDOW_ENTRIES_MAX},
    window::{Quantity, Range, Share, Traffic, Window},
};

/// A batch that was appended.
#[derive(Clone, Copy, Debug)]
pub struct Append<'a> {
    /// Who appended it.
    pub principal: &'a str,
    /// Offset of its first record.
    pub base_offset: i64,
    /// The offset after its last record.
    pub next_offset: i64,
    /// Its size and number of records.
    pub quantity: Quantity,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    topics: BTreeMap<TopicId, TopicTally>,
    principals: BTreeSet<Rc<str>>,
    entries: usize,
    appended_bytes: u64,
}

#[derive(Clone, Debug)]
struct TopicTally {
    name: String,
    partitions: BTreeMap<i32, PartitionTally>,
    traffic: BTreeMap<Rc<str>, Reads>,
    /// Whether something was counted since the last checkpoint.
    changed: bool,
    is_gone: bool,
}

#[derive(Clone, Debug)]
struct PartitionTally {
    first_offset: i64,
    /// The end of what is known to be durable in the log.
    next_offset: i64,
    shares: BTreeMap<Rc<str>, Quantity>,
    /// Batches behind `next_offset`: a crash may take them back.
    unsettled: VecDeque<Unsettled>,
    /// The end of what a checkpoint holds.
    secured_offset: Option<i64>,
}

#[derive(Clone, Debug)]
struct Unsettled {
    principal: Rc<str>,
    next_offset: i64,
    quantity: Quantity,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reads {
    bytes: u64,
    read_requests: u64,
    produce_requests: u64,
}

impl Quantity {
    pub(crate) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
    }
}

impl Tally {
    /// Whether the window holds as much as it may.
    pub(crate) fn is_full(&self) -> bool {
        self.has_all_entries() || self.appended_bytes >= WINDOW_APPENDED_BYTES_MAX
    }

    fn has_all_entries(&self) -> bool {
        self.entries >= WINDOW_ENTRIES_MAX
    }

    /// Counts a batch; `from` is where the partition's last range ended.
    pub(crate) fn appended(&mut self, log: TopicPartition, topic: &str, from: i64, append: &Append<'_>) {
        let principal = self.principal(append.principal);
        self.appended_bytes += append.quantity.bytes;
        let partition = self.topic(log.topic, topic).partition(log.partition, from);
        partition.unsettled.push_back(Unsettled {
            principal,
            next_offset: append.next_offset,
            quantity: append.quantity,
        });
    }

    /// Takes note that a log is durable up to `high_watermark`.
    pub(crate) fn settle(&mut self, log: TopicPartition, high_watermark: i64) {
        let Some(topic) = self.topics.get_mut(&log.topic) else { return };
        let Some(partition) = topic.partitions.get_mut(&log.partition.get()) else { return };
        let before = partition.next_offset;
        self.entries += partition.settle(high_watermark);
        topic.changed |= partition.next_offset > before;
    }

    /// The logs that have something counted.
    pub(crate) fn logs(&self) -> Vec<TopicPartition> {
        let logs_of = |(topic, tally): (&TopicId, &TopicTally)| {
            let topic = *topic;
            let indexes: Vec<i32> = tally.partitions.keys().copied().collect();
            indexes
                .into_iter()
                .map(move |index| TopicPartition { topic, partition: PartitionIndex::new(index) })
        };
        self.topics.iter().flat_map(logs_of).collect()
    }

    /// Takes note that a topic is gone. What was not durable went with it, and nobody was told that it was there.
    pub(crate) fn left(&mut self, topic: TopicId) {
        let Some(tally) = self.topics.get_mut(&topic) else { return };
        tally.is_gone = true;
        for partition in tally.partitions.values_mut() {
            partition.unsettled.clear();
        }
    }

    /// Whether a topic is known to be gone.
    pub(crate) fn has_left(&self, topic: TopicId) -> bool {
        self.topics.get(&topic).is_some_and(|tally| tally.is_gone)
    }

    pub(crate) fn produced(&mut self, topic: TopicId, name: &str, principal: &str) {
        self.reads(topic, name, principal).produce_requests += 1;
    }

    pub(crate) fn read(&mut self, topic: TopicId, name: &str, principal: &str, bytes: u64) {
        let reads = self.reads(topic, name, principal);
        reads.bytes += bytes;
        reads.read_requests += 1;
    }

    /// The end of what is counted of a log and durable in it.
    pub(crate) fn next_offset(&self, log: TopicPartition) -> Option<i64> {
        Some(self.partition_of(log)?.next_offset)
    }

    /// The end of what a checkpoint holds of a log.
    pub(crate) fn secured_offset(&self, log: TopicPartition) -> Option<i64> {
        self.partition_of(log)?.secured_offset
    }

    /// Whether something of a topic was counted since the last checkpoint.
    pub(crate) fn has_changed(&self, topic: TopicId) -> bool {
        self.topics.get(&topic).is_some_and(|tally| tally.changed)
    }

    /// Takes note that a checkpoint holds everything that is settled.
    pub(crate) fn secured(&mut self) {
        for topic in self.topics.values_mut() {
            topic.changed = false;
            for partition in topic.partitions.values_mut() {
                partition.secured_offset = Some(partition.next_offset);
            }
        }
    }

    /// Ranges and traffic as they are listed.
    pub(crate) fn list(&self) -> (Vec<Range>, Vec<Traffic>) {
        let (mut appended, mut traffic) = (Vec::new(), Vec::new());
        for (id, topic) in &self.topics {
            let partitions = topic.partitions.iter();
            let used = partitions.filter(|(_, partition)| partition.next_offset > partition.first_offset);
            appended.extend(used.map(|(index, partition)| partition.range(*id, topic, *index)));
            traffic.extend(topic.traffic.iter().map(|(principal, reads)| Traffic {
                topic_id: *id,
                topic: topic.name.clone(),
                principal: principal.to_string(),
                read_bytes: reads.bytes,
                read_requests: reads.read_requests,
                produce_requests: reads.produce_requests,
            }));
        }
        (appended, traffic)
    }

    /// What is left for the next window: batches that are not durable yet.
    pub(crate) fn rest(self) -> Self {
        let mut rest = Self::default();
        for (id, topic) in self.topics {
            for (index, partition) in topic.partitions {
                if partition.unsettled.is_empty() {
                    continue;
                }
                let unsettled = partition.unsettled.into_iter().map(|mut batch| {
                    batch.principal = rest.principal(&batch.principal);
                    rest.appended_bytes += batch.quantity.bytes;
                    batch
                });
                let unsettled = unsettled.collect();
                let left = rest.topic(id, &topic.name);
                left.partition(PartitionIndex::new(index), partition.next_offset).unsettled = unsettled;
            }
        }
        rest
    }

    /// The tally that a checkpoint holds.
    pub(crate) fn from_window(window: &Window) -> Self {
        let mut tally = Self::default();
        for range in &window.appended {
            tally.appended_bytes += range.bytes;
            for share in &range.by_principal {
                let principal = tally.principal(&share.principal);
                let quantity = Quantity { bytes: share.bytes, records: share.records };
                let log = range.log();
                let partition =
                    tally.topic(log.topic, &range.topic).partition(log.partition, range.first_offset);
                partition.shares.entry(principal).or_default().add(quantity);
                partition.next_offset = range.next_offset;
                tally.entries += 1;
            }
        }
        for traffic in &window.traffic {
            let reads = tally.reads(traffic.topic_id, &traffic.topic, &traffic.principal);
            reads.bytes += traffic.read_bytes;
            reads.read_requests += traffic.read_requests;
            reads.produce_requests += traffic.produce_requests;
        }
        tally.secured();
        tally
    }

    fn partition_of(&self, log: TopicPartition) -> Option<&PartitionTally> {
        self.topics.get(&log.topic)?.partitions.get(&log.partition.get())
    }

    fn topic(&mut self, id: TopicId, name: &str) -> &mut TopicTally {
        self.topics.entry(id).or_insert_with(|| TopicTally {
            name: name.to_owned(),
            partitions: BTreeMap::new(),
            traffic: BTreeMap::new(),
            changed: false,
            is_gone: false,
        })
    }

    fn reads(&mut self, id: TopicId, name: &str, principal: &str) -> &mut Reads {
        let principal = self.principal(principal);
        let known = self.topics.get(&id).is_some_and(|topic| topic.traffic.contains_key(&principal));
        self.entries += usize::from(!known);
        let topic = self.topic(id, name);
        topic.changed = true;
        topic.traffic.entry(principal).or_default()
    }

    /// The name under which a principal counts.
    fn principal(&mut self, principal: &str) -> Rc<str> {
        if self.has_all_entries() {
            return Rc::from(OTHER);
        }
        if let Some(known) = self.principals.get(principal) {
            return Rc::clone(known);
        }
        let too_many = self.principals.len() >= PRINCIPALS_PER_WINDOW_MAX;
        if too_many || principal.len() > PRINCIPAL_BYTES_MAX {
            return Rc::from(OTHER);
        }
        let name: Rc<str> = Rc::from(principal);
        self.principals.insert(Rc::clone(&name));
        name
    }
}

impl TopicTally {
    fn partition(&mut self, index: PartitionIndex, from: i64) -> &mut PartitionTally {
        self.partitions.entry(index.get()).or_insert_with(|| PartitionTally {
            first_offset: from,
            next_offset: from,
            shares: BTreeMap::new(),
            unsettled: VecDeque::new(),
            secured_offset: None,
        })
    }
}

impl PartitionTally {
    /// Moves what is durable into the shares; answers how many principals are new.
    fn settle(&mut self, high_watermark: i64) -> usize {
        let before = self.shares.len();
        while let Some(batch) = self.unsettled.pop_front_if(|batch| batch.next_offset <= high_watermark) {
            // A transaction marker is the broker's own: it takes an offset and is nobody's.
            if batch.quantity != Quantity::default() {
                self.shares.entry(batch.principal).or_default().add(batch.quantity);
            }
            self.next_offset = batch.next_offset;
        }
        self.shares.len() - before
    }

    fn range(&self, topic_id: TopicId, topic: &TopicTally, partition: i32) -> Range {
        let mut whole = Quantity::default();
        let by_principal = self.shares.iter().map(|(principal, part)| {
            whole.add(*part);
            Share { principal: principal.to_string(), bytes: part.bytes, records: part.records }
        });
        let by_principal = by_principal.collect();
        Range {
            topic_id,
            topic: topic.name.clone(),
            partition,
            first_offset: self.first_offset,
            next_offset: self.next_offset,
            bytes: whole.bytes,
            records: whole.records,
            by_principal,
        }
    }
}
