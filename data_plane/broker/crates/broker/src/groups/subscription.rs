//! What consumers subscribe to, as they say it when they join.

use std::borrow::Cow;

use bytes::Bytes;
use headrace_protocol::{Decode, Message, Reader, messages::ConsumerProtocolSubscription};

/// The topics in a consumer's subscription, which it joined with; none if it can not be read. A newer version may have more at
/// its end (`ConsumerProtocol` of Apache Kafka).
pub(super) fn topics_read(metadata: &Bytes) -> Option<Vec<String>> {
    let known = ConsumerProtocolSubscription::VERSIONS;
    let mut reader = Reader::new(metadata);
    let version = reader.i16().ok()?;
    if version < *known.start() {
        return None;
    }
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, version.min(*known.end())).ok()?;
    Some(subscription.topics.into_iter().map(Cow::into_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_read_and_nonsense_is_not() {
        let subscribed: &[u8] = b"\0\x01\0\0\0\x02\0\x01a\0\x01b\xff\xff\xff\xff\0\0\0\0";
        let read = |metadata: &[u8]| topics_read(&Bytes::copy_from_slice(metadata));
        assert_eq!(read(subscribed), Some(vec!["a".to_owned(), "b".to_owned()]));
        for end in 0..subscribed.len() {
            assert_eq!(read(&subscribed[..end]), None, "cut at {end}");
        }
        assert_eq!(read(b"\xff\xff\0\0\0\0"), None);
    }
}
