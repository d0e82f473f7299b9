//! The address of a server, or of several as libpq reads it: `postgres://user@a:5432,b:5432/name?target_session_attrs=read-write`.

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::time::Duration;
use url::form_urlencoded;

/// How long opening a connection may take, unless `connect_timeout` says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the servers are, and which of them is wanted.
#[derive(Clone)]
pub(crate) struct ServerAddress {
    /// How each host is reached, in the order in which they are written.
    pub(crate) hosts: Vec<PgConnectOptions>,
    /// Whether a server has to say that it accepts writes before it is used.
    pub(crate) must_accept_writes: bool,
    /// How long opening a connection to one of them may take.
    pub(crate) connect_timeout: Duration,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddressFault {
    /// It cannot be read at all.
    Unreadable,
    /// There are as many hosts, and as many ports.
    PortsDiffer(usize, usize),
    /// This is not a port.
    Port(String),
    /// `target_session_attrs` asks for a server that a broker cannot use, or for none that there is.
    TargetSession(String),
    /// `connect_timeout` is not a number of seconds.
    ConnectTimeout(String),
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("this is not the address of a database"),
            Self::PortsDiffer(hosts, ports) => write!(f, "the address names {hosts} hosts and {ports} ports"),
            Self::Port(port) => write!(f, "`{port}` is not a port"),
            Self::TargetSession(word) => write!(f, "`target_session_attrs={word}` does not lead to a server that accepts writes"),
            Self::ConnectTimeout(word) => write!(f, "`connect_timeout={word}` is not a number of seconds from 1 to 5"),
        }
    }
}

impl std::error::Error for AddressFault {}

impl AddressFault {
    /// What to write instead.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Unreadable => "write `postgres://user@host/name`",
            Self::PortsDiffer(..) => "write one port for all hosts, or one for each: `postgres://user@a:5432,b:5433/name`",
            Self::Port(_) => "write a number behind the host: `postgres://user@a:5432,b:5432/name`",
            Self::TargetSession(_) => "write `target_session_attrs=read-write`",
            Self::ConnectTimeout(_) => "write `connect_timeout=2`, or leave it out",
        }
    }
}

/// One host as it is written: in front of the path, or as the parameter `host`.
struct WrittenHost {
    in_front: String,
    as_parameter: Option<String>,
    port: Option<String>,
}

impl ServerAddress {
    /// Reads an address. The variables of libpq (`PGPASSWORD`, …) and `~/.pgpass` give what it leaves out.
    pub(crate) fn parse(address: &str) -> Result<Self, AddressFault> {
        if may_show_password(address) {
            return Err(AddressFault::Unreadable);
        }
        let Parts { scheme, user, hosts, path, query } = Parts::of(address).ok_or(AddressFault::Unreadable)?;
        let (mut written, mut ports) = (read_hosts(hosts)?, None);
        let (mut must_accept_writes, mut connect_timeout) = (false, CONNECT_TIMEOUT);
        let mut kept = form_urlencoded::Serializer::new(String::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "host" | "hostaddr" => written = value.split(',').map(WrittenHost::as_parameter).collect(),
                "port" => ports = Some(value.into_owned()),
                "target_session_attrs" => must_accept_writes |= accepts_writes(&value)?,
                "connect_timeout" => connect_timeout = read_timeout(&value)?,
                _ => {
                    kept.append_pair(&key, &value);
                }
            }
        }
        if let Some(ports) = ports {
            give_ports(&mut written, &ports)?;
        }
        let kept = kept.finish();
        let options = |host: &WrittenHost| {
            let url = host.url(scheme, user, path, &kept);
            let options: PgConnectOptions = url.parse().map_err(|_| AddressFault::Unreadable)?;
            // A pooler refuses the parameter, and no number of the directory is a fraction. A statement holds personal data.
            Ok(options.application_name("portaria").extra_float_digits(None).disable_statement_logging())
        };
        let hosts: Vec<_> = written.iter().map(options).collect::<Result<_, _>>()?;
        must_accept_writes |= hosts.len() > 1;
        Ok(Self { hosts, must_accept_writes, connect_timeout })
    }
}

