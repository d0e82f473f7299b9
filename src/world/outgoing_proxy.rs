//! The proxy through which requests leave the network, and which requests go through it.

use crate::provider::hosts::is_loopback;
use crate::vocabulary::hash::{hex, sha256};
use crate::vocabulary::no_answer::{CertificateFault, NoAnswer};
use crate::vocabulary::text::Text;
use crate::world::certificate;
use arc_swap::ArcSwap;
use reqwest::{Proxy, Url};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct OutgoingProxy {
    pub(crate) url: Url,
    /// User and password.
    pub(crate) credentials: Option<(Text, Text)>,
    /// Hosts that are called without it, and after a dot those below a name.
    pub(crate) direct: Vec<Box<str>>,
    /// Hosts inside the network, which are called without it as well.
    pub(crate) private_hosts: Arc<ArcSwap<Vec<Box<str>>>>,
    /// Whether names are handed to it without being looked up here.
    pub(crate) resolves_names_itself: bool,
}

impl OutgoingProxy {
    /// A text by which two settings are compared, without the secrets themselves, and without what changes while the broker runs.
    pub(crate) fn identity(&self) -> String {
        let credentials = self
            .credentials
            .as_ref()
            .map(|(user, password)| hex(&sha256::<16>(format!("{}:{}", user.expose(), password.expose()).as_bytes())));
        format!("{} {credentials:?} {:?} {}", self.url, self.direct, self.resolves_names_itself)
    }

    /// Whether this is its own host, which may be inside the network.
    pub(crate) fn is_at(&self, host: &str) -> bool {
        self.url.host_str().is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether requests to a host go through it. Those to this machine never do.
    pub(crate) fn is_used_for(&self, host: &str) -> bool {
        let is_here = if host.contains(':') { is_loopback(&format!("[{host}]")) } else { is_loopback(host) };
        let is_listed = |listed: &str| match listed.strip_prefix('.') {
            Some(_) => host.to_ascii_lowercase().ends_with(&listed.to_ascii_lowercase()),
            None => host.eq_ignore_ascii_case(listed),
        };
        !is_here && !self.direct.iter().chain(&**self.private_hosts.load()).any(|listed| is_listed(listed))
    }

    /// Opens a connection to the proxy itself, and says nothing in it.
    pub(crate) fn connect(&self) -> Result<(), NoAnswer> {
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        certificate::connect(host, self.url.port_or_known_default().unwrap_or(80)).map(drop)
    }

    /// The proxy as the HTTP client takes it.
    pub(crate) fn to_client(self: &Arc<Self>) -> Proxy {
        let proxy = Arc::clone(self);
        let client = Proxy::custom(move |url| proxy.is_used_for(url.host_str()?.trim_matches(['[', ']'])).then(|| proxy.url.clone()));
        match &self.credentials {
            Some((user, password)) => client.basic_auth(user.expose(), password.expose()),
            None => client,
        }
    }
}

/// What a failure is if the connection to a provider was to go through the proxy.
pub(crate) fn of_proxied_connection(why: NoAnswer) -> NoAnswer {
    match why {
        // A name that is unknown here is that of the proxy: the client looks up no name of a provider, and connects to no provider.
        NoAnswer::Unreachable
        | NoAnswer::HostUnknown
        | NoAnswer::ConnectionRefused
        | NoAnswer::ConnectionReset
        | NoAnswer::NoRoute
        | NoAnswer::Closed
        | NoAnswer::NotHttp
        | NoAnswer::TooSlow(_)
        | NoAnswer::Proxy => NoAnswer::Proxy,
        NoAnswer::Certificate(CertificateFault::UnknownAuthority | CertificateFault::NoAuthorities | CertificateFault::SelfSigned) => {
            NoAnswer::Certificate(CertificateFault::ThroughProxy)
        }
        NoAnswer::Forbidden
        | NoAnswer::NotSendable
        | NoAnswer::Certificate(_)
        | NoAnswer::Tls(_)
        | NoAnswer::TooLarge(_)
        | NoAnswer::CutOff(_)
        | NoAnswer::Packed => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::wire::{Fetch as _, Request};
    use crate::world::addresses::NetworkPolicy;
    use crate::world::network::Network;
    use crate::world::tls::TrustedAuthorities;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    /// A proxy that refuses everything, and the heads of the requests that it gets.
    fn refusing_proxy() -> (OutgoingProxy, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (heard, heads) = channel();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().map_while(Result::ok) {
                let mut head = [0; 4096];
                let read = connection.read(&mut head).unwrap_or_default();
                let _ = heard.send(String::from_utf8_lossy(&head[..read]).into_owned());
                let _ = connection.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            }
        });
        (OutgoingProxy { url, credentials: None, direct: Vec::new(), private_hosts: Arc::default(), resolves_names_itself: true }, heads)
    }

