//! Distinguished names as text, the way Java's `X500Principal.getName()` writes them, because mapping rules are written for that.

use std::fmt::Write as _;

use super::der::{self, Value};

/// Types that RFC 2253 has words for; X.500's own are 2.5.4.x.
const WORDS: [(&[u8], &str); 9] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
];
/// What is escaped by a backslash wherever it stands.
const ESCAPED: &str = ",=+<>#;\"\\";

/// A name (`RDNSequence`) as text, its last part first.
pub(super) fn write_name(name: Value<'_>) -> Option<String> {
    let mut parts = Vec::new();
    let mut sets = name.values();
    while !sets.is_empty() {
        parts.push(write_part(sets.expect(der::SET)?)?);
    }
    parts.reverse();
    Some(parts.join(","))
}

fn write_part(set: Value<'_>) -> Option<String> {
    let mut pairs = Vec::new();
    let mut values = set.values();
    while !values.is_empty() {
        let mut pair = values.expect(der::SEQUENCE)?.values();
        let kind = pair.expect(der::OBJECT_ID)?.content;
        let value = pair.next()?;
        pairs.push(write_pair(kind, value)?);
    }
    Some(pairs.join("+"))
}

fn write_pair(kind: &[u8], value: Value<'_>) -> Option<String> {
    let word = WORDS.iter().find(|(bytes, _)| *bytes == kind).map(|(_, word)| *word);
    match (word, text(value)) {
        (Some(word), Some(text)) => Some(format!("{word}={}", escape(text))),
        (word, _) => {
            let kind = word.map_or_else(|| dotted(kind), |word| Some(word.to_owned()))?;
            let mut pair = format!("{kind}=#");
            for byte in value.whole {
                write!(pair, "{byte:02x}").ok()?;
            }
            Some(pair)
        }
    }
}

/// The text of a value; none for one that is written in bytes, because it has many spellings or is no text.
fn text(value: Value<'_>) -> Option<&str> {
    match value.tag {
        der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING => std::str::from_utf8(value.content).ok(),
        _ => None,
    }
}

fn escape(text: &str) -> String {
    let inner = text.trim_matches(' ');
    let leading = text.len() - text.trim_start_matches(' ').len();
    let trailing = text.len() - leading - inner.len();
    let mut escaped = "\\ ".repeat(leading);
    for letter in inner.chars() {
        match letter {
            '\0' => escaped.push_str("\\00"),
            letter if ESCAPED.contains(letter) => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
    }
    escaped.push_str(&"\\ ".repeat(trailing));
    escaped
}

/// An object id in numbers (X.690, 8.19).
fn dotted(bytes: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut number: u64 = 0;
    for byte in bytes {
        number = number.checked_mul(128)? + u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let (first, rest) = numbers.split_first()?;
    let top = (*first / 40).min(2);
    let mut text = format!("{top}.{}", first - top * 40);
    for number in rest {
        write!(text, ".{number}").ok()?;
    }
    (bytes.last()? & 0x80 == 0).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::der::Values;

    fn written(hex: &str) -> Option<String> {
        let byte = |index: usize| u8::from_str_radix(&hex[index..index + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        write_name(Values::new(&bytes).expect(der::SEQUENCE).unwrap())
    }

    /// Names as `OpenJDK` 17 encodes them, and what its `X500Principal.getName()` says of them.
    #[test]
    fn names_are_written_as_java_writes_them() {
        for (hex, expected) in [
            (
                "305a310b3009060355040613025553310e300c06035504080c055374617465310d300b06035504070c0443697479310c300a060355\
                 040a0c034f7267310d300b060355040b0c04556e6974310f300d06035504030c06577269746572",
                "CN=Writer,OU=Unit,O=Org,L=City,ST=State,C=US",
            ),
            (
                "30223120301e06035504030c1720612c623d632b643c653e6623673b6822695c6a2f6b20",
                r#"CN=\ a\,b\=c\+d\<e\>f\#g\;h\"i\\j/k\ "#,
            ),
            (
                "3027310b300906035504030c0223783118300a060355040313036f6e65300a060355040b130374776f",
                r"CN=one+OU=two,CN=\#x",
            ),
            (
                "302f310b30090603550405130234323114301206092a864886f70d01090116056140622e63310a300806035504030c016e",
                "CN=n,1.2.840.113549.1.9.1=#16056140622e63,2.5.4.5=#13023432",
            ),
            (
                "304e31133011060a0992268993f22c64011916036f726731173015060a0992268993f22c64011916076578616d706c6531123010060a\
                 0992268993f22c6401010c027531310a300806035504090c0173",
                "STREET=s,UID=u1,DC=example,DC=org",
            ),
            ("30163114301206035504 0b0c0b4772c3b6c39f6520e282ac", "OU=Größe €"),
            ("300d310b30090603550403 04020102", "CN=#04020102"),
            ("300f310d300b06035504031c0400000055", "CN=#1c0400000055"),
            ("30123110300e06035504030c076100620a630964", "CN=a\\00b\nc\td"),
            ("300e310c300a06035504030c03202020", r"CN=\ \ \ "),
            ("300f310d300b06035504030c0461202062", "CN=a  b"),
            ("300b3109300706035504030c00", "CN="),
            // Java puts a replacement character where UTF-8 is broken; bytes stay told apart.
            ("300d310b300906035504030c02ff01", "CN=#0c02ff01"),
            ("3000", ""),
            ("300d310b30090604883703010c017a", "2.999.3.1=#0c017a"),
        ] {
            assert_eq!(written(&hex.replace(' ', "")).as_deref(), Some(expected), "{hex}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for hex in ["3009310730050603550403", "300b3009300706035504030c00", "300b310930070603550483 0c00"] {
            assert_eq!(written(&hex.replace(' ', "")), None, "{hex}");
        }
    }
}
