//! The configuration of one broker: a JSON file, checked as a whole before anything starts.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use headrace_types::limits::PARTITIONS_PER_TOPIC_MAX;
use headrace_usage::{WindowLength, limits::WINDOW_SECONDS_MAX};
use serde::Deserialize;
use thiserror::Error;

use crate::{cli::DevOptions, files, groups::GroupsConfig, limits, limits::USAGE_WINDOW_LENGTH};

const FORMAT: u32 = 1;
/// Cluster id that `dev` reports.
const DEV_CLUSTER_ID: &str = "headrace-dev";

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    #[error("reading {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("configuration has format {0}, this broker reads {FORMAT}")]
    Format(u32),
    #[error("{0}")]
    Invalid(String),
}

/// Everything one broker is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) format: u32,
    pub(crate) cluster_id: String,
    pub(crate) broker_id: i32,
    pub(crate) generation: u64,
    pub(crate) data_dir: PathBuf,
    pub(crate) listeners: Vec<ListenerConfig>,
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) credentials_file: Option<PathBuf>,
    pub(crate) tokens: Option<TokensConfig>,
    pub(crate) admin_socket: Option<PathBuf>,
    pub(crate) handover_socket: Option<PathBuf>,
    #[serde(default)]
    pub(crate) topics: TopicsConfig,
    #[serde(default)]
    pub(crate) groups: GroupsConfig,
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
    #[serde(default)]
    pub(crate) usage: UsageConfig,
}

/// How clients reach the broker.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerConfig {
    pub(crate) name: String,
    pub(crate) protocol: SecurityProtocol,
    pub(crate) bind: SocketAddr,
    pub(crate) advertised: Endpoint,
    /// For the control plane and the gateway: without limits by address, and the only one where super users log in.
    #[serde(default)]
    pub(crate) internal: bool,
    /// Whether clients show certificates, and are known by them.
    #[serde(default)]
    pub(crate) client_auth: ClientAuth,
    /// Who vouches for those that log in.
    #[serde(default)]
    pub(crate) logins: Logins,
}

/// Who vouches for those that log in on a listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Logins {
    /// The cluster: its API keys, its SCRAM users, and the control plane's tokens.
    #[default]
    Cluster,
    /// The organization's own issuer of tokens, and nobody else.
    Issuer,
}

/// What a listener asks of its clients in the TLS handshake (Kafka's `ssl.client.auth`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientAuth {
    /// Nothing: logins say who they are.
    #[default]
    None,
    /// A certificate, if they have one; without one they are nobody that is known.
    Requested,
    /// A certificate.
    Required,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum SecurityProtocol {
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
    #[serde(rename = "SASL_PLAINTEXT")]
    SaslPlaintext,
    #[serde(rename = "SASL_SSL")]
    SaslSsl,
    #[serde(rename = "SSL")]
    Ssl,
}

/// A host and a port as clients are told them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Certificate and key of the listeners with TLS, and whose certificates they take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsConfig {
    pub(crate) certificate_file: PathBuf,
    pub(crate) private_key_file: PathBuf,
    /// The authorities that sign clients' certificates, for the `SSL` listeners.
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Kafka's `ssl.principal.mapping.rules`.
    #[serde(default)]
    pub(crate) principal_mapping_rules: String,
}

/// Whose tokens are good.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokensConfig {
    pub(crate) jwks_file: PathBuf,
    pub(crate) issuer: String,
    #[serde(default = "clock_skew_seconds")]
    pub(crate) clock_skew_seconds: u32,
}

/// Defaults of topics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TopicsConfig {
    pub(crate) auto_create: bool,
    pub(crate) num_partitions: i32,
}

/// Limits that the control plane sets by plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names, reason = "limits end in _max, and these are names of the file")]
pub(crate) struct LimitsConfig {
    pub(crate) connections_max: usize,
    pub(crate) connections_per_address_max: Option<usize>,
    pub(crate) partitions_max: usize,
    pub(crate) request_bytes_max: usize,
    pub(crate) produce_bytes_per_second_max: Option<u64>,
    pub(crate) fetch_bytes_per_second_max: Option<u64>,
    pub(crate) partition_changes_per_minute_max: Option<u32>,
    pub(crate) connections_per_second_max: Option<u32>,
    pub(crate) connections_per_address_per_second_max: Option<u32>,
    pub(crate) groups_max: usize,
    pub(crate) topics_max: usize,
    pub(crate) producer_ids_max: usize,
    pub(crate) session_seconds_max: Option<u32>,
    pub(crate) idle_seconds_max: u32,
    pub(crate) stored_bytes_max: Option<u64>,
    pub(crate) retention_ms_max: Option<i64>,
    pub(crate) retention_bytes_max: Option<i64>,
}

