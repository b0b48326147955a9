//! Consuming as a member of a group.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::contract::{Access, Failure, Record, Request, until};
use crate::login::Login;
use crate::settings;

const POLL: Duration = Duration::from_millis(50);

pub type Member = BaseConsumer<Login>;

pub fn join(access: &Access, request: &Request, isolation: &str) -> Result<Member, Failure> {
    let consumer: Member = settings(access)
        .set("group.id", &request.group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("heartbeat.interval.ms", "300")
        .set("isolation.level", isolation)
        .create_with_context(Login::new(access))?;
    consumer.subscribe(&[&request.topic])?;
    Ok(consumer)
}

pub fn consume(access: &Access, request: &Request) -> Result<Value, Failure> {
    let isolation = request.isolation.as_deref().unwrap_or("read_uncommitted");
    let consumer = join(access, request, isolation)?;
    let records = read(&consumer, request.count)?;
    consumer.commit(&next(&request.topic, &records)?, CommitMode::Sync)?;
    Ok(json!({ "records": records }))
}

pub fn rebalance(access: &Access, request: &Request) -> Result<Value, Failure> {
    let first = join(access, request, "read_uncommitted")?;
    until(
        "all partitions",
        || Ok(owned(&first)?.len() == request.count),
        || poll(&first),
    )?;
    let alone = owned(&first)?;
    let second = join(access, request, "read_uncommitted")?;
    let half = request.count / 2;
    until(
        "half of the partitions each",
        || Ok(owned(&first)?.len() == half && owned(&second)?.len() == half),
        || poll(&first).and_then(|()| poll(&second)),
    )?;
    let shared = [owned(&first)?, owned(&second)?];
    drop(second);
    let regained = || Ok(owned(&first)?.len() == request.count);
    until("the partitions of the one that left", regained, || {
        poll(&first)
    })?;
    Ok(json!({ "alone": alone, "shared": shared, "left": owned(&first)? }))
}

/// Reads as many records as are wanted.
pub fn read(consumer: &Member, wanted: usize) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    let count = std::cell::Cell::new(0);
    until(
        "records",
        || Ok(count.get() >= wanted),
        || {
            if let Some(message) = consumer.poll(POLL) {
                records.push(received(&message?)?);
                count.set(records.len());
            }
            Ok(())
        },
    )?;
    Ok(records)
}

/// The next offset to read of each partition.
pub fn next(topic: &str, read: &[Record]) -> Result<TopicPartitionList, Failure> {
    let offsets: BTreeMap<i32, i64> = read
        .iter()
        .map(|one| (one.partition, one.offset + 1))
        .collect();
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    }
    Ok(list)
}

fn owned(consumer: &Member) -> Result<Vec<i32>, Failure> {
    let assignment = consumer.assignment()?;
    let mut owned: Vec<i32> = assignment
        .elements()
        .iter()
        .map(|one| one.partition())
        .collect();
    owned.sort_unstable();
    Ok(owned)
}

fn poll(consumer: &Member) -> Result<(), Failure> {
    match consumer.poll(POLL) {
        Some(Err(error)) => Err(error.into()),
        _ => Ok(()),
    }
}

fn received(message: &BorrowedMessage<'_>) -> Result<Record, Failure> {
    let mut headers = Vec::new();
    for header in message.headers().into_iter().flat_map(|all| all.iter()) {
        headers.push((
            header.key.to_owned(),
            text(header.value)?.unwrap_or_default(),
        ));
    }
    Ok(Record {
        partition: message.partition(),
        offset: message.offset(),
        key: text(message.key())?,
        value: text(message.payload())?,
        headers,
    })
}

fn text(bytes: Option<&[u8]>) -> Result<Option<String>, Failure> {
    Ok(bytes
        .map(|bytes| std::str::from_utf8(bytes).map(str::to_owned))
        .transpose()?)
}
