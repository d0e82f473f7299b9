//! How a login begins: what leaves for the provider, and what the browser keeps.

use crate::support::provider;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, OPEN, SHOP, STANDARD, TestBroker};
use crate::web::test_provider::{json, person};
use base64::Engine as _;
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::world::random;
use std::collections::HashSet;
use std::io::Write as _;

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
}

/// Attack S-04
#[actix_web::test]
async fn what_leaves_is_the_standards_request_and_nothing_else() {
    let broker = TestBroker::open().await;

    let begun = Browser::new(&broker).begin("/login/acme").await;

    let names: Vec<&str> = begun.query.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"]);
    assert_eq!(value(&begun.query, "response_type"), Some("code"));
    assert_eq!(value(&begun.query, "client_id"), Some("loja-42"));
    assert_eq!(value(&begun.query, "redirect_uri"), Some(&*format!("http://{HOST}/callback/acme")));
    assert_eq!(value(&begun.query, "code_challenge_method"), Some("S256"));
    assert_eq!(value(&begun.query, "code_challenge").map(str::len), Some(43));
    assert!(begun.state.len() >= 22);
    assert!(broker.upstream.heard().is_empty(), "no one but the browser goes there");
    assert!(begun.answer.header("cache-control") == Some("no-store") && begun.answer.header("referrer-policy") == Some("no-referrer"));
    broker.assert_silent(&begun.answer);
}

/// Attack S-06
#[actix_web::test]
async fn parameters_of_the_protocol_are_ours_and_not_the_askers() {
    let broker = TestBroker::open().await;
    let more = "scope=admin&redirect_uri=https://evil.example&client_id=x&state=fixed&nonce=n&code_challenge=x&prompt=none&request_uri=https://evil.example&login_hint=a";

    let begun = Browser::new(&broker).begin(&format!("/login/acme?{more}")).await;

    assert!(!begun.answer.location().expect("it leads on").contains("evil.example"));
    assert_eq!(begun.query.len(), 7, "{:?}", begun.query);
    assert_ne!(begun.state, "fixed");
    assert_eq!(value(&begun.query, "scope"), Some("perfil"));
}

/// Attack S-04
#[actix_web::test]
async fn the_attempts_cookie_is_guarded_as_far_as_the_address_allows() {
    let local = TestBroker::open().await;
    let open = TestBroker::builder(OPEN).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await;

    for (broker, host, beginning, guards) in [
        (&local, HOST, "portaria-attempt-", "HttpOnly; SameSite=Lax; Path=/; Max-Age=600"),
        (&open, "login.loja.example", "__Host-portaria-attempt-", "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600"),
    ] {
        let begun = Browser::at(broker, host).begin("/login/acme").await;
        let cookies = begun.answer.cookies();
        assert_eq!(cookies.len(), 1);
        let (name, value, attributes) = cookies[0];
        assert!(name.strip_prefix(beginning).is_some_and(|mark| mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_hexdigit())), "{name}");
        assert_eq!(attributes, guards);
        assert!(!value.contains(&begun.state) && value.len() < 3800);
        assert_eq!(begun.answer.header("strict-transport-security").is_some(), host != HOST);
    }
}

/// The state, the nonce and the verifier of an attempt are bytes of chance. Six bytes of the first two say that they are such texts.
/// Attack S-05
#[test]
fn a_hundred_thousand_attempts_are_evenly_spread_and_no_two_are_alike() {
    let file = STANDARD.replace("UPSTREAM", "https://sso.acme.example").replace("SECRET", "env:ACME_CLIENT_SECRET");
    let (provider, installation) = (provider(&file), InstallationValues::default());
    let (mut seen, mut ones, mut bytes) = (HashSet::new(), 0_i64, [0_i64; 256]);

    for _ in 0..100_000 {
        let entropy = Entropy(random::bytes());
        let attempt = Attempt::new(&provider, &installation, &entropy, 0, Vec::new());
        let parts = [(&attempt.state, 24), (&attempt.nonce, 24), (&attempt.verifier, 32)].map(|(part, length)| {
            let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&**part).expect("it is base64");
            assert_eq!(part.len(), length);
            part
        });
        for (at, (part, random)) in parts.iter().zip([18, 18, 32]).enumerate() {
            assert_eq!(part[..random], entropy.0[24 * at..24 * at + random]);
        }
        for byte in parts.concat() {
            ones += i64::from(byte.count_ones());
            bytes[usize::from(byte)] += 1;
        }
        for part in parts {
            assert!(seen.insert(part));
        }
    }

    // 64,000,000 throws of a coin: six standard deviations. 255 degrees of freedom: once in more than a hundred million runs.
    assert!((32_000_000 - ones).abs() < 24_000, "{ones}");
    let spread: i64 = bytes.iter().map(|many| (many - 31_250).pow(2)).sum::<i64>() / 31_250;
    assert!(spread < 400, "{spread}");
}

