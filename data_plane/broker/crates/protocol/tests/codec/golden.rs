//! Frames written down byte by byte from the protocol guide.

use bytes::Bytes;
use headrace_protocol::{
    ApiKey, Call, DecodeError, EncodeError, Reader, decode_body, decode_request_header, decode_response,
    encode_request, encode_response,
    messages::{
        ApiVersionsRequest, ApiVersionsResponse, FetchResponse, MetadataRequest, OffsetCommitRequest,
        ProduceResponse,
        fetch_response::{FetchableTopicResponse, PartitionData},
    },
};

#[test]
fn a_flexible_request_frame() {
    let request =
        ApiVersionsRequest { client_software_name: "hr".into(), client_software_version: "1".into() };
    let frame = encode_request(&request, 3, 7, Some("me")).unwrap().concat();
    let expected = [
        0, 0, 0, 19, // length
        0, 18, 0, 3, 0, 0, 0, 7, // key, version, correlation id
        0, 2, b'm', b'e', 0, // client id in the old style, no tags
        3, b'h', b'r', 2, b'1', 0, // compact texts, no tags
    ];
    assert_eq!(frame, expected);

    let frame = Bytes::from(frame).slice(4..);
    let call = Call::peek(&frame).unwrap();
    assert_eq!((call.api_key(), call.version, call.correlation_id), (Some(ApiKey::ApiVersions), 3, 7));
    let mut reader = Reader::new(&frame);
    let header = decode_request_header(&mut reader, ApiKey::ApiVersions, 3).unwrap();
    assert_eq!(header.client_id.as_deref(), Some("me"));
    assert_eq!(decode_body::<ApiVersionsRequest<'_>>(&mut reader, 3).unwrap(), request);
    assert_eq!(reader.remaining(), 0);
}

#[test]
fn the_api_versions_response_header_has_no_tags() {
    let frame = encode_response(&ApiVersionsResponse { error_code: 35, ..Default::default() }, 3, 7).unwrap();
    assert_eq!(frame.concat(), [0, 0, 0, 12, 0, 0, 0, 7, 0, 35, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn other_flexible_response_headers_have_tags() {
    let frame = encode_response(&ProduceResponse::default(), 9, 7).unwrap().concat();
    assert_eq!(frame, [0, 0, 0, 11, 0, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0]);
    let body = Bytes::from(frame).slice(4..);
    assert_eq!(decode_response::<ProduceResponse<'_>>(&body, 9).unwrap(), (7, ProduceResponse::default()));
}

#[test]
fn large_record_batches_are_passed_on_without_a_copy() {
    let batch = Bytes::from(vec![9; 10_000]);
    let partition = PartitionData { records: Some(batch.clone()), ..Default::default() };
    let topic = FetchableTopicResponse { partitions: vec![partition], ..Default::default() };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    let segments = encode_response(&response, 12, 1).unwrap();
    assert!(segments.iter().any(|segment| segment.as_ptr() == batch.as_ptr()));
    let whole = Bytes::from(segments.concat());
    assert_eq!(whole.len(), 4 + i32::from_be_bytes(whole[..4].try_into().unwrap()) as usize);
    let body = whole.slice(4..);
    let (_, read) = decode_response::<FetchResponse<'_>>(&body, 12).unwrap();
    assert_eq!(read, response);
    let records = read.responses[0].partitions[0].records.clone().unwrap();
    assert!(whole.as_ptr_range().contains(&records.as_ptr()), "read batches share the frame");
}

#[test]
fn a_field_that_the_version_can_not_carry_is_not_lost_silently() {
    let request = OffsetCommitRequest { group_instance_id: Some("static".into()), ..Default::default() };
    let error = encode_request(&request, 2, 1, None).unwrap_err();
    assert_eq!(error, EncodeError::Absent { field: "group_instance_id", version: 2 });
}

#[test]
fn unknown_versions_and_nulls_are_refused_when_writing() {
    let unknown = encode_request(&MetadataRequest::default(), 99, 1, None).unwrap_err();
    assert_eq!(unknown, EncodeError::UnknownVersion { message: "MetadataRequest", version: 99 });
    let null =
        encode_request(&MetadataRequest { topics: None, ..Default::default() }, 0, 1, None).unwrap_err();
    assert_eq!(null, EncodeError::Null("topics"));
}

#[test]
fn a_frame_without_a_whole_call_is_refused() {
    let error = Call::peek(&Bytes::from_static(&[0, 18, 0])).unwrap_err();
    assert_eq!(error, DecodeError::Truncated { needed: 2, remaining: 1 });
}
