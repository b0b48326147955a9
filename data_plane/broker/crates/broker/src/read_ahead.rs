//! Reading a socket in large pieces for a reader that asks for small ones: TLS takes 4 KiB at a time, a quarter of what one of its records
//! has, and every system call on a socket costs as much as decrypting that.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use crate::limits::READ_AHEAD_BYTES_MAX;

/// A stream of which more is read than was asked for. Writing goes to the stream itself.
pub(crate) struct ReadAhead<S> {
    stream: S,
    /// What was read; empty without memory of its own where the stream had nothing to read.
    ahead: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
}

impl<S> ReadAhead<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, ahead: Vec::new(), taken: 0 }
    }
}

impl<S: AsyncRead + Unpin> ReadAhead<S> {
    /// Reads what there is. A connection on which nothing comes keeps no buffer.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = std::mem::take(&mut self.ahead);
        self.taken = 0;
        buffer.clear();
        buffer.reserve_exact(READ_AHEAD_BYTES_MAX);
        let read = pin!(self.stream.read_buf(&mut buffer)).poll(context);
        ready!(read)?;
        self.ahead = buffer;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.taken == this.ahead.len() {
            ready!(this.poll_more(context))?;
        }
        let rest = &this.ahead[this.taken..];
        let count = rest.len().min(out.remaining());
        out.put_slice(&rest[..count]);
        this.taken += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadAhead<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// Gives what it has in one piece, as far as there is room, and counts how often it is asked.
    struct Counted {
        rest: Vec<u8>,
        reads: usize,
    }

    impl AsyncRead for Counted {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            out: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.reads += 1;
            let count = self.rest.len().min(out.remaining());
            out.put_slice(&self.rest[..count]);
            self.rest.drain(..count);
            Poll::Ready(Ok(()))
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn small_reads_become_few_large_ones_and_nothing_is_lost() {
        let sent: Vec<u8> = (0..2 * READ_AHEAD_BYTES_MAX + 5000).map(|number| (number % 251) as u8).collect();
        run(async {
            let mut reader = ReadAhead::new(Counted { rest: sent.clone(), reads: 0 });
            let mut piece = [0; 4096];
            let mut came = Vec::new();
            loop {
                let count = reader.read(&mut piece).await.unwrap();
                if count == 0 {
                    break;
                }
                came.extend_from_slice(&piece[..count]);
            }
            assert!(came == sent);
            // Two full buffers, the rest, and the end.
            assert_eq!(reader.stream.reads, 4);
        });
    }

    #[test]
    fn a_stream_with_nothing_to_read_keeps_no_buffer_and_can_be_written_to() {
        run(async {
            let (mut far, near) = tokio::io::duplex(64);
            let mut near = ReadAhead::new(near);
            far.write_all(b"question").await.unwrap();
            let mut question = [0; 8];
            near.read_exact(&mut question).await.unwrap();
            assert_eq!(&question, b"question");
            assert!(near.ahead.capacity() > 0);
            let mut more = [0; 1];
            let waiting = std::future::poll_fn(|context| {
                let polled = Pin::new(&mut near).poll_read(context, &mut ReadBuf::new(&mut more));
                Poll::Ready(polled.is_pending())
            });
            assert!(waiting.await);
            assert_eq!(near.ahead.capacity(), 0);
            near.write_all(b"answer").await.unwrap();
            drop(near);
            let mut answer = Vec::new();
            far.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"answer");
        });
    }
}
