//! How a group gets from one generation to the next.

use std::collections::BTreeMap;

use bytes::Bytes;
use headrace_types::ErrorCode;

use crate::group::{Group, GroupState, RebalanceTimer};
use crate::member::Member;
use crate::turn::{GroupEvent, Turn};

/// Shortest wait for static members that are all absent, so that a rebalance timeout of 0 does not make a busy loop.
const ABSENT_WAIT_MS_MIN: u64 = 1_000;

impl Group {
    /// After a change in the members: starts a rebalance, or ends the one that is under way if it waited for this only.
    pub(crate) fn rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.state == GroupState::PreparingRebalance {
            self.complete_join_if_all_joined(turn);
        } else {
            self.prepare_rebalance(turn);
        }
    }

    fn prepare_rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.state == GroupState::CompletingRebalance {
            self.drop_assignments(turn);
        }
        let timeout_ms = self.rebalance_timeout_ms();
        let delay_ms = turn.config.initial_rebalance_delay_ms;
        let is_initial = self.state == GroupState::Empty && delay_ms > 0;
        self.state = GroupState::PreparingRebalance;
        self.new_member_joined = false;
        self.timer = Some(if is_initial {
            RebalanceTimer::InitialJoin {
                at_ms: turn.now.after_ms(delay_ms),
                remaining_ms: timeout_ms.saturating_sub(delay_ms),
            }
        } else {
            RebalanceTimer::Join { at_ms: turn.now.after_ms(timeout_ms) }
        });
        self.complete_join_if_all_joined(turn);
    }

    /// Tells members that wait for an assignment of the abandoned generation to join again.
    fn drop_assignments(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(waiter) = member.syncing.take() {
                turn.refuse_sync(waiter, ErrorCode::RebalanceInProgress);
            }
        }
    }

    pub(crate) fn complete_join_if_all_joined(&mut self, turn: &mut Turn<'_>) {
        let initial = matches!(self.timer, Some(RebalanceTimer::InitialJoin { .. }));
        let all_joined =
            self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some());
        if self.state == GroupState::PreparingRebalance && !initial && all_joined {
            self.complete_join(turn);
        }
    }

    /// Ends the join phase with whoever has joined.
    fn complete_join(&mut self, turn: &mut Turn<'_>) {
        self.give_up_absent_members(turn);
        if self.members.is_empty() {
            self.become_empty(turn);
        } else if self.elect_leader() {
            self.begin_generation(turn);
        } else {
            // Only static members are left and none has joined: they may still come back within their sessions.
            let wait_ms = self.rebalance_timeout_ms().max(ABSENT_WAIT_MS_MIN);
            self.timer = Some(RebalanceTimer::Join { at_ms: turn.now.after_ms(wait_ms) });
        }
    }

    /// Static members keep their place until their session ends.
    fn give_up_absent_members(&mut self, turn: &mut Turn<'_>) {
        self.members.retain(|id, member| {
            let stays = member.joining.is_some() || member.instance_id.is_some();
            if !stays {
                turn.lost(&self.id, id, "did not join again in time");
            }
            stays
        });
    }

    /// Makes sure that the leader is a member that has joined; false if no member has.
    fn elect_leader(&mut self) -> bool {
        let has_joined = |id: &String| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if self.leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        let joined = self.members.iter().find(|(_, member)| member.joining.is_some());
        let Some((id, _)) = joined else { return false };
        self.leader = Some(id.clone());
        true
    }

    fn become_empty(&mut self, turn: &mut Turn<'_>) {
        self.next_generation();
        self.state = GroupState::Empty;
        self.timer = None;
        self.leader = None;
        self.protocol_name = None;
        self.empty_since_ms = Some(turn.now.wall_ms);
        let (group_id, generation) = (self.id.clone(), self.generation);
        turn.effects.events.push(GroupEvent::BecameEmpty { group_id, generation });
        self.persist(turn);
    }

    fn begin_generation(&mut self, turn: &mut Turn<'_>) {
        self.next_generation();
        self.state = GroupState::CompletingRebalance;
        self.protocol_name = self.select_protocol();
        self.empty_since_ms = None;
        self.timer = Some(RebalanceTimer::Sync { at_ms: turn.now.after_ms(self.rebalance_timeout_ms()) });
        let mut answers = Vec::new();
        for (id, member) in &mut self.members {
            member.is_new = false;
            member.synced = false;
            member.session_deadline_ms = turn.now.after_ms(member.session_timeout_ms);
            answers.extend(member.joining.take().map(|waiter| (waiter, id.clone())));
        }
        for (waiter, id) in answers {
            turn.answer_join(waiter, self.join_answer(&id));
        }
        let (group_id, generation, members) = (self.id.clone(), self.generation, self.members.len());
        turn.effects.events.push(GroupEvent::GenerationBegan { group_id, generation, members });
        // Apache Kafka persists a group only when its leader has synced; then a crash in between lets a generation occur twice.
        self.persist(turn);
    }

    fn next_generation(&mut self) {
        self.generation = self.generation.checked_add(1).unwrap_or(1);
    }

    /// The protocol that every member supports and most members prefer; among equals the first by name.
    pub(crate) fn select_protocol(&self) -> Option<String> {
        let common = |name: &str| self.members.values().all(|member| member.supports(name));
        let vote = |member: &'_ Member| -> Option<String> {
            member.protocols.iter().map(|protocol| &protocol.name).find(|name| common(name)).cloned()
        };
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for choice in self.members.values().filter_map(vote) {
            *votes.entry(choice).or_default() += 1;
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name)
    }

    /// Forgets a member; whoever waits in its name is told `error`. Members that are left may have to rebalance.
    pub(crate) fn remove_member(&mut self, member_id: &str, error: ErrorCode, turn: &mut Turn<'_>) {
        self.drop_member(member_id, error, turn);
        match self.state {
            GroupState::Empty => {}
            _ => self.rebalance(turn),
        }
    }

    fn drop_member(&mut self, member_id: &str, error: ErrorCode, turn: &mut Turn<'_>) {
        let Some(member) = self.members.remove(member_id) else { return };
        if let Some(instance) = &member.instance_id {
            self.static_members.remove(instance);
        }
        if let Some(waiter) = member.joining {
            turn.refuse_join(waiter, error, member_id);
        }
        if let Some(waiter) = member.syncing {
            turn.refuse_sync(waiter, error);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// Does what is due by now.
    pub(crate) fn expire(&mut self, turn: &mut Turn<'_>) {
        self.expire_pending(turn);
        self.expire_sessions(turn);
        let now_ms = turn.now.monotonic_ms;
        let Some(timer) = self.timer.filter(|timer| timer.at_ms() <= now_ms) else { return };
        match timer {
            RebalanceTimer::InitialJoin { remaining_ms, .. } => self.end_initial_delay(remaining_ms, turn),
            RebalanceTimer::Join { .. } => self.complete_join(turn),
            RebalanceTimer::Sync { .. } => self.expire_syncs(turn),
        }
    }

    /// Waits once more if somebody joined meanwhile (KIP-134).
    fn end_initial_delay(&mut self, remaining_ms: u64, turn: &mut Turn<'_>) {
        if !self.new_member_joined || remaining_ms == 0 {
            self.timer = None;
            return self.complete_join(turn);
        }
        self.new_member_joined = false;
        let delay_ms = turn.config.initial_rebalance_delay_ms.min(remaining_ms);
        self.timer = Some(RebalanceTimer::InitialJoin {
            at_ms: turn.now.after_ms(delay_ms),
            remaining_ms: remaining_ms - delay_ms,
        });
    }

    fn expire_pending(&mut self, turn: &mut Turn<'_>) {
        let before = self.pending.len();
        self.pending.retain(|_, deadline_ms| *deadline_ms > turn.now.monotonic_ms);
        if self.pending.len() < before {
            self.complete_join_if_all_joined(turn);
        }
    }

    fn expire_sessions(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now;
        let due = self.members.iter().filter(|(_, member)| member.session_deadline_ms <= now.monotonic_ms);
        let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            // Removing one member may have renewed the sessions of the others.
            let Some(member) = self.members.get_mut(&id) else { continue };
            if member.session_deadline_ms > now.monotonic_ms {
                continue;
            }
            let waits = member.joining.is_some() || member.syncing.is_some();
            if waits && !member.is_new {
                member.session_deadline_ms = now.after_ms(member.session_timeout_ms);
            } else {
                turn.lost(&self.id, &id, "sent no heartbeat in time");
                self.remove_member(&id, ErrorCode::UnknownMemberId, turn);
            }
        }
    }

    /// Gives up the members that did not ask for their assignment in time.
    fn expire_syncs(&mut self, turn: &mut Turn<'_>) {
        self.timer = None;
        let late = self.members.iter().filter(|(_, member)| !member.synced).map(|(id, _)| id.clone());
        let late: Vec<String> = late.collect();
        for id in &late {
            turn.lost(&self.id, id, "did not ask for its assignment in time");
            self.drop_member(id, ErrorCode::UnknownMemberId, turn);
        }
        if !late.is_empty() {
            self.rebalance(turn);
        }
    }
}
