//! Random histories of clients that join, sync, commit, leave, vanish and come back, with restarts of the coordinator in
//! between, against a small model of what must hold.

mod support;

use std::collections::BTreeMap;

use headrace_groups::{JoinAnswer, SyncAnswer, Waiter};
use headrace_types::ErrorCode;
use proptest::prelude::*;
use support::{World, commit, departure, join, join_static, offset};

const CLIENTS: usize = 5;
/// Clients with these numbers are static members.
const STATIC: [usize; 2] = [0, 1];

/// What one client knows.
#[derive(Clone, Debug, Default)]
struct Client {
    member_id: String,
    generation: i32,
    leads: Vec<String>,
    joining: Option<Waiter>,
    syncing: Option<Waiter>,
}

/// What must hold of all of them.
#[derive(Default)]
struct Model {
    clients: Vec<Client>,
    /// The highest generation that anybody was told, and who leads it.
    generation: i32,
    leader: String,
    /// What the leader of a generation assigned.
    assigned: BTreeMap<(i32, String), String>,
    committed: i64,
}

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Sync(usize),
    Heartbeat(usize),
    Commit(usize),
    Leave(usize),
    Vanish(usize),
    Pass(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        6 => client.clone().prop_map(Step::Join),
        6 => client.clone().prop_map(Step::Sync),
        3 => client.clone().prop_map(Step::Heartbeat),
        3 => client.clone().prop_map(Step::Commit),
        1 => client.clone().prop_map(Step::Leave),
        1 => client.prop_map(Step::Vanish),
        4 => prop_oneof![1u64..50, 400u64..700, 5_000u64..70_000].prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

impl Model {
    fn new() -> Self {
        Self { clients: vec![Client::default(); CLIENTS], committed: -1, ..Self::default() }
    }

    fn act(&mut self, world: &mut World, step: &Step) {
        match *step {
            Step::Join(index) => self.join(world, index),
            Step::Sync(index) => self.sync(world, index),
            Step::Heartbeat(index) => self.heartbeat(world, index),
            Step::Commit(index) => self.commit(world, index),
            Step::Leave(index) => {
                let client = std::mem::take(&mut self.clients[index]);
                let _ = world.leave(&[departure(&client.member_id, None)]);
            }
            Step::Vanish(index) => self.clients[index] = Client::default(),
            Step::Pass(ms) => world.pass(ms),
            Step::Restart => {
                world.restart();
                for client in &mut self.clients {
                    (client.joining, client.syncing) = (None, None);
                }
            }
        }
        self.hear(world);
    }

    fn join(&mut self, world: &mut World, index: usize) {
        let client = &mut self.clients[index];
        if client.joining.is_some() || client.syncing.is_some() {
            return;
        }
        let instance = format!("static-{index}");
        let request = if STATIC.contains(&index) {
            join_static(&client.member_id, &instance)
        } else {
            join(&client.member_id)
        };
        client.joining = Some(world.join(&request));
    }

    fn sync(&mut self, world: &mut World, index: usize) {
        let client = &mut self.clients[index];
        if client.joining.is_some() || client.syncing.is_some() || client.generation == 0 {
            return;
        }
        let work = |id: &String| format!("{id} in {}", client.generation);
        let assignments: Vec<(String, String)> =
            client.leads.iter().map(|id| (id.clone(), work(id))).collect();
        if client.generation == self.generation {
            let assigned =
                assignments.iter().map(|(id, text)| ((client.generation, id.clone()), text.clone()));
            self.assigned.extend(assigned);
        }
        let borrowed: Vec<(&str, &str)> =
            assignments.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        client.syncing = Some(world.sync(&client.member_id, client.generation, &borrowed));
    }

    fn heartbeat(&mut self, world: &mut World, index: usize) {
        let client = &mut self.clients[index];
        let heard = world.heartbeat(&client.member_id, client.generation);
        if heard.is_none() {
            assert_eq!(client.generation, self.generation, "an old generation is alive");
        }
        if heard == ErrorCode::UnknownMemberId && client.joining.is_none() && client.syncing.is_none() {
            *client = Client::default();
        }
    }

    fn commit(&mut self, world: &mut World, index: usize) {
        let client = &self.clients[index];
        let next = self.committed + 1;
        if world.commit(&commit(&client.member_id, client.generation, vec![offset("t", next)])).is_ok() {
            assert_eq!(client.generation, self.generation, "an old generation has committed");
            self.committed = next;
        }
        assert_eq!(world.committed("t"), self.committed);
    }

    /// Takes in the answers that have come.
    fn hear(&mut self, world: &mut World) {
        let joins = std::mem::take(&mut world.joins);
        let highest = joins.values().map(|answer| answer.generation).max().unwrap_or(0);
        for (waiter, answer) in joins {
            self.hear_join(waiter, &answer, highest.max(self.generation));
        }
        for (waiter, answer) in std::mem::take(&mut world.syncs) {
            self.hear_sync(waiter, &answer);
        }
    }

    fn hear_join(&mut self, waiter: Waiter, answer: &JoinAnswer, highest: i32) {
        if answer.error.is_none() {
            assert_eq!(answer.generation, highest, "a generation went back");
            if answer.generation > self.generation {
                (self.generation, self.leader) = (answer.generation, answer.leader.clone());
            }
            let leads = answer.leader == answer.member_id;
            assert_eq!(leads, !answer.members.is_empty(), "the leader alone is told the members");
            assert!(!leads || answer.members.iter().any(|member| member.member_id == answer.member_id));
        }
        let Some(client) = self.clients.iter_mut().find(|client| client.joining == Some(waiter)) else {
            return;
        };
        client.joining = None;
        match answer.error {
            ErrorCode::None => {
                let told = if answer.skip_assignment { &[][..] } else { &answer.members };
                client.leads = told.iter().map(|member| member.member_id.clone()).collect();
                (client.member_id, client.generation) = (answer.member_id.clone(), answer.generation);
            }
            ErrorCode::MemberIdRequired => client.member_id.clone_from(&answer.member_id),
            ErrorCode::RebalanceInProgress => {}
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *client = Client::default(),
            other => panic!("a join was refused with {other}"),
        }
    }

    fn hear_sync(&mut self, waiter: Waiter, answer: &SyncAnswer) {
        let Some(client) = self.clients.iter_mut().find(|client| client.syncing == Some(waiter)) else {
            return;
        };
        client.syncing = None;
        match answer.error {
            ErrorCode::None => {
                let known =
                    self.assigned.iter().filter(|((generation, _), _)| *generation == client.generation);
                let known: Vec<&str> = known.map(|(_, text)| text.as_str()).collect();
                let text = String::from_utf8_lossy(&answer.assignment);
                assert!(text.is_empty() || known.contains(&text.as_ref()), "{text:?} was never assigned");
            }
            ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => client.generation = 0,
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *client = Client::default(),
            other => panic!("a sync was refused with {other}"),
        }
    }

    /// Lets every client follow the protocol until all is quiet; then all are in one generation.
    fn settle(&mut self, world: &mut World) {
        for _ in 0..60 {
            for index in 0..CLIENTS {
                let heard = world.heartbeat(&self.clients[index].member_id, self.clients[index].generation);
                let client = &mut self.clients[index];
                let waits = client.joining.is_some() || client.syncing.is_some();
                if heard == ErrorCode::UnknownMemberId && !waits && client.generation != 0 {
                    *client = Client::default();
                }
                if heard != ErrorCode::None || client.generation == 0 {
                    self.act(world, &Step::Join(index));
                }
                self.act(world, &Step::Sync(index));
            }
            world.pass(3_000);
            self.hear(world);
        }
        assert_eq!(world.state(), Some("Stable"));
        assert!(self.clients.iter().all(|client| client.generation == self.generation), "{:?}", self.clients);
        let members = world.coordinator.describe(support::GROUP).map(|group| group.members.len());
        assert_eq!(members, Some(CLIENTS), "no member is left over and none is missing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_history_keeps_the_promises_and_ends_in_one_stable_generation(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let mut world = World::new();
        let mut model = Model::new();
        for step in &steps {
            model.act(&mut world, step);
        }
        model.settle(&mut world);
        let before = world.coordinator.describe(support::GROUP);
        world.restart();
        prop_assert_eq!(world.coordinator.describe(support::GROUP), before);
        prop_assert_eq!(world.committed("t"), model.committed);
    }
}
