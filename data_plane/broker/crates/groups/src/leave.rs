//! `LeaveGroup`.

use headrace_types::ErrorCode;

use crate::group::Group;
use crate::requests::Departure;
use crate::turn::Turn;

impl Group {
    /// Lets members go, each with its own result.
    pub(crate) fn leave(&mut self, departures: &[Departure], turn: &mut Turn<'_>) -> Vec<ErrorCode> {
        departures.iter().map(|departure| self.leave_one(departure, turn)).collect()
    }

    fn leave_one(&mut self, departure: &Departure, turn: &mut Turn<'_>) -> ErrorCode {
        if departure.instance_id.is_none() && self.pending.remove(&departure.member_id).is_some() {
            self.complete_join_if_all_joined(turn);
            return ErrorCode::None;
        }
        match self.departing_member(departure) {
            Err(error) => error,
            Ok(member_id) => {
                self.remove_member(&member_id, ErrorCode::UnknownMemberId, turn);
                ErrorCode::None
            }
        }
    }

    /// A static member may be named by its instance id alone, as administrators do.
    fn departing_member(&self, departure: &Departure) -> Result<String, ErrorCode> {
        let instance = departure.instance_id.as_deref();
        match instance.and_then(|instance| self.static_members.get(instance)) {
            Some(current) if departure.member_id.is_empty() => Ok(current.clone()),
            _ => self.check_member(&departure.member_id, instance).map(|()| departure.member_id.clone()),
        }
    }
}
