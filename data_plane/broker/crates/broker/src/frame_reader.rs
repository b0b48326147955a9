//! Reads frames off a stream: the length first, then no more than it says.

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::timeout,
};

use crate::{close::Close, limits::STALL_TIMEOUT};

const LENGTH_BYTES: usize = size_of::<i32>();
/// Enough for most requests but batches of records.
const READ_BYTES: usize = 4096;

/// A stream and what has been read of it ahead of time.
pub(crate) struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// Waits for the length of the next frame. May be dropped and called again: nothing read is lost.
    pub(crate) async fn length(&mut self, allowed: impl Fn() -> usize) -> Result<usize, Close> {
        while self.buffer.len() < LENGTH_BYTES {
            self.buffer.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(Close::EndOfStream);
            }
        }
        let mut written = [0; LENGTH_BYTES];
        written.copy_from_slice(&self.buffer[..LENGTH_BYTES]);
        let (declared, allowed) = (i32::from_be_bytes(written), allowed());
        let length = usize::try_from(declared).ok().filter(|length| *length <= allowed);
        length.ok_or(Close::FrameLength { declared: declared.into(), allowed })
    }

    /// Reads the frame whose length was just learned.
    pub(crate) async fn frame(&mut self, length: usize) -> Result<Bytes, Close> {
        let whole = LENGTH_BYTES + length;
        self.buffer.reserve(whole.saturating_sub(self.buffer.len()));
        while self.buffer.len() < whole {
            let read = timeout(STALL_TIMEOUT, self.stream.read_buf(&mut self.buffer));
            if read.await.map_err(|_| Close::Stalled)?? == 0 {
                return Err(Close::EndOfStream);
            }
        }
        let frame = self.buffer.split_to(whole).freeze().slice(LENGTH_BYTES..);
        if self.buffer.is_empty() {
            // Otherwise a silent connection would keep the buffer of its last frame.
            self.buffer = BytesMut::new();
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    async fn next(reader: &mut FrameReader<&[u8]>) -> Result<Bytes, Close> {
        let length = reader.length(|| 16).await?;
        reader.frame(length).await
    }

    #[test]
    fn frames_come_out_one_by_one() {
        run(async {
            let mut reader = FrameReader::new([0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 9].as_slice());
            assert_eq!(next(&mut reader).await.unwrap(), [7, 8].as_slice());
            assert_eq!(next(&mut reader).await.unwrap(), [].as_slice());
            assert_eq!(next(&mut reader).await.unwrap(), [9].as_slice());
            assert!(matches!(next(&mut reader).await, Err(Close::EndOfStream)));
        });
    }

    #[test]
    fn lengths_out_of_bounds_and_ends_inside_a_frame_are_refused() {
        run(async {
            for length in [17, i32::MAX, -1, i32::MIN] {
                let bytes = length.to_be_bytes();
                let refused = next(&mut FrameReader::new(bytes.as_slice())).await.unwrap_err();
                assert!(
                    matches!(refused, Close::FrameLength { declared, .. } if declared == i64::from(length))
                );
            }
            let cut = [0, 0, 0, 9, 1];
            assert!(matches!(next(&mut FrameReader::new(cut.as_slice())).await, Err(Close::EndOfStream)));
        });
    }
}
