//! Bodies of requests, within their limits.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response, StatusCode, body::Incoming};
use tokio::time::timeout;

use super::problem;
use crate::limits::{ADMIN_BODY_BYTES_MAX, ADMIN_BODY_TIMEOUT};

/// The body, or what is answered where there is none in time and within the limit.
pub(super) async fn body(request: Request<Incoming>) -> Result<Bytes, Response<Full<Bytes>>> {
    body_within(request, ADMIN_BODY_BYTES_MAX).await
}

/// As [`body`], within another limit.
pub(super) async fn body_within(
    request: Request<Incoming>,
    bytes_max: usize,
) -> Result<Bytes, Response<Full<Bytes>>> {
    let body = Limited::new(request.into_body(), bytes_max).collect();
    match timeout(ADMIN_BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            let detail = format!("a body has at most {bytes_max} bytes");
            Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", &detail))
        }
        Ok(Err(error)) => Err(problem(StatusCode::BAD_REQUEST, "body_invalid", &error.to_string())),
        Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, "body_late", "the body did not arrive in time")),
    }
}
