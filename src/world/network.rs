//! The one client that sends requests out: no redirects, no referrer, no proxy but that of the settings, sizes and times
//! bounded, addresses checked before and after connecting. Its errors hold no part of an address.

use crate::vocabulary::no_answer::Oversize;
use crate::vocabulary::wire::{Fetch, Method, NoAnswer, Request, Response, ResponseFuture};
use crate::world::addresses::NetworkPolicy;
use crate::world::network_error::{AnswerProgress, ClientError, TimeLimits, classify_error};
use crate::world::outgoing_proxy::{OutgoingProxy, of_proxied_connection};
use crate::world::resolver::Resolver;
use crate::world::tls::{TrustedAuthorities, tls_config};
use arc_swap::ArcSwap;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::ClientConfig;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long the client waits for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How many headers of an answer are read at most.
const MOST_HEADERS: usize = 100;

pub(crate) struct Network {
    /// One client for each thread that sends requests, so that a connection stays with the thread that drives it.
    clients: ArcSwap<Vec<Client>>,
    resolver: Resolver,
    tls: ClientConfig,
    /// How long the client waits for a connection.
    connect: Duration,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Network {
    /// The client, which trusts these authorities beside those of the machine; the second value is what is missing when the machine
    /// knows none.
    pub(crate) fn new(reach: NetworkPolicy, authorities: &TrustedAuthorities, proxy: Option<OutgoingProxy>) -> (Self, Option<String>) {
        Self::with_patience(reach, authorities, proxy, CONNECT)
    }

    /// The same with another time for a connection.
    fn with_patience(
        reach: NetworkPolicy,
        authorities: &TrustedAuthorities,
        proxy: Option<OutgoingProxy>,
        connect: Duration,
    ) -> (Self, Option<String>) {
        let (tls, missing) = tls_config(authorities);
        (Self::with_tls(Resolver::new(reach, proxy.map(Arc::new)), tls, connect), missing)
    }

    /// A client that trusts the same authorities, goes through the same proxy and reaches other addresses.
    pub(crate) fn beside(&self, reach: NetworkPolicy) -> Self {
        Self::with_tls(Resolver::new(reach, self.resolver.proxy.clone()), self.tls.clone(), self.connect)
    }

    fn with_tls(resolver: Resolver, tls: ClientConfig, connect: Duration) -> Self {
        let clients = ArcSwap::from_pointee(Self::new_clients(&resolver, &tls, connect));
        Self { clients, resolver, tls, connect }
    }

    fn new_clients(resolver: &Resolver, tls: &ClientConfig, connect: Duration) -> Vec<Client> {
        let build = || {
            let builder = Client::builder()
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .retry(reqwest::retry::never())
                .connect_timeout(connect)
                .http1_max_headers(MOST_HEADERS)
                .pool_idle_timeout(Duration::from_secs(30))
                .tcp_nodelay(true)
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(resolver.clone());
            let builder = match &resolver.proxy {
                Some(proxy) => builder.proxy(proxy.to_client()),
                None => builder,
            };
            builder.build().expect("what a client needs of the machine is in its TLS configuration")
        };
        let many = std::thread::available_parallelism().map_or(1, usize::from);
        std::iter::repeat_with(build).take(many).collect()
    }

    fn client(&self) -> Client {
        thread_local! {
            static NUMBER: usize = {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                NEXT.fetch_add(1, Ordering::Relaxed)
            };
        }
        let turn = NUMBER.with(|number| *number);
        let clients = self.clients.load();
        let at = turn.checked_rem(clients.len()).unwrap_or_default();
        clients.get(at).expect("there is at least one client").clone()
    }

    /// Changes which addresses may be reached. Where they are others than before, the clients are made anew, so that no connection is used on that was
    /// made to an address which is forbidden now, or without the proxy.
    pub(crate) fn set_policy(&self, reach: &NetworkPolicy) {
        if self.resolver.set_policy(reach) {
            self.clients.store(Arc::new(Self::new_clients(&self.resolver, &self.tls, self.connect)));
        }
    }

    async fn send_request(&self, request: &Request) -> Result<Response, NoAnswer> {
        let body = request.body.as_ref().map(|_| request.as_sent().body.to_owned().into_bytes());
        self.send_with_body(request, body).await
    }

    /// Sends bytes that are no text in place of the body of a request.
    #[cfg(feature = "opentelemetry")]
    pub(crate) async fn send_bytes(&self, request: &Request, body: Vec<u8>) -> Result<Response, NoAnswer> {
        self.send_with_body(request, Some(body)).await
    }

    async fn send_with_body(&self, request: &Request, body: Option<Vec<u8>>) -> Result<Response, NoAnswer> {
        let sent = request.as_sent();
        let url = Url::parse(sent.address).map_err(|_| NoAnswer::NotSendable)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        // An address that is written as a number is never resolved, so it is checked here.
        if let Ok(address) = host.parse::<IpAddr>()
            && !self.resolver.allows(&host, address)
        {
            return Err(NoAnswer::Forbidden);
        }
        let is_proxied = self.resolver.proxy.as_ref().is_some_and(|proxy| proxy.is_used_for(&host));
        self.resolver.check_for_proxy(&host, self.connect).await?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let headers = client_headers(&sent.headers)?;
        let mut sending = self.client().request(method, url).headers(headers).timeout(request.timeout);
        if let Some(body) = body {
            sending = sending.body(body);
        }
        let limits = TimeLimits { connect: self.connect, answer: request.timeout };
        let sent = sending.send().await.map_err(|error| {
            let why = classify_error(client_error(&error), AnswerProgress::None, limits);
            if is_proxied && error.is_connect() { of_proxied_connection(why) } else { why }
        });
        let mut answer = sent?;
        let is_allowed = |peer: SocketAddr| is_proxied || self.resolver.allows(&host, peer.ip());
        if answer.remote_addr().is_some_and(|peer| !is_allowed(peer)) {
            return Err(NoAnswer::Forbidden);
        }
        let announced = answer.content_length();
        let too_large = || NoAnswer::TooLarge(Oversize { limit: request.largest, size: announced });
        if announced.is_some_and(|size| usize::try_from(size).map_or(true, |size| size > request.largest)) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        loop {
            let part = answer.chunk().await;
            let part = part.map_err(|error| classify_error(client_error(&error), AnswerProgress::Begun(body.len()), limits))?;
            let Some(part) = part else { break };
            if part.len() > request.largest.saturating_sub(body.len()) {
                return Err(too_large());
            }
            body.extend_from_slice(&part);
        }
        // What this client unpacks has no such header any more.
        let is_named =
            answer.headers().get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
        // Some servers name an encoding that is none, and send a plain text.
        let is_packed = || std::str::from_utf8(&body).is_err();
        if is_named && answer.status().is_success() && is_packed() {
            return Err(NoAnswer::Packed);
        }
        let headers = answer.headers().iter().filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())));
        Ok(Response { status: answer.status().as_u16(), headers: headers.collect(), body })
    }
}