/// Attack S-05
/// Lessons 50, 51, 91
#[actix_web::test]
async fn no_two_attempts_share_anything_by_chance() {
    let broker = TestBroker::open().await;
    let (mut seen, mut ones) = (HashSet::new(), 0_u32);

    for _ in 0..500 {
        let begun = Browser::new(&broker).begin("/login/acme").await;
        let challenge = value(&begun.query, "code_challenge").expect("a challenge");
        assert!(seen.insert(begun.state.clone()) && seen.insert(challenge.to_owned()));
        assert!(seen.insert(begun.answer.cookies()[0].1[..16].to_owned()), "no two seals begin alike");
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&begun.state).expect("it is base64");
        assert_eq!(bytes.len(), 24);
        ones += bytes.iter().map(|byte| byte.count_ones()).sum::<u32>();
    }

    // 96,000 throws of a coin: six standard deviations.
    assert!((48_000 - 930..48_000 + 930).contains(&ones), "{ones}");
}

/// Attack S-08
#[actix_web::test]
async fn a_browser_keeps_five_attempts_and_the_latest_is_among_them() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    let mut begun = Vec::new();
    for _ in 0..20 {
        begun.push(browser.begin("/login/acme").await);
        assert!(browser.attempts().len() <= 5);
        let size: usize =
            begun.last().map(|begun| begun.answer.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum()).expect("one");
        assert!(size < 8 * 1024);
    }

    assert_eq!(browser.get(&browser.way_back("acme", &begun[0].state, "ana")).await.status, 400, "the oldest is gone");
    assert_eq!(browser.get(&browser.way_back("acme", &begun[19].state, "ana")).await.status, 303);
}

/// Attack S-08
#[actix_web::test]
async fn sixty_attempts_at_once_and_a_full_jar_do_no_harm() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let ask = browser.dressed(ClientRequest::get("/login/acme"));
    for answer in broker.ask_at_once(vec![ask; 60]).await {
        assert_eq!(answer.status, 303);
        browser.keep(&answer);
    }
    assert_eq!(browser.attempts().len(), 60, "none knew of the others");

    // A browser that sends all of them at once sends more than is read; with what fits, the jar is tidied.
    browser.jar.borrow_mut().truncate(30);
    let begun = browser.begin("/login/acme").await;

    assert!(browser.attempts().len() <= 30);
    assert_eq!(browser.get(&browser.way_back("acme", &begun.state, "ana")).await.status, 303);
}

/// Attack S-10
#[actix_web::test]
async fn tabs_do_not_disturb_each_other() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let (first, second) = (browser.begin("/login/acme").await, browser.begin("/login/beta").await);
    let third = browser.begin("/login/acme").await;

    for (provider, begun) in [("beta", &second), ("acme", &third), ("acme", &first)] {
        assert_eq!(browser.get(&browser.way_back(provider, &begun.state, "ana")).await.status, 303);
    }

    assert!(browser.attempts().is_empty());
    assert_eq!(broker.upstream.asked("/token"), 3);
}

/// Attacks S-01, S-09
#[actix_web::test]
async fn a_login_does_not_begin_by_another_method_and_leaves_no_trace_in_storage() {
    let broker = TestBroker::open().await;
    let before = broker.stored();
    for method in ["HEAD", "POST", "PUT", "OPTIONS", "DELETE", "TRACE"] {
        let answer = broker.ask(ClientRequest::by(method, "/login/acme")).await;
        let allowed = if method == "POST" { "GET" } else { "GET, POST" };
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method}");
        assert!(answer.cookies().is_empty());
    }

    for _ in 0..50 {
        Browser::new(&broker).begin("/login/acme").await;
    }

    assert_eq!(broker.stored(), before, "a login that begins writes nothing");
}

/// Attack S-12
#[actix_web::test]
async fn what_a_shopper_types_stays_one_value() {
    let asks = format!(
        "inputs: {{ loja: {{ label: Loja }} }}\n{}",
        STANDARD.replace("scope: perfil", "scope: perfil, extra: { loja: \"${loja}\" }")
    );
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("asks", &asks).build().await;
    let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();

    for fine in ["loja-1", "a&state=evil", "a=b;c", "a#b", "%0d%0a", "ação", "<b>"] {
        let begun = Browser::new(&broker).begin(&format!("/login/asks?loja={}", encoded(fine))).await;
        assert_eq!(value(&begun.query, "loja"), Some(fine));
        assert_eq!(begun.query.iter().filter(|(name, _)| name == "state").count(), 1);
        assert_eq!(begun.query.len(), 8);
    }
    for bad in ["", "a\r\nSet-Cookie: x=1", "\u{0}", "a\u{85}b", &"a".repeat(201), &"a".repeat(5000)] {
        let answer = broker.ask(ClientRequest::get(&format!("/login/asks?loja={}", encoded(bad)))).await;
        assert_eq!(answer.status, 400, "{bad:?}: {answer:?}");
        broker.assert_clean(&answer);
    }
    assert_eq!(broker.ask(ClientRequest::get("/login/asks?loja=a&loja=b")).await.status, 400);
}