/// How usage is metered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UsageConfig {
    pub(crate) window_seconds: WindowSeconds,
}

/// The length of a usage window, in seconds: a divisor of the hour.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct WindowSeconds(WindowLength);

fn clock_skew_seconds() -> u32 {
    limits::CLOCK_SKEW_SECONDS
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self { auto_create: false, num_partitions: limits::NUM_PARTITIONS }
    }
}

impl Default for UsageConfig {
    fn default() -> Self {
        Self { window_seconds: WindowSeconds(USAGE_WINDOW_LENGTH) }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections_max: limits::CONNECTIONS_MAX,
            connections_per_address_max: None,
            partitions_max: limits::PARTITIONS_MAX,
            request_bytes_max: limits::REQUEST_BYTES_MAX,
            produce_bytes_per_second_max: None,
            fetch_bytes_per_second_max: None,
            partition_changes_per_minute_max: None,
            connections_per_second_max: None,
            connections_per_address_per_second_max: None,
            groups_max: limits::GROUPS_MAX,
            topics_max: limits::TOPICS_MAX,
            producer_ids_max: limits::PRODUCER_IDS_MAX,
            session_seconds_max: None,
            idle_seconds_max: limits::IDLE_SECONDS,
            stored_bytes_max: None,
            retention_ms_max: None,
            retention_bytes_max: None,
        }
    }
}

impl TryFrom<u32> for WindowSeconds {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        let length = WindowLength::from_seconds(seconds).ok_or_else(|| {
            format!("usage.window_seconds is {seconds}, where divisors of {WINDOW_SECONDS_MAX} are possible")
        });
        Ok(Self(length?))
    }
}

impl UsageConfig {
    /// How long usage windows are.
    pub(crate) fn window_length(&self) -> WindowLength {
        self.window_seconds.0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match parts {
            Some((host, port)) if !host.is_empty() && port != 0 => {
                Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
            }
            _ => Err(format!("{text:?} is not of the form host:port")),
        }
    }
}

impl SecurityProtocol {
    pub(crate) fn uses_tls(self) -> bool {
        matches!(self, Self::SaslSsl | Self::Ssl)
    }

    pub(crate) fn uses_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    /// Whether clients say who they are, by a login or by a certificate.
    pub(crate) fn knows_clients(self) -> bool {
        self != Self::Plaintext
    }
}

