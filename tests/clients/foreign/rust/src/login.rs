//! Logging in: by a name and a password, or by tokens of an issuer.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::contract::{Access, Failure, Request, until};
use crate::producing::{Deliveries, produce_one};
use crate::{lock, settings};

const POLL: Duration = Duration::from_millis(50);

/// Gets the client its tokens, and keeps the errors that it is told of.
pub struct Login {
    access: Access,
    errors: Mutex<Vec<RDKafkaErrorCode>>,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

impl Login {
    pub fn new(access: &Access) -> Self {
        Self {
            access: access.clone(),
            errors: Mutex::default(),
        }
    }

    fn is_refused(&self) -> bool {
        lock(&self.errors).contains(&RDKafkaErrorCode::Authentication)
    }
}

impl ClientContext for Login {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, _reason: &str) {
        lock(&self.errors).extend(error.rdkafka_error_code());
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let issued = ask(&self.access)?;
        let end =
            SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(issued.expires_in);
        Ok(OAuthToken {
            token: issued.access_token,
            principal_name: self.access.client_id.clone(),
            lifetime_ms: i64::try_from(end.as_millis())?,
        })
    }
}

impl ConsumerContext for Login {}

/// Adds what the client says of itself.
pub fn tell(access: &Access, settings: &mut ClientConfig) {
    if access.token_url.is_some() {
        settings.set("sasl.mechanism", "OAUTHBEARER");
    } else {
        settings
            .set("sasl.mechanism", "SCRAM-SHA-512")
            .set("sasl.username", &access.username)
            .set("sasl.password", &access.password);
    }
}

/// The producer that stays open.
#[derive(Default)]
pub struct Kept(RefCell<Option<BaseProducer<Deliveries>>>);

impl Kept {
    pub fn send(&self, access: &Access, request: &Request) -> Result<Value, Failure> {
        let mut kept = self.0.borrow_mut();
        if kept.is_none() {
            *kept = Some(producer(access)?);
        }
        let producer = kept.as_ref().ok_or("there is no producer")?;
        Ok(json!({ "offset": produce_one(producer, &request.topic, "kept")? }))
    }
}

/// Tries to log in as another client of the issuer, by another address.
pub fn enter(access: &Access, request: &Request) -> Result<Value, Failure> {
    let producer = producer(&access.of_other(request))?;
    let login = producer.context().login();
    let is_let_in = Cell::new(false);
    until(
        "an answer to the login",
        || Ok(is_let_in.get() || login.is_refused()),
        || {
            producer.poll(POLL);
            is_let_in.set(producer.client().fetch_metadata(None, POLL).is_ok());
            Ok(())
        },
    )?;
    let refused = login
        .is_refused()
        .then(|| RDKafkaErrorCode::Authentication.to_string());
    Ok(json!({ "refused": refused }))
}

fn producer(access: &Access) -> Result<BaseProducer<Deliveries>, Failure> {
    let context = Deliveries::of(access);
    Ok(BaseProducer::from_config_and_context(
        &settings(access),
        context,
    )?)
}

/// Asks the issuer for a token by the client's credentials (RFC 6749 section 4.4).
fn ask(access: &Access) -> Result<Issued, Failure> {
    let url = access.token_url.as_deref().unwrap_or_default();
    let (address, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or("no URL of an issuer")?;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret=secret",
        access.client_id
    );
    let mut stream = TcpStream::connect(address)?;
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = form.len();
    write!(
        stream,
        "POST /{path} HTTP/1.0\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{form}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("the issuer answers without a body")?;
    Ok(serde_json::from_str(body)?)
}
