//! Consumer groups, spoken byte by byte with the real process.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

use headrace_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse,
    SyncGroupRequest, SyncGroupResponse, join_group_request::JoinGroupRequestProtocol,
    leave_group_request::MemberIdentity, sync_group_request::SyncGroupRequestAssignment,
};
use headrace_types::ErrorCode;
use support::{Broker, Client};

const JOIN: i16 = 9;
const SYNC: i16 = 5;
const HEARTBEAT: i16 = 4;
const LEAVE: i16 = 5;

/// A consumer with a connection of its own.
struct Member {
    client: Client,
    group: &'static str,
    id: String,
    instance: Option<&'static str>,
    generation: i32,
    leads: Vec<String>,
}

impl Member {
    fn new(broker: &Broker, group: &'static str) -> Self {
        Self {
            client: broker.connect(),
            group,
            id: String::new(),
            instance: None,
            generation: -1,
            leads: vec![],
        }
    }

    fn fixed(broker: &Broker, group: &'static str, instance: &'static str) -> Self {
        Self { instance: Some(instance), ..Self::new(broker, group) }
    }

    /// Sends a request to join in this version; answers its correlation id.
    fn ask_to_join(&mut self, version: i16) -> i32 {
        let protocol =
            JoinGroupRequestProtocol { name: "range".into(), metadata: b"topics".as_slice().into() };
        let request = JoinGroupRequest {
            group_id: self.group.into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 60_000,
            member_id: self.id.clone().into(),
            group_instance_id: self.instance.map(Into::into),
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            reason: None,
        };
        self.client.request(&request, version)
    }

    /// Reads the answer; keeps what it says.
    fn hear_join(&mut self, id: i32, version: i16) -> ErrorCode {
        let response: JoinGroupResponse<'_> = self.client.response(id, version);
        let error = ErrorCode::from_code(response.error_code).unwrap();
        let leads = response.members.iter().map(|member| member.member_id.clone().into_owned()).collect();
        let (member_id, generation) = (response.member_id.clone().into_owned(), response.generation_id);
        drop(response);
        (self.id, self.generation, self.leads) = (member_id, generation, leads);
        error
    }

    /// Joins so far that the answer is all that is missing; a new member first learns its id.
    fn begin_join(&mut self) -> i32 {
        if self.id.is_empty() && self.instance.is_none() {
            let id = self.ask_to_join(JOIN);
            assert_eq!(self.hear_join(id, JOIN), ErrorCode::MemberIdRequired);
        }
        self.ask_to_join(JOIN)
    }

    fn ask_to_sync(&mut self, version: i16) -> i32 {
        let assignment = |id: &String| SyncGroupRequestAssignment {
            member_id: id.clone().into(),
            assignment: format!("work of {id}").into_bytes().into(),
        };
        let request = SyncGroupRequest {
            group_id: self.group.into(),
            generation_id: self.generation,
            member_id: self.id.clone().into(),
            group_instance_id: self.instance.map(Into::into),
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            assignments: self.leads.iter().map(assignment).collect(),
        };
        self.client.request(&request, version)
    }

    fn hear_sync(&mut self, id: i32, version: i16) -> Result<String, ErrorCode> {
        let response: SyncGroupResponse<'_> = self.client.response(id, version);
        match ErrorCode::from_code(response.error_code).unwrap() {
            ErrorCode::None => Ok(String::from_utf8(response.assignment.to_vec()).unwrap()),
            error => Err(error),
        }
    }

    fn heartbeat(&mut self, version: i16) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: self.group.into(),
            generation_id: self.generation,
            member_id: self.id.clone().into(),
            group_instance_id: self.instance.map(Into::into),
        };
        let id = self.client.request(&request, version);
        let response: HeartbeatResponse = self.client.response(id, version);
        ErrorCode::from_code(response.error_code).unwrap()
    }

    fn leave(&mut self) -> ErrorCode {
        let member = MemberIdentity { member_id: self.id.clone().into(), ..Default::default() };
        let request =
            LeaveGroupRequest { group_id: self.group.into(), members: vec![member], ..Default::default() };
        let id = self.client.request(&request, LEAVE);
        let response: LeaveGroupResponse<'_> = self.client.response(id, LEAVE);
        assert_eq!(response.error_code, 0);
        ErrorCode::from_code(response.members[0].error_code).unwrap()
    }
}

/// Brings members into one generation, each with its work assigned.
fn settle(members: &mut [Member]) {
    let joins: Vec<i32> = members.iter_mut().map(Member::begin_join).collect();
    for (member, id) in members.iter_mut().zip(joins) {
        assert_eq!(member.hear_join(id, JOIN), ErrorCode::None);
    }
    let leaders = members.iter().filter(|member| !member.leads.is_empty()).count();
    assert_eq!(leaders, 1);
    let syncs: Vec<i32> = members.iter_mut().map(|member| member.ask_to_sync(SYNC)).collect();
    for (member, id) in members.iter_mut().zip(syncs) {
        assert_eq!(member.hear_sync(id, SYNC), Ok(format!("work of {}", member.id)));
    }
}