/// The headers of a request, of which no value is ever shown.
fn client_headers(written: &[(&str, &str)]) -> Result<HeaderMap, NoAnswer> {
    let mut headers = HeaderMap::with_capacity(written.len());
    for (name, value) in written {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| NoAnswer::NotSendable)?;
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| NoAnswer::NotSendable)?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

impl Fetch for Network {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(self.send_request(request))
    }
}

fn client_error(error: &reqwest::Error) -> ClientError<'_> {
    ClientError {
        is_timeout: error.is_timeout(),
        is_connecting: error.is_connect(),
        is_decoding: error.is_decode(),
        source: std::error::Error::source(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::no_answer::{Slowness, WaitingFor};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    /// Attack R-10
    /// Lesson 143
    #[actix_web::test]
    async fn nothing_of_an_address_is_in_an_error() {
        let policy = NetworkPolicy { everything: true, private_hosts: [].into() };
        let (network, _) = Network::new(policy, &TrustedAuthorities::default(), None);
        // No server listens at this port, and the second address is refused before a request is sent.
        for address in
            ["http://127.0.0.1:1/canary-path?secret=canary-secret", "https://[::ffff:0:0]:1/canary-path?secret=canary-secret", "canary"]
        {
            let mut request = Request::for_document(address);
            request.timeout = Duration::from_millis(500);

            let Err(error) = network.send(&request).await else { panic!("{address} answers") };

            let shown = format!("{error} {error:?} {error:#?}");
            assert!(!shown.contains("canary") && !shown.contains("127.0.0.1"), "{shown}");
        }
    }

    /// Reads what was sent, and answers in bytes.
    fn server(answers: impl Fn(&mut TcpStream) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        std::thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(|mut connection| answers(&mut connection)));
        format!("http://{address}/")
    }

    async fn fault(address: &str, timeout: Duration, connect: Duration) -> NoAnswer {
        let policy = NetworkPolicy { everything: true, private_hosts: [].into() };
        let (network, _) = Network::with_patience(policy, &TrustedAuthorities::default(), None, connect);
        let mut request = Request::for_document(address);
        (request.timeout, request.largest) = (timeout, 100);
        network.send(&request).await.expect_err("there is no answer")
    }

    #[actix_web::test]
    async fn the_limits_that_an_answer_has_reached_are_named() {
        let (short, long) = (Duration::from_millis(80), Duration::from_secs(5));
        let wait = |to: &mut TcpStream| while matches!(to.read(&mut [0; 64]), Ok(read) if read > 0) {};
        let silent = server(wait);
        let begun = server(move |to| {
            let _ = (to.read(&mut [0; 4096]), to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"));
            wait(to);
        });
        let endless = server(|to| {
            let _ = (to.read(&mut [0; 4096]), to.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), to.write_all(&[b' '; 200]));
        });
        let slow = |waited, phase| NoAnswer::TooSlow(Slowness { waited, phase });

        // A server that accepts and says nothing to the greeting of TLS is no connection.
        assert_eq!(fault(&silent.replace("http", "https"), long, short).await, slow(short, WaitingFor::Connection));
        assert_eq!(fault(&silent, Duration::from_millis(120), short).await, slow(Duration::from_millis(120), WaitingFor::Answer));
        assert_eq!(fault(&begun, Duration::from_millis(120), short).await, slow(Duration::from_millis(120), WaitingFor::Rest));
        assert_eq!(fault(&endless, long, long).await, NoAnswer::TooLarge(Oversize { limit: 100, size: None }));
    }

    #[actix_web::test]
    async fn connections_are_closed_when_other_addresses_may_be_reached_than_before() {
        let (closed, is_closed) = std::sync::mpsc::channel();
        let address = server(move |to| {
            while matches!(to.read(&mut [0; 4096]), Ok(read) if read > 0) {
                let _ = to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            }
            let _ = closed.send(());
        });
        let listed = |host: &str| NetworkPolicy { everything: false, private_hosts: ["127.0.0.1".into(), host.into()].into() };
        let (network, _) = Network::new(listed("sso.interno.example"), &TrustedAuthorities::default(), None);
        network.send(&Request::for_document(&address)).await.expect("it answers");

        network.set_policy(&listed("sso.interno.example"));
        network.send(&Request::for_document(&address)).await.expect("it answers");
        assert!(is_closed.try_recv().is_err(), "nothing has changed, so the connection is used on");
        network.set_policy(&listed("outro.interno.example"));

        let closed = tokio::task::spawn_blocking(move || is_closed.recv_timeout(Duration::from_secs(20)));
        assert_eq!(closed.await.expect("it was waited for"), Ok(()));
        network.send(&Request::for_document(&address)).await.expect("by another connection");
    }

    #[actix_web::test]
    async fn an_address_of_ipv6_is_called_where_the_policy_allows_it() {
        let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
        let address = format!("http://{}/", listener.local_addr().expect("it listens"));
        std::thread::spawn(move || {
            for mut connection in listener.incoming().map_while(Result::ok) {
                let _ = (connection.read(&mut [0; 4096]), connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
            }
        });
        let listed = |host: &str| NetworkPolicy { everything: false, private_hosts: [host.into()].into() };
        for (policy, expected) in [(listed("::1"), true), (listed("::2"), false)] {
            let (network, _) = Network::new(policy, &TrustedAuthorities::default(), None);

            let answer = network.send(&Request::for_document(&address)).await;

            assert_eq!(answer.is_ok(), expected, "{answer:?}");
        }
    }
}
