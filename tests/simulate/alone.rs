//! `portaria simulate` and `portaria serve --simulate`, as real processes.

use crate::command_line::{Folder, Running, portaria};
use crate::simulate::broker::{Broker, ask, raw, unescaped};
use portaria::directory::good_logins::ListGoodLogins;

const ACME: &str = "name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\", scope: perfil }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read: { id: $.id, email: $.email, emailVerified: $.ok }
";

const STORIES: &str = "- what: a login
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example, ok: true } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
";

fn folder(name: &str) -> Folder {
    Folder::new(name).with("providers.d/acme.yaml", ACME).with("providers.d/acme.examples.yaml", STORIES)
}

fn after<'a>(lines: &'a [String], word: &str) -> &'a str {
    let line = lines.iter().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("no line `{word}`: {lines:?}")).trim()
}

#[actix_web::test]
async fn it_says_where_it_is_what_it_expects_and_what_differs() {
    let folder = folder("simulate-alone");
    let mut running = Running::start(&folder, &["simulate", "acme", "--public-url", "http://127.0.0.1:1"]);
    let said = running.until("choices");
    let base = after(&said, "base").to_owned();
    let secret = after(&said, "set").strip_prefix("ACME_SECRET=").expect("the secret is made up").to_owned();
    assert_eq!(after(&said, "redirect"), "http://127.0.0.1:1/callback/acme");
    assert!(said.contains(&format!("address    {base}/https/sso.acme.example/token")), "{said:?}");

    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let redirect = "http%3A%2F%2F127.0.0.1%3A1%2Fcallback%2Facme";
    let query = format!(
        "response_type=code&client_id=loja-42&redirect_uri={redirect}&scope=perfil&state=s-1&code_challenge={challenge}&code_challenge_method=S256"
    );
    let wrong = ask("GET", &format!("{base}/https/sso.acme.example/entrar?{}", query.replace("loja-42", "outra")), &[], "").await;
    assert_eq!(wrong.status, 400, "{wrong:?}");
    assert!(running.until("refused").last().is_some_and(|line| line.contains("query `client_id` (line 4)")));
    let page = ask("GET", &format!("{base}/https/sso.acme.example/entrar?{query}"), &[], "").await;
    assert_eq!((page.status, page.header("x-frame-options")), (200, Some("DENY")), "{page:?}");
    let back = ask("GET", &page.choice("story-1"), &[], "").await;
    assert!(back.location().starts_with("http://127.0.0.1:1/callback/acme?code=c-1-"), "{back:?}");
    let code = unescaped(back.location().split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code"));
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={redirect}&code_verifier={verifier}&client_id=loja-42&client_secret={secret}"
    );
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let token = format!("{base}/https/sso.acme.example/token");
    assert_eq!(ask("POST", &token, &kind, &form.replace(&secret, "no")).await.status, 401);
    let answer = ask("POST", &token, &kind, &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let access: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let bearer = format!("Bearer {}", access["access_token"].as_str().expect("a token"));
    let person = ask("GET", &format!("{base}/https/sso.acme.example/me"), &[("Authorization", &bearer)], "").await;
    assert!(person.status == 200 && person.body.contains("ana@loja.example"), "{person:?}");
    let lines = running.until("accepted  GET https://sso.acme.example/me");
    assert!(!lines.concat().contains(&secret), "{lines:?}");

    let elsewhere = ask("GET", &format!("{base}/"), &[("X", "y")], "").await;
    assert_eq!(elsewhere.status, 200);
    let address = base.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    let foreign = raw(address, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await;
    assert!(foreign.starts_with(b"HTTP/1.1 421"), "{}", String::from_utf8_lossy(&foreign));
    let junk = "x".repeat(64 * 1024 + 10);
    assert_eq!(ask("POST", &token, &kind, &junk).await.status, 413);
}

#[test]
fn what_is_open_to_others_is_not_simulated() {
    let folder = folder("simulate-open");
    for arguments in [
        &["simulate", "acme", "--listen", "0.0.0.0:0"][..],
        &["serve", "--simulate", "acme", "--listen", "0.0.0.0:8099"],
        &["serve", "--simulate", "acme", "--listen", "127.0.0.1:0", "--public-url", "https://login.loja.example"],
        &["simulate", "acme", "--listen", "here"],
        &["simulate", "acmee"],
        &["serve", "--simulate", "acmee", "--listen", "127.0.0.1:0"],
        &["serve", "--simulate", "providers.d/acme.yaml", "--listen", "127.0.0.1:0"],
    ] {
        let (code, out, err) = portaria(&folder.0, arguments, &[]);
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(format!("{out}{err}").contains("help: "), "{arguments:?}: {out}{err}");
    }
    let (code, _, _) = portaria(&folder.0, &["serve", "--listen", "0.0.0.0:0"], &[("PORTARIA_SIMULATE", "acme")]);
    assert_eq!(code, 2);
}

#[test]
fn a_broken_file_is_complained_about_and_so_is_one_whose_answers_cannot_be_invented() {
    let folder = folder("simulate-broken").with("providers.d/bad.yaml", "name: Bad\ngetAuthorizationCod: {}\n").with(
        "providers.d/bare.yaml",
        &ACME.replace("env:ACME_", "env:BARE_").replace("id: $.id", "id: \"${$.id | md5 | hex | before \\\"x\\\"}\""),
    );
    for (name, said) in [("bad", "getAuthorizationCod"), ("bare", "none can be invented")] {
        let (code, out, err) = portaria(&folder.0, &["simulate", name], &[]);
        assert_eq!(code, 1, "{out}{err}");
        assert!(format!("{out}{err}").contains(said), "{out}{err}");
    }
}

#[actix_web::test]
async fn a_login_at_a_simulation_confirms_no_file() {
    let folder = crate::web::test_broker::Folder::new();
    folder.write("providers.d/acme.yaml", ACME);
    let broker = Broker::at(folder, &["acme"]).await;
    let browser = broker.browser();
    let page = browser.arrive("acme", &[]).await;

    browser.choose(&page, &page.choices()[0]).await;

    assert_eq!(browser.session().await["authenticated"], true);
    broker.app.good_logins.synchronize(&broker.app.directory).await.expect("storage is there");
    let known = broker.app.directory.read(ListGoodLogins { store: "main".into() }).await.expect("storage is there");
    assert_eq!(known, []);
    broker.stop().await;
}

/// The first login with a provider that says nothing about its addresses would end at once.
#[actix_web::test]
async fn beside_a_simulation_a_code_can_be_asked_for_without_a_mail_server() {
    let folder = crate::web::test_broker::Folder::new();
    let asking = ACME
        .replace("getAuthorizationCode:", "trustEmail: never\nmissingEmail: ask\ngetAuthorizationCode:")
        .replace(", emailVerified: $.ok", "");
    folder.write("providers.d/acme.yaml", &asking);
    let broker = Broker::at(folder, &["acme"]).await;
    let browser = broker.browser();
    let page = browser.arrive("acme", &[]).await;

    let end = browser.choose(&page, &page.choices()[0]).await;
    let question = browser.get(end.location()).await;
    assert!(question.status == 200 && question.body.contains("action=\"/prove/address\""), "{end:?} {question:?}");
    let sent = browser.submit_with(&question, &[("email", "ana@loja.example")]).await;

    let sent = if sent.status == 303 { browser.get(sent.location()).await } else { sent };

    assert!(sent.status == 200 && sent.body.contains("action=\"/prove/code\""), "{sent:?}");
    broker.stop().await;
}

#[actix_web::test]
async fn serve_says_that_a_provider_is_simulated() {
    let folder = folder("simulate-serve");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port is free").port();
    let (listen, url) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let mut running = Running::start(&folder, &["serve", "--simulate", "acme", "--listen", &listen, "--public-url", &url]);
    let said = running.until("listening");
    assert!(after(&said, "simulated").starts_with("acme:"), "{said:?}");

    let begun = ask("GET", &format!("{url}/login/acme"), &[], "").await;

    assert!(begun.location().starts_with(&format!("{url}/simulation/acme/https/sso.acme.example/entrar?")), "{begun:?}");
}
