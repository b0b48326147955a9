//! The admin endpoint: health, metrics, reloading and usage windows, over HTTP on a Unix socket that only the owner can open.

mod answers;
mod body;
mod forks;
mod starting;
mod usage;

use std::{convert::Infallible, io, os::unix::net::UnixListener, path::Path, rc::Rc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::spawn_local, time::sleep};

use crate::{
    broker::Broker,
    limits::{ACCEPT_PAUSE, ADMIN_CONNECTIONS_MAX, ADMIN_HEADER_TIMEOUT},
};

pub(crate) use starting::Starting;

const JSON: &str = "application/json";

/// Binds a local socket; one that an earlier process left behind is replaced.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the endpoint of a broker for as long as it is polled.
pub(crate) async fn serve(broker: Rc<Broker>, listener: tokio::net::UnixListener) {
    serve_answers(listener, async move |request| answers::answer(&broker, request).await).await;
}

async fn serve_answers(
    listener: tokio::net::UnixListener,
    answer: impl AsyncFn(Request<Incoming>) -> Response<Full<Bytes>> + 'static,
) {
    let slots = Rc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX));
    let answer = Rc::new(answer);
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
        let (answer, server, slots) = (Rc::clone(&answer), server.clone(), Rc::clone(&slots));
        spawn_local(async move {
            // A connection beyond the limit is closed unanswered.
            let Ok(_slot) = slots.try_acquire() else { return };
            let service = service_fn(|request| {
                let answer = Rc::clone(&answer);
                async move { Ok::<_, Infallible>(answer(request).await) }
            });
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "admin connection ended");
            }
        });
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
