//! `POST /v1/forks`: makes the data directory of a fork.

use std::{rc::Rc, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming};
use serde_json::json;
use tokio::task::spawn_local;

use super::{body::body_within, json_response, problem};
use crate::{
    broker::Broker,
    forks::{ForkError, ForkRequest, Source},
    limits::FORK_BODY_BYTES_MAX,
    topics::ForkRefusal,
};

pub(super) async fn make(broker: &Rc<Broker>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let body = match body_within(request, FORK_BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let request: ForkRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "body_invalid", &error.to_string()),
    };
    let source = Source::of(broker, Arc::new(headrace_io::RealDisk));
    // It runs to its end even if the client goes away: whoever asks again must not meet one that is half way.
    match spawn_local(source.fork(request)).await {
        Ok(Ok(report)) => json_response(StatusCode::OK, &json!(report)),
        Ok(Err(error)) => {
            tracing::warn!(%error, code = error.code(), "the cluster was not forked");
            problem(status_of(&error), error.code(), &error.to_string())
        }
        Err(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "broker_stopping", "the broker is stopping"),
    }
}

fn status_of(error: &ForkError) -> StatusCode {
    match error {
        ForkError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ForkError::Invalid(_) => StatusCode::BAD_REQUEST,
        ForkError::Exists(_) | ForkError::Refused(ForkRefusal::Offline(..)) => StatusCode::CONFLICT,
        ForkError::Refused(ForkRefusal::Unknown(..) | ForkRefusal::Behind(..)) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ForkError::Refused(ForkRefusal::Log(failed)) | ForkError::Log(failed) if failed.is_full() => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        ForkError::Refused(ForkRefusal::Log(_)) | ForkError::Log(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
