//! The writing side of a connection.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _, WriteHalf},
    sync::mpsc,
    time::timeout,
};

use crate::{broker::Broker, close::Close, connection::Started, limits::STALL_TIMEOUT, reply::Reply};

/// Writes replies in the order of their requests until there are no more, or one ends the connection.
pub(crate) async fn write_replies<S: AsyncWrite>(
    broker: &Broker,
    mut stream: WriteHalf<S>,
    mut replies: mpsc::Receiver<Started>,
) -> Result<(), Close> {
    while let Some(started) = replies.recv().await {
        let reply = started.reply().await?;
        let closes = reply.closes;
        write(broker, &mut stream, reply).await?;
        if closes {
            stream.shutdown().await?;
            return Err(Close::LoginRefused);
        }
    }
    stream.shutdown().await?;
    Ok(())
}

async fn write<S: AsyncWrite>(broker: &Broker, stream: &mut WriteHalf<S>, reply: Reply) -> Result<(), Close> {
    let mut segments = SegmentBuf { segments: reply.segments.into() };
    broker.metrics.bytes_sent.inc_by(segments.remaining() as u64);
    while segments.has_remaining() {
        timeout(STALL_TIMEOUT, stream.write_buf(&mut segments)).await.map_err(|_| Close::Stalled)??;
    }
    timeout(STALL_TIMEOUT, stream.flush()).await.map_err(|_| Close::Stalled)??;
    Ok(())
}

/// Segments as one buffer, so that one system call writes many.
struct SegmentBuf {
    segments: VecDeque<Bytes>,
}

impl Buf for SegmentBuf {
    fn remaining(&self) -> usize {
        self.segments.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.segments.front().map_or(&[], |segment| segment)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(&self.segments);
        pairs.map(|(slice, segment)| *slice = IoSlice::new(segment)).count()
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(first) = self.segments.front_mut() {
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.segments.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_read_as_one_buffer() {
        let mut buffer =
            SegmentBuf { segments: [Bytes::from("ab"), Bytes::from("cde"), Bytes::from("f")].into() };
        let mut slices = [IoSlice::new(&[]), IoSlice::new(&[])];
        assert_eq!(buffer.chunks_vectored(&mut slices), 2);
        assert_eq!(&*slices[1], b"cde");
        buffer.advance(3);
        assert_eq!((buffer.remaining(), buffer.chunk()), (3, b"de".as_slice()));
        buffer.advance(3);
        assert!(!buffer.has_remaining());
    }
}
