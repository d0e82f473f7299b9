//! Sends mail to the server that the operator names: one connection for each letter.

use crate::vocabulary::email::Email;
use crate::vocabulary::text::Text;
use crate::world::random;
use crate::world::traces::TraceSpan;
use lettre::address::{Address, Envelope};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// How long a connection to one of the server's addresses may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long the server may take to accept the letter.
const TOTAL: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailMessage {
    /// The subject.
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The same as HTML.
    pub(crate) html: String,
}

/// Where the letters go.
pub struct Mailer(MailRoute);

enum MailRoute {
    Server(MailAccount),
    /// They are written to the log, and nothing is sent: for simulated providers, which hand out invented addresses on this machine.
    Log,
}

/// The mail server, and the sender of every letter.
struct MailAccount {
    server: MailServer,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    from: Mailbox,
}

/// Why a letter did not leave, in a few words for the log. They hold no part of the letter, the password or the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailError {
    /// Whether it is certain that the letter was not sent: an answer that was lost may have accepted it.
    pub(crate) is_certain: bool,
    reason: String,
}

#[derive(Debug, PartialEq, Eq)]
struct MailServer {
    host: String,
    port: u16,
    safety: MailEncryption,
}

/// How the connection to the server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MailEncryption {
    /// TLS from the start.
    Tls,
    /// TLS after an unencrypted STARTTLS command; nothing else is sent before it.
    StartTls,
    /// The server is on this machine.
    Loopback,
}

/// Whether a sender is valid: `address`, or `Name <address>`.
pub(crate) fn is_valid_sender(from: &str) -> bool {
    parse_sender(from).is_ok()
}

/// What is wrong with the address of a mail server, if anything.
pub(crate) fn server_problem(server: &str) -> Option<String> {
    MailServer::parse(server).err()
}

impl Mailer {
    /// Letters go to `smtps://host` or `smtp://host`, and come from `address` or `Name <address>`. Otherwise a sentence for the operator.
    pub(crate) fn new(server: &str, user: Option<&Text>, password: Option<&Text>, from: &str) -> Result<Self, String> {
        let server = MailServer::parse(server)?;
        let credentials = match (user, password) {
            (Some(user), Some(password)) => Some(Credentials::new(user.expose().to_owned(), password.expose().to_owned())),
            (None, None) => None,
            (Some(_), None) => return Err("the mail server's user has no password: set both, or neither".to_owned()),
            (None, Some(_)) => return Err("the mail server's password has no user: set both, or neither".to_owned()),
        };
        // On this machine unencrypted mail is allowed too, so a certificate that no authority signed is no worse.
        let tls = TlsParameters::builder(server.host.clone()).dangerous_accept_invalid_certs(server.safety == MailEncryption::Loopback);
        let tls = tls.build().map_err(|error| format!("mail cannot be sent over TLS from this machine: {error}"))?;
        Ok(Self(MailRoute::Server(MailAccount { server, tls, credentials, from: parse_sender(from)? })))
    }

    /// Letters go to the log.
    pub(crate) fn to_log() -> Self {
        Self(MailRoute::Log)
    }

    /// Sends a letter.
    pub(crate) async fn send(&self, to: &Email, letter: &MailMessage) -> Result<(), MailError> {
        let account = match &self.0 {
            MailRoute::Server(account) => account,
            MailRoute::Log => {
                tracing::warn!("simulation: a mail to {} is not sent: {}\n{}", to.key(), letter.subject, letter.text);
                return Ok(());
            }
        };
        let late = |_| Err(MailError { is_certain: false, reason: format!("the mail server took longer than {} s", TOTAL.as_secs()) });
        let span = TraceSpan::of_call("mail");
        span.text("network.protocol.name", "smtp");
        span.text("server.address", &account.server.host);
        span.number("server.port", account.server.port);
        let sent = tokio::time::timeout(TOTAL, account.deliver(to, letter)).await.unwrap_or_else(late);
        if sent.is_err() {
            span.failed("notSent");
        }
        sent
    }

    /// Connects to the server without signing in; otherwise a sentence for the operator.
    pub(crate) async fn reach(&self) -> Result<(), String> {
        let MailRoute::Server(account) = &self.0 else { return Ok(()) };
        let late = |_| Err(MailError { is_certain: true, reason: format!("the mail server took longer than {} s", TOTAL.as_secs()) });
        let mut connection = tokio::time::timeout(TOTAL, account.connect()).await.unwrap_or_else(late).map_err(|error| error.reason)?;
        let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
        Ok(())
    }
}