#[test]
fn every_client_finds_the_coordinator() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for version in 0..=3 {
        let request = FindCoordinatorRequest { key: "g".into(), ..Default::default() };
        let id = client.request(&request, version);
        let response: FindCoordinatorResponse<'_> = client.response(id, version);
        assert_eq!((response.error_code, response.port), (0, i32::from(broker.address.port())));
    }
    for version in 4..=6 {
        let coordinator_keys = vec!["g".into(), "h".into()];
        let request = FindCoordinatorRequest { coordinator_keys, ..Default::default() };
        let id = client.request(&request, version);
        let response: FindCoordinatorResponse<'_> = client.response(id, version);
        let found: Vec<(&str, i32)> =
            response.coordinators.iter().map(|found| (found.key.as_ref(), found.port)).collect();
        let port = i32::from(broker.address.port());
        assert_eq!(found, [("g", port), ("h", port)]);
    }
    for (key_type, expected) in [(1, ErrorCode::None), (2, ErrorCode::InvalidRequest)] {
        let request = FindCoordinatorRequest { key: "t".into(), key_type, ..Default::default() };
        let id = client.request(&request, 3);
        let response: FindCoordinatorResponse<'_> = client.response(id, 3);
        assert_eq!(response.error_code, expected.code());
    }
}

#[test]
fn members_share_the_work_and_share_it_anew_when_one_goes() {
    let broker = Broker::dev();
    let mut members = [Member::new(&broker, "g"), Member::new(&broker, "g"), Member::new(&broker, "g")];
    settle(&mut members);
    let [mut first, mut second, mut third] = members;
    assert_eq!(third.leave(), ErrorCode::None);
    assert_eq!(third.heartbeat(HEARTBEAT), ErrorCode::UnknownMemberId);
    assert_eq!(first.heartbeat(HEARTBEAT), ErrorCode::RebalanceInProgress);
    let before = first.generation;
    for member in [&mut first, &mut second] {
        member.leads.clear();
    }
    let mut left = [first, second];
    settle(&mut left);
    assert!(left.iter().all(|member| member.generation > before));
    assert_eq!(left[0].heartbeat(HEARTBEAT), ErrorCode::None);
}

#[test]
fn many_members_that_come_at_once_share_one_generation() {
    let broker = Broker::dev();
    let mut members: Vec<Member> = (0..60).map(|_| Member::new(&broker, "g")).collect();
    settle(&mut members);
    assert!(members.iter().all(|member| member.generation == members[0].generation));
}

#[test]
fn every_version_of_the_group_apis_is_served() {
    let broker = Broker::dev();
    let groups = ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"];
    let mut waiting = Vec::new();
    for (version, group) in (0..).zip(groups) {
        let mut member = Member::new(&broker, group);
        let mut id = member.ask_to_join(version);
        if version >= 4 {
            assert_eq!(member.hear_join(id, version), ErrorCode::MemberIdRequired);
            id = member.ask_to_join(version);
        }
        waiting.push((version, member, id));
    }
    for (version, mut member, id) in waiting {
        assert_eq!(member.hear_join(id, version), ErrorCode::None, "version {version}");
        assert_eq!(member.leads, [member.id.clone()]);
        let sync = version.min(SYNC);
        let id = member.ask_to_sync(sync);
        assert_eq!(member.hear_sync(id, sync), Ok(format!("work of {}", member.id)));
        assert_eq!(member.heartbeat(version.min(HEARTBEAT)), ErrorCode::None);
        let leave = version.min(2);
        let member_id = member.id.clone();
        let request = LeaveGroupRequest {
            group_id: member.group.into(),
            member_id: member_id.into(),
            ..Default::default()
        };
        let id = member.client.request(&request, leave);
        let response: LeaveGroupResponse<'_> = member.client.response(id, leave);
        assert_eq!(response.error_code, 0);
    }
}

#[test]
fn a_restarted_static_member_keeps_its_work_and_fences_the_old_process() {
    let broker = Broker::dev();
    let mut members = [Member::fixed(&broker, "g", "a"), Member::fixed(&broker, "g", "b")];
    settle(&mut members);
    let [mut old, mut other] = members;
    let mut new = Member::fixed(&broker, "g", "a");
    let id = new.ask_to_join(JOIN);
    assert_eq!(new.hear_join(id, JOIN), ErrorCode::None);
    assert_eq!(new.generation, old.generation);
    assert_ne!(new.id, old.id);
    new.leads.clear();
    let id = new.ask_to_sync(SYNC);
    assert_eq!(new.hear_sync(id, SYNC), Ok(format!("work of {}", old.id)));
    assert_eq!(old.heartbeat(HEARTBEAT), ErrorCode::FencedInstanceId);
    assert_eq!(other.heartbeat(HEARTBEAT), ErrorCode::None);
}