/// A store links straight to a provider that has to know something of the shopper first.
#[actix_web::test]
async fn a_deep_link_without_the_inputs_shows_the_form_that_asks_for_them() {
    let asks = format!(
        "inputs: {{ loja: {{ label: Sua loja }} }}\n{}",
        STANDARD.replace("scope: perfil", "scope: perfil, extra: { loja: \"${loja}\" }")
    );
    let broker = TestBroker::builder(LOCAL).with("asks", &asks).build().await;
    let browser = Browser::new(&broker);

    let page = browser.get(&format!("/login/asks?return_to={SHOP}/carrinho&login_hint=ana%40loja.example")).await;

    assert_eq!(page.status, 200, "{page:?}");
    for part in [
        "action=\"/login/asks\"",
        "name=\"loja\"",
        "Sua loja",
        "name=\"return_to\" value=\"http://localhost:9000/carrinho\"",
        "name=\"login_hint\" value=\"ana@loja.example\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("reauthenticate"));
    let begun = browser.begin(&format!("/login/asks?return_to={SHOP}/carrinho&loja=a1")).await;
    assert_eq!(value(&begun.query, "loja"), Some("a1"));
}

/// Attack F-01
/// Lesson 167
#[actix_web::test]
async fn while_storage_is_away_nobody_comes_in_and_no_code_is_shown() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;

    broker.storage_is_away(true);
    let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{answer:?}");
    broker.assert_clean(&answer);
    assert!(broker.upstream.heard().is_empty(), "what cannot be spent is not used");
    broker.storage_is_away(false);
    assert_eq!(browser.get(&browser.way_back("acme", &begun.state, "ana")).await.status, 303, "nothing was lost by it");
}

/// Attack F-01
#[actix_web::test]
async fn storage_that_goes_away_during_a_login_opens_no_session_and_the_code_is_not_shown_again() {
    for step in ["/token", "/me"] {
        let broker = TestBroker::open().await;
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        let (way, kept) = (browser.way_back("acme", &begun.state, "ana"), browser.jar.borrow().clone());
        let (file, token) = (broker.folder.0.join("portaria.db"), format!("{}-at-ana", broker.mark));
        broker.upstream.answers(step, move |heard, to| {
            std::fs::rename(&file, file.with_extension("away")).expect("a file can be put elsewhere");
            let said = if heard.path == "/me" { person("ana") } else { format!("{{\"access_token\":\"{token}\"}}") };
            let _ = to.write_all(&json(200, &said));
        });

        let answer = browser.get(&way).await;

        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{step}: {answer:?}");
        broker.assert_clean(&answer);
        broker.storage_is_away(false);
        broker.upstream.is_honest();
        *browser.jar.borrow_mut() = kept;
        assert_eq!(browser.get(&way).await.status, 400, "{step}: the attempt is spent");
        assert_eq!(broker.upstream.asked("/token"), 1);
        broker.assert_still_works().await;
    }
}

/// Attack S-12
#[actix_web::test]
async fn a_hint_reaches_only_providers_whose_file_names_it_and_never_the_log() {
    let named = STANDARD.replace("scope: perfil", "scope: perfil, extra: { login_hint: \"${loginHint?}\", ui_locales: \"${uiLocales?}\" }");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("beta", &named).build().await;
    let options = "login_hint=rita%40cliente.example&ui_locales=pt-BR%20en";

    let silent = Browser::new(&broker).begin(&format!("/login/acme?{options}")).await;
    let told = Browser::new(&broker).begin(&format!("/login/beta?{options}")).await;
    let without = Browser::new(&broker).begin("/login/beta").await;

    assert_eq!(silent.query.len(), 7, "{:?}", silent.query);
    assert_eq!(value(&told.query, "login_hint"), Some("rita@cliente.example"));
    assert_eq!(value(&told.query, "ui_locales"), Some("pt-BR en"));
    assert_eq!(without.query.len(), 7, "{:?}", without.query);
    assert!(!broker.logged().contains("rita@"), "{}", broker.logged());
}

