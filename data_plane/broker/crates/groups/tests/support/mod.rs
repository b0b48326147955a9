//! A coordinator with a clock and a disk of its own, and requests in few words.
#![allow(dead_code, reason = "every test program uses its own part")]
#![allow(clippy::expect_used, reason = "a test that can not be set up has failed")]

use std::collections::BTreeMap;

use bytes::Bytes;
use headrace_groups::{
    CommitRequest, Coordinator, Departure, Effects, FetchedTopic, GroupConfig, GroupEvent, HeartbeatRequest,
    JoinAnswer, JoinRequest, Now, OffsetCommit, Protocol, SyncAnswer, SyncRequest, TopicSelection, Waiter,
};
use headrace_types::{ErrorCode, Record, TopicId};
use uuid::Uuid;

pub(crate) const GROUP: &str = "g";
pub(crate) const SESSION_MS: i32 = 10_000;
pub(crate) const REBALANCE_MS: i32 = 60_000;
const WALL_MS: i64 = 1_800_000_000_000;

pub(crate) struct World {
    pub(crate) coordinator: Coordinator,
    pub(crate) config: GroupConfig,
    pub(crate) now_ms: u64,
    pub(crate) disk: Vec<Record>,
    pub(crate) events: Vec<GroupEvent>,
    next: u64,
    pub(crate) joins: BTreeMap<Waiter, JoinAnswer>,
    pub(crate) syncs: BTreeMap<Waiter, SyncAnswer>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(GroupConfig::default())
    }

    pub(crate) fn with(config: GroupConfig) -> Self {
        let mut coordinator = Coordinator::new(config.clone());
        coordinator.start(Now { monotonic_ms: 0, wall_ms: WALL_MS });
        Self {
            coordinator,
            config,
            now_ms: 0,
            disk: vec![],
            events: vec![],
            next: 0,
            joins: BTreeMap::new(),
            syncs: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic_ms: self.now_ms,
            wall_ms: WALL_MS + i64::try_from(self.now_ms).expect("time is small"),
        }
    }

    fn waiter(&mut self) -> Waiter {
        self.next += 1;
        Waiter(self.next)
    }

    /// Keeps what a turn brought about; every waiter is answered once only.
    fn take(&mut self, effects: Effects) {
        self.disk.extend(effects.records);
        self.events.extend(effects.events);
        for (waiter, answer) in effects.joins {
            assert!(self.joins.insert(waiter, answer).is_none(), "{waiter:?} was answered twice");
        }
        for (waiter, answer) in effects.syncs {
            assert!(self.syncs.insert(waiter, answer).is_none(), "{waiter:?} was answered twice");
        }
    }

    fn turn<T>(&mut self, act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T) -> T {
        let mut effects = Effects::default();
        let now = self.now();
        let result = act(&mut self.coordinator, now, &mut effects);
        self.take(effects);
        result
    }

    /// Lets time pass, timer by timer.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while self.coordinator.next_deadline_ms() <= end {
            let due = self.coordinator.next_deadline_ms();
            self.now_ms = self.now_ms.max(due);
            self.turn(Coordinator::tick);
            assert!(self.coordinator.next_deadline_ms() > due, "a timer fires for ever");
        }
        self.now_ms = end;
    }

    /// Begins anew from what is on disk.
    pub(crate) fn restart(&mut self) {
        self.coordinator = Coordinator::new(self.config.clone());
        for record in &self.disk {
            self.coordinator.replay(&record.key, record.value.as_deref()).expect("own records are readable");
        }
        self.coordinator.start(self.now());
    }

    pub(crate) fn join(&mut self, request: &JoinRequest) -> Waiter {
        let waiter = self.waiter();
        let request = JoinRequest { fresh_id: Uuid::from_u128(u128::from(waiter.0)), ..request.clone() };
        self.turn(|coordinator, now, effects| coordinator.join(&request, waiter, now, effects));
        waiter
    }

    pub(crate) fn join_answer(&mut self, request: &JoinRequest) -> JoinAnswer {
        let waiter = self.join(request);
        self.joins.remove(&waiter).expect("the join is answered at once")
    }

    /// Joins as a new dynamic member does: learns an id, then joins with it and waits.
    pub(crate) fn join_anew(&mut self) -> (String, Waiter) {
        let told = self.join_answer(&join(""));
        assert_eq!(told.error, ErrorCode::MemberIdRequired);
        let waiter = self.join(&join(&told.member_id));
        (told.member_id, waiter)
    }

    pub(crate) fn sync(&mut self, member_id: &str, generation: i32, assignments: &[(&str, &str)]) -> Waiter {
        let waiter = self.waiter();
        let request = sync(member_id, generation, assignments);
        self.turn(|coordinator, now, effects| coordinator.sync(&request, waiter, now, effects));
        waiter
    }

    pub(crate) fn sync_answer(
        &mut self,
        member_id: &str,
        generation: i32,
        assignments: &[(&str, &str)],
    ) -> SyncAnswer {
        let waiter = self.sync(member_id, generation, assignments);
        self.syncs.remove(&waiter).expect("the sync is answered at once")
    }

    pub(crate) fn heartbeat(&mut self, member_id: &str, generation: i32) -> ErrorCode {
        self.static_heartbeat(member_id, None, generation)
    }

    pub(crate) fn static_heartbeat(
        &mut self,
        member_id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: GROUP.to_owned(),
            member_id: member_id.to_owned(),
            instance_id: instance.map(str::to_owned),
            generation,
        };
        self.turn(|coordinator, now, _| coordinator.heartbeat(&request, now))
    }

    pub(crate) fn leave(&mut self, departures: &[Departure]) -> Vec<ErrorCode> {
        self.turn(|coordinator, now, effects| coordinator.leave(GROUP, departures, now, effects))
    }

    pub(crate) fn commit(&mut self, request: &CommitRequest) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.turn(|coordinator, now, effects| coordinator.commit(request, now, effects))
    }

    pub(crate) fn delete(&mut self, group: &str) -> ErrorCode {
        self.turn(|coordinator, now, effects| coordinator.delete(group, now, effects))
    }

    pub(crate) fn delete_offsets(
        &mut self,
        selection: &[TopicSelection],
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.turn(|coordinator, now, effects| coordinator.delete_offsets(GROUP, selection, now, effects))
    }

    pub(crate) fn forget_topic(&mut self, topic: TopicId) {
        self.turn(|coordinator, now, effects| coordinator.forget_topics(&[topic].into(), now, effects));
    }

    /// The committed offset of partition 0 of a topic; -1 if there is none.
    pub(crate) fn committed(&self, topic: &str) -> i64 {
        let selection = [TopicSelection { topic: topic.to_owned(), partitions: vec![0] }];
        let fetched: Vec<FetchedTopic> = self.coordinator.fetch_offsets(GROUP, Some(&selection));
        fetched[0].partitions[0].committed.as_ref().map_or(-1, |committed| committed.offset)
    }

    pub(crate) fn state(&self) -> Option<&'static str> {
        self.coordinator.describe(GROUP).map(|group| group.state.name())
    }

    /// A stable group of `count` dynamic members: their ids, the leader first, and the generation.
    pub(crate) fn stable_group(&mut self, count: usize) -> (Vec<String>, i32) {
        let joined: Vec<(String, Waiter)> = (0..count).map(|_| self.join_anew()).collect();
        self.pass(self.config.initial_rebalance_delay_ms * 2);
        self.sync_all(&joined)
    }

    /// Syncs members whose joins are answered, the leader last; every member is assigned its own id.
    pub(crate) fn sync_all(&mut self, joined: &[(String, Waiter)]) -> (Vec<String>, i32) {
        let answers: Vec<JoinAnswer> = joined
            .iter()
            .map(|(_, waiter)| self.joins.remove(waiter).expect("the join phase has ended"))
            .collect();
        let leader = answers[0].leader.clone();
        let generation = answers[0].generation;
        assert!(answers.iter().all(|answer| answer.error.is_none() && answer.generation == generation));
        let mut ids: Vec<String> = answers.into_iter().map(|answer| answer.member_id).collect();
        ids.sort_by_key(|id| *id != leader);
        let followers: Vec<Waiter> = ids[1..].iter().map(|id| self.sync(id, generation, &[])).collect();
        let assignments: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
        assert_eq!(
            self.sync_answer(&leader, generation, &assignments).assignment,
            Bytes::from(leader.clone())
        );
        for (waiter, id) in followers.iter().zip(&ids[1..]) {
            assert_eq!(
                self.syncs.remove(waiter).expect("the leader has synced").assignment,
                Bytes::from(id.clone())
            );
        }
        assert_eq!(self.state(), Some("Stable"));
        (ids, generation)
    }
}