    async fn send(proxy: OutgoingProxy, private: &str, address: &str) -> NoAnswer {
        let policy = NetworkPolicy { everything: false, private_hosts: [private.into()].into() };
        let (network, _) = Network::new(policy, &TrustedAuthorities::default(), Some(proxy));
        let mut request = Request::for_document(address);
        request.timeout = Duration::from_secs(5);
        network.send(&request).await.unwrap_err()
    }

    #[actix_web::test]
    async fn a_refusal_of_the_proxy_is_said_to_be_one_and_it_hears_nothing_but_the_host() {
        let (proxy, heads) = refusing_proxy();
        let secret = |text: &str| Text::secret(text, &Arc::from("proxy"));
        let proxy = OutgoingProxy { credentials: Some((secret("loja"), secret("canary-password"))), ..proxy };

        let why = send(proxy, "", "https://sso.acme.example/token?secret=canary-secret").await;

        let head = heads.recv().unwrap();
        assert_eq!(why, NoAnswer::Proxy);
        assert!(head.starts_with("CONNECT sso.acme.example:443 HTTP/1.1\r\n") && !head.contains("canary"), "{head}");
        assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic bg9qytpjyw5hcnktcgfzc3dvcmq="), "{head}");
    }

    #[actix_web::test]
    async fn an_address_inside_the_network_is_not_handed_to_the_proxy() {
        for (address, private, is_heard) in [
            ("https://10.0.0.1/", "", false),
            ("https://[fd00::1]/", "", false),
            ("https://localhost/", "", false),
            ("https://169.254.169.254/", "", false),
            ("https://20.20.20.20/", "", true),
            ("https://10.0.0.1/", "10.0.0.1", true),
        ] {
            let (proxy, heads) = refusing_proxy();

            let why = send(proxy, private, address).await;

            assert_eq!((why == NoAnswer::Proxy, heads.try_recv().is_ok()), (is_heard, is_heard), "{address}");
            assert_eq!(why == NoAnswer::Forbidden, !is_heard, "{address}");
        }
    }

    #[actix_web::test]
    async fn the_host_of_the_proxy_inside_the_network_is_reached_by_no_provider_file() {
        for direct in ["", "localhost"] {
            let (proxy, heads) = refusing_proxy();
            let address = format!("https://localhost:{}/", proxy.url.port().unwrap());
            let url = Url::parse(&address.replace("https", "http")).unwrap();
            let proxy = OutgoingProxy { url, direct: vec![direct.into()], ..proxy };

            let why = send(proxy, "", &address).await;

            assert_eq!((why, heads.try_recv().is_ok()), (NoAnswer::Forbidden, false), "{direct}");
        }
    }

    /// The list of `noProxy` is that of the start, and `privateHosts` is read again.
    #[actix_web::test]
    async fn a_host_that_the_operator_lists_while_the_broker_runs_is_called_without_the_proxy() {
        let (proxy, heads) = refusing_proxy();
        let policy = |hosts: &[&str]| NetworkPolicy { everything: false, private_hosts: hosts.iter().map(|host| (*host).into()).collect() };
        let (network, _) = Network::new(policy(&[]), &TrustedAuthorities::default(), Some(proxy));
        let mut request = Request::for_document("https://sso.interno.invalid/");
        request.timeout = Duration::from_secs(5);
        assert_eq!(network.send(&request).await.unwrap_err(), NoAnswer::Proxy);
        assert!(heads.recv().unwrap().starts_with("CONNECT sso.interno.invalid:443"));

        network.set_policy(&policy(&["sso.interno.invalid"]));
        let direct = network.send(&request).await.unwrap_err();
        network.set_policy(&policy(&[]));
        let proxied = network.send(&request).await.unwrap_err();

        assert_ne!(direct, NoAnswer::Proxy, "the name does not exist");
        assert_eq!((proxied, heads.try_iter().count()), (NoAnswer::Proxy, 1));
    }

    #[test]
    fn hosts_are_called_without_the_proxy_by_name_or_below_one() {
        let (proxy, _heads) = refusing_proxy();
        let proxy = OutgoingProxy { direct: vec!["sso.parceiro.example".into(), ".interno.example".into()], ..proxy };
        for (host, is_used) in [
            ("sso.parceiro.example", false),
            ("SSO.parceiro.example", false),
            ("x.sso.parceiro.example", true),
            ("a.interno.example", false),
            ("interno.example", true),
            ("xinterno.example", true),
            ("localhost", false),
            ("localhost.", false),
            ("a.localhost", false),
            ("0.0.0.0", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("::", false),
            ("2001:4860::1", true),
            ("203.0.113.7", true),
        ] {
            assert_eq!(proxy.is_used_for(host), is_used, "{host}");
        }
    }
}
