//! A provider whose certificate must not be trusted: nothing is said to it.

use crate::bad_times::place::{Browser, Ending, Place, until};
use crate::try_command::free_port;
use crate::web::test_broker::STANDARD;
use std::fs::File;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn openssl(folder: &Path, words: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(folder: &Path, words: &str) {
    let status = openssl(folder, words).stdout(Stdio::null()).status();
    assert!(status.expect("openssl is there: `tests/run` installs it").success(), "openssl {words}");
}

/// A server that writes down what it is told after the greeting.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(folder: &Path, name: &str, port: u16, more: &str) -> Server {
    let heard = File::create(folder.join(format!("{name}.heard"))).expect("a file can be made");
    let words = format!("s_server -accept 127.0.0.1:{port} -cert {name}.pem -key {name}.key -quiet{more}");
    let server = Server(openssl(folder, &words).stdin(Stdio::piped()).stdout(heard).spawn().expect("it starts"));
    until("the server listens", Duration::from_secs(10), || TcpStream::connect(("127.0.0.1", port)).is_ok());
    server
}

/// Attack T-12
/// Lessons 145, 157
#[test]
fn a_server_whose_certificate_or_version_is_not_to_be_trusted_is_told_nothing() {
    let place = Place::on_sqlite();
    let folder = &*place.folder.0.clone();
    run(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=Test -days 2 -addext basicConstraints=critical,CA:TRUE",
    );
    let cases = [
        ("good", "localhost", "rsa:2048", 2, ""),
        ("over", "localhost", "rsa:2048", -1, ""),
        ("elsewhere", "outra.example", "rsa:2048", 2, ""),
        ("weak", "localhost", "rsa:1024", 2, " -cipher DEFAULT:@SECLEVEL=0"),
        ("old", "localhost", "rsa:2048", 2, " -tls1_1 -cipher DEFAULT:@SECLEVEL=0"),
        ("own", "localhost", "rsa:2048", 2, ""),
    ];
    let mut servers = Vec::new();
    for (name, host, key, days, more) in cases {
        place.folder.write(&format!("{name}.ext"), &format!("subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n"));
        if name == "own" {
            let san = format!(
                "req -x509 -newkey {key} -nodes -keyout {name}.key -out {name}.pem -subj /CN={host} -days {days} -addext subjectAltName=DNS:{host}"
            );
            run(folder, &san);
        } else {
            run(folder, &format!("req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /CN={host}"));
            run(
                folder,
                &format!(
                    "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} -extfile {name}.ext -out {name}.pem"
                ),
            );
        }
        let port = free_port();
        servers.push(serve(folder, name, port, more));
        let file = STANDARD.replace("\"UPSTREAM/token\" }", &format!("\"https://localhost:{port}/token\", timeout: 2s }}"));
        let file = file.replace("UPSTREAM", &place.upstream.url()).replace("SECRET", "file:secrets/acme");
        place.folder.write(&format!("providers.d/{name}.yaml"), &file);
    }
    let authority = folder.join("ca.pem").display().to_string();
    let broker = Ending(place.start_as(&[], &[("SSL_CERT_FILE", &authority)]));

    for (name, ..) in cases {
        let mut browser = Browser::default();
        let begun = browser.ask(&broker.0, "GET", &format!("/login/{name}")).expect("an answer");
        let url = url::Url::parse(begun.location().unwrap_or_else(|| panic!("{name}: {begun:?}"))).expect("an address");
        let state = url.query_pairs().find(|(key, _)| key == "state").expect("a state").1.into_owned();

        let answer = browser.ask(&broker.0, "GET", &format!("/callback/{name}?code=acme-code-ana&state={state}")).expect("an answer");

        // The good one is told everything, and says nothing.
        assert_eq!((answer.status, answer.session()), (if name == "good" { 504 } else { 502 }, None), "{name}: {answer:?}");
        let heard = crate::support::text(&folder.join(format!("{name}.heard")));
        assert_eq!(heard.contains("grant_type"), name == "good", "{name}: {heard}");
    }
}
