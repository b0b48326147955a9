//! `ListTransactions` (KIP-664): transactional ids by state, producer, duration (KIP-994) and name (KIP-1152).

use headrace_protocol::messages::{
    ListTransactionsRequest, ListTransactionsResponse, list_transactions_response::TransactionState,
};
use headrace_security::acls::AclOperation;
use headrace_transactions::{ListFilter, State};
use headrace_types::ErrorCode;
use regex::{Regex, RegexBuilder};

use super::Context;
use crate::{
    close::Close,
    limits::{TRANSACTIONAL_ID_PATTERN_BYTES_MAX, TRANSACTIONAL_ID_PATTERN_MEMORY_MAX},
    reply::Answer,
};

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: ListTransactionsRequest<'a>,
) -> Result<Answer<ListTransactionsResponse<'a>>, Close> {
    let pattern = match request.transactional_id_pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
        Some(pattern) => match whole(pattern) {
            Some(pattern) => Some(pattern),
            None => return Ok(refused(ErrorCode::InvalidRegularExpression).into()),
        },
        None => None,
    };
    let named = |name: &str| State::ALL.into_iter().find(|state| state.name() == name);
    let states = request.state_filters.iter().filter_map(|name| named(name)).collect();
    let unknown: Vec<_> =
        request.state_filters.iter().filter(|name| named(name).is_none()).cloned().collect();
    let filter = ListFilter {
        has_no_state: !request.state_filters.is_empty() && unknown.len() == request.state_filters.len(),
        states,
        producer_ids: request.producer_id_filters.into_iter().collect(),
        running_ms: request.duration_filter,
    };
    let listed = context.broker.transactions.list(&filter).into_iter().filter(|row| {
        let is_meant = pattern.as_ref().is_none_or(|pattern| pattern.is_match(&row.transactional_id));
        is_meant && context.may_on_transactional_id(AclOperation::Describe, &row.transactional_id)
    });
    let rows = listed.map(|row| TransactionState {
        transactional_id: row.transactional_id.into(),
        producer_id: row.producer_id,
        transaction_state: row.state.name().into(),
    });
    let transaction_states = rows.collect();
    Ok(ListTransactionsResponse { unknown_state_filters: unknown, transaction_states, ..Default::default() }
        .into())
}

/// The pattern of a whole id; none if it is no pattern, or one that takes too much memory.
fn whole(pattern: &str) -> Option<Regex> {
    if pattern.len() > TRANSACTIONAL_ID_PATTERN_BYTES_MAX {
        return None;
    }
    let whole = RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(TRANSACTIONAL_ID_PATTERN_MEMORY_MAX)
        .dfa_size_limit(TRANSACTIONAL_ID_PATTERN_MEMORY_MAX)
        .build();
    whole.ok()
}

fn refused(error: ErrorCode) -> ListTransactionsResponse<'static> {
    ListTransactionsResponse { error_code: error.code(), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_whole_ids_and_is_bounded() {
        let pattern = whole("a|b+").unwrap();
        assert!(pattern.is_match("a") && pattern.is_match("bbb") && !pattern.is_match("xa"));
        assert!(whole("(").is_none());
        assert!(whole(&"a".repeat(TRANSACTIONAL_ID_PATTERN_BYTES_MAX + 1)).is_none());
        assert!(whole(r"(\w{1000}){1000}").is_none());
    }
}
