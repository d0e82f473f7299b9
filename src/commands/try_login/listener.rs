//! A server for the callback of one provider and for the playground, on this machine only.

use crate::commands::outcome::CommandFailure;
use crate::commands::try_login::callbacks::TrialCallback;
use crate::pages::{Accent, Frame, PageLanguages, StoreBranding, TryCallbackPage, store_css};
use crate::provider::callback::{CallbackMethod, CallbackParameters};
use crate::simulated::playground::Playground;
use crate::simulated::playground::handler::respond;
use crate::stores::Store;
use crate::stores::catalogue::io_error_message;
use crate::web::headers;
use crate::world::random;
use actix_web::dev::ServerHandle;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, ALLOW, CONTENT_SECURITY_POLICY, HOST, HeaderValue};
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

/// How many ports behind a taken one are tried.
const PORTS_TRIED: u16 = 20;
/// The largest form, in bytes.
const LARGEST_FORM: usize = 64 * 1024;

/// The callback that is awaited, and where it is sent.
struct AwaitedCallback {
    provider: Box<str>,
    method: CallbackMethod,
    store: Arc<Store>,
    playground: Arc<Playground>,
    languages: PageLanguages,
    sender: UnboundedSender<TrialCallback>,
}

pub(crate) struct CallbackListener {
    server: ServerHandle,
    /// The callbacks that arrive.
    pub(crate) arrivals: Option<UnboundedReceiver<TrialCallback>>,
}

impl CallbackListener {
    /// Listens at the store's own address for the callback of a provider.
    pub(crate) fn open(
        provider: &str,
        method: CallbackMethod,
        store: &Arc<Store>,
        playground: &Arc<Playground>,
    ) -> Result<Self, CommandFailure> {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let awaited = AwaitedCallback {
            provider: provider.into(),
            method,
            store: Arc::clone(store),
            playground: Arc::clone(playground),
            languages: PageLanguages::embedded(),
            sender,
        };
        let awaited = Data::new(awaited);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(awaited.clone())
                .app_data(PayloadConfig::new(LARGEST_FORM))
                .service(web::resource(["/callback/{provider}", "/callback/{provider}/{state}"]).to(receive_callback))
                .service(web::resource(["/playground", "/playground/{below:.*}"]).to(serve_playground))
                .default_service(web::to(HttpResponse::NotFound))
        });
        let (address, port) = listen_address(&store.host);
        let server = server.workers(1).disable_signals().shutdown_timeout(2).bind((address, port)).map_err(|error| {
            let message = format!("{address}:{port}: {}", io_error_message(&error));
            let other = port.checked_add(1).unwrap_or(8081);
            let help = format!(
                "does the broker use this port? choose another address that is registered at the provider: `--public-url \
                 http://localhost:{other}`; or paste the address of the browser: `--paste`"
            );
            CommandFailure::Environment(message, help)
        })?;
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Ok(Self { server: handle, arrivals: Some(arrivals) })
    }

    /// Stops the server once all requests are answered.
    pub(crate) async fn close(self) {
        self.server.stop(true).await;
    }
}

/// The address of a loopback host; every host name stands for 127.0.0.1.
fn listen_address(host: &str) -> (IpAddr, u16) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().unwrap_or(80)),
        _ => (host, 80),
    };
    let written = name.trim_matches(['[', ']']);
    let address = written.parse::<IpAddr>().unwrap_or(Ipv4Addr::LOCALHOST.into());
    // No other machine may connect.
    let fallback = if address.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    (if address.is_loopback() { address } else { fallback }, port)
}

/// The port of a loopback host if another program listens there, and a free one behind it.
pub(crate) fn free_port(host: &str) -> Option<(u16, u16)> {
    let (address, port) = listen_address(host);
    let is_taken = |port: u16| TcpListener::bind((address, port)).is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
    let behind = port.saturating_add(1)..=port.saturating_add(PORTS_TRIED);
    is_taken(port).then(|| behind.into_iter().find(|port| TcpListener::bind((address, *port)).is_ok())).flatten().map(|free| (port, free))
}

