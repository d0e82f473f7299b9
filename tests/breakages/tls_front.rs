//! A server that speaks TLS with a certificate of an invented authority, in front of a provider that does not.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

/// Certificates that were made at run time.
pub struct Certificates(PathBuf);

/// The certificates of all tests, made once.
pub static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(Certificates::new);

fn openssl(folder: &Path, words: &str) {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().expect("openssl is there: `tests/run` installs it").success(), "openssl {words}");
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

impl Certificates {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("portaria-tls-{}", portaria::world::random::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        for authority in ["ca", "stranger"] {
            let more = "-days 2 -addext basicConstraints=critical,CA:TRUE";
            openssl(&folder, &format!("req -x509 {KEY} -keyout {authority}.key -out {authority}.pem -subj /CN=Test {more}"));
        }
        for (name, host, days, authority) in [
            ("good", "localhost", "2", "ca"),
            ("expired", "localhost", "-1", "ca"),
            ("elsewhere", "outra.example", "2", "ca"),
            ("unknown", "localhost", "2", "stranger"),
        ] {
            let extensions = format!("subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n");
            std::fs::write(folder.join(format!("{name}.ext")), extensions).expect("a file can be written");
            openssl(&folder, &format!("req -new {KEY} -keyout {name}.key -out {name}.csr -subj /CN={host}"));
            let signed = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days {days} -extfile {name}.ext");
            openssl(&folder, &format!("x509 -req -in {name}.csr {signed} -out {name}.pem"));
        }
        let more = "-subj /CN=localhost -days 2 -addext subjectAltName=DNS:localhost";
        openssl(&folder, &format!("req -x509 {KEY} -keyout own.key -out own.pem {more}"));
        Self(folder)
    }

    /// The file of the authority that the settings trust.
    pub fn authority(&self) -> String {
        self.0.join("ca.pem").display().to_string()
    }
}

/// A server with one of the certificates.
pub struct TlsFront {
    pub port: u16,
    /// The port of the provider behind it.
    target: Arc<AtomicU16>,
}

impl TlsFront {
    pub fn open(certificate: &str) -> Self {
        let folder = &CERTIFICATES.0;
        let chain: Vec<_> = CertificateDer::pem_file_iter(folder.join(format!("{certificate}.pem")))
            .expect("it is there")
            .collect::<Result<_, _>>()
            .expect("it is a certificate");
        let key = PrivateKeyDer::from_pem_file(folder.join(format!("{certificate}.key"))).expect("it is a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("there are some");
        let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).expect("the key fits"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let target = Arc::<AtomicU16>::default();
        let behind = Arc::clone(&target);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (config, behind) = (Arc::clone(&config), behind.load(Ordering::SeqCst));
                thread::spawn(move || pass_on(connection, config, behind));
            }
        });
        Self { port, target }
    }

    /// The provider behind it listens at this port.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }
}

/// Passes one request on, and its answer back.
fn pass_on(connection: TcpStream, config: Arc<ServerConfig>, port: u16) -> Option<()> {
    let mut outside = StreamOwned::new(ServerConnection::new(config).ok()?, connection);
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = outside.read(&mut part).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap_or(0)) {
            break;
        }
    }
    let mut inside = TcpStream::connect(("127.0.0.1", port)).ok()?;
    inside.write_all(&request).ok()?;
    let mut answer = Vec::new();
    inside.read_to_end(&mut answer).ok()?;
    outside.write_all(&answer).ok()?;
    outside.conn.send_close_notify();
    outside.flush().ok()
}