/// Whether an `@` stands behind the first `/`, `?` or `#`, which then belongs to a password in which it is not encoded.
pub(crate) fn may_show_password(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split_once(['/', '?', '#']).is_some_and(|(_, behind)| behind.contains('@'))
}

/// The hosts of an address with several, and the path behind them, as they may be shown; `None` if it has one host, or if it may hold a
/// password where none belongs.
pub(crate) fn several_hosts(address: &str) -> Option<(&str, &str)> {
    let parts = Parts::of(address)?;
    let is_host = |host: &WrittenHost| {
        !host.in_front.is_empty() && host.in_front.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_%[]:".contains(&byte))
    };
    let hosts = read_hosts(parts.hosts).ok()?;
    (!may_show_password(address) && hosts.len() > 1 && hosts.iter().all(is_host)).then_some((parts.hosts, parts.path))
}

struct Parts<'a> {
    scheme: &'a str,
    /// User and password with the `@` behind them, or nothing.
    user: &'a str,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(address: &'a str) -> Option<Self> {
        let (scheme, rest) = address.split_once("://")?;
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (front, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (user, hosts) = front.rfind('@').and_then(|at| front.split_at_checked(at.saturating_add(1))).unwrap_or(("", front));
        Some(Self { scheme, user, hosts, path, query })
    }
}

impl WrittenHost {
    fn as_parameter(host: &str) -> Self {
        Self { in_front: String::new(), as_parameter: Some(host.to_owned()), port: None }
    }

    /// The address with this host alone.
    fn url(&self, scheme: &str, user: &str, path: &str, kept: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(kept.to_owned());
        if let Some(host) = &self.as_parameter {
            query.append_pair("host", host);
        }
        if let Some(port) = &self.port {
            query.append_pair("port", port);
        }
        let in_front = if self.as_parameter.is_some() && !user.is_empty() { "localhost" } else { &self.in_front };
        format!("{scheme}://{user}{in_front}{path}?{}", query.finish())
    }
}

fn read_hosts(written: &str) -> Result<Vec<WrittenHost>, AddressFault> {
    let read = |host: &str| {
        // The colons of an address of version 6 stand in brackets.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, (!port.is_empty()).then(|| read_port(port)).transpose()?),
            _ => (host, None),
        };
        let in_brackets = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let in_front = if in_brackets.is_some() { String::new() } else { name.to_owned() };
        Ok(WrittenHost { in_front, as_parameter: in_brackets.map(str::to_owned), port })
    };
    written.split(',').map(read).collect()
}

fn read_port(port: &str) -> Result<String, AddressFault> {
    port.parse::<u16>().map(|port| port.to_string()).map_err(|_| AddressFault::Port(port.to_owned()))
}

/// One port for all hosts, or one for each.
fn give_ports(hosts: &mut [WrittenHost], ports: &str) -> Result<(), AddressFault> {
    let ports: Vec<&str> = ports.split(',').collect();
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(AddressFault::PortsDiffer(hosts.len(), ports.len()));
    }
    for (host, port) in hosts.iter_mut().zip(ports.iter().cycle()) {
        host.port = if port.is_empty() { None } else { Some(read_port(port)?) };
    }
    Ok(())
}

/// Whether a server has to accept writes. A broker writes, so other wishes are refused.
fn accepts_writes(word: &str) -> Result<bool, AddressFault> {
    match word {
        "any" => Ok(false),
        "read-write" | "primary" => Ok(true),
        other => Err(AddressFault::TargetSession(other.to_owned())),
    }
}

