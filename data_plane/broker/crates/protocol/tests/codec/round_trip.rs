//! What is written is read back, for every message in every version.

use headrace_protocol::{Message as _, messages::*};
use proptest::prelude::*;

use crate::{
    random::{Random, Sample as _},
    samples::for_each_message,
    support::{decoded, encoded},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_message_in_every_version(seed: u64) {
        let mut random = Random::new(seed);
        macro_rules! visit {
            ($module:ident, $name:ident) => {
                for version in $name::VERSIONS {
                    let written = $name::sample(&mut random, version);
                    let bytes = encoded(&written, version);
                    let (read, rest) = decoded::<$name>(&bytes, version).unwrap();
                    prop_assert_eq!(&read, &written, "{} v{}", $name::NAME, version);
                    prop_assert_eq!(rest, 0);
                }
            };
        }
        for_each_message!(visit);
    }
}

#[test]
fn a_default_message_can_be_written_in_every_version() {
    macro_rules! visit {
        ($module:ident, $name:ident) => {
            for version in $name::VERSIONS {
                // Where null is the default and a version allows none, the writer must say so instead of writing it.
                let mut writer = headrace_protocol::Writer::default();
                if headrace_protocol::encode_message(&$name::default(), &mut writer, version).is_ok() {
                    let bytes = writer.into_bytes().into();
                    assert_eq!(decoded::<$name>(&bytes, version).unwrap().0, $name::default());
                }
            }
        };
    }
    for_each_message!(visit);
}
