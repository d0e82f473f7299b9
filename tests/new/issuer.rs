//! The questions about an issuer, whose document answers most of them.

use crate::command_line::{Folder, portaria};
use crate::new::typed;
use crate::support::text;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// The address of a server that gives every request the same answer.
fn server(status: &'static str, head: &'static str, body: impl Fn(&str) -> String + Send + 'static) -> String {
    server_at("", status, head, body)
}

/// The address of a server that answers only requests for this path; every one if it is empty.
fn server_at(path: &'static str, status: &'static str, head: &'static str, body: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let said = body(&address);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { return };
            let mut request = [0; 4096];
            let read = connection.read(&mut request).unwrap_or(0);
            let is_there = String::from_utf8_lossy(&request[..read]).starts_with(&format!("GET {path}"));
            let status = if is_there { status } else { "404 Not Found" };
            let _ = write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{head}\r\n{said}", said.len());
        }
    });
    address
}

#[test]
fn the_dialog_asks_for_the_issuer_first_and_takes_what_its_document_says() {
    let issuer = server("200 OK", "", |address| {
        serde_json::json!({
            "issuer": address, "authorization_endpoint": format!("{address}/a"), "token_endpoint": format!("{address}/t"),
            "jwks_uri": format!("{address}/k"), "code_challenge_methods_supported": ["plain"],
        })
        .to_string()
    });
    let folder = Folder::new("new-dialog-issuer");

    let (code, out, err) = typed(&folder.0, &["new", "acme", "--ask"], &format!("http://127.0.0.1:9\n{issuer}{}", "\n".repeat(16)));

    assert_eq!(code, 0, "{out}\n{err}");
    assert!(out.contains("could not be reached") && !out.contains("authorize:"), "{out}");
    let written = text(&folder.0.join("providers.d/acme.yaml"));
    assert!(written.contains(&format!("discovery: {issuer}")) && written.contains("pkce: plain"), "{written}");
}

#[test]
fn an_issuer_tells_about_itself() {
    let issuer = server("200 OK", "", |address| {
        serde_json::json!({
            "issuer": address, "authorization_endpoint": format!("{address}/a"), "token_endpoint": format!("{address}/t"),
            "jwks_uri": format!("{address}/k"), "userinfo_endpoint": format!("{address}/u"), "scopes_supported": ["openid", "email"],
            "code_challenge_methods_supported": ["plain"], "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        })
        .to_string()
    });
    let folder = Folder::new("new-issuer");

    let (code, out, err) = portaria(&folder.0, &["new", "acme", "--discovery", &issuer, "--yes"], &[]);

    assert_eq!(code, 0, "{out}{err}");
    let written = text(&folder.0.join("providers.d/acme.yaml"));
    for part in ["discovery: http://127.0.0.1:", "scope: openid email", "pkce: plain", "credentials: basicEncoded"] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 0, "{out}\n{written}");
}

#[test]
fn an_issuer_that_cannot_be_used_is_said_to_be_so() {
    let folder = Folder::new("new-no-issuer");
    let moved = server("302 Found", "Location: http://127.0.0.1:9/x\r\n", |_| String::new());
    let other = server("200 OK", "", |_| "{\"issuer\":\"https://other.example\"}".to_owned());
    let page = server("200 OK", "", |_| "<html>".to_owned());
    let gone =
        TcpListener::bind("127.0.0.1:0").map(|listener| format!("http://{}", listener.local_addr().expect("an address"))).expect("a port");
    for (address, exit, part) in
        [(moved, 1, "not followed"), (other, 1, "another issuer"), (page, 1, "not the document"), (gone, 3, "could not be reached")]
    {
        let (code, _, err) = portaria(&folder.0, &["new", "acme", "--discovery", &address, "--yes"], &[]);
        assert_eq!(code, exit, "{part}: {err}");
        assert!(err.contains(part) && err.contains("help"), "{part}: {err}");
    }
    let (code, _, err) = portaria(
        &folder.0,
        &["new", "acme", "--discovery", "https://10.0.0.7", "--yes", "--public-url", "https://login.loja.example"],
        &[],
    );
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("may not be reached from here") && !folder.0.join("providers.d/acme.yaml").exists(), "{err}");
}

