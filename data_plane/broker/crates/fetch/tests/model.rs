//! Random histories of clients and partitions, against a small model: what a client knows, put together from all it was told,
//! is at every answer what the broker knows, in whatever way sessions come and go.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support;

use std::collections::BTreeMap;

use headrace_fetch::{PartitionState, SessionRequest, Sessions};
use headrace_types::ErrorCode;
use proptest::prelude::*;
use support::{SAFE_MS, ask, config, failed, ids, key, quiet, request};

const CLIENTS: usize = 4;
const PARTITIONS: usize = 6;
const SESSIONS_MAX: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    /// A client fetches; it may begin anew, want no session, or get its epoch wrong.
    Fetch {
        client: usize,
        begin: bool,
        last: bool,
        wrong: bool,
        wanted: [bool; PARTITIONS],
    },
    Append(usize),
    DeleteRecords(usize),
    Break(usize),
    Mend(usize),
    Pass(u64),
}

/// High watermark and log start of partitions; none where there was an error.
type Known = BTreeMap<i32, Option<(i64, i64)>>;

/// A client as KIP-227 has it.
#[derive(Clone, Debug, Default)]
struct Client {
    session: i32,
    epoch: i32,
    /// What it was last told of each partition in the session.
    knows: Known,
}

fn step() -> impl Strategy<Value = Step> {
    let fetch = (0..CLIENTS, any::<[bool; PARTITIONS]>(), 0u8..20).prop_map(|(client, wanted, kind)| {
        Step::Fetch { client, wanted, begin: kind == 0, last: kind == 1, wrong: kind == 2 }
    });
    prop_oneof![
        8 => fetch,
        4 => (0..PARTITIONS).prop_map(Step::Append),
        2 => (0..PARTITIONS).prop_map(Step::DeleteRecords),
        1 => (0..PARTITIONS).prop_map(Step::Break),
        2 => (0..PARTITIONS).prop_map(Step::Mend),
        1 => prop_oneof![Just(1), Just(SAFE_MS), Just(SAFE_MS + 1)].prop_map(Step::Pass),
    ]
}

struct World {
    sessions: Sessions,
    partitions: [PartitionState; PARTITIONS],
    broken: [bool; PARTITIONS],
    clients: Vec<Client>,
    fresh_id: Box<dyn FnMut() -> i32>,
    now_ms: u64,
}

impl World {
    fn state(&self, index: i32) -> PartitionState {
        let index = usize::try_from(index).unwrap();
        if self.broken[index] { failed() } else { self.partitions[index] }
    }

    fn fetch(&mut self, number: usize, epoch: i32, wanted: [bool; PARTITIONS]) {
        let mut client = self.clients[number].clone();
        let is_full = epoch <= 0;
        let wanted: Vec<i32> = (0i32..).zip(wanted).filter(|(_, wanted)| *wanted).map(|(i, _)| i).collect();
        let new = wanted.iter().filter(|index| is_full || !client.knows.contains_key(index));
        let left = client.knows.keys().filter(|index| !is_full && !wanted.contains(index));
        let asks = new.map(|index| ask(*index, 0)).collect();
        let forgotten = left.map(|index| key(*index)).collect();
        let request = SessionRequest { forgotten, ..request(client.session, epoch, asks) };
        let outcome = self.exchange(request);
        match outcome {
            Err(error) => {
                let may = [ErrorCode::FetchSessionIdNotFound, ErrorCode::InvalidFetchSessionEpoch];
                assert!(!is_full && may.contains(&error), "{error:?}");
                client = Client::default();
            }
            Ok((session, told)) => {
                if is_full {
                    client.knows.clear();
                    assert_eq!(told.keys().copied().collect::<Vec<_>>(), wanted, "a full fetch tells all");
                }
                client.knows.retain(|index, _| wanted.contains(index));
                client.knows.extend(told);
                let truth = wanted.iter().map(|index| (*index, known(self.state(*index)))).collect();
                assert_eq!(client.knows, truth, "a client believes what is not so");
                client.epoch = if session == 0 { 0 } else { epoch.max(0) + 1 };
                client.session = session;
                if session == 0 {
                    client.knows.clear();
                }
            }
        }
        self.clients[number] = client;
    }

    fn exchange(&mut self, request: SessionRequest) -> Result<(i32, Known), ErrorCode> {
        let begun = self.sessions.begin(request, self.now_ms)?;
        let indexes: Vec<i32> = begun.asks.iter().map(|ask| ask.key.partition).collect();
        let states: Vec<PartitionState> = indexes.iter().map(|index| self.state(*index)).collect();
        let told = self.sessions.finish(&begun, &states, &mut self.fresh_id, self.now_ms)?;
        let rows = indexes.into_iter().zip(states).zip(told.included);
        let rows = rows.filter(|(_, included)| *included);
        Ok((told.session_id, rows.map(|((index, state), _)| (index, known(state))).collect()))
    }

    fn act(&mut self, step: &Step) {
        match *step {
            Step::Fetch { client, begin, last, wrong, wanted } => {
                let right = self.clients[client].epoch;
                let epoch = if last {
                    -1
                } else if begin {
                    0
                } else {
                    right + i32::from(wrong && right > 0)
                };
                self.fetch(client, epoch, wanted);
            }
            Step::Append(index) => self.partitions[index].high_watermark += 1,
            Step::DeleteRecords(index) => {
                self.partitions[index].log_start_offset = self.partitions[index].high_watermark;
            }
            Step::Break(index) => self.broken[index] = true,
            Step::Mend(index) => self.broken[index] = false,
            Step::Pass(ms) => self.now_ms += ms,
        }
        let totals = self.sessions.totals();
        assert!(totals.sessions <= SESSIONS_MAX && totals.partitions <= SESSIONS_MAX * PARTITIONS);
    }
}

fn known(state: PartitionState) -> Option<(i64, i64)> {
    (!state.failed).then_some((state.high_watermark, state.log_start_offset))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_knows_is_so(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World {
            sessions: Sessions::new(config(SESSIONS_MAX, 1 << 20)),
            partitions: [quiet(0); PARTITIONS],
            broken: [false; PARTITIONS],
            clients: vec![Client::default(); CLIENTS],
            fresh_id: Box::new(ids()),
            now_ms: 0,
        };
        for step in &steps {
            world.act(step);
        }
    }
}
