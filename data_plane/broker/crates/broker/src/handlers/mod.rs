//! The APIs: one file each, and the table that says which versions of which are served.

mod api_versions;
mod describe_cluster;
mod sasl_authenticate;
mod sasl_handshake;

use std::{ops::RangeInclusive, rc::Rc};

use headrace_protocol::{ApiKey, Reader, decode_body};

use crate::{broker::Broker, close::Close, connections::Connection, reply::Reply};

pub(crate) use api_versions::unsupported_version;
pub(crate) use sasl_authenticate::bare_token;

/// What a handler knows beside the request itself.
pub(crate) struct Context<'a> {
    /// The state of the process.
    pub(crate) broker: &'a Rc<Broker>,
    /// Who asks, from where.
    pub(crate) connection: &'a Rc<Connection>,
    /// The version of the request, and so of the response.
    pub(crate) version: i16,
    /// What the client calls itself.
    #[allow(dead_code, reason = "for JoinGroup")]
    pub(crate) client_id: Option<&'a str>,
}

/// Declares the served APIs: `Key => module, first version..=last version`.
macro_rules! apis {
    ($($key:ident => $module:ident, $versions:expr;)*) => {
        /// The versions that are served of an API; none for an API that is not.
        pub(crate) const fn served(key: ApiKey) -> Option<RangeInclusive<i16>> {
            match key {
                $(ApiKey::$key => Some($versions),)*
                _ => None,
            }
        }

        /// Reads the request that follows in `reader`, serves it and writes the response.
        pub(crate) async fn serve(
            key: ApiKey,
            context: Context<'_>,
            mut reader: Reader<'_>,
            correlation_id: i32,
        ) -> Result<Reply, Close> {
            match key {
                $(ApiKey::$key => {
                    let request = decode_body(&mut reader, context.version)?;
                    let answer = $module::handle(&context, request).await?;
                    Ok(answer.into_reply(context.version, correlation_id)?)
                })*
                _ => Err(Close::Unadvertised { key: key as i16, version: context.version }),
            }
        }
    };
}

apis! {
    SaslHandshake => sasl_handshake, 0..=1;
    ApiVersions => api_versions, 0..=4;
    SaslAuthenticate => sasl_authenticate, 0..=2;
    DescribeCluster => describe_cluster, 0..=2;
}