impl Config {
    /// Reads and checks a configuration file.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = files::read(path, limits::CONFIG_FILE_BYTES_MAX)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&bytes, path)
    }

    /// Checks the bytes of the configuration file at `path`.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, ConfigError> {
        let config: Self = serde_json::from_slice(bytes)
            .map_err(|source| ConfigError::Json { path: path.to_owned(), source })?;
        config.check()?;
        Ok(config)
    }

    /// The configuration of `dev`: no authentication, topics created on first use.
    pub(crate) fn dev(options: &DevOptions) -> Result<Self, ConfigError> {
        let listener = ListenerConfig {
            name: "plaintext".to_owned(),
            protocol: SecurityProtocol::Plaintext,
            bind: options.listen,
            advertised: Endpoint { host: options.listen.ip().to_string(), port: options.listen.port() },
            internal: false,
            client_auth: ClientAuth::None,
            logins: Logins::Cluster,
        };
        let config = Self {
            format: FORMAT,
            cluster_id: DEV_CLUSTER_ID.to_owned(),
            broker_id: 1,
            generation: 0,
            data_dir: options.data_dir.clone(),
            listeners: vec![listener],
            tls: None,
            credentials_file: None,
            tokens: None,
            admin_socket: None,
            handover_socket: None,
            topics: TopicsConfig { auto_create: true, num_partitions: options.num_partitions },
            groups: options.initial_rebalance_delay_ms.map_or_else(GroupsConfig::default, |delay_ms| {
                GroupsConfig { initial_rebalance_delay_ms: delay_ms, ..GroupsConfig::default() }
            }),
            limits: LimitsConfig::default(),
            usage: UsageConfig::default(),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.format != FORMAT {
            return Err(ConfigError::Format(self.format));
        }
        self.check_identity()?;
        self.check_limits()?;
        self.groups.check().map_err(ConfigError::Invalid)?;
        for listener in &self.listeners {
            self.check_listener(listener)?;
        }
        let names = || self.listeners.iter().map(|listener| listener.name.as_str());
        let repeated =
            names().enumerate().any(|(index, name)| names().take(index).any(|other| other == name));
        ensure(!repeated, || "two listeners have the same name".to_owned())
    }

    fn check_identity(&self) -> Result<(), ConfigError> {
        ensure(!self.cluster_id.is_empty(), || "cluster_id is empty".to_owned())?;
        ensure(self.broker_id >= 0, || format!("broker_id {} is negative", self.broker_id))?;
        let count = self.listeners.len();
        ensure((1..=limits::LISTENERS_MAX).contains(&count), || {
            format!("{count} listeners, where 1 to {} are possible", limits::LISTENERS_MAX)
        })
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let partitions = self.topics.num_partitions;
        ensure((1..=PARTITIONS_PER_TOPIC_MAX).contains(&partitions), || {
            format!(
                "topics.num_partitions is {partitions}, where 1 to {PARTITIONS_PER_TOPIC_MAX} are possible"
            )
        })?;
        let bytes = self.limits.request_bytes_max;
        let most = limits::CONNECTION_REQUESTS_BYTES_MAX;
        ensure((limits::UNAUTHENTICATED_FRAME_BYTES_MAX..=most).contains(&bytes), || {
            format!("limits.request_bytes_max is {bytes}, where 16384 to {most} are possible")
        })?;
        let rates = [
            ("connections_max", Some(self.limits.connections_max as u64)),
            ("groups_max", Some(self.limits.groups_max as u64)),
            ("topics_max", Some(self.limits.topics_max as u64)),
            ("producer_ids_max", Some(self.limits.producer_ids_max as u64)),
            ("produce_bytes_per_second_max", self.limits.produce_bytes_per_second_max),
            ("fetch_bytes_per_second_max", self.limits.fetch_bytes_per_second_max),
            ("partition_changes_per_minute_max", self.limits.partition_changes_per_minute_max.map(u64::from)),
            ("session_seconds_max", self.limits.session_seconds_max.map(u64::from)),
            ("idle_seconds_max", Some(self.limits.idle_seconds_max.into())),
            ("stored_bytes_max", self.limits.stored_bytes_max),
            ("retention_ms_max", self.limits.retention_ms_max.map(|most| most.max(0).unsigned_abs())),
            ("retention_bytes_max", self.limits.retention_bytes_max.map(|most| most.max(0).unsigned_abs())),
            ("connections_per_second_max", self.limits.connections_per_second_max.map(u64::from)),
            (
                "connections_per_address_per_second_max",
                self.limits.connections_per_address_per_second_max.map(u64::from),
            ),
        ];
        let nothing = rates.into_iter().find(|(_, limit)| *limit == Some(0));
        ensure(nothing.is_none(), || {
            format!("limits.{} allows nothing at all", nothing.map_or("", |(name, _)| name))
        })
    }

    fn check_listener(&self, listener: &ListenerConfig) -> Result<(), ConfigError> {
        let name = &listener.name;
        let loopback = listener.bind.ip().is_loopback();
        ensure(listener.protocol.uses_tls() || loopback, || {
            format!("listener {name} is not encrypted and {} is not a loopback address", listener.bind)
        })?;
        ensure(loopback || !listener.internal, || {
            format!("listener {name} is internal and {} is not a loopback address", listener.bind)
        })?;
        ensure(!listener.protocol.uses_tls() || self.tls.is_some(), || {
            format!("listener {name} is encrypted and tls is missing")
        })?;
        let is_by_certificate = listener.protocol == SecurityProtocol::Ssl;
        ensure(is_by_certificate == (listener.client_auth != ClientAuth::None), || {
            format!("listener {name}: client_auth is for SSL, where it is requested or required")
        })?;
        let has_authorities = self.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
        ensure(!is_by_certificate || has_authorities, || {
            format!("listener {name} is SSL and tls.client_ca_file is missing")
        })?;
        let is_clients_tls = listener.protocol == SecurityProtocol::SaslSsl && !listener.internal;
        ensure(listener.logins == Logins::Cluster || is_clients_tls, || {
            format!("listener {name}: logins of an issuer are for SASL_SSL, and not on an internal listener")
        })?;
        ensure(!listener.protocol.uses_sasl() || self.credentials_file.is_some(), || {
            format!("listener {name} needs a login and credentials_file is missing")
        })
    }
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Invalid(problem())) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn valid() -> Value {
        json!({
            "format": 1, "cluster_id": "lkc_1", "broker_id": 1, "generation": 3, "data_dir": "/tmp",
            "listeners": [
                {"name": "s", "protocol": "SASL_SSL", "bind": "0.0.0.0:1", "advertised": "localhost:19093"},
                {"name": "p", "protocol": "SASL_PLAINTEXT", "bind": "127.0.0.1:2", "advertised": "[::1]:2"}
            ],
            "tls": {"certificate_file": "c", "private_key_file": "k"},
            "credentials_file": "credentials.json"
        })
    }

    fn problem(change: impl FnOnce(&mut Value)) -> String {
        let mut document = valid();
        change(&mut document);
        match serde_json::from_value::<Config>(document) {
            Ok(config) => config.check().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn absent_parts_have_defaults() {
        let config: Config = serde_json::from_value(valid()).unwrap();
        config.check().unwrap();
        assert_eq!(config.limits.connections_max, limits::CONNECTIONS_MAX);
        assert_eq!(config.topics.num_partitions, 1);
        assert_eq!(config.usage.window_length().ms(), 60_000);
        assert_eq!(config.listeners[0].advertised, Endpoint { host: "localhost".into(), port: 19093 });
        assert_eq!(config.listeners[1].advertised, Endpoint { host: "::1".into(), port: 2 });
    }

    #[test]
    fn every_problem_is_named() {
        assert!(problem(|c| c["format"] = json!(2)).contains("format 2"));
        assert!(problem(|c| c["surprise"] = json!(1)).contains("surprise"));
        assert!(problem(|c| c["tls"] = Value::Null).contains("tls is missing"));
        assert!(problem(|c| c["listeners"][0]["client_auth"] = json!("required")).contains("client_auth"));
        assert!(problem(|c| c["listeners"][0]["protocol"] = json!("SSL")).contains("client_auth"));
        assert!(
            problem(|c| {
                c["listeners"][0]["protocol"] = json!("SSL");
                c["listeners"][0]["client_auth"] = json!("requested");
            })
            .contains("client_ca_file is missing")
        );
        assert!(problem(|c| c["credentials_file"] = Value::Null).contains("credentials_file is missing"));
        assert!(problem(|c| c["listeners"] = json!([])).contains("0 listeners"));
        assert!(problem(|c| c["listeners"][1]["bind"] = json!("0.0.0.0:2")).contains("not encrypted"));
        assert!(problem(|c| c["listeners"][1]["name"] = json!("s")).contains("same name"));
        assert!(problem(|c| c["listeners"][0]["advertised"] = json!("nowhere")).contains("host:port"));
        assert!(problem(|c| c["topics"] = json!({"num_partitions": 0})).contains("num_partitions"));
        assert!(problem(|c| c["listeners"][0]["internal"] = json!(true)).contains("internal"));
        assert!(problem(|c| c["limits"] = json!({"request_bytes_max": 1})).contains("request_bytes_max"));
        for name in
            ["connections_max", "groups_max", "produce_bytes_per_second_max", "connections_per_second_max"]
        {
            assert!(problem(|c| c["limits"] = json!({name: 0})).contains(name));
        }
        assert!(problem(|c| c["usage"] = json!({"window_seconds": 7})).contains("usage.window_seconds is 7"));
        assert!(problem(|c| c["usage"] = json!({"window_seconds": 0})).contains("divisors of 3600"));
        assert!(problem(|c| c["usage"] = json!({"window": 60})).contains("window"));
    }

    #[test]
    fn dev_is_refused_beyond_loopback() {
        let options = |listen: &str| DevOptions {
            listen: listen.parse().unwrap(),
            data_dir: "d".into(),
            num_partitions: 4,
            initial_rebalance_delay_ms: None,
        };
        assert!(Config::dev(&options("127.0.0.1:1")).unwrap().topics.auto_create);
        assert!(
            Config::dev(&options("0.0.0.0:1")).unwrap_err().to_string().contains("not a loopback address")
        );
    }
}
