//! Stores are distinguished by host and by nothing else; what is good in one is nothing in another.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{Folder, HOST, LOCAL, OPEN, STANDARD, TestBroker};
use crate::web::test_provider::{json, until_it_gives_up};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::stores::settings::Settings;
use portaria::vocabulary::place::Source;
use portaria::world::random;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

pub const TWO: &str = "publicUrl: http://localhost:8080
returnTo: [ http://localhost:9000 ]
limits: off
stores:
  atacado: { publicUrl: \"http://127.0.0.1:8080\", returnTo: [ http://localhost:9001 ] }
";
pub const OTHER: &str = "127.0.0.1:8080";

async fn two() -> TestBroker {
    TestBroker::builder(TWO).with_standard("acme").build().await
}

/// Attack S-07
#[actix_web::test]
async fn a_provider_of_another_store_is_not_there() {
    let settings = TWO.replace("atacado: { publicUrl", "atacado: { providers: FOLDER/atacado.d, publicUrl");
    let broker = TestBroker::builder(&settings.replace("providers: FOLDER/atacado.d, ", ""))
        .with_standard("acme")
        .with_standard("beta")
        .build()
        .await;
    std::fs::create_dir_all(broker.folder.0.join("atacado.d")).expect("a folder can be made");
    let file = STANDARD.replace("UPSTREAM", &broker.upstream.url()).replace("SECRET", "none");
    broker.folder.write("atacado.d/alfa.yaml", &file);
    broker.resettle(&settings.replace("FOLDER", &broker.folder.0.display().to_string()));
    let told = async |host: &str, path: &str| {
        let answer = broker.ask(ClientRequest::get(path).with("host", host).with("accept", "text/html")).await;
        (answer.status, answer.body)
    };

    for (host, own, other) in [(HOST, "acme", "alfa"), (OTHER, "alfa", "beta")] {
        assert_eq!(told(host, &format!("/login/{own}")).await.0, 303, "{host} {own}");
        for path in ["/login/", "/callback/"] {
            let never = told(host, &format!("{path}nobody?code=x&state=y")).await;
            assert_eq!(never.0, 404);
            assert_eq!(told(host, &format!("{path}{other}?code=x&state=y")).await, never, "{host} {path}{other}");
        }
    }
}

/// Attacks C-06, N-03
#[actix_web::test]
async fn an_attempt_of_one_store_is_none_in_another() {
    let broker = two().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let way = browser.way_back("acme", &begun.state, "ana");

    let there = broker.ask(ClientRequest::get(&way).with("host", OTHER).with("cookie", browser.cookies())).await;

    assert_eq!(there.status, 400, "{there:?}");
    broker.assert_clean(&there);
    assert!(broker.upstream.heard().is_empty());
    assert_eq!(browser.get(&way).await.status, 303, "here it is still good");
}

/// Attacks A-09, E-11, X-03, N-02
/// Lessons 96, 98
#[actix_web::test]
async fn a_session_of_one_store_is_none_in_another() {
    let broker = two().await;
    let (here, there) = (Browser::new(&broker), Browser::at(&broker, OTHER));
    assert_eq!(here.log_in("acme", "ana").await.location(), Some("http://localhost:9000/"));
    assert_eq!(there.log_in("acme", "ana").await.location(), Some("http://localhost:9001/"));

    for (cookies, host, other) in [(here.cookies(), HOST, OTHER), (there.cookies(), OTHER, HOST)] {
        for path in ["/session", "/auth"] {
            let ask = |host: &str| ClientRequest::get(path).with("host", host).with("cookie", &cookies);
            assert_eq!(broker.ask(ask(host)).await.status, 200);
            // First judged there, so that a memory that forgot the store would answer.
            let answer = broker.ask(ask(other)).await;
            assert_eq!(answer.status, 401, "{path}: {answer:?}");
        }
        let token = cookies.split("portaria=").nth(1).and_then(|rest| rest.split(';').next()).expect("a token");
        let validated =
            broker.ask(ClientRequest::by("POST", "/session/validate").with("host", other).body(format!("{{\"token\":\"{token}\"}}"))).await;
        assert_eq!(validated.status, 401);
    }
    let (one, two) = (here.get("/session").await.json(), there.get("/session").await.json());
    assert_ne!(one["uid"], two["uid"], "the same address is another person in another store");
    assert_eq!((one["store"].as_str(), two["store"].as_str()), (Some("main"), Some("atacado")));
}

/// Attack N-05
#[actix_web::test]
async fn logins_at_a_provider_that_never_answers_hold_up_no_login_of_another_store() {
    let broker = two().await;
    broker.upstream.answers("/token", |heard, to| {
        if heard.body.contains("code-silence") {
            until_it_gives_up(to);
        } else {
            let token = heard.field("code").unwrap_or_default().replace("-code-", "-at-");
            drop(to.write_all(&json(200, &format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}"))));
        }
    });
    let mut waiting = Vec::new();
    for visitor in 0..50 {
        let (browser, from) = (Browser::new(&broker), format!("192.0.2.{visitor}"));
        let begun = browser.begin("/login/acme").await;
        let back = browser.dressed(ClientRequest::get(&browser.way_back("acme", &begun.state, "silence"))).from(&from);
        let asking = broker.clone();
        waiting.push(actix_web::rt::spawn(async move { asking.ask(back).await }));
    }
    // As many as may talk to a provider at once do so, and the others wait for them.
    while broker.upstream.asked("/token") < 20 {
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }

    let answer = Browser::at(&broker, OTHER).log_in("acme", "ana").await;

    assert_eq!((answer.status, answer.location()), (303, Some("http://localhost:9001/")), "{answer:?}");
    assert!(waiting.iter().all(|login| !login.is_finished()), "the others were still waiting");
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Attack N-05
#[actix_web::test]
async fn no_request_for_a_picture_waits_for_the_disk_of_a_store() {
    let folder = Folder::new();
    folder.write("providers.d/acme.png", "a picture");
    let file = STANDARD.replace("name: Clube Acme\n", "name: Clube Acme\nlogo: acme.png\n");
    let broker = TestBroker::builder(&format!("{TWO}providers: {}/providers.d\n", folder.0.display())).build().await;
    folder.write("providers.d/acme.yaml", &file.replace("UPSTREAM", "http://localhost:9").replace("SECRET", "none"));
    broker.front(HOST).providers.reload(0).expect("the folder is there");

    std::fs::remove_file(folder.0.join("providers.d/acme.png")).expect("it can be removed");
    let before = broker.ask(ClientRequest::get("/logo/acme")).await;
    broker.front(HOST).providers.reload(0).expect("the folder is there");
    let after = broker.ask(ClientRequest::get("/logo/acme")).await;

    assert_eq!((before.status, &*before.body, after.status), (200, "a picture", 404));
}

/// Attack S-03
#[actix_web::test]
async fn a_form_for_one_store_does_not_come_in_at_another() {
    let forms = STANDARD.replace("scope: perfil", "scope: perfil, callback: post");
    let broker = TestBroker::builder(TWO).with("acme", &forms).build().await;
    let browser = Browser::at(&broker, OTHER);
    let begun = browser.begin("/login/acme").await;
    let form = format!("code={}&state={}", broker.code("ana"), begun.state);

    let bounced = broker.ask(ClientRequest::form("/callback/acme", &form)).await;
    let answer = browser.get(bounced.location().expect("it leads on")).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    broker.assert_clean(&answer);
}

/// Attack L-04
#[actix_web::test]
async fn a_shopper_of_one_store_is_not_sent_to_the_place_of_another() {
    let broker = two().await;

    for (host, wanted) in [
        (HOST, "http://localhost:9001/x"),
        (OTHER, "http://localhost:9000/x"),
        (HOST, "http://127.0.0.1:8080/login"),
        (OTHER, "http://localhost:8080/login"),
    ] {
        let browser = Browser::at(&broker, host);
        let begun = browser.begin(&format!("/login/acme?return_to={wanted}")).await;
        let landed = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        assert_ne!(landed.location(), Some(wanted));
        assert!(
            landed
                .location()
                .is_some_and(|location| location == if host == HOST { "http://localhost:9000/" } else { "http://localhost:9001/" })
        );
    }
}

/// Attacks L-14, H-12
#[actix_web::test]
async fn a_host_that_is_not_ours_is_not_served() {
    let broker = two().await;

    for host in [
        "evil.example",
        "localhost",
        "localhost:8081",
        "localhost:80800",
        "localhost.:8080",
        "localhost:8080.evil.example",
        "evil.example:8080",
        "localhost:8080@evil.example",
        "user@localhost:8080",
        "[::1]:8080",
        "",
        " ",
        "localhost:8080,evil.example",
        "localhost:8080/x",
        "http://localhost:8080",
        "127.0.0.1",
        "127.1:8080",
        "2130706433:8080",
        "*",
        "login.loja.example",
    ] {
        for path in [
            "/login",
            "/login/acme",
            "/callback/acme?code=x&state=y",
            "/session",
            "/auth",
            "/providers",
            "/playground",
            "/nowhere",
            "/metrics",
        ] {
            let answer = broker.ask(ClientRequest::get(path).with("host", host)).await;
            let expected = if path == "/metrics" { 404 } else { 421 };
            assert_eq!(answer.status, expected, "{host} {path}: {answer:?}");
            assert!(answer.cookies().is_empty() && answer.location().is_none());
            broker.assert_clean(&answer);
        }
    }
    for (address, host, expected) in [
        ("http://evil.example/login", HOST, 421),
        ("http://localhost:8080/login", "evil.example", 421),
        ("http://127.0.0.1:8080/login", HOST, 421),
        ("http://x@localhost:8080/login", HOST, 421),
        ("http://localhost:8080/login", HOST, 200),
        ("http://evil.example/auth", HOST, 421),
        ("http://localhost:8080/auth", HOST, 401),
    ] {
        assert_eq!(broker.ask(ClientRequest::get(address).with("host", host)).await.status, expected, "{address} at {host}");
    }
    assert!(broker.upstream.heard().is_empty());
}

/// No store can be switched off: it is in the settings, or it is not. The host of a request is looked up in one table before anything
/// else is done, so there is nothing whose time could differ.
/// Attack L-15
#[actix_web::test]
async fn a_store_that_was_removed_is_answered_like_one_that_never_was() {
    let broker = two().await;
    let there = Browser::at(&broker, OTHER);
    assert_eq!(there.log_in("acme", "ana").await.status, 303);
    let begun = there.begin("/login/acme").await;
    for host in ["LOCALHOST:8080", "LocalHost:8080"] {
        let told = |host: &'static str| broker.ask(ClientRequest::get("/providers").with("host", host));
        assert_eq!(told(host).await.body, told(HOST).await.body, "one name, however it is written");
    }

    broker.resettle(LOCAL);

    for path in
        ["/login", "/login/acme", &there.way_back("acme", &begun.state, "ana"), "/session", "/auth", "/.well-known/jwks.json", "/account"]
    {
        let ask = async |host: &str, cookies: &str| {
            let answer = broker.ask(ClientRequest::get(path).with("host", host).with("cookie", cookies)).await;
            let mut headers = answer.headers.clone();
            headers.sort();
            (answer.status, headers, answer.body)
        };
        let never = ask("127.0.0.2:8080", "").await;
        assert_eq!(never.0, 421, "{path}");
        assert_eq!(ask(OTHER, "").await, never, "{path}");
        assert_eq!(ask(OTHER, &there.cookies()).await, never, "{path}");
    }
}

/// Attacks L-14, N-02
/// Lessons 79, 118
#[actix_web::test]
async fn nothing_that_is_forwarded_changes_an_absolute_address() {
    let broker = two().await;
    let mut ask = ClientRequest::get("/login/acme");
    for name in [
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-server",
        "x-host",
        "forwarded",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-prefix",
    ] {
        ask = ask.with(name, "evil.example");
    }

    for peer in ["127.0.0.1", "198.51.100.7"] {
        let answer = broker.ask(ask.clone().from(peer)).await;
        let location = answer.location().expect("it leads on");
        assert!(
            location.contains("redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fcallback%2Facme") && !location.contains("evil"),
            "{location}"
        );
        let providers = broker.ask(ClientRequest::get("/providers").with("x-forwarded-host", "evil.example").from(peer)).await;
        assert_eq!(providers.json()["providers"][0]["login"], "http://localhost:8080/login/acme");
    }
}

/// An address is judged before a connection to it is tried, so an open, a closed and a silent port cannot be told apart by the time that
/// passes: no packet leaves. What is shown is the same as well.
/// Attacks P-02, T-15
/// Lessons 130, 132, 144
#[actix_web::test]
async fn on_the_open_net_addresses_of_this_machine_are_never_asked() {
    let local = "name: X\nclientId: c\nclientSecret: SECRET\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode: { post: \"ADDRESS/token\" }\ngetUserInfo: { get: \"https://sso.acme.example/me\" }\n";
    let mut plan = TestBroker::builder(OPEN);
    let addresses = [
        "https://127.0.0.1:PORT",
        "https://localhost:PORT",
        "https://[::1]:PORT",
        "https://0.0.0.0:PORT",
        "https://[::ffff:127.0.0.1]:PORT",
        "https://2130706433:PORT",
        "https://0x7f.1:PORT",
        "https://127.1:PORT",
        "https://localhost.:PORT",
        "https://[::ffff:7f00:1]:PORT",
        "https://[64:ff9b::7f00:1]:PORT",
        "https://[2002:7f00:1::]:PORT",
        "http://127.0.0.1:PORT",
        "http://localhost:PORT",
        "https://sub.localhost:PORT",
        "https://169.254.169.254:PORT",
        "https://10.0.0.1:PORT",
        "https://0177.0.0.1:PORT",
        "https://017700000001:PORT",
        "https://0x7f000001:PORT",
        "https://127.0.1:PORT",
        "https://0:PORT",
        "https://[::]:PORT",
        "https://[fe80::1%25lo]:PORT",
        "https://[fc00::1]:PORT",
        "https://[64:ff9b::a9fe:a9fe]:PORT",
        "https://１２７.0.0.1:PORT",
        "https://127。0。0。1:PORT",
        "https://127.0.0.1.:PORT",
        "https://LOCALHOST:PORT",
        "https://localhost.localdomain:PORT",
        "https://192.168.0.1:22",
        "https://172.16.0.1:25",
        "https://100.64.0.1:6379",
        "https://127.0.0.1:1",
        "https://[::ffff:10.0.0.1]:PORT",
        "https://[::127.0.0.1]:PORT",
        "https://[fec0::1]:PORT",
        "https://[2001::7f00:1]:PORT",
        "https://198.18.0.1:PORT",
        "https://224.0.0.1:PORT",
        "https://255.255.255.255:PORT",
    ];
    for (at, address) in addresses.iter().enumerate() {
        plan = plan.with(&format!("p{at}"), &local.replace("ADDRESS", address));
    }
    let broker = plan.build().await;

    let (mut refused, mut asked, mut pages) = (0, 0, HashSet::new());
    for (at, address) in addresses.iter().enumerate() {
        let browser = Browser::at(&broker, "login.loja.example");
        let begun = browser.get(&format!("/login/p{at}")).await;
        if begun.status == 404 {
            refused += 1;
            continue;
        }
        asked += 1;
        let state = begun
            .location()
            .and_then(|address| address.split("state=").nth(1))
            .and_then(|rest| rest.split('&').next())
            .expect("a state")
            .to_owned();
        let answer = browser.get(&browser.way_back(&format!("p{at}"), &state, "ana")).await;
        assert!(matches!(answer.status, 502 | 504), "{address}: {answer:?}");
        broker.assert_clean(&answer);
        assert!(!answer.body.contains("127.0.0.1") && !answer.body.contains("localhost"), "{answer:?}");
        let before_code = answer.body.split("<section class=\"incident\"").next().unwrap_or_default();
        pages.insert((answer.status, before_code.replace(&format!("/p{at}\""), "/p\"")));
    }

    assert!(asked > 3, "some of them can only be seen when they are asked");
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(broker.upstream.connections(), 0, "{refused} were refused as files, {asked} when they were asked");
}

/// Lesson 57
#[actix_web::test]
async fn a_login_on_the_open_net_sets_cookies_that_no_other_host_can_write() {
    // A provider that needs no calls: what the browser brings is signed.
    let folder = Folder::new();
    let secret = random::id();
    folder.write("secrets/praca", &secret);
    let provider = format!(
        "name: Praça\nclientId: loja\nclientSecret: file:{}/secrets/praca\ntrustEmail: always\npkce: off\ngetAuthorizationCode:\n  \
         get: https://praca.example/entrar\n  query: {{ back: '${{redirectUri}}', state: '${{state}}' }}\n  \
         verify: {{ into: sign, algorithm: hmacSha256, key: '${{clientSecret}}' }}\n  read: {{ id: $.id, email: $.email }}\n",
        folder.0.display()
    );
    let broker = TestBroker::builder(&format!("{OPEN}filesMayRead: {{ folder: {}/secrets }}\n", folder.0.display()))
        .with("praca", &provider)
        .build()
        .await;
    let browser = Browser::at(&broker, "login.loja.example");
    let begun = browser.begin("/login/praca").await;
    let brought = format!("email=ana@loja.example&id=1&state={}", begun.state);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let sign: String = hmac::sign(&key, brought.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();

    let answer = browser.get(&format!("/callback/praca?{brought}&sign={sign}")).await;

    assert_eq!((answer.status, answer.location()), (303, Some("https://www.loja.example/")), "{answer:?}");
    assert!(answer.cookies().len() == 3 && answer.header("strict-transport-security").is_some());
    for (name, value, attributes) in answer.cookies() {
        assert!(name.starts_with("__Host-portaria"), "{name}");
        let guards = attributes.rsplit_once("; Max-Age=").expect("it has an age");
        assert_eq!((guards.0, guards.1 == "0"), ("HttpOnly; SameSite=Lax; Secure; Path=/", value.is_empty()), "{name}");
        assert!(name.len() + value.len() < 1100);
    }
    assert_eq!(browser.who().await.as_deref(), Some("ana@loja.example"));
    let plain: String = browser.cookies().replace("__Host-", "");
    assert_eq!(
        broker.ask(ClientRequest::get("/session").with("host", "login.loja.example").with("cookie", plain)).await.status,
        401,
        "without the guard it is not ours"
    );
}

#[actix_web::test]
async fn the_playground_is_not_there_on_the_open_net() {
    let playground = crate::support::text(&crate::support::root().join("providers.d/playground.yaml"));
    let broker = TestBroker::builder(OPEN).with("playground", &playground).build().await;

    for path in [
        "/playground",
        "/playground/enter?who=ana",
        "/playground/token",
        "/login/playground",
        "/callback/playground?ticket=x",
        "/logo/playground",
        "/metrics",
    ] {
        for method in ["GET", "POST"] {
            let answer = broker.ask(ClientRequest::by(method, path).with("host", "login.loja.example").with("accept", "text/html")).await;
            assert!(matches!(answer.status, 404 | 405), "{method} {path}: {answer:?}");
            broker.assert_clean(&answer);
        }
    }
    let shown = broker.ask(ClientRequest::get("/providers").with("host", "login.loja.example")).await;
    assert_eq!(shown.body, "{\"providers\":[]}");
    assert!(!broker.ask(ClientRequest::get("/health/ready")).await.body.contains("playground"));
}

#[actix_web::test]
async fn a_thousand_stores_are_there_at_once() {
    let mut settings = format!("{LOCAL}stores:\n");
    for at in 0..1000 {
        let _ = writeln!(
            settings,
            "  loja{at}: {{ publicUrl: \"http://localhost:{}\", returnTo: [ \"http://localhost:9000\" ] }}",
            20_000 + at
        );
    }
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;

    for at in (0..1000).step_by(37).chain([999]) {
        let host = format!("localhost:{}", 20_000 + at);
        let browser = Browser::at(&broker, &host);
        assert_eq!(browser.log_in("acme", "ana").await.status, 303);
        let told = browser.get("/session").await.json();
        assert_eq!(told["store"], format!("loja{at}"));
        let elsewhere = broker
            .ask(
                ClientRequest::get("/auth")
                    .with("host", format!("localhost:{}", 20_000 + (at + 1) % 1000))
                    .with("cookie", browser.cookies()),
            )
            .await;
        assert_eq!(elsewhere.status, 401);
    }
    assert_eq!(broker.ask(ClientRequest::get("/login").with("host", "localhost:21000")).await.status, 421);
}

/// Attack N-08
#[actix_web::test]
async fn a_token_names_the_store_that_it_is_for_as_its_audience() {
    let named = format!("{TWO}session: {{ audience: shared }}\n");
    let own = named.replace("\"http://127.0.0.1:8080\", returnTo", "\"http://127.0.0.1:8080\", session: { audience: null }, returnTo");
    for (settings, expected) in [
        (TWO, ["http://localhost:8080", "http://127.0.0.1:8080"]),
        (&*named, ["shared", "shared"]),
        (&*own, ["shared", "http://127.0.0.1:8080"]),
    ] {
        let broker = TestBroker::builder(settings).with_standard("acme").build().await;
        for (host, expected) in [HOST, OTHER].into_iter().zip(expected) {
            let token = broker.token(host, |_| {});
            let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("they are coded");
            let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
            let body = format!("{{\"token\":\"{token}\"}}");
            let validated = broker.ask(ClientRequest::by("POST", "/session/validate").with("host", host).body(body)).await;

            assert_eq!(claims["aud"], expected);
            assert_eq!((validated.status, validated.json()["audience"].as_str()), (200, Some(expected)));
        }
    }
}

/// Attack N-04
#[test]
fn settings_in_which_two_stores_have_one_host_are_refused() {
    let read = |main: &str, atacado: &str, varejo: &str| {
        let text =
            format!("publicUrl: {main}\nstores:\n  atacado: {{ publicUrl: \"{atacado}\" }}\n  varejo: {{ publicUrl: \"{varejo}\" }}\n");
        Settings::read(&Source::new("portaria.yaml", text)).0
    };
    let [a, b, c] = ["https://login.loja.example", "https://login.atacado.example", "https://login.varejo.example"];
    assert!(read(a, b, c).is_some());
    for again in [b.to_owned(), b.to_uppercase().replace("HTTPS", "https"), format!("{b}/"), format!("{b}:443")] {
        assert!(read(a, b, &again).is_none(), "two further stores: {again}");
        assert!(read(&again, b, c).is_none(), "the main store and a further one: {again}");
    }
}

/// Attack N-07
#[actix_web::test]
async fn what_a_visitor_sends_makes_no_further_label_and_no_label_names_a_person() {
    let broker = two().await;
    let metrics = async || {
        let text = broker.ask(ClientRequest::get("/metrics")).await.body;
        let mut labels: Vec<String> = text.lines().filter_map(|line| Some(line.split_once('{')?.1.split_once('}')?.0.to_owned())).collect();
        labels.sort();
        labels.dedup();
        labels
    };
    for host in [HOST, OTHER] {
        let browser = Browser::at(&broker, host);
        browser.log_in("acme", "ana").await;
        let begun = browser.begin("/login/acme").await;
        browser.get(&format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
        browser.get("/callback/acme?code=x&state=y").await;
    }
    let before = metrics().await;

    for number in 0..20 {
        for path in ["login", "callback", "logo"] {
            let address = format!("/{path}/inventado-{number}?code=x&state=y&store=inventado-{number}");
            for host in [HOST, OTHER, "evil.example"] {
                broker.ask(ClientRequest::get(&address).with("host", host).with("x-store", "inventado")).await;
            }
        }
        for host in [HOST, OTHER] {
            broker.ask(ClientRequest::get(&format!("/callback/acme?code={number}&state={number}")).with("host", host)).await;
        }
    }

    assert_eq!(metrics().await, before);
    for label in &before {
        assert!(!label.contains('@') && !label.contains("ana"), "{label}");
        let store = label.split(',').find_map(|pair| pair.trim().strip_prefix("store="));
        assert!(store.is_none_or(|store| matches!(store, "\"main\"" | "\"atacado\"")), "{label}");
    }
}
