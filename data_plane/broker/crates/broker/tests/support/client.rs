//! A client that can also misbehave.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use bytes::Bytes;
use headrace_protocol::{
    Decode, Request, Response, decode_response, encode_request,
    messages::{
        ApiVersionsRequest, ApiVersionsResponse, SaslAuthenticateRequest, SaslAuthenticateResponse,
        SaslHandshakeRequest, SaslHandshakeResponse,
    },
};

/// Far longer than any answer takes; only a hang meets it.
const HANG: Duration = Duration::from_mins(1);

pub struct Client {
    stream: TcpStream,
    next_id: i32,
    /// The last frame read, for responses to borrow from.
    frame: Bytes,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        Self { stream, next_id: 1, frame: Bytes::new() }
    }

    /// Connects from another loopback address.
    pub fn connect_from(source: &str, address: SocketAddr) -> Self {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let source: std::net::IpAddr = source.parse().unwrap();
        bind(&socket, &SocketAddr::new(source, 0)).unwrap();
        connect(&socket, &address).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(HANG)).unwrap();
        Self { stream, next_id: 1, frame: Bytes::new() }
    }

    /// Sends bytes as they are. The broker may have closed the connection already.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a frame around a body.
    pub fn send_frame(&mut self, body: &[u8]) {
        let length = i32::try_from(body.len()).unwrap().to_be_bytes();
        self.send(&[&length, body].concat());
    }

    /// Sends a request; answers its correlation id.
    pub fn request<T: Request>(&mut self, request: &T, version: i16) -> i32 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&encode_request(request, version, id, Some("test")).unwrap().concat());
        id
    }

    /// The next frame, or none when the broker has closed the connection.
    pub fn read_frame(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        self.read_exactly(&mut length)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.read_exactly(&mut frame)?;
        Some(frame.into())
    }

    fn read_exactly(&mut self, out: &mut [u8]) -> Option<()> {
        match self.stream.read_exact(out) {
            Ok(()) => Some(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the broker hangs"),
            Err(_) => None,
        }
    }

    /// The response to the request with this correlation id, which must be the next.
    pub fn response<'a, T: Decode<'a> + Response>(&'a mut self, id: i32, version: i16) -> T {
        self.frame = self.read_frame().expect("the broker closed the connection");
        let (answered, response) = decode_response(&self.frame, version).unwrap();
        assert_eq!(answered, id, "responses come in the order of their requests");
        response
    }

    pub fn api_versions(&mut self, version: i16) -> ApiVersionsResponse<'_> {
        let request = ApiVersionsRequest {
            client_software_name: "headrace-test".into(),
            client_software_version: "1.0".into(),
        };
        let id = self.request(&request, version);
        self.response(id, version)
    }

    pub fn handshake(&mut self, mechanism: &str, version: i16) -> SaslHandshakeResponse<'_> {
        let id = self.request(&SaslHandshakeRequest { mechanism: mechanism.to_owned().into() }, version);
        self.response(id, version)
    }

    pub fn authenticate(&mut self, token: &[u8]) -> SaslAuthenticateResponse<'_> {
        let id = self.request(&SaslAuthenticateRequest { auth_bytes: token.to_vec().into() }, 2);
        self.response(id, 2)
    }

    /// PLAIN; answers the error code.
    pub fn login(&mut self, username: &str, secret: &str) -> i16 {
        assert_eq!(self.handshake("PLAIN", 1).error_code, 0);
        self.authenticate(format!("\0{username}\0{secret}").as_bytes()).error_code
    }

    /// Waits until the broker closes the connection; nothing may come before.
    pub fn assert_closed(&mut self) {
        assert_eq!(self.read_frame(), None, "the broker answered what it should refuse");
    }

    /// No more bytes will be sent.
    pub fn finish(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
}
