//! The admin endpoint: health, metrics and reloading, over HTTP on a Unix socket that only the owner can open.

use std::{convert::Infallible, path::Path, process, rc::Rc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::{net::UnixListener, sync::Semaphore, task::spawn_local, time::sleep};

use crate::{
    broker::{Broker, Phase},
    limits::{ACCEPT_PAUSE, ADMIN_CONNECTIONS_MAX, ADMIN_HEADER_TIMEOUT},
};

const JSON: &str = "application/json";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Binds the socket; one that an earlier process left behind is replaced.
pub(crate) fn bind(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(path),
    }
}

/// Serves the endpoint for as long as it is polled.
pub(crate) async fn serve(broker: Rc<Broker>, listener: UnixListener) {
    let slots = Rc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX));
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(ADMIN_HEADER_TIMEOUT).keep_alive(false);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "can not accept on the admin socket");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (broker, server, slots) = (Rc::clone(&broker), server.clone(), Rc::clone(&slots));
        spawn_local(async move {
            // A connection beyond the limit is closed unanswered.
            let Ok(_slot) = slots.try_acquire() else { return };
            let service = service_fn(|request| {
                let response = answer(&broker, &request);
                async { Ok::<_, Infallible>(response) }
            });
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "admin connection ended");
            }
        });
    }
}

fn answer(broker: &Broker, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => health(broker),
        (&Method::GET, "/metrics") => metrics(broker),
        (&Method::POST, "/v1/credentials:reload") => reload(broker),
        (_, "/healthz" | "/metrics" | "/v1/credentials:reload") => {
            problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "another method is served here")
        }
        _ => problem(StatusCode::NOT_FOUND, "path_unknown", "nothing is served here"),
    }
}

fn health(broker: &Broker) -> Response<Full<Bytes>> {
    let (status, word) = match *broker.phase.borrow() {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Ready => (StatusCode::OK, "ready"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    let started_at = std::time::UNIX_EPOCH + Duration::from_millis(broker.started_at_ms.unsigned_abs());
    let body = json!({
        "status": word,
        "cluster_id": broker.config.cluster_id,
        "broker_id": broker.config.broker_id,
        "pid": process::id(),
        "generation": broker.config.generation,
        "credentials_generation": broker.security.generation(),
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": humantime::format_rfc3339_millis(started_at).to_string(),
        "partitions": broker.partition_count(),
        "connections": broker.connections.count(),
    });
    json_response(status, &body)
}

fn metrics(broker: &Broker) -> Response<Full<Bytes>> {
    match broker.metrics.text() {
        Ok(text) => response(StatusCode::OK, PROMETHEUS_TEXT, text.into()),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, "metrics_failed", &error.to_string()),
    }
}

fn reload(broker: &Broker) -> Response<Full<Bytes>> {
    match broker.reload_credentials() {
        Ok(generation) => json_response(StatusCode::OK, &json!({"credentials_generation": generation})),
        Err(error) => {
            tracing::error!(%error, "credentials not reloaded");
            problem(StatusCode::UNPROCESSABLE_ENTITY, "credentials_invalid", &error.to_string())
        }
    }
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response<Full<Bytes>> {
    json_response(status, &json!({"code": code, "detail": detail}))
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    response(status, JSON, body.to_string().into())
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
