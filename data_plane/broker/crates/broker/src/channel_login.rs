//! Logins by certificate: who has shown one is known before the first request.

use headrace_security::{Access, Authenticated, acls::ANONYMOUS, identify};
use tokio::time::sleep;

use crate::{broker::Broker, close::Close, connections::Connection, limits::LOGIN_REFUSAL_DELAY, tls::Tls};

/// Gives a connection the identity of its certificate, or of nobody known where none was required and none was shown.
pub(crate) async fn admit(
    broker: &Broker,
    connection: &Connection,
    certificate: Option<&[u8]>,
) -> Result<(), Close> {
    let identity = match (certificate, broker.tls.as_ref().map(Tls::mapping)) {
        (Some(certificate), Some(mapping)) => match identify(certificate, mapping) {
            Ok(identity) => identity,
            Err(refusal) => {
                let now = broker.clock.mono();
                sleep(broker.failed_logins.refuse(connection.peer.ip(), None, now)).await;
                return Err(Close::Certificate(refusal));
            }
        },
        _ => anonymous(),
    };
    if broker.security.access() == Access::Suspended {
        sleep(LOGIN_REFUSAL_DELAY).await;
        return Err(Close::Suspended);
    }
    tracing::debug!(connection = connection.id, principal = identity.principal, "known by its certificate");
    // Strangers stay among those who have not logged in, and make place as those do.
    if identity.principal != ANONYMOUS {
        broker.connections.logged_in(connection);
    }
    connection.identify(identity);
    Ok(())
}

fn anonymous() -> Authenticated {
    Authenticated {
        principal: ANONYMOUS.to_owned(),
        credential_id: None,
        secret: None,
        bounds: None,
        expires_at_ms: None,
    }
}
