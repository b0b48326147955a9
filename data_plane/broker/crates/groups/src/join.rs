//! `JoinGroup`.

use headrace_types::ErrorCode;
use uuid::Uuid;

use crate::answers::JoinAnswer;
use crate::config::{CLIENT_ID_BYTES_IN_MEMBER_ID_MAX, GroupConfig, NEW_MEMBER_TIMEOUT_MS};
use crate::group::{Group, GroupState, RebalanceTimer};
use crate::member::{Member, timeout_ms};
use crate::requests::JoinRequest;
use crate::turn::{Turn, Waiter};

impl Group {
    /// Takes a request to join; the answer comes now or with the end of the join phase.
    pub(crate) fn join(&mut self, request: &JoinRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        if let Err(error) = self.check_join(request, turn.config) {
            return turn.refuse_join(waiter, error, &request.member_id);
        }
        match (&request.instance_id, request.member_id.is_empty()) {
            (Some(instance), true) => self.join_static(instance, request, waiter, turn),
            (None, true) if request.requires_known_member => self.give_out_id(request, waiter, turn),
            (None, true) => {
                let member_id = fresh_member_id(&request.client_id, request.fresh_id);
                self.add_member(&member_id, request, waiter, turn);
            }
            (_, false) if self.pending.contains_key(&request.member_id) => {
                self.add_member(&request.member_id, request, waiter, turn);
            }
            (_, false) => self.rejoin(request, waiter, turn),
        }
    }