impl MailAccount {
    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let MailServer { host, port, safety } = &self.server;
        let wrapper = (*safety == MailEncryption::Tls).then(|| self.tls.clone());
        let mut connection = AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(CONNECT), &hello, wrapper, None)
            .await
            .map_err(|error| MailError::at_step("connecting", &error))?;
        if *safety == MailEncryption::StartTls || (*safety == MailEncryption::Loopback && connection.can_starttls()) {
            connection.starttls(self.tls.clone(), &hello).await.map_err(|error| MailError::at_step("STARTTLS", &error))?;
        }
        Ok(connection)
    }

    async fn deliver(&self, to: &Email, letter: &MailMessage) -> Result<(), MailError> {
        let (message, envelope) = self.build_message(to, letter)?;
        let mut connection = self.connect().await?;
        if let Some(credentials) = &self.credentials {
            let known = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&known, credentials).await.map_err(|error| MailError::at_step("signing in", &error))?;
        }
        connection.send(&envelope, &message).await.map_err(|error| {
            let is_certain = error.status().is_some();
            MailError { is_certain, ..MailError::at_step("handing in", &error) }
        })?;
        // The server has the letter, whatever it answers to the end of the connection.
        let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
        Ok(())
    }

    fn build_message(&self, to: &Email, letter: &MailMessage) -> Result<(Vec<u8>, Envelope), MailError> {
        let unwritten = || MailError { is_certain: true, reason: "the letter cannot be written as a mail".to_owned() };
        let to: Address = to.key().parse().map_err(|_| unwritten())?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.as_str())
            .message_id(Some(format!("<{}@{}>", random::id(), self.from.email.domain())))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|_| unwritten())?;
        Ok((message.formatted(), message.envelope().clone()))
    }
}

impl MailServer {
    fn parse(text: &str) -> Result<Self, String> {
        // The text is not repeated: it might hold a password.
        let odd = || "a mail server is written as `smtps://host` or `smtp://host`, with `:port` where it has another".to_owned();
        let url = Url::parse(text).map_err(|_| odd())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the mail server's address holds no user and no password: they have settings of their own".to_owned());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let named = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        let only_a_host = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none() && url.port() != Some(0);
        if !only_a_host || !(named || address.is_some()) {
            return Err(odd());
        }
        let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let (safety, port) = match (url.scheme(), loopback) {
            ("smtps", _) => (MailEncryption::Tls, 465),
            ("smtp", true) => (MailEncryption::Loopback, 587),
            ("smtp", false) => (MailEncryption::StartTls, 587),
            _ => return Err(odd()),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), safety })
    }
}

/// The sender, `address` or `Name <address>`.
fn parse_sender(text: &str) -> Result<Mailbox, String> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"')), address),
        None => (None, text),
    };
    let odd = || format!("`{}` sends no mail: write `address` or `Name <address>`", text.escape_debug());
    let email = Email::parse(address).map_err(|_| odd())?;
    if name.is_some_and(|name| name.contains(char::is_control)) {
        return Err(odd());
    }
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Mailbox::new(name, email.key().parse().map_err(|_| odd())?))
}

