//! What is read of a certificate: its subject and its end.

use thiserror::Error;

use super::der::{self, Value, Values};
use super::name::write_name;
use crate::users::UserProblem;

/// Why the holder of a certificate is nobody here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CertificateRefusal {
    /// Not a certificate of RFC 5280.
    #[error("the certificate can not be read")]
    Malformed,
    /// No rule is about this subject.
    #[error("no mapping rule is about the subject {0}")]
    Unmapped(String),
    /// The rules give a name that is not theirs to give.
    #[error("the mapping rules make the name {0:?} of the certificate: {1}")]
    Name(String, UserProblem),
}

/// The holder of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The distinguished name, as Java's `X500Principal` writes it (RFC 2253).
    pub name: String,
    /// When the certificate ends, in milliseconds since the epoch.
    pub ends_at_ms: i64,
}

impl Subject {
    /// The holder that a certificate (DER) names.
    pub fn of(certificate: &[u8]) -> Result<Self, CertificateRefusal> {
        read(certificate).ok_or(CertificateRefusal::Malformed)
    }
}

/// RFC 5280, section 4.1.
fn read(certificate: &[u8]) -> Option<Subject> {
    let mut signed = Values::new(certificate).expect(der::SEQUENCE)?.values();
    let mut fields = signed.expect(der::SEQUENCE)?.values();
    fields.skip_if(der::VERSION);
    fields.expect(der::INTEGER)?;
    let _algorithm = fields.expect(der::SEQUENCE)?;
    let _issuer = fields.expect(der::SEQUENCE)?;
    let mut validity = fields.expect(der::SEQUENCE)?.values();
    let _begin = validity.next()?;
    let ends_at_ms = time_ms(validity.next()?)?;
    let name = write_name(fields.expect(der::SEQUENCE)?)?;
    Some(Subject { name, ends_at_ms })
}

/// RFC 5280, section 4.1.2.5: both forms end in seconds and Z.
fn time_ms(time: Value<'_>) -> Option<i64> {
    let text = std::str::from_utf8(time.content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match time.tag {
        der::UTC_TIME if text.len() == 12 => {
            let (year, rest) = text.split_at(2);
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        der::GENERALIZED_TIME if text.len() == 14 => {
            let (year, rest) = text.split_at(4);
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |index: usize| rest[index * 2..index * 2 + 2].parse::<i64>().ok();
    let (month, day, hour, minute, second) = (part(0)?, part(1)?, part(2)?, part(3)?, part(4)?);
    let days = days_from_epoch(year, month, day)?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// Days since 1970-01-01 in the Gregorian calendar; years are counted from March on, so that leap days come last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year / 4 - year / 100 + year / 400;
    Some(year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(tag: u8, text: &str) -> Option<i64> {
        time_ms(Value { tag, content: text.as_bytes(), whole: &[] })
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time(der::UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time(der::UTC_TIME, "491231235959Z"), Some(2_524_607_999_000));
        assert_eq!(time(der::UTC_TIME, "500101000000Z"), Some(-631_152_000_000));
        assert_eq!(time(der::GENERALIZED_TIME, "20240229120001Z"), Some(1_709_208_001_000));
        assert_eq!(time(der::GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000_000));
        assert_eq!(time(der::GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "Z", "7001010000Z", "701301000000Z", "700100000000Z", "70010100000aZ", "700101000000"]
        {
            assert_eq!(time(der::UTC_TIME, text), None, "{text}");
        }
        assert_eq!(time(der::UTF8_STRING, "700101000000Z"), None);
    }

    #[test]
    fn no_bytes_are_a_certificate_by_accident() {
        let nested: Vec<u8> = [0x30, 0x7f].into_iter().cycle().take(4_096).collect();
        for bytes in [&b""[..], b"\x30", b"\x30\x82\xff\xff", b"\x30\x84\x00\x00\x00\x01\x00", &nested] {
            assert_eq!(Subject::of(bytes), Err(CertificateRefusal::Malformed));
        }
    }
}