/// Whether the request names this host. Another site could use a host name that leads here (DNS rebinding).
fn is_own_host(request: &HttpRequest, awaited: &AwaitedCallback) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    *host == *awaited.store.host || host.strip_suffix(":80") == Some(&awaited.store.host)
}

async fn receive_callback(request: HttpRequest, body: Bytes, awaited: Data<AwaitedCallback>) -> HttpResponse {
    if !is_own_host(&request, &awaited) || request.match_info().get("provider") != Some(&awaited.provider) {
        return HttpResponse::NotFound().finish();
    }
    let text = match (request.method(), awaited.method) {
        (&Method::GET, CallbackMethod::Get | CallbackMethod::Either) => request.query_string().as_bytes().to_vec(),
        // Parameters of the address count as well, so that a repeated parameter is noticed.
        (&Method::POST, CallbackMethod::Post | CallbackMethod::Either) => [request.query_string().as_bytes(), &body].join(&b'&'),
        _ => {
            let allowed = match awaited.method {
                CallbackMethod::Get => "GET",
                CallbackMethod::Post => "POST",
                CallbackMethod::Either => "GET, POST",
            };
            return HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed)).finish();
        }
    };
    let state = request.match_info().get("state");
    let state = state.map(|state| percent_encoding::percent_decode_str(state).decode_utf8_lossy().into_owned());
    let (reply, replied) = oneshot::channel();
    let callback = CallbackParameters::new(url::form_urlencoded::parse(&text).into_owned());
    let sent = awaited.sender.send(TrialCallback { callback, state, reply: Some(reply) });
    let is_accepted = sent.is_ok() && replied.await.unwrap_or(false);
    result_page(&request, &awaited, is_accepted)
}

/// The page, with its style inside: the server stops before a browser could load it.
fn result_page(request: &HttpRequest, awaited: &AwaitedCallback, is_accepted: bool) -> HttpResponse {
    let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let language = awaited.languages.choose(&[], None, "", accepted);
    let accent = awaited.store.accent.as_deref().and_then(Accent::parse).unwrap_or_default();
    let look = StoreBranding { title: awaited.store.title.to_string(), accent, ..StoreBranding::default() };
    let page = TryCallbackPage { frame: Frame { look: &look, language, offered: &[], here: "", version: "" }, fits: is_accepted }.render();
    let nonce = random::id();
    let style = format!("<style nonce=\"{nonce}\">{}</style>\n</head>", store_css(&look));
    let page = page.replace("<link rel=\"stylesheet\" href=\"/style.css?v=\">\n", "");
    let mut response = if is_accepted { HttpResponse::Ok() } else { HttpResponse::BadRequest() };
    let mut response = response.content_type("text/html; charset=utf-8").body(page.replacen("</head>", &style, 1));
    let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers::add_security_headers(response.headers_mut(), None);
    response
}

async fn serve_playground(request: HttpRequest, body: Bytes, awaited: Data<AwaitedCallback>) -> HttpResponse {
    if !awaited.store.playground || !is_own_host(&request, &awaited) {
        return HttpResponse::NotFound().finish();
    }
    let mut response = respond(&awaited.playground, &request, &body, &awaited.store.public_url, "").await;
    headers::add_security_headers(response.headers_mut(), None);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_addresses_only() {
        for (host, expected) in [
            ("localhost:8080", "127.0.0.1:8080"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("127.0.0.7", "127.0.0.7:80"),
            ("[::1]:8080", "[::1]:8080"),
            ("[::1]", "[::1]:80"),
            ("loja.localhost", "127.0.0.1:80"),
            ("0.0.0.0:8080", "127.0.0.1:8080"),
        ] {
            assert_eq!(std::net::SocketAddr::from(listen_address(host)).to_string(), expected, "{host}");
        }
    }
}
