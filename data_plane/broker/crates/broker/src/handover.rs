//! The handover socket: gives duplicates of the listening sockets to a new supervisor.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd},
    process,
    rc::Rc,
};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::json;
use tokio::{
    io::Interest,
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};

use crate::{
    broker::Broker,
    limits::{ACCEPT_PAUSE, HANDOVER_TIMEOUT, LISTENERS_MAX},
    listeners::Listener,
};

/// Serves the socket for as long as it is polled.
pub(crate) async fn serve(broker: Rc<Broker>, socket: UnixListener, listeners: Vec<Rc<Listener>>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => match timeout(HANDOVER_TIMEOUT, hand_over(&broker, &stream, &listeners)).await
            {
                Ok(Ok(())) => tracing::info!(sockets = listeners.len(), "listening sockets handed over"),
                Ok(Err(error)) => tracing::warn!(%error, "listening sockets not handed over"),
                Err(_) => tracing::warn!("listening sockets not handed over in time"),
            },
            Err(error) => {
                tracing::warn!(%error, "can not accept on the handover socket");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn hand_over(broker: &Broker, stream: &UnixStream, listeners: &[Rc<Listener>]) -> io::Result<()> {
    let names: Vec<&str> = listeners.iter().map(|listener| listener.config.name.as_str()).collect();
    let mut line =
        json!({"pid": process::id(), "cluster_id": broker.config.cluster_id, "listeners": names}).to_string();
    line.push('\n');
    let sockets: Vec<BorrowedFd<'_>> = listeners.iter().map(|listener| listener.socket.as_fd()).collect();
    stream.async_io(Interest::WRITABLE, || send(stream, line.as_bytes(), &sockets)).await
}

fn send(stream: &UnixStream, line: &[u8], sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(sockets)) {
        return Err(io::Error::other("more sockets than one message takes"));
    }
    let sent = sendmsg(stream, &[IoSlice::new(line)], &mut ancillary, SendFlags::NOSIGNAL)?;
    if sent == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