    fn check_join(&self, request: &JoinRequest, config: &GroupConfig) -> Result<(), ErrorCode> {
        let is_known = self.pending.contains_key(&request.member_id);
        if !request.member_id.is_empty() && !is_known {
            self.check_member(&request.member_id, request.instance_id.as_deref())?;
        }
        if is_known && request.instance_id.is_some() {
            // Ids are given out in advance to dynamic members only.
            return Err(ErrorCode::UnknownMemberId);
        }
        if self.adds_a_member(request)
            && self.members.len() + self.pending.len() >= config.members_per_group_max
        {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if self.can_follow_a_protocol_of(request) {
            Ok(())
        } else {
            Err(ErrorCode::InconsistentGroupProtocol)
        }
    }

    fn adds_a_member(&self, request: &JoinRequest) -> bool {
        let replaces =
            request.instance_id.as_ref().is_some_and(|instance| self.static_members.contains_key(instance));
        request.member_id.is_empty() && !replaces
    }

    /// Whether some protocol of the request is one that all other members support.
    fn can_follow_a_protocol_of(&self, request: &JoinRequest) -> bool {
        if request.protocol_type.is_empty() || request.protocols.is_empty() {
            return false;
        }
        if self.members.is_empty() {
            return true;
        }
        let common = |name: &str| self.members.values().all(|member| member.supports(name));
        let same_type = self.protocol_type.as_ref() == Some(&request.protocol_type);
        same_type && request.protocols.iter().any(|protocol| common(&protocol.name))
    }

    /// A new dynamic member first learns its id and joins with it: a client whose answer is lost leaves no member behind
    /// (KIP-394).
    fn give_out_id(&mut self, request: &JoinRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        let member_id = fresh_member_id(&request.client_id, request.fresh_id);
        let deadline_ms = turn.now.after_ms(timeout_ms(request.session_timeout_ms));
        self.pending.insert(member_id.clone(), deadline_ms);
        turn.refuse_join(waiter, ErrorCode::MemberIdRequired, &member_id);
    }

    fn add_member(&mut self, member_id: &str, request: &JoinRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        self.pending.remove(member_id);
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        if matches!(self.timer, Some(RebalanceTimer::InitialJoin { .. })) {
            self.new_member_joined = true;
        }
        if let Some(instance) = &request.instance_id {
            self.static_members.insert(instance.clone(), member_id.to_owned());
        }
        let member = Member::new(request, waiter, turn.now.after_ms(NEW_MEMBER_TIMEOUT_MS));
        self.members.insert(member_id.to_owned(), member);
        self.leader.get_or_insert_with(|| member_id.to_owned());
        self.rebalance(turn);
    }

    /// A current member joins again.
    fn rejoin(&mut self, request: &JoinRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        let id = request.member_id.as_str();
        let unchanged = self.members.get(id).is_some_and(|member| member.protocols == request.protocols);
        let answers_at_once = match self.state {
            // The answer to the first join was lost.
            GroupState::CompletingRebalance => unchanged,
            // A leader joins again to make the group rebalance: topics may have changed.
            GroupState::Stable => unchanged && !self.is_leader(id),
            GroupState::PreparingRebalance => false,
            GroupState::Empty => return turn.refuse_join(waiter, ErrorCode::UnknownMemberId, id),
        };
        if answers_at_once {
            self.renew_session(id, turn.now);
            return turn.answer_join(waiter, self.join_answer(id));
        }
        self.await_join(id, request, waiter, turn);
        self.rebalance(turn);
    }

    /// Takes over what the request says and lets it wait; an earlier request of the same member is told to try again.
    fn await_join(&mut self, member_id: &str, request: &JoinRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        member.update(request);
        if let Some(replaced) = member.joining.replace(waiter) {
            turn.refuse_join(replaced, ErrorCode::RebalanceInProgress, member_id);
        }
        if !member.is_new {
            member.session_deadline_ms = turn.now.after_ms(member.session_timeout_ms);
        }
    }

    /// A static member joins, for the first time or after a restart.
    fn join_static(&mut self, instance: &str, request: &JoinRequest, waiter: Waiter, turn: &mut Turn<'_>) {
        let new_id = fresh_member_id(instance, request.fresh_id);
        match self.static_members.get(instance).cloned() {
            None => self.add_member(&new_id, request, waiter, turn),
            Some(old_id) => self.replace_static(&old_id, &new_id, request, waiter, turn),
        }
    }

    /// A static member that restarted gets a new id and the place of its old one, which is fenced (KIP-345).
    fn replace_static(
        &mut self,
        old_id: &str,
        new_id: &str,
        request: &JoinRequest,
        waiter: Waiter,
        turn: &mut Turn<'_>,
    ) {
        let old_leader = self.leader.clone().unwrap_or_default();
        self.fence(old_id, new_id, turn);
        if self.state == GroupState::Stable {
            if let Some(member) = self.members.get_mut(new_id) {
                member.update(request);
            }
            if self.select_protocol() == self.protocol_name {
                return self.keep_assignment(new_id, old_leader, request, waiter, turn);
            }
        }
        self.await_join(new_id, request, waiter, turn);
        self.rebalance(turn);
    }

    /// Moves a member to another id; requests that wait under the old one are refused.
    fn fence(&mut self, old_id: &str, new_id: &str, turn: &mut Turn<'_>) {
        let Some(mut member) = self.members.remove(old_id) else { return };
        if let Some(waiter) = member.joining.take() {
            turn.refuse_join(waiter, ErrorCode::FencedInstanceId, old_id);
        }
        if let Some(waiter) = member.syncing.take() {
            turn.refuse_sync(waiter, ErrorCode::FencedInstanceId);
        }
        if let Some(instance) = &member.instance_id {
            self.static_members.insert(instance.clone(), new_id.to_owned());
        }
        if self.is_leader(old_id) {
            self.leader = Some(new_id.to_owned());
        }
        self.members.insert(new_id.to_owned(), member);
    }

    /// Nothing changes for the group: the member goes on with the assignment of its old id, without a rebalance.
    fn keep_assignment(
        &mut self,
        new_id: &str,
        old_leader: String,
        request: &JoinRequest,
        waiter: Waiter,
        turn: &mut Turn<'_>,
    ) {
        self.renew_session(new_id, turn.now);
        self.persist(turn);
        let answer = if request.may_skip_assignment {
            JoinAnswer { skip_assignment: self.is_leader(new_id), ..self.join_answer(new_id) }
        } else {
            // A leader of before KIP-814 would assign anew, which nobody would hear: it is not told that it leads.
            JoinAnswer { leader: old_leader, members: Vec::new(), ..self.join_answer(new_id) }
        };
        turn.answer_join(waiter, answer);
    }
}

fn fresh_member_id(prefix: &str, fresh_id: Uuid) -> String {
    let end = prefix.floor_char_boundary(CLIENT_ID_BYTES_IN_MEMBER_ID_MAX);
    format!("{}-{fresh_id}", &prefix[..end])
}
