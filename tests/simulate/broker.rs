//! A broker at a socket with simulated providers, and a browser in front of it.

use crate::support::root;
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App as Routes, HttpServer};
use portaria::commands::broker;
use portaria::directory::{Directory, StorageLocation};
use portaria::session::seal::MasterKey;
use portaria::stores::settings::Settings;
use portaria::vocabulary::place::Source;
use portaria::web::app::App;
use portaria::web::forward_auth::TokenCache;
use portaria::world::random;
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub use crate::web::test_broker::Folder;

/// A broker at a socket.
pub struct Broker {
    /// Its own address.
    pub url: String,
    pub folder: Folder,
    pub app: Data<App>,
    server: actix_web::dev::ServerHandle,
}

impl Broker {
    /// A broker with the catalogue's own files for these providers, all of them simulated.
    pub async fn with(names: &[&str]) -> Self {
        let folder = Folder::new();
        for name in names {
            for ending in ["yaml", "examples.yaml"] {
                let text = crate::support::text(&root().join(format!("providers.d/{name}.{ending}")));
                folder.write(&format!("providers.d/{name}.{ending}"), &text);
            }
        }
        Self::at(folder, names).await
    }

    /// A broker with the providers of a folder.
    pub async fn at(folder: Folder, simulated: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let text = format!("publicUrl: {url}\nlimits: off\nproviders: {}/providers.d\n", folder.0.display());
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let mut settings = settings.unwrap_or_else(|| panic!("{}", report.draw(false)));
        settings.simulated = simulated.iter().map(|name| (*name).into()).collect();
        let directory =
            Arc::new(Directory::open(&StorageLocation::File(folder.0.join("portaria.db"))).await.expect("a directory can be made"));
        let master = MasterKey::new(&format!("{}{}", random::id(), random::id()), false).expect("it is long enough");
        let whole = broker::Broker::new(&master);
        let app = Data::new(App::new(&settings, directory, &master, whole.hooks(), "test").await.expect("storage is there"));
        let served = app.clone();
        let server = HttpServer::new(move || {
            Routes::new()
                .app_data(served.clone())
                .app_data(Data::new(TokenCache::default()))
                .app_data(PayloadConfig::new(16 * 1024))
                .configure(|config| whole.mount(config))
        });
        let server = server.workers(1).disable_signals().listen(listener).expect("it can listen").run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, folder, app, server: handle }
    }

    /// Stops the broker.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    /// A fresh browser.
    pub fn browser(&self) -> Browser {
        Browser { url: self.url.clone(), jar: RefCell::default() }
    }

    /// Reads changed files.
    pub fn look_again(&self) {
        for front in self.app.live_config().live_stores() {
            front.providers.reload(portaria::world::clock::now());
        }
    }
}

/// A browser that keeps cookies.
pub struct Browser {
    url: String,
    jar: RefCell<Vec<(String, String)>>,
}

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The address of a redirect.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("it leads nowhere: {self:?}"))
    }

    /// The address behind a choice.
    pub fn choice(&self, word: &str) -> String {
        let link = self.body.split("<a ").find(|link| link.contains(&format!("id=\"{word}\"")));
        let link = link.unwrap_or_else(|| panic!("there is no choice {word}: {}", self.body));
        unescaped(link.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link leads somewhere"))
    }

    /// The words of all choices.
    pub fn choices(&self) -> Vec<String> {
        let links = self.body.split("class=\"choice\" id=\"").skip(1);
        links.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    /// The code on an error page.
    pub fn incident(&self) -> Option<&str> {
        self.body.split("<output translate=\"no\">").nth(1)?.split('<').next()
    }
}

/// A text without the escapes of the templates.
pub fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
}

/// Sends bytes and reads until the other side is done.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut connection = TcpStream::connect(address).await.expect("the broker listens");
    // The other side may close the connection before everything is sent.
    let _ = connection.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    answer
}

/// Sends a request to an address of this machine.
pub async fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let rest = url.strip_prefix("http://").expect("requests go to this machine only");
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let address: SocketAddr = host.parse().unwrap_or_else(|_| panic!("{url} is not on this machine"));
    assert!(address.ip().is_loopback(), "{url}");
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let answer = raw(address, format!("{text}\r\n{body}").as_bytes()).await;
    read(&answer)
}

/// Reads an answer.
pub fn read(answer: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Reply { status: status.unwrap_or_else(|| panic!("no answer: {text}")), headers: headers.collect(), body: body.to_owned() }
}

impl Browser {
    async fn ask(&self, method: &str, address: &str, kind: &str, body: &str) -> Reply {
        let address = if address.starts_with('/') { format!("{}{address}", self.url) } else { address.to_owned() };
        assert!(address.starts_with(&self.url), "the browser is led to {address}");
        let cookies = self.jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut headers = vec![("Cookie", &*cookies)];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        let reply = ask(method, &address, &headers, body).await;
        for (_, line) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, attributes) = line.split_once("; ").unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            self.jar.borrow_mut().retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0") {
                self.jar.borrow_mut().push((name.to_owned(), value.to_owned()));
            }
        }
        reply
    }

    /// Loads a page.
    pub async fn get(&self, address: &str) -> Reply {
        self.ask("GET", address, "", "").await
    }

    /// Starts a login and loads the page with the choice.
    pub async fn arrive(&self, name: &str, inputs: &[(String, String)]) -> Reply {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs).finish();
        let begun = self.get(&format!("/login/{name}?{query}")).await;
        // Where the provider returns no state, there is a page with a button.
        let begun = if begun.status == 200 { self.submit(&begun).await } else { begun };
        assert_eq!(begun.status, 303, "{name}: {begun:?}");
        assert!(begun.location().starts_with(&format!("{}/simulation/{name}/http", self.url)), "{name}: {begun:?}");
        let page = self.get(begun.location()).await;
        assert_eq!(page.status, 200, "{name}: {}", page.body);
        page
    }

    /// Makes a choice, and follows the redirects to the end.
    pub async fn choose(&self, page: &Reply, word: &str) -> Reply {
        let mut reply = self.get(&page.choice(word)).await;
        if reply.status == 200 && reply.body.contains("<form method=\"post\"") {
            reply = self.submit(&reply).await;
        }
        for _ in 0..3 {
            if reply.status != 303 || !reply.location().contains("/callback/") {
                break;
            }
            reply = self.get(reply.location()).await;
        }
        reply
    }

    /// Submits the form of a page.
    pub async fn submit(&self, page: &Reply) -> Reply {
        self.submit_with(page, &[]).await
    }

    /// Submits the form of a page with what was typed.
    pub async fn submit_with(&self, page: &Reply, typed: &[(&str, &str)]) -> Reply {
        let action = page.body.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
        let fields = page.body.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
            let mut parts = field.split('"');
            let (name, value) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
            (unescaped(name), unescaped(value))
        });
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).extend_pairs(typed).finish();
        self.ask("POST", &unescaped(action.expect("a form leads somewhere")), "application/x-www-form-urlencoded", &form).await
    }

    /// The user who is signed in.
    pub async fn session(&self) -> Value {
        let reply = self.get("/session").await;
        serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
    }
}
