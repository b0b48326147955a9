//! From a frame to its reply: header, permission, version, handler.

use std::rc::Rc;

use bytes::Bytes;
use headrace_protocol::{ApiKey, Call, Reader, decode_request_header};
use headrace_security::Operation;

use crate::{
    broker::Broker,
    close::Close,
    connections::Connection,
    handlers::{self, Context},
    metrics::ApiLabels,
    reply::Reply,
};

/// Serves one frame.
pub(crate) async fn dispatch(
    broker: &Rc<Broker>,
    connection: &Rc<Connection>,
    frame: &Bytes,
) -> Result<Reply, Close> {
    if connection.expects_bare_token() {
        return handlers::bare_token(broker, connection, frame).await;
    }
    let call = Call::peek(frame)?;
    let unadvertised = || Close::Unadvertised { key: call.key, version: call.version };
    let key = call.api_key().ok_or_else(unadvertised)?;
    let versions = handlers::served(key).ok_or_else(unadvertised)?;
    permit(broker, connection, key)?;
    let labels = ApiLabels { api: key.name() };
    broker.metrics.requests.get_or_create(&labels).inc();
    if !versions.contains(&call.version) {
        // Who asks for the versions may not know better; who asks for anything else has been told.
        return if key == ApiKey::ApiVersions {
            handlers::unsupported_version(call.correlation_id)
        } else {
            Err(unadvertised())
        };
    }
    let mut reader = Reader::new(frame);
    let header = decode_request_header(&mut reader, key, call.version)?;
    let client_id = header.client_id.as_deref();
    let context = Context::new(broker, connection, call.version, client_id, frame.len());
    let start = broker.clock.mono();
    let reply = handlers::serve(key, context, reader, call.correlation_id).await;
    let taken = broker.clock.mono().saturating_sub(start);
    broker.metrics.request_seconds.get_or_create(&labels).observe(taken.as_secs_f64());
    reply
}

fn permit(broker: &Broker, connection: &Connection, key: ApiKey) -> Result<(), Close> {
    let Some(authentication) = &connection.authentication else { return Ok(()) };
    let operation = match key {
        ApiKey::ApiVersions => Operation::ApiVersions,
        ApiKey::SaslHandshake => Operation::Handshake,
        ApiKey::SaslAuthenticate => Operation::Authenticate,
        _ => Operation::Other,
    };
    if authentication.borrow().permits(operation, broker.clock.wall_ms()) {
        Ok(())
    } else {
        Err(Close::NotPermitted)
    }
}
