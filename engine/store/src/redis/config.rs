//! Where Redis is, and the bounds of asking it.

use std::sync::Arc;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};
use redis::{ClientTlsConfig, TlsCertificates};

use crate::Clock;

/// How Redis is reached.
///
/// | address | what it is |
/// |---|---|
/// | `redis://[user:password@]host[:6379][/db]` | one server |
/// | `redis-sentinel://[user:password@]host[:26379],host.../master[/db]` | the master that these sentinels name |
/// | `redis-cluster://[user:password@]host[:6379],host...` | the cluster that these belong to |
///
/// Each also as `rediss...` over TLS. What has signs of its own in a URL is percent-encoded.
#[derive(Clone)]
pub struct RedisConfig {
    /// The address.
    pub url: String,
    /// What every key begins with, so that several services can share one Redis; empty, or such as `staging:`.
    pub prefix: String,
    /// How long one call may take, whatever happens.
    pub call_timeout: Duration,
    /// How long reaching a server may take.
    pub connect_timeout: Duration,
    /// A certificate authority to trust instead of the machine's, in PEM.
    pub ca: Option<Vec<u8>>,
    /// A certificate and its key to show to Redis, in PEM.
    pub client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// The user at the sentinels, if they ask for one; not that of Redis itself.
    pub sentinel_username: Option<String>,
    /// The password at the sentinels, if they ask for one.
    pub sentinel_password: Option<String>,
    /// A clock to use instead of Redis' own; for tests.
    pub now: Option<Arc<dyn Clock>>,
}

/// An address that is none; the text says why, and holds no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of Redis is no address: {0}")]
pub struct BadAddress(pub(super) &'static str);

/// Where an address leads, without what nobody may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Where {
    /// `single`, `sentinel` or `cluster`.
    pub mode: &'static str,
    /// `host:port`, separated by commas.
    pub hosts: String,
    /// Whether it is reached over TLS.
    pub is_tls: bool,
    /// Whether a password is shown to it.
    pub has_password: bool,
    /// Whether all of it is on this machine.
    pub is_here: bool,
}

/// What an address says.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) mode: Mode,
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) is_tls: bool,
    username: Option<String>,
    password: Option<String>,
    db: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    Single,
    Sentinel { master: String },
    Cluster,
}

impl RedisConfig {
    /// An address, and everything else by default: no prefix, 500 ms for a call, 1 s to connect.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: String::new(),
            call_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            ca: None,
            client_certificate: None,
            sentinel_username: None,
            sentinel_password: None,
            now: None,
        }
    }

    /// Whether the address is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(&self) -> Result<(), BadAddress> {
        self.address().map(drop)
    }

    /// Where the address leads.
    ///
    /// # Errors
    /// Why it is none.
    pub fn leads(&self) -> Result<Where, BadAddress> {
        let address = self.address()?;
        let hosts: Vec<String> = address.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        Ok(Where {
            mode: match address.mode {
                Mode::Single => "single",
                Mode::Sentinel { .. } => "sentinel",
                Mode::Cluster => "cluster",
            },
            hosts: hosts.join(", "),
            is_tls: address.is_tls,
            has_password: address.password.is_some(),
            is_here: address
                .hosts
                .iter()
                .all(|(host, _)| matches!(&**host, "localhost" | "::1") || host.starts_with("127.")),
        })
    }

    pub(super) fn address(&self) -> Result<Address, BadAddress> {
        let (scheme, rest) = self.url.split_once("://").ok_or(BadAddress("it has no `redis://`"))?;
        let (is_tls, kind) = match scheme.strip_prefix("rediss") {
            Some(kind) => (true, kind),
            None => (false, scheme.strip_prefix("redis").ok_or(BadAddress("it does not begin with `redis`"))?),
        };
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut path = path.split('/').filter(|part| !part.is_empty());
        let (mode, port) = match kind {
            "" => (Mode::Single, 6379),
            "-cluster" => (Mode::Cluster, 6379),
            "-sentinel" => {
                let master = decoded(path.next().ok_or(BadAddress("it names no master: `.../master`"))?)?;
                (Mode::Sentinel { master }, 26379)
            }
            _ => return Err(BadAddress("it begins with none of `redis`, `redis-sentinel`, `redis-cluster`")),
        };
        let db = path.next().map_or(Ok(0), |db| db.parse().map_err(|_| BadAddress("its database is no number")))?;
        let hosts: Vec<(String, u16)> =
            hosts.split(',').map(|host| host_and_port(host, port)).collect::<Result<_, _>>()?;
        match mode {
            Mode::Single if hosts.len() > 1 => return Err(BadAddress("it names several hosts for one server")),
            Mode::Cluster if db != 0 => return Err(BadAddress("a cluster has database 0 only")),
            _ => {}
        }
        let (username, password) = credentials(login)?;
        Ok(Address { mode, hosts, is_tls, username, password, db })
    }

    /// A client of one Redis server.
    pub(super) fn client(&self, of: &Address, host: &str, port: u16, resp3: bool) -> redis::RedisResult<Client> {
        let info = self.endpoint(host, port, of.is_tls)?.set_redis_settings(of.login(resp3));
        self.open(info, of.is_tls)
    }

    /// What sentinels are asked as, and how the master they name is then spoken to.
    pub(super) fn sentinel(&self, of: &Address, host: &str, port: u16) -> redis::RedisResult<Client> {
        let mut login = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name();
        if let Some(username) = &self.sentinel_username {
            login = login.set_username(username);
        }
        if let Some(password) = &self.sentinel_password {
            login = login.set_password(password);
        }
        self.open(self.endpoint(host, port, of.is_tls)?.set_redis_settings(login), of.is_tls)
    }

    #[allow(clippy::unused_self)]
    fn endpoint(&self, host: &str, port: u16, is_tls: bool) -> redis::RedisResult<ConnectionInfo> {
        let host = host.to_owned();
        let address = match is_tls {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        };
        // A command is not to wait until an earlier one was answered. What is issued together leaves together anyway.
        Ok(address.into_connection_info()?.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
    }

    fn open(&self, info: ConnectionInfo, is_tls: bool) -> redis::RedisResult<Client> {
        if !is_tls {
            return Client::open(info);
        }
        let client_tls = self.client_certificate.clone();
        let client_tls = client_tls.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
        Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: self.ca.clone() })
    }
}