#[actix_web::test]
async fn a_forced_login_is_asked_for_or_refused() {
    let forced = STANDARD.replace("scope: perfil", "scope: perfil, reauthenticate: { prompt: login }");
    let never = STANDARD.replace("scope: perfil", "scope: perfil, reauthenticate: none");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("beta", &forced).with("gama", &never).build().await;

    let begun = Browser::new(&broker).begin("/login/beta?reauthenticate=true").await;
    let usual = Browser::new(&broker).begin("/login/beta?reauthenticate=false").await;

    assert_eq!(value(&begun.query, "prompt"), Some("login"));
    assert_eq!(value(&usual.query, "prompt"), None);
    for name in ["acme", "gama"] {
        let refused = Browser::new(&broker).get(&format!("/login/{name}?reauthenticate=true")).await;
        assert_eq!(refused.status, 400, "{name}");
        assert!(refused.body.contains("noNewLogin"), "{}", refused.body);
    }
    for address in [
        "/login/beta?reauthenticate=yes",
        "/login/beta?ui_locales=%3Cscript%3E",
        "/login/beta?login_hint=a%0d%0ab",
        "/login/beta?login_hint=a&login_hint=b",
    ] {
        let answer = Browser::new(&broker).get(address).await;
        assert_eq!(answer.status, 400, "{address}");
        broker.assert_clean(&answer);
    }
}

/// Attack S-02
#[actix_web::test]
async fn a_login_that_another_site_begins_is_an_attempt_of_this_browser_and_no_more() {
    let broker = TestBroker::open().await;
    let before = broker.stored();
    let from_elsewhere = |method: &str| {
        let ask = ClientRequest::by(method, "/login/acme").with("origin", "https://evil.example").with("referer", "https://evil.example/");
        ask.with("sec-fetch-site", "cross-site")
    };

    // A link leads here from anywhere; it opens no session, and what it begins ends in the browser that followed it.
    let link = broker.ask(from_elsewhere("GET").with("sec-fetch-dest", "document")).await;
    assert_eq!((link.status, link.cookies().len()), (303, 1), "{link:?}");
    assert!(link.cookies()[0].0.starts_with("portaria-attempt-") && link.session().is_none());

    for answer in [
        broker.ask(from_elsewhere("POST")).await,
        broker.ask(from_elsewhere("GET").with("sec-fetch-dest", "image")).await,
        broker.ask(from_elsewhere("GET").with("sec-fetch-dest", "script")).await,
        broker.ask(from_elsewhere("GET").with("sec-purpose", "prefetch;prerender")).await,
    ] {
        assert!(matches!(answer.status, 403 | 405) && answer.cookies().is_empty(), "{answer:?}");
    }
    assert_eq!(broker.stored(), before);
    assert!(broker.upstream.heard().is_empty());
}

/// Attack S-10
#[actix_web::test]
async fn a_button_that_is_pressed_twice_begins_two_logins_and_either_works() {
    let broker = TestBroker::open().await;
    for first in [0, 1] {
        let browser = Browser::new(&broker);
        let begun = [browser.begin("/login/acme").await, browser.begin("/login/acme").await];

        for at in [first, 1 - first] {
            let landed = browser.get(&browser.way_back("acme", &begun[at].state, "ana")).await;
            assert!(landed.status == 303 && landed.session().is_some(), "{landed:?}");
        }
    }
    assert_eq!(broker.upstream.asked("/token"), 4);
}

/// Attack S-11
#[actix_web::test]
async fn an_address_in_a_file_cannot_take_the_place_of_what_is_ours() {
    for (address, is_offered) in [
        ("https://user:geheim@sso.acme.example/entrar", false),
        ("https://sso.acme.example/entrar?x=1#parte", true),
        ("https://sso.acme.example/entrar?state=dele&redirect_uri=https://evil.example&x=1", true),
        ("https://sso.acme.example/entrar?code_challenge_method=plain", true),
    ] {
        let file = STANDARD.replace("UPSTREAM/entrar", address).replace("UPSTREAM", "https://sso.acme.example");
        let broker = TestBroker::builder(LOCAL).with("acme", &file).build().await;
        let answer = broker.ask(ClientRequest::get("/login/acme")).await;
        if answer.status == 404 {
            continue;
        }
        assert!(is_offered && answer.status == 303, "{address}: {answer:?}");
        let sent = url::Url::parse(answer.location().expect("it leads on")).expect("an address");
        for name in ["state", "redirect_uri", "code_challenge_method"] {
            let values: Vec<String> = sent.query_pairs().filter(|(other, _)| other == name).map(|(_, value)| value.into_owned()).collect();
            assert!(values.len() == 1 && !["dele", "https://evil.example", "plain"].contains(&&*values[0]), "{address}: {sent}");
        }
        assert!(sent.username().is_empty() && sent.password().is_none(), "{sent}");
    }
}