pub(crate) fn join(member_id: &str) -> JoinRequest {
    JoinRequest {
        group_id: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        instance_id: None,
        client_id: "client".to_owned(),
        client_host: "127.0.0.1".to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: protocols(&["range"]),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        requires_known_member: true,
        may_skip_assignment: true,
        fresh_id: Uuid::nil(),
    }
}

pub(crate) fn join_static(member_id: &str, instance: &str) -> JoinRequest {
    JoinRequest { instance_id: Some(instance.to_owned()), ..join(member_id) }
}

pub(crate) fn protocols(names: &[&str]) -> Vec<Protocol> {
    let protocol =
        |name: &&str| Protocol { name: (*name).to_owned(), metadata: Bytes::from((*name).to_owned()) };
    names.iter().map(protocol).collect()
}

pub(crate) fn sync(member_id: &str, generation: i32, assignments: &[(&str, &str)]) -> SyncRequest {
    let assignment = |(id, text): &(&str, &str)| ((*id).to_owned(), Bytes::from((*text).to_owned()));
    SyncRequest {
        group_id: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        instance_id: None,
        generation,
        protocol_type: None,
        protocol_name: None,
        assignments: assignments.iter().map(assignment).collect(),
    }
}

pub(crate) fn departure(member_id: &str, instance: Option<&str>) -> Departure {
    Departure { member_id: member_id.to_owned(), instance_id: instance.map(str::to_owned) }
}

pub(crate) fn topic_id(topic: &str) -> TopicId {
    let mut entropy = [0; 16];
    let length = topic.len().min(16);
    entropy[..length].copy_from_slice(&topic.as_bytes()[..length]);
    TopicId::from_random(entropy)
}

pub(crate) fn offset(topic: &str, offset: i64) -> OffsetCommit {
    OffsetCommit {
        topic: topic.to_owned(),
        topic_id: topic_id(topic),
        partition: 0,
        offset,
        leader_epoch: 3,
        metadata: "note".to_owned(),
    }
}

pub(crate) fn commit(member_id: &str, generation: i32, offsets: Vec<OffsetCommit>) -> CommitRequest {
    CommitRequest {
        group_id: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        instance_id: None,
        generation,
        knows_group_id_not_found: true,
        transactor: None,
        offsets,
    }
}
