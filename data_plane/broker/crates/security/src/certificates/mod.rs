//! Who a client is by its certificate: the subject's name, and the rules that make a principal of it.
//!
//! That a certificate is signed by a trusted authority and in force was checked by TLS before anything here reads it.

mod der;
mod mapping;
mod name;
mod subject;

pub use mapping::{MappingError, PrincipalMapping};
pub use subject::{CertificateRefusal, Subject};

use crate::outcome::Authenticated;
use crate::users::check_user_name;

/// Who a certificate (DER, RFC 5280) makes its holder. The identity ends with the certificate.
pub fn identify(certificate: &[u8], mapping: &PrincipalMapping) -> Result<Authenticated, CertificateRefusal> {
    let subject = Subject::of(certificate)?;
    let Some(name) = mapping.name_of(&subject.name) else {
        return Err(CertificateRefusal::Unmapped(subject.name));
    };
    // No certificate makes its holder an API key, a member or the control plane.
    check_user_name(&name).map_err(|problem| CertificateRefusal::Name(name.clone(), problem))?;
    Ok(Authenticated {
        principal: format!("User:{name}"),
        credential_id: None,
        secret: None,
        bounds: None,
        expires_at_ms: Some(subject.ends_at_ms),
    })
}
