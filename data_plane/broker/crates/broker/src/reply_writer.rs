//! The writing side of a connection.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _, WriteHalf},
    sync::mpsc,
    time::timeout,
};

use crate::{
    broker::Broker, close::Close, connection::Started, connections::Connection, limits::STALL_TIMEOUT,
    reply::Reply,
};

/// Replies gathered for one write are no more than this, or one of them alone is.
const GATHERED_BYTES_MAX: usize = 1024 * 1024;

/// Writes replies in the order of their requests until there are no more, or one ends the connection.
pub(crate) async fn write_replies<S: AsyncWrite>(
    broker: &Broker,
    connection: &Connection,
    mut stream: WriteHalf<S>,
    replies: mpsc::Receiver<Started>,
) -> Result<(), Close> {
    let mut queue = Queue { replies, held: None };
    while let Some(started) = queue.next().await {
        let mut gathered = Gathered::default();
        gathered.add(started.reply().await);
        while let Some(done) = gathered.takes_more().then(|| queue.next_done()).flatten() {
            gathered.add(done.reply().await);
        }
        write(broker, &mut stream, gathered.buffer).await?;
        connection.unanswered.update(|count| count - gathered.replies);
        if let Some(close) = gathered.ends {
            stream.shutdown().await?;
            return Err(close);
        }
    }
    stream.shutdown().await?;
    Ok(())
}

async fn write<S: AsyncWrite>(
    broker: &Broker,
    stream: &mut WriteHalf<S>,
    mut buffer: SegmentBuf,
) -> Result<(), Close> {
    broker.metrics.bytes_sent.inc_by(buffer.remaining() as u64);
    while buffer.has_remaining() {
        timeout(STALL_TIMEOUT, stream.write_buf(&mut buffer)).await.map_err(|_| Close::Stalled)??;
    }
    timeout(STALL_TIMEOUT, stream.flush()).await.map_err(|_| Close::Stalled)??;
    Ok(())
}

/// Started requests in order; one may have been looked at and held back.
struct Queue {
    replies: mpsc::Receiver<Started>,
    held: Option<Started>,
}

impl Queue {
    async fn next(&mut self) -> Option<Started> {
        match self.held.take() {
            Some(held) => Some(held),
            None => self.replies.recv().await,
        }
    }

    /// The next request, if it is answered already.
    fn next_done(&mut self) -> Option<Started> {
        self.held = self.held.take().or_else(|| self.replies.try_recv().ok());
        self.held.take_if(|held| held.is_done())
    }
}

/// Replies that are written together.
#[derive(Default)]
struct Gathered {
    buffer: SegmentBuf,
    replies: usize,
    ends: Option<Close>,
}

impl Gathered {
    fn add(&mut self, reply: Result<Reply, Close>) {
        self.replies += 1;
        match reply {
            Ok(reply) => {
                self.buffer.segments.extend(reply.segments);
                self.ends = reply.closes.then_some(Close::LoginRefused);
            }
            Err(close) => self.ends = Some(close),
        }
    }

    fn takes_more(&self) -> bool {
        self.ends.is_none() && self.buffer.remaining() < GATHERED_BYTES_MAX
    }
}

/// Segments as one buffer, so that one system call writes many.
#[derive(Default)]
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
