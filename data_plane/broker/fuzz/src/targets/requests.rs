//! Requests of a client that needs no login, by key and version: frames that build upon each other.

use bytes::Bytes;
use headrace_protocol::{
    ApiKey, Call, Decode, DecodeError, Message, Reader, Writer, decode_body, decode_request_header,
    encode_message, messages::*, response_header_version,
};

use super::{Hold, Target};
use crate::{
    Allowance,
    samples::for_each_message,
    setting::{OPEN, at_a_broker, peer},
};

/// Most requests of an input: as many as a transaction takes.
const FRAMES_MAX: usize = 4;
/// Length and correlation id, before every response.
const RESPONSE_HEAD_BYTES: usize = 8;

pub(super) const TARGET: Target = Target {
    name: "requests",
    // What an answer costs whatever was asked: it names every API, every setting, or holds room for records.
    allowance: Allowance { floor_bytes: 1024 * 1024, per_byte: 1024 },
    handle,
};

fn handle(input: &[u8], hold: &mut Hold<'_>) {
    let frames = frames(input);
    let calls: Vec<_> = frames.iter().map(known).collect();
    for (frame, call) in frames.iter().zip(&calls) {
        if let Some((call, key)) = call {
            read_and_write(frame, *key, call.version);
        }
    }
    let answered = at_a_broker(async |broker| {
        let client = broker.connect(OPEN, peer()).unwrap_or_else(|error| panic!("{error}"));
        let asked = async {
            let mut answers = Vec::new();
            for frame in &frames {
                match broker.answer(&client, frame).await {
                    Ok(answer) => answers.push(answer.concat()),
                    Err(_) => break,
                }
            }
            answers
        };
        hold.run_async(input.len(), asked).await
    });
    for (call, answer) in calls.iter().zip(answered.unwrap_or_default()) {
        if let Some((call, key)) = call
            && !answer.is_empty()
        {
            judge(*call, *key, &answer.into());
        }
    }
}

/// The frames of an input, each behind two bytes of length; a length that says too much takes what there is.
fn frames(mut input: &[u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = input.split_first_chunk()
        && frames.len() < FRAMES_MAX
    {
        let (frame, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        frames.push(Bytes::copy_from_slice(frame));
        input = rest;
    }
    frames
}

fn known(frame: &Bytes) -> Option<(Call, ApiKey)> {
    let call = Call::peek(frame).ok()?;
    Some((call, call.api_key()?))
}

/// What can be read can be written, and read and written again is the same.
fn read_and_write(frame: &Bytes, key: ApiKey, version: i16) {
    let name = format!("{}Request", key.name());
    macro_rules! visit {
        ($module:ident, $name:ident) => {
            if $name::NAME == name && $name::VERSIONS.contains(&version) {
                let mut reader = Reader::new(frame);
                if decode_request_header(&mut reader, key, version).is_ok() {
                    let rest = frame.slice(frame.len() - reader.remaining()..);
                    if let Ok(read) = read::<$name>(&rest, version) {
                        let written = written(&read, version);
                        let again = read_written::<$name>(&written, version);
                        assert_eq!(written, self::written(&again, version), "{name} {version}");
                    }
                }
                return;
            }
        };
    }
    for_each_message!(visit);
}

fn read<'a, T: Decode<'a> + Message>(bytes: &'a Bytes, version: i16) -> Result<T, DecodeError> {
    decode_body(&mut Reader::new(bytes), version)
}

fn read_written<'a, T: Decode<'a> + Message>(bytes: &'a Bytes, version: i16) -> T {
    let mut reader = Reader::new(bytes);
    let message = decode_body(&mut reader, version);
    assert_eq!(reader.remaining(), 0, "{} {version}", T::NAME);
    message.unwrap_or_else(|error| panic!("{} {version} that was written can not be read: {error}", T::NAME))
}

fn written<T: Message>(message: &T, version: i16) -> Bytes {
    let mut writer = Writer::default();
    encode_message(message, &mut writer, version)
        .unwrap_or_else(|error| panic!("{} {version} can not be written: {error}", T::NAME));
    writer.into_bytes().into()
}

/// An answer is a whole frame for this request, and can be read by whoever asked.
fn judge(call: Call, key: ApiKey, answer: &Bytes) {
    let (head, rest) = answer.split_at(RESPONSE_HEAD_BYTES);
    let declared = i32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    assert_eq!(declared as usize, answer.len() - 4, "length of the answer to {call:?}");
    assert_eq!(head[4..], call.correlation_id.to_be_bytes(), "correlation id of the answer to {call:?}");
    let rest = answer.slice_ref(rest);
    let name = format!("{}Response", key.name());
    macro_rules! visit {
        ($module:ident, $name:ident) => {
            if $name::NAME == name && $name::VERSIONS.contains(&call.version) {
                let tags = usize::from(response_header_version(key, call.version) > 0);
                read_written::<$name>(&rest.slice(tags..), call.version);
                return;
            }
        };
    }
    for_each_message!(visit);
}
