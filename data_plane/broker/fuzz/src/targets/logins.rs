//! What anybody may say before it is known who it is: first byte which listener, then the bytes that it is sent; or a certificate.

use headrace_security::{PrincipalMapping, identify};

use super::{Hold, Target};
use crate::{
    Allowance,
    setting::{CERTIFICATES, ENCRYPTED, LOGINS, at_a_broker, peer},
};

pub(super) const TARGET: Target = Target {
    name: "logins",
    // The buffers of a TLS handshake, and the room of the longest frame that may be announced; or a regular expression's memory.
    allowance: Allowance { floor_bytes: 512 * 1024, per_byte: 256 },
    handle,
};

fn handle(input: &[u8], hold: &mut Hold<'_>) {
    let Some((entrance, bytes)) = input.split_first() else { return };
    let listener = match entrance % 4 {
        0 => LOGINS,
        1 => ENCRYPTED,
        2 => CERTIFICATES,
        _ => return certificate(bytes, input.len(), hold),
    };
    let code = at_a_broker(async |broker| {
        let client = broker.connect(listener, peer()).unwrap_or_else(|error| panic!("{error}"));
        let stream = tokio::io::join(bytes, tokio::io::sink());
        hold.run_async(input.len(), broker.converse(&client, stream)).await
    });
    // Whoever says no more is let go: within the time for a login, and once known when it says that it is at its end.
    assert!(code.is_some(), "the connection did not end");
}

fn certificate(der: &[u8], length: usize, hold: &mut Hold<'_>) {
    let mapping = PrincipalMapping::parse("RULE:^CN=([^,]+).*$/$1/L,DEFAULT");
    let mapping = mapping.unwrap_or_else(|error| panic!("{error}"));
    if let Ok(identity) = hold.run(length, || identify(der, &mapping)) {
        assert!(identity.principal.starts_with("User:"), "{}", identity.principal);
    }
}