impl MailError {
    /// The answer of a server may repeat the address, so only its status number is kept.
    fn at_step(step: &str, error: &Error) -> Self {
        let mut cause = error.source();
        let mut io_error = None;
        while let Some(inner) = cause {
            io_error = io_error.or_else(|| inner.downcast_ref::<std::io::Error>().map(ToString::to_string));
            cause = inner.source();
        }
        let own_words = || error.source().filter(|_| error.is_client() || error.is_tls()).map(ToString::to_string);
        let problem = match error.status() {
            Some(code) => format!("the mail server answered {code}"),
            None if error.is_timeout() => "the mail server does not answer".to_owned(),
            None => io_error.or_else(own_words).unwrap_or_else(|| "the mail server is not understood".to_owned()),
        };
        Self { is_certain: true, reason: format!("{step}: {problem}") }
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for MailError {}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = match &self.0 {
            MailRoute::Server(account) => Some(&account.server),
            MailRoute::Log => None,
        };
        f.debug_struct("Mailer").field("server", &server).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_over_tls_or_on_this_machine() {
        for (text, expected) in [
            ("smtps://mail.loja.example", Some(("mail.loja.example", 465, MailEncryption::Tls))),
            ("smtps://localhost:2465", Some(("localhost", 2465, MailEncryption::Tls))),
            ("smtp://mail.loja.example", Some(("mail.loja.example", 587, MailEncryption::StartTls))),
            ("smtp://Mail.Loja.Example:25/", Some(("mail.loja.example", 25, MailEncryption::StartTls))),
            ("smtp://192.0.2.7:2525", Some(("192.0.2.7", 2525, MailEncryption::StartTls))),
            ("smtp://[2001:db8::7]", Some(("2001:db8::7", 587, MailEncryption::StartTls))),
            ("smtp://LOCALHOST:1025", Some(("localhost", 1025, MailEncryption::Loopback))),
            ("smtp://127.1.2.3", Some(("127.1.2.3", 587, MailEncryption::Loopback))),
            ("smtp://[::1]:25", Some(("::1", 25, MailEncryption::Loopback))),
            ("smtp://localhost.loja.example", Some(("localhost.loja.example", 587, MailEncryption::StartTls))),
            ("mail.loja.example", None),
            ("mail.loja.example:25", None),
            ("https://mail.loja.example", None),
            ("smtp:mail.loja.example", None),
            ("smtp://", None),
            ("smtp://:25", None),
            ("smtp://mail.loja.example:0", None),
            ("smtp://mail.loja.example:99999", None),
            ("smtp://mail.loja.example/inbox", None),
            ("smtp://mail.loja.example?tls=no", None),
            ("smtp://mail loja.example", None),
            ("smtp://löja.example", None),
            ("", None),
        ] {
            let server = MailServer::parse(text).ok();
            let server = server.as_ref().map(|server| (server.host.as_str(), server.port, server.safety));
            assert_eq!(server, expected, "{text}");
        }
    }

    #[test]
    fn a_sender_has_an_address_and_perhaps_a_name() {
        for (text, expected) in [
            ("conta@loja.example", Some("conta@loja.example")),
            (" <conta@loja.example> ", Some("conta@loja.example")),
            ("Loja <conta@loja.example>", Some("Loja <conta@loja.example>")),
            ("\"Loja da Ana\" <Conta@Loja.example>", Some("Loja da Ana <conta@loja.example>")),
            ("Loja", None),
            ("Loja <conta>", None),
            ("Loja\r\nBcc: <conta@loja.example>", None),
            ("a@loja.example, b@loja.example", None),
            ("", None),
        ] {
            assert_eq!(parse_sender(text).ok().map(|mailbox| mailbox.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_an_operator_hears_does_not_repeat_a_password() {
        let secret = |text: &str| Text::secret(text, &std::sync::Arc::from("mail"));
        for (server, user, password, expected) in [
            ("smtp://ana:geheim@mail.loja.example", None, None, "the mail server's address holds no user"),
            ("mail://ana:geheim", None, None, "a mail server is written as `smtps://host`"),
            ("smtps://mail.loja.example", Some("ana"), None, "the mail server's user has no password"),
            ("smtps://mail.loja.example", None, Some("geheim"), "the mail server's password has no user"),
        ] {
            let (user, password) = (user.map(secret), password.map(secret));
            let message = Mailer::new(server, user.as_ref(), password.as_ref(), "conta@loja.example").unwrap_err();
            assert!(message.starts_with(expected) && !message.contains("geheim"), "{message}");
        }
        let post = Mailer::new("smtps://mail.loja.example", Some(&secret("ana")), Some(&secret("geheim")), "conta@loja.example").unwrap();
        assert!(!format!("{post:?}").contains("geheim"));
    }

    #[test]
    fn a_letter_is_a_mail_that_nobody_answers() {
        let post = Mailer::new("smtp://localhost", None, None, "Café da Ana <conta@loja.example>").unwrap();
        let subject = "Olá\r\nBcc: bo@loja.example".to_owned();
        let letter = MailMessage { subject, text: "Até já".to_owned(), html: "<p>Até já</p>".to_owned() };

        let MailRoute::Server(account) = &post.0 else { panic!("it has a server") };
        let (message, envelope) = account.build_message(&Email::parse("ana@loja.example").unwrap(), &letter).unwrap();

        let message = String::from_utf8(message).unwrap();
        for expected in [
            "From: =?utf-8?b?",
            "To: ana@loja.example\r\n",
            "Subject: =?utf-8?b?",
            "Date: ",
            "@loja.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(message.contains(expected), "{expected}: {message}");
        }
        assert!(!message.contains("Bcc:"), "{message}");
        assert_eq!(envelope.to().len(), 1);
    }
}
