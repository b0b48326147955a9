//! `SyncGroup`.

use std::collections::BTreeMap;

use bytes::Bytes;
use headrace_types::ErrorCode;

use crate::answers::SyncAnswer;
use crate::group::{Group, GroupState};
use crate::requests::SyncRequest;
use crate::turn::{Turn, Waiter};

impl Group {
    /// Takes a request to sync; the answer comes now or with the leader's assignment.
    pub(crate) fn sync(&mut self, request: &SyncRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        if let Err(error) = self.check_sync(request) {
            return turn.refuse_sync(waiter, error);
        }
        self.renew_session(&request.member_id, turn.now);
        let Some(member) = self.members.get_mut(&request.member_id) else {
            return turn.refuse_sync(waiter, ErrorCode::UnknownMemberId);
        };
        member.synced = true;
        if let Some(replaced) = member.syncing.replace(waiter) {
            turn.refuse_sync(replaced, ErrorCode::RebalanceInProgress);
        }
        if self.state == GroupState::Stable {
            self.hand_out_assignments(turn);
        } else if self.is_leader(&request.member_id) {
            self.assign(request, turn);
        }
    }

    fn check_sync(&self, request: &SyncRequest) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.instance_id.as_deref())?;
        self.check_generation(request.generation)?;
        let differs = |asked: &Option<String>, ours: &Option<String>| asked.is_some() && asked != ours;
        let other_type = differs(&request.protocol_type, &self.protocol_type);
        if other_type || differs(&request.protocol_name, &self.protocol_name) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match self.state {
            GroupState::Empty => Err(ErrorCode::UnknownMemberId),
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }

    /// The leader has spoken: a member that it left out has nothing to read, ids that are no members are ignored.
    fn assign(&mut self, request: &SyncRequest, turn: &mut Turn<'_>) {
        let assignments: BTreeMap<&str, &Bytes> =
            request.assignments.iter().map(|(id, assignment)| (id.as_str(), assignment)).collect();
        for (id, member) in &mut self.members {
            member.assignment =
                assignments.get(id.as_str()).map(|assignment| (*assignment).clone()).unwrap_or_default();
        }
        self.state = GroupState::Stable;
        self.persist(turn);
        self.hand_out_assignments(turn);
    }

    fn hand_out_assignments(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            let Some(waiter) = member.syncing.take() else { continue };
            member.session_deadline_ms = turn.now.after_ms(member.session_timeout_ms);
            let answer = SyncAnswer {
                error: ErrorCode::None,
                protocol_type: self.protocol_type.clone(),
                protocol_name: self.protocol_name.clone(),
                assignment: member.assignment.clone(),
            };
            turn.answer_sync(waiter, answer);
        }
        if self.members.values().all(|member| member.synced) {
            self.timer = None;
        }
    }
}