impl Address {
    fn login(&self, resp3: bool) -> RedisConnectionInfo {
        let protocol = if resp3 { ProtocolVersion::RESP3 } else { ProtocolVersion::RESP2 };
        let mut login = RedisConnectionInfo::default().set_db(self.db).set_protocol(protocol).set_skip_set_lib_name();
        if let Some(username) = &self.username {
            login = login.set_username(username);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password);
        }
        login
    }
}

fn credentials(login: Option<&str>) -> Result<(Option<String>, Option<String>), BadAddress> {
    let Some(login) = login else { return Ok((None, None)) };
    let (username, password) = login.split_once(':').unwrap_or((login, ""));
    let given = |text: &str| if text.is_empty() { Ok(None) } else { decoded(text).map(Some) };
    Ok((given(username)?, given(password)?))
}

fn host_and_port(text: &str, default: u16) -> Result<(String, u16), BadAddress> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(BadAddress("it names no host"));
    }
    let port = port.map_or(Ok(default), |port| port.parse().map_err(|_| BadAddress("its port is no port")))?;
    Ok((host.to_owned(), port))
}

/// Text without percent-encoding.
fn decoded(text: &str) -> Result<String, BadAddress> {
    let bad = BadAddress("a `%` in it is not followed by two hexadecimal digits");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(|| bad.clone());
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| bad.clone())?);
    }
    String::from_utf8(bytes).map_err(|_| BadAddress("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address, BadAddress> {
        RedisConfig::new(url).address()
    }

    #[test]
    fn addresses_say_where_and_how() {
        let single = address("rediss://ann:p%40ss@cache.example:7000/2").expect("an address");
        assert_eq!((single.hosts, single.is_tls, single.db), (vec![("cache.example".into(), 7000)], true, 2));
        assert_eq!((single.username.as_deref(), single.password.as_deref()), (Some("ann"), Some("p@ss")));
        let sentinel = address("redis-sentinel://:secret@a,b:1/main").expect("an address");
        assert_eq!(sentinel.mode, Mode::Sentinel { master: "main".into() });
        assert_eq!(sentinel.hosts, [("a".into(), 26379), ("b".into(), 1)]);
        assert_eq!((sentinel.username, sentinel.password.as_deref()), (None, Some("secret")));
        let cluster = address("redis-cluster://[::1]:7,h").expect("an address");
        assert_eq!(cluster.hosts, [("::1".into(), 7), ("h".into(), 6379)]);
    }

    #[test]
    fn what_is_no_address_is_told_without_the_password() {
        for url in [
            "localhost",
            "http://h",
            "redis://",
            "redis://h:x",
            "redis://h/x",
            "redis://h,i",
            "redis-sentinel://h",
            "redis-ring://h",
            "redis-cluster://h/1",
            "redis://:%zz@h",
        ] {
            assert!(address(url).is_err(), "{url}");
        }
    }
}
