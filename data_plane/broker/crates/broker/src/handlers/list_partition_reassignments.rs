//! `ListPartitionReassignments`: with one broker no partition is ever on its way to another.

use headrace_protocol::messages::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};

use super::Context;
use crate::{close::Close, reply::Answer};

pub(super) async fn handle<'a>(
    _context: &'a Context<'_>,
    _request: ListPartitionReassignmentsRequest<'a>,
) -> Result<Answer<ListPartitionReassignmentsResponse<'a>>, Close> {
    Ok(ListPartitionReassignmentsResponse::default().into())
}