#[test]
fn strangers_and_old_generations_are_refused() {
    let broker = Broker::dev();
    let mut members = [Member::new(&broker, "g")];
    settle(&mut members);
    let [mut member] = members;
    member.generation -= 1;
    assert_eq!(member.heartbeat(HEARTBEAT), ErrorCode::IllegalGeneration);
    let id = member.ask_to_sync(SYNC);
    assert_eq!(member.hear_sync(id, SYNC), Err(ErrorCode::IllegalGeneration));
    let mut stranger = Member { id: "nobody".to_owned(), ..Member::new(&broker, "g") };
    assert_eq!(stranger.heartbeat(HEARTBEAT), ErrorCode::UnknownMemberId);
    let id = stranger.ask_to_join(JOIN);
    assert_eq!(stranger.hear_join(id, JOIN), ErrorCode::UnknownMemberId);
}

#[test]
fn a_group_goes_on_after_the_broker_was_killed() {
    let broker = Broker::dev();
    let mut members = [Member::new(&broker, "g"), Member::new(&broker, "g")];
    settle(&mut members);
    let broker = Broker::dev_in(broker.kill());
    for member in &mut members {
        member.client = broker.connect();
        assert_eq!(member.heartbeat(HEARTBEAT), ErrorCode::None);
        member.leads.clear();
        let id = member.ask_to_sync(SYNC);
        assert_eq!(member.hear_sync(id, SYNC), Ok(format!("work of {}", member.id)));
    }
}

#[test]
fn administrators_list_describe_and_delete_groups() {
    let broker = Broker::dev();
    let mut members = [Member::new(&broker, "g")];
    settle(&mut members);
    let [mut member] = members;
    let mut client = broker.connect();

    let id = client.request(&ListGroupsRequest::default(), 5);
    let listed: ListGroupsResponse<'_> = client.response(id, 5);
    let group = &listed.groups[0];
    assert_eq!(
        (group.group_id.as_ref(), group.group_state.as_ref(), group.group_type.as_ref()),
        ("g", "Stable", "classic")
    );
    let empty_only = ListGroupsRequest { states_filter: vec!["Empty".into()], ..Default::default() };
    let id = client.request(&empty_only, 5);
    let listed: ListGroupsResponse<'_> = client.response(id, 5);
    assert!(listed.groups.is_empty());

    let request = DescribeGroupsRequest { groups: vec!["g".into(), "none".into()], ..Default::default() };
    let id = client.request(&request, 6);
    let described: DescribeGroupsResponse<'_> = client.response(id, 6);
    let errors: Vec<i16> = described.groups.iter().map(|group| group.error_code).collect();
    assert_eq!(errors, [0, ErrorCode::GroupIdNotFound.code()]);
    let seen = &described.groups[0].members[0];
    assert_eq!((seen.client_id.as_ref(), seen.client_host.as_ref()), ("test", "/127.0.0.1"));
    assert_eq!(seen.member_metadata, b"topics".as_slice());
    assert_eq!(seen.member_assignment, format!("work of {}", member.id).as_bytes());

    assert_eq!(delete(&mut client, "g"), ErrorCode::NonEmptyGroup);
    assert_eq!(member.leave(), ErrorCode::None);
    assert_eq!(delete(&mut client, "g"), ErrorCode::None);
    assert_eq!(delete(&mut client, "g"), ErrorCode::GroupIdNotFound);
}

fn delete(client: &mut Client, group: &str) -> ErrorCode {
    let request = DeleteGroupsRequest { groups_names: vec![group.to_owned().into()] };
    let id = client.request(&request, 2);
    let response: DeleteGroupsResponse<'_> = client.response(id, 2);
    ErrorCode::from_code(response.results[0].error_code).unwrap()
}

#[test]
fn a_broker_that_stops_tells_members_that_wait() {
    let broker = Broker::dev();
    let mut members = [Member::new(&broker, "g")];
    settle(&mut members);
    let mut newcomer = Member::new(&broker, "g");
    let id = newcomer.begin_join();
    while members[0].heartbeat(HEARTBEAT) != ErrorCode::RebalanceInProgress {}
    let (status, log) = broker.terminate();
    assert!(status.success(), "{log}");
    assert_eq!(newcomer.hear_join(id, JOIN), ErrorCode::CoordinatorNotAvailable);
}

#[test]
fn groups_and_refusals_are_counted() {
    let broker = Broker::with_logins(|_| ());
    let mut member = Member::new(&broker, "g");
    assert_eq!(member.client.login("hk_one", "secret-one"), 0);
    let mut members = [member];
    settle(&mut members);
    let protocol =
        JoinGroupRequestProtocol { name: "range".into(), metadata: vec![0; 2 * 1024 * 1024].into() };
    let request = JoinGroupRequest {
        group_id: "large".into(),
        session_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let client = &mut members[0].client;
    let id = client.request(&request, JOIN);
    let response: JoinGroupResponse<'_> = client.response(id, JOIN);
    assert_eq!(response.error_code, ErrorCode::PolicyViolation.code());
    let (_, metrics) = broker.admin("GET", "/metrics");
    for line in [
        "headrace_broker_groups 1",
        "headrace_broker_group_members 1",
        r#"headrace_broker_group_requests_refused_total{reason="groups_or_offsets_max"} 1"#,
    ] {
        assert!(metrics.lines().any(|counted| counted == line), "{line} in {metrics}");
    }
}
