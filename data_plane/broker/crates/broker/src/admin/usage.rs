//! Usage windows: reading them, letting go of them, closing the open one.

use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming};
use serde::Deserialize;
use serde_json::json;
use tokio::task::spawn_local;

use super::{body::body, json_response, problem};
use crate::{
    broker::Broker,
    limits::{USAGE_PAGE_WINDOWS, USAGE_PAGE_WINDOWS_MAX},
    usage::{AcknowledgeError, UsageError, close_now},
};

/// Which windows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Query {
    after: u64,
    count_max: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    through: u64,
}

/// `GET /v1/usage-windows`
pub(super) async fn windows(broker: &Rc<Broker>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let query = match Query::parse(request.uri().query().unwrap_or_default()) {
        Ok(query) => query,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, "query_invalid", &detail),
    };
    match broker.usage.page(query.after, query.count_max).await {
        Ok(page) => json_response(StatusCode::OK, &json!(page)),
        Err(error) => failed(&error),
    }
}

/// `POST /v1/usage-windows:acknowledge`
pub(super) async fn acknowledge(broker: &Rc<Broker>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let body = match body(request).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let through = match serde_json::from_slice(&body) {
        Ok(Acknowledgement { through }) => through,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "body_invalid", &error.to_string()),
    };
    let broker = Rc::clone(broker);
    let acknowledged = finish(async move { broker.usage.acknowledge(through).await }).await;
    match acknowledged {
        Some(Ok(through)) => json_response(StatusCode::OK, &json!({"acknowledged_through": through})),
        Some(Err(AcknowledgeError::Unknown(unknown))) => {
            problem(StatusCode::CONFLICT, "usage_window_unknown", &unknown.to_string())
        }
        Some(Err(AcknowledgeError::Files(error))) => failed(&error),
        None => stopping(),
    }
}

/// `POST /v1/usage-windows:close`
pub(super) async fn close(broker: &Rc<Broker>) -> Response<Full<Bytes>> {
    let broker = Rc::clone(broker);
    match finish(async move { close_now(&broker).await }).await {
        Some(Ok(through)) => json_response(StatusCode::OK, &json!({"closed_through": through})),
        Some(Err(error)) => failed(&error),
        None => stopping(),
    }
}

/// Runs something to its end even if the client goes away: files are not left half way. None if the broker stops.
async fn finish<T: 'static>(act: impl Future<Output = T> + 'static) -> Option<T> {
    spawn_local(act).await.ok()
}

fn stopping() -> Response<Full<Bytes>> {
    problem(StatusCode::SERVICE_UNAVAILABLE, "broker_stopping", "the broker is stopping")
}

fn failed(error: &UsageError) -> Response<Full<Bytes>> {
    if error.is_full() {
        let detail = "the disk is full: make room and ask again, usage is counted in memory until then";
        return problem(StatusCode::SERVICE_UNAVAILABLE, "disk_full", detail);
    }
    tracing::error!(%error, "usage windows can not be served");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "usage_files_failed", &error.to_string())
}

impl Query {
    fn parse(text: &str) -> Result<Self, String> {
        let mut query = Self { after: 0, count_max: USAGE_PAGE_WINDOWS };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("after", value)) => {
                    query.after =
                        value.parse().map_err(|_| format!("after is the id of a window, not '{value}'"))?;
                }
                Some(("max", value)) => {
                    let count =
                        value.parse().ok().filter(|count| (1..=USAGE_PAGE_WINDOWS_MAX).contains(count));
                    query.count_max = count.ok_or_else(|| {
                        format!("max lies between 1 and {USAGE_PAGE_WINDOWS_MAX}, not '{value}'")
                    })?;
                }
                _ => return Err(format!("'{pair}' is neither after=ID nor max=N")),
            }
        }
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_defaults_and_limits() {
        let parsed = |text| Query::parse(text).map(|query| (query.after, query.count_max));
        assert_eq!(parsed(""), Ok((0, USAGE_PAGE_WINDOWS)));
        assert_eq!(parsed("after=12&max=100"), Ok((12, 100)));
        for (text, problem) in [
            ("after=-1", "after is the id"),
            ("max=0", "between 1 and 100"),
            ("max=101", "between 1 and 100"),
            ("since=1", "neither"),
            ("after", "neither"),
        ] {
            let refusal = parsed(text).unwrap_err();
            assert!(refusal.contains(problem), "{text}: {refusal}");
        }
    }
}