fn document(address: &str, more: &[(&str, &str)]) -> String {
    let mut document = serde_json::json!({
        "issuer": address, "authorization_endpoint": format!("{address}/a"), "token_endpoint": format!("{address}/t"),
    });
    for (name, value) in more {
        document[*name] = serde_json::from_str(value).expect("JSON");
    }
    document.to_string()
}

#[test]
fn flags_are_kept_beside_a_document() {
    let issuer = server("200 OK", "", |address| document(address, &[("jwks_uri", "\"http://127.0.0.1/k\"")]));
    let folder = Folder::new("new-kept");
    let flags = [
        ("--token", "https://other.example/t"),
        ("--userinfo", "https://other.example/me"),
        ("--id", "$.uid"),
        ("--scope", "openid perfil"),
        ("--credentials", "basic"),
        ("--extra", "prompt=consent"),
    ];
    let arguments =
        ["new", "acme", "--yes", "--discovery", &issuer].into_iter().chain(flags.iter().flat_map(|(flag, value)| [*flag, *value]));

    let (code, out, err) = portaria(&folder.0, &arguments.collect::<Vec<_>>(), &[]);

    assert_eq!(code, 0, "{out}{err}");
    let written = text(&folder.0.join("providers.d/acme.yaml"));
    for part in
        ["post: https://other.example/t", "get: https://other.example/me", "id: $.uid", "scope: openid perfil", "credentials: basic"]
    {
        assert!(written.contains(part), "{part}\n{written}");
    }
}

#[test]
fn the_document_of_a_server_without_id_tokens_gives_the_addresses() {
    let issuer = server_at("/.well-known/oauth-authorization-server", "200 OK", "", |address| {
        document(address, &[("code_challenge_methods_supported", "[\"S256\"]"), ("authorization_response_iss_parameter_supported", "true")])
    });
    let folder = Folder::new("new-oauth-server");
    let arguments = ["new", "acme", "--yes", "--discovery", &issuer, "--userinfo", "https://api.acme.example/me", "--scope", "perfil"];

    let (code, out, err) = portaria(&folder.0, &arguments, &[]);

    assert_eq!(code, 0, "{out}{err}");
    let written = text(&folder.0.join("providers.d/acme.yaml"));
    let addresses = [format!("get: {issuer}/a"), format!("post: {issuer}/t"), format!("issuer: {issuer}")];
    assert!(addresses.iter().all(|line| written.contains(line)) && !written.contains("discovery"), "{written}");
    let (code, _, err) = portaria(&folder.0, &["new", "beta", "--yes", "--discovery", &issuer], &[]);
    assert!(code == 2 && err.contains("no default: --userinfo"), "{err}");
}

#[test]
fn what_was_tried_is_named_where_there_is_no_document() {
    let nothing = server_at("/nothing", "200 OK", "", |_| String::new());
    let folder = Folder::new("new-tried");

    let (code, _, err) = portaria(&folder.0, &["new", "acme", "--yes", "--discovery", &format!("{nothing}/tenant")], &[]);

    assert_eq!(code, 1, "{err}");
    for tried in [
        "/tenant/.well-known/openid-configuration answers 404",
        "/.well-known/oauth-authorization-server/tenant answers 404",
        "/.well-known/openid-configuration/tenant answers 404",
        "/tenant/.well-known/oauth-authorization-server answers 404",
    ] {
        assert!(err.contains(&format!("{nothing}{tried}")), "{tried}\n{err}");
    }
    assert!(err.contains("--authorize") && !folder.0.join("providers.d/acme.yaml").exists(), "{err}");
}
