//! What a broker that is open answers.

use std::{
    process,
    rc::Rc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use serde_json::{Value, json};

use super::{forks, json_response, problem, response, usage};
use crate::{
    broker::{Broker, Phase},
    config::Config,
};

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers one request.
pub(super) async fn answer(broker: &Rc<Broker>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => health(broker),
        (&Method::GET, "/metrics") => metrics(broker),
        (&Method::POST, "/v1/credentials:reload") => reload(broker),
        (&Method::POST, "/v1/certificates:reload") => reload_certificates(broker),
        (&Method::POST, "/v1/forks") => forks::make(broker, request).await,
        (&Method::GET, "/v1/usage-windows") => usage::windows(broker, &request).await,
        (&Method::POST, "/v1/usage-windows:acknowledge") => usage::acknowledge(broker, request).await,
        (&Method::POST, "/v1/usage-windows:close") => usage::close(broker).await,
        (
            _,
            "/healthz"
            | "/metrics"
            | "/v1/credentials:reload"
            | "/v1/certificates:reload"
            | "/v1/forks"
            | "/v1/usage-windows"
            | "/v1/usage-windows:acknowledge"
            | "/v1/usage-windows:close",
        ) => problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "another method is served here"),
        _ => problem(StatusCode::NOT_FOUND, "path_unknown", "nothing is served here"),
    }
}

fn health(broker: &Broker) -> Response<Full<Bytes>> {
    let (status, word) = match *broker.phase.borrow() {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Ready => (StatusCode::OK, "ready"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    let mut body = health_of(&broker.config, broker.started_at_ms, word);
    body["credentials_generation"] = broker.security.generation().into();
    body["access"] = broker.security.access().word().into();
    body["partitions"] = broker.partition_count().into();
    body["connections"] = broker.connections.count().into();
    let customers = broker.connections.customers(broker.clock.mono(), broker.opened_at);
    body["customers"] = json!({
        "connections": customers.connections,
        "idle_ms": customers.idle.as_millis() as u64,
        "seen": customers.seen,
    });
    json_response(status, &body)
}

/// The health of a broker of which nothing but its configuration is known yet.
pub(super) fn health_of(config: &Config, started_at_ms: i64, status: &str) -> Value {
    let started_at = UNIX_EPOCH + Duration::from_millis(started_at_ms.unsigned_abs());
    json!({
        "status": status,
        "cluster_id": config.cluster_id,
        "broker_id": config.broker_id,
        "pid": process::id(),
        "generation": config.generation,
        "credentials_generation": 0,
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": humantime::format_rfc3339_millis(started_at).to_string(),
        "partitions": 0,
        "connections": 0,
        "customers": {"connections": 0, "idle_ms": 0, "seen": false},
    })
}

fn metrics(broker: &Broker) -> Response<Full<Bytes>> {
    broker.topics.observe();
    broker.metrics.connections_before_login.set(broker.connections.count_before_login() as i64);
    match broker.metrics.text() {
        Ok(text) => response(StatusCode::OK, PROMETHEUS_TEXT, text.into()),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, "metrics_failed", &error.to_string()),
    }
}

fn reload_certificates(broker: &Broker) -> Response<Full<Bytes>> {
    let (Some(tls), Some(config)) = (&broker.tls, &broker.config.tls) else {
        return problem(StatusCode::CONFLICT, "tls_not_configured", "this broker has no certificate");
    };
    match tls.reload(config) {
        Ok(()) => {
            tracing::info!("certificate reloaded");
            json_response(StatusCode::OK, &json!({"status": "reloaded"}))
        }
        Err(error) => {
            tracing::error!(%error, "certificate not reloaded");
            problem(StatusCode::UNPROCESSABLE_ENTITY, "certificate_invalid", &error.to_string())
        }
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
