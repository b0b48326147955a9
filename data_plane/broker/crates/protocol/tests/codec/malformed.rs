//! Malformed bytes are errors: no panic, no allocation that the bytes do not justify.

use bytes::Bytes;
use headrace_protocol::{DECODED_BYTES_MAX, DecodeError, Message as _, messages::*};
use proptest::prelude::*;

use crate::{
    random::{Random, Sample as _},
    samples::for_each_message,
    support::{decoded, encoded},
};

#[test]
fn every_truncation_is_an_error() {
    let mut random = Random::new(7);
    macro_rules! visit {
        ($module:ident, $name:ident) => {
            for version in $name::VERSIONS {
                let whole = encoded(&$name::sample(&mut random, version), version);
                for length in (0..whole.len()).take(600) {
                    let cut = whole.slice(..length);
                    assert!(
                        decoded::<$name>(&cut, version).is_err(),
                        "{} v{version} at {length}",
                        $name::NAME
                    );
                }
            }
        };
    }
    for_each_message!(visit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let bytes = Bytes::from(bytes);
        macro_rules! visit {
            ($module:ident, $name:ident) => {
                for version in $name::VERSIONS {
                    let _: Result<_, DecodeError> = decoded::<$name>(&bytes, version);
                }
            };
        }
        for_each_message!(visit);
    }

    #[test]
    fn a_flipped_byte_never_panics(seed: u64, position: usize, value: u8) {
        let mut random = Random::new(seed);
        macro_rules! visit {
            ($module:ident, $name:ident) => {
                for version in $name::VERSIONS {
                    let mut bytes = encoded(&$name::sample(&mut random, version), version).to_vec();
                    if let Some(at) = position.checked_rem(bytes.len()) {
                        bytes[at] = value;
                    }
                    let _: Result<_, DecodeError> = decoded::<$name>(&bytes.into(), version);
                }
            };
        }
        for_each_message!(visit);
    }
}

/// 29 bytes that declare an array of two thousand million topics.
#[test]
fn a_short_fetch_that_declares_a_huge_array_is_refused() {
    let mut body = Vec::new();
    body.extend_from_slice(&(-1i32).to_be_bytes());
    body.extend_from_slice(&500i32.to_be_bytes());
    body.extend_from_slice(&1i32.to_be_bytes());
    body.extend_from_slice(&i32::MAX.to_be_bytes());
    body.push(0);
    body.extend_from_slice(&0i32.to_be_bytes());
    body.extend_from_slice(&(-1i32).to_be_bytes());
    body.extend_from_slice(&i32::MAX.to_be_bytes());
    assert_eq!(body.len(), 29);
    let error = decoded::<FetchRequest>(&body.into(), 11).unwrap_err();
    assert_eq!(error, DecodeError::ArrayTooLong { count: i32::MAX as usize, remaining: 0 });
}

#[test]
fn negative_lengths_are_refused() {
    let metadata = |count: i32| {
        let body = Bytes::from(count.to_be_bytes().to_vec());
        decoded::<MetadataRequest>(&body, 1).map(|(read, _)| read.topics.is_some())
    };
    assert_eq!(metadata(-2).unwrap_err(), DecodeError::NegativeLength(-2));
    assert_eq!(metadata(i32::MIN).unwrap_err(), DecodeError::NegativeLength(i32::MIN));
    assert_eq!(metadata(-1), Ok(false));
}

/// Six bytes on the wire become a struct of many more: what a frame decodes into has a limit of its own.
#[test]
fn a_frame_of_many_small_elements_is_refused() {
    let count = DECODED_BYTES_MAX / size_of::<metadata_request::MetadataRequestTopic>() + 1;
    let mut body = i32::try_from(count).unwrap().to_be_bytes().to_vec();
    body.resize(body.len() + 2 * count, 0);
    let error = decoded::<MetadataRequest>(&body.into(), 1).unwrap_err();
    assert_eq!(error, DecodeError::TooLarge { limit: DECODED_BYTES_MAX });
}

#[test]
fn null_is_refused_where_the_version_has_none() {
    let body = (-1i16).to_be_bytes().to_vec();
    assert_eq!(decoded::<SaslHandshakeRequest>(&body.into(), 0).unwrap_err(), DecodeError::UnexpectedNull);
}

#[test]
fn unknown_tags_are_skipped_and_known_ones_must_fill_their_size() {
    let with_tag = |tag: u8, value: &[u8]| {
        let mut body = encoded(&ApiVersionsResponse::default(), 3).to_vec();
        assert_eq!(body.pop(), Some(0), "a message without tagged fields ends in their count");
        body.extend_from_slice(&[1, tag, value.len() as u8]);
        body.extend_from_slice(value);
        Bytes::from(body)
    };
    let unknown = with_tag(99, b"whatever");
    assert_eq!(decoded::<ApiVersionsResponse>(&unknown, 3).unwrap(), (ApiVersionsResponse::default(), 0));
    let epoch = with_tag(1, &[0, 0, 0, 0, 0, 0, 0, 5]);
    assert_eq!(decoded::<ApiVersionsResponse>(&epoch, 3).unwrap().0.finalized_features_epoch, 5);
    let long = with_tag(1, &[0, 0, 0, 0, 0, 0, 0, 5, 0]);
    assert_eq!(decoded::<ApiVersionsResponse>(&long, 3).unwrap_err(), DecodeError::TagLength { tag: 1 });
    let short = with_tag(1, &[0]);
    assert!(matches!(decoded::<ApiVersionsResponse>(&short, 3).unwrap_err(), DecodeError::Truncated { .. }));
}

#[test]
fn texts_must_be_utf8() {
    let body = Bytes::from_static(&[0, 2, 0xc3, 0x28]);
    assert_eq!(decoded::<SaslHandshakeRequest>(&body, 0).unwrap_err(), DecodeError::NotUtf8);
}

#[test]
fn unknown_versions_are_refused() {
    let error = decoded::<FetchRequest>(&Bytes::new(), 99).unwrap_err();
    assert_eq!(error, DecodeError::UnknownVersion { message: "FetchRequest", version: 99 });
}