fn read_timeout(word: &str) -> Result<Duration, AddressFault> {
    // A caller waits for five seconds at most.
    let seconds = word.parse().ok().filter(|seconds| (1..=5).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| AddressFault::ConnectTimeout(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str) -> Result<Vec<(String, u16)>, AddressFault> {
        let place = |options: &PgConnectOptions| {
            let socket = options.get_socket().map(|socket| socket.display().to_string());
            (socket.unwrap_or_else(|| options.get_host().to_owned()), options.get_port())
        };
        Ok(ServerAddress::parse(address)?.hosts.iter().map(place).collect())
    }

    #[test]
    fn an_address_names_one_host_or_several() {
        for (address, expected) in [
            ("postgres://ana@db.loja.example:5433/portaria", &[("db.loja.example", 5433)][..]),
            ("postgresql://ana:geheim@[2001:db8::7]:5433/portaria", &[("2001:db8::7", 5433)]),
            ("postgres://ana@a.example:5432,b.example:5433/portaria", &[("a.example", 5432), ("b.example", 5433)]),
            ("postgres://ana@[::1]:5432,b.example:5433/portaria?target_session_attrs=any", &[("::1", 5432), ("b.example", 5433)]),
            ("postgres://ana@a.example,b.example/portaria?port=6432", &[("a.example", 6432), ("b.example", 6432)]),
            ("postgres://ana@localhost/portaria?host=a.example,/run/x&port=5432,5433", &[("a.example", 5432), ("/run/x", 5433)]),
            ("postgres:///portaria?host=/run/x,/run/y&port=5432", &[("/run/x", 5432), ("/run/y", 5432)]),
            ("postgres://ana@a.example:5432,%2Frun%2Fx:5433/portaria", &[("a.example", 5432), ("/run/x", 5433)]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect();
            assert_eq!(hosts(address), Ok(expected), "{address}");
        }
    }

    #[test]
    fn everything_else_of_an_address_holds_for_each_host() {
        let address = "postgres://ana:ge%2Cheim@a:1,b:2/portaria?sslmode=require&connect_timeout=3&target_session_attrs=read-write";

        let read = ServerAddress::parse(address).expect("an address");

        assert!(read.must_accept_writes);
        assert_eq!(read.connect_timeout, Duration::from_secs(3));
        for options in &read.hosts {
            assert_eq!((options.get_username(), options.get_database()), ("ana", Some("portaria")));
            assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
        }
    }

    #[test]
    fn several_hosts_and_a_wish_have_to_accept_writes() {
        for (address, expected) in [
            ("postgres://ana@a/portaria", false),
            ("postgres://ana@a/portaria?target_session_attrs=any", false),
            ("postgres://ana@a/portaria?target_session_attrs=primary", true),
            ("postgres://ana@a,b/portaria", true),
        ] {
            assert_eq!(ServerAddress::parse(address).map(|read| read.must_accept_writes), Ok(expected), "{address}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_refused() {
        for (address, expected) in [
            ("portaria", AddressFault::Unreadable),
            ("postgres://ana:ge/heim@a/portaria", AddressFault::Unreadable),
            ("postgres://ana:12?heim@a/portaria", AddressFault::Unreadable),
            ("postgres://ana@a:x/portaria", AddressFault::Port("x".to_owned())),
            ("postgres://ana@a:1,b:70000/portaria", AddressFault::Port("70000".to_owned())),
            ("postgres://ana@a,b/portaria?port=1,2,3", AddressFault::PortsDiffer(2, 3)),
            ("postgres://ana@a,b/portaria?target_session_attrs=standby", AddressFault::TargetSession("standby".to_owned())),
            ("postgres://ana@a,b/portaria?connect_timeout=60", AddressFault::ConnectTimeout("60".to_owned())),
        ] {
            assert_eq!(ServerAddress::parse(address).err(), Some(expected), "{address}");
        }
    }

    #[test]
    fn only_hosts_are_shown() {
        for (address, shown) in [
            ("postgres://ana:geheim@a.example:5432,b.example/portaria", Some(("a.example:5432,b.example", "/portaria"))),
            ("postgres://ana@a.example/portaria", None),
            ("postgres://ana:12,34?geheim@a.example/portaria", None),
            ("postgres://ana:12,34/geheim@a.example/portaria", None),
            ("postgres://ana:geheim@", None),
        ] {
            assert_eq!(several_hosts(address), shown, "{address}");
        }
    }
}
