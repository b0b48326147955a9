//! One connection: requests are started in the order in which they arrive, and answered in that order.

use std::{future::poll_fn, pin::pin, rc::Rc, task::Poll, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadHalf},
    sync::mpsc,
    task::{JoinHandle, spawn_local},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    broker::{Broker, Phase},
    close::Close,
    connections::Connection,
    dispatch::dispatch,
    frame_reader::FrameReader,
    limits::{DRAIN_TIMEOUT, REQUESTS_IN_FLIGHT_MAX, UNAUTHENTICATED_FRAME_BYTES_MAX},
    reply::Reply,
    reply_writer::write_replies,
};

/// A request that has been started.
pub(crate) enum Started {
    /// It was answered at once.
    Done(Result<Reply, Close>),
    /// It waits for something; it runs to its end even if the client goes away.
    Running(JoinHandle<Result<Reply, Close>>),
}

impl Started {
    /// Whether the reply is there.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Done(_) => true,
            Self::Running(task) => task.is_finished(),
        }
    }

    /// The reply, once it is there.
    pub(crate) async fn reply(self) -> Result<Reply, Close> {
        match self {
            Self::Done(reply) => reply,
            Self::Running(task) => task.await.map_err(std::io::Error::other)?,
        }
    }
}

/// Serves a connection until it ends, and says why it did.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite>(
    broker: &Rc<Broker>,
    connection: &Rc<Connection>,
    stream: S,
    login_deadline: Instant,
) -> Close {
    let (read_half, write_half) = tokio::io::split(stream);
    let (started, replies) = mpsc::channel(REQUESTS_IN_FLIGHT_MAX);
    let mut writer = pin!(write_replies(broker, connection, write_half, replies));
    let requests =
        Requests { broker, connection, reader: FrameReader::new(read_half), started, login_deadline };
    let close = tokio::select! {
        biased;
        close = connection.ended() => return close,
        Err(close) = &mut writer => return close,
        close = requests.run() => close,
    };
    if matches!(close, Close::EndOfStream | Close::Io(_)) {
        return close;
    }
    match timeout(DRAIN_TIMEOUT, writer).await {
        Ok(Err(earlier)) => earlier,
        _ => close,
    }
}

/// The reading side of a connection.
struct Requests<'a, S> {
    broker: &'a Rc<Broker>,
    connection: &'a Rc<Connection>,
    reader: FrameReader<ReadHalf<S>>,
    started: mpsc::Sender<Started>,
    login_deadline: Instant,
}

impl<S: AsyncRead> Requests<'_, S> {
    async fn run(mut self) -> Close {
        let mut phase = self.broker.phase.subscribe();
        loop {
            let next = tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase == Phase::Stopping) => return Close::Stopping,
                next = self.next() => next,
            };
            if let Err(close) = next {
                return close;
            }
        }
    }

    /// Reads one request and starts it.
    async fn next(&mut self) -> Result<(), Close> {
        // The slot comes first: a client that does not read its answers is not read either.
        let slot = self.started.clone().reserve_owned().await.map_err(|_| Close::EndOfStream)?;
        let length = self.wait_for_length().await?;
        self.connection.unmuted().await;
        let room = self.broker.request_memory.take(&self.connection.request_memory, length).await?;
        let frame = self.read_frame(length).await?;
        self.broker.metrics.bytes_received.inc_by(length as u64);
        let (broker, connection) = (Rc::clone(self.broker), Rc::clone(self.connection));
        let mut request = Box::pin(async move {
            let reply = dispatch(&broker, &connection, &frame).await;
            drop((frame, room));
            if let Ok(Reply { delay, .. }) = &reply
                && !delay.is_zero()
            {
                sleep(*delay).await;
            }
            reply
        });
        // Polled here once, so that requests take effect in the order in which they arrived.
        let first = poll_fn(|context| Poll::Ready(request.as_mut().poll(context))).await;
        self.connection.unanswered.update(|count| count + 1);
        slot.send(match first {
            Poll::Ready(reply) => Started::Done(reply),
            Poll::Pending => Started::Running(spawn_local(request)),
        });
        Ok(())
    }

    async fn wait_for_length(&mut self) -> Result<usize, Close> {
        let mut silent_since = Instant::now();
        loop {
            let deadline = self.deadline(silent_since);
            let connection = self.connection;
            let request_bytes_max = self.broker.config.limits.request_bytes_max;
            let allowed = || {
                if connection.is_authenticated() {
                    request_bytes_max
                } else {
                    UNAUTHENTICATED_FRAME_BYTES_MAX
                }
            };
            match timeout_at(deadline, self.reader.length(allowed)).await {
                Ok(length) => return length,
                Err(_) => self.check_overdue()?,
            }
            silent_since = Instant::now();
        }
    }

    async fn read_frame(&mut self, length: usize) -> Result<bytes::Bytes, Close> {
        if self.connection.is_authenticated() {
            return self.reader.frame(length).await;
        }
        timeout_at(self.login_deadline, self.reader.frame(length)).await.map_err(|_| Close::LoginTimeout)?
    }

    fn deadline(&self, silent_since: Instant) -> Instant {
        if !self.connection.is_authenticated() {
            return self.login_deadline;
        }
        let idle_seconds = self.broker.config.limits.idle_seconds_max;
        let idle = silent_since + Duration::from_secs(idle_seconds.into());
        let left_ms = self.connection.expires_at_ms().map(|end| end - self.broker.clock.wall_ms());
        left_ms.map_or(idle, |left| idle.min(Instant::now() + Duration::from_millis(left.max(0) as u64)))
    }

    /// Whether the time that has passed without a request ends the connection.
    fn check_overdue(&self) -> Result<(), Close> {
        if !self.connection.is_authenticated() {
            return Err(Close::LoginTimeout);
        }
        if self.connection.expires_at_ms().is_some_and(|end| end <= self.broker.clock.wall_ms()) {
            return Err(Close::LoginEnded);
        }
        if self.connection.unanswered.get() > 0 { Ok(()) } else { Err(Close::Idle) }
    }
}
