//! What the browser brings along: codes, errors and forms that say more than they should.

use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::failures::code_on;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use base64::Engine as _;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Attack C-11
/// Lesson 60
#[actix_web::test]
async fn a_parameter_that_stands_twice_is_refused() {
    let broker = TestBroker::open().await;

    for twice in
        ["code=x", "code=", "state=x", "STATE", "iss=x&iss=x", "error=x&error=y", "error_description=a&error_description=b", "x=1&x=2"]
    {
        for first in [true, false] {
            let browser = Browser::new(&broker);
            let state = browser.begin("/login/acme").await.state;
            let twice = twice.replace("STATE", &format!("state={state}"));
            let way = browser.way_back("acme", &state, "ana");
            let way = if first { way.replace('?', &format!("?{twice}&")) } else { format!("{way}&{twice}") };

            let answer = browser.get(&way).await;

            assert_eq!(answer.status, 400, "{way}: {answer:?}");
            let code = code_on(&answer.body).unwrap_or_else(|| panic!("the page has a code: {answer:?}"));
            let (_, story, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
            assert!(story.contains("the callback repeats a parameter (badCallback)"), "{way}: {story}{err}");
            broker.assert_clean(&answer);
        }
    }
    assert!(broker.upstream.heard().is_empty());
    broker.assert_still_works().await;
}

/// Attacks C-12, C-14
/// Lessons 170, 172
#[actix_web::test]
async fn an_error_of_the_provider_ends_the_attempt_kindly_whatever_its_words() {
    let broker = TestBroker::open().await;
    let markup = "<svg onload=alert(1)>\"'><script>x</script>";
    let long = "a".repeat(4000);

    for (error, status) in [
        ("access_denied", 200),
        ("user_cancelled_login", 200),
        ("server_error", 502),
        ("consent_required", 200),
        ("interaction_required", 200),
        ("cancellation_denied_for_unknown_reasons", 502),
        (markup, 502),
        ("\u{0}\u{1}\u{1b}[31m\u{202e}\n\nERROR forged", 502),
        (&long, 502),
    ] {
        let browser = Browser::new(&broker);
        let state = browser.begin("/login/acme").await.state;
        let description = encoded(&format!("{markup}\r\nSet-Cookie: portaria=evil\r\n\r\n\u{202e}\u{0}"));
        let error = encoded(error);
        let way = format!("/callback/acme?error={error}&state={state}&error_description={description}%ff%fe&error_uri=javascript:alert(1)");

        let answer = browser.ask(ClientRequest::get(&way).with("accept", "text/html")).await;

        assert_eq!(answer.status, status, "{error}: {answer:?}");
        broker.assert_clean(&answer);
        assert!(
            !answer.body.contains("<svg onload") && !answer.body.contains("<script") && !answer.body.contains("javascript:"),
            "{answer:?}"
        );
        assert!(browser.attempts().is_empty(), "the attempt is over");
    }

    let far_too_long = format!("/callback/acme?error=x&state=y&error_description={}", "%C3%A9".repeat(9_000));
    assert_eq!(broker.ask(ClientRequest::get(&far_too_long)).await.status, 414);
    let log = broker.logged();
    assert!(!log.contains("\u{1b}[31m") && !log.contains("\u{202e}") && !log.lines().any(|line| line.starts_with("ERROR forged")), "{log}");
    assert_eq!(broker.upstream.asked("/token"), 0);
    broker.assert_still_works().await;
}

/// Attacks C-12, C-13
#[actix_web::test]
async fn a_rule_of_the_file_names_an_error_of_the_provider_and_never_takes_it_back() {
    let rule =
        "scope: perfil, refused: [ { at: $.error, is: \"1107\", code: access_denied }, { at: $.error, is: \"1101\", code: $.reason } ]";
    let accepted = "scope: perfil, accepted: { at: $.error, is: \"1107\" }";
    let broker = TestBroker::builder(LOCAL)
        .with("acme", &STANDARD.replace("scope: perfil", rule))
        .with("beta", &STANDARD.replace("scope: perfil", accepted))
        .build()
        .await;

    for (name, error, status, code) in [
        ("acme", "error=1107", 200, None),
        ("acme", "error=1101&reason=closed", 502, Some("closed")),
        ("acme", "error=1101", 502, Some("1101")),
        ("acme", "error=1102", 502, Some("1102")),
        ("beta", "error=1107", 502, Some("1107")),
    ] {
        let browser = Browser::new(&broker);
        let state = browser.begin(&format!("/login/{name}")).await.state;

        let answer = browser.get(&format!("{}&{error}", browser.way_back(name, &state, "ana"))).await;

        assert_eq!(answer.status, status, "{name} {error}: {answer:?}");
        assert!(answer.session().is_none() && browser.attempts().is_empty(), "{name} {error}: {answer:?}");
        if let Some(code) = code {
            let incident = code_on(&answer.body).unwrap_or_else(|| panic!("the page has a code: {answer:?}"));
            let (_, story, err) = portaria(&broker.folder.0, &["incident", &incident, "--storage", "sqlite:portaria.db"], &[]);
            assert!(story.contains(&format!("({code})")) || story.contains(code), "{name} {error}: {story}{err}");
        }
        broker.assert_clean(&answer);
    }
    assert_eq!(broker.upstream.asked("/token"), 0);
}

/// Attack C-13
#[actix_web::test]
async fn a_code_beside_an_error_is_not_used() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let state = browser.begin("/login/acme").await.state;

    let answer = browser.get(&format!("{}&error=access_denied", browser.way_back("acme", &state, "ana"))).await;

    assert_ne!(answer.status, 303, "{answer:?}");
    broker.assert_clean(&answer);
    assert_eq!(broker.upstream.asked("/token"), 0);
}

/// Lesson 150
#[actix_web::test]
async fn bytes_that_are_no_text_are_refused_or_harmless() {
    let broker = TestBroker::open().await;

    for tail in [
        "code=%ff%fe&state=STATE",
        "code=x&state=%ff",
        "%ff=%ff&state=STATE",
        "code=%00&state=STATE",
        "code=x%0d%0ay&state=STATE",
        "code=%&state=STATE",
        "code=%zz&state=STATE",
    ] {
        let browser = Browser::new(&broker);
        let state = browser.begin("/login/acme").await.state;

        let answer = browser.get(&format!("/callback/acme?{}", tail.replace("STATE", &state))).await;

        assert!((400..=502).contains(&answer.status) && answer.status != 500, "{tail}: {answer:?}");
        broker.assert_clean(&answer);
    }
    broker.assert_still_works().await;
}

/// Attack C-17
/// Lesson 175
#[actix_web::test]
async fn a_code_reaches_the_provider_as_one_value_or_not_at_all() {
    let broker = TestBroker::open().await;
    let long = "k".repeat(6000);

    for code in [
        "a b+c",
        "x&client_secret=y&grant_type=refresh_token",
        "x=y#z",
        "ação 東京 🦊",
        "a/b?c%2526",
        "\"'`${clientSecret}",
        "{{7*7}}",
        &long,
    ] {
        let browser = Browser::new(&broker);
        let state = browser.begin("/login/acme").await.state;
        let before = broker.upstream.asked("/token");

        let answer = browser.get(&format!("/callback/acme?code={}&state={state}", encoded(code))).await;

        assert!(matches!(answer.status, 400 | 414 | 502), "{answer:?}");
        assert!(answer.session().is_none());
        if broker.upstream.asked("/token") > before {
            let heard = broker.upstream.heard().pop().expect("it was asked");
            let names: Vec<String> = heard.form().into_iter().map(|(name, _)| name).collect();
            assert_eq!(heard.field("code").as_deref(), Some(code), "exactly what came");
            assert_eq!(names, ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret"], "and nothing else");
        }
    }
    broker.assert_still_works().await;
}

/// Attack C-28
#[actix_web::test]
async fn the_proof_that_is_shown_belongs_to_the_challenge_that_was_sent() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    let verifier = broker.upstream.heard()[0].field("code_verifier").expect("it is shown");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash);

    assert!(begun.query.contains(&("code_challenge".to_owned(), challenge)), "{:?}", begun.query);
}

const ISSUER: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
discovery: UPSTREAM
";

/// Attack C-15
#[actix_web::test]
async fn an_issuer_that_names_itself_has_to_be_the_one_that_was_asked() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("openid", ISSUER).build().await;
    let url = broker.upstream.url();
    let document = format!(
        "{{\"issuer\":\"{url}\",\"authorization_endpoint\":\"{url}/entrar\",\"token_endpoint\":\"{url}/token\",\"jwks_uri\":\"{url}/keys\",\"authorization_response_iss_parameter_supported\":true}}"
    );
    broker.upstream.says("/.well-known/openid-configuration", crate::web::test_provider::json(200, &document));

    for iss in [
        "",
        "&iss=",
        "&iss=URL/",
        "&iss=https://evil.example",
        "&iss=http%3A%2F%2F127.0.0.1",
        "&iss=URL%00",
        "&iss= URL",
        "&ISS=URL",
        "&iss=URL&iss=URL",
        "&iss=URL&iss=https://evil.example",
        "&iss=HTTP%3A%2F%2F127.0.0.1",
        "&iss=UPPER",
    ] {
        let browser = Browser::new(&broker);
        let state = browser.begin("/login/openid").await.state;
        let iss = iss.replace("URL", &encoded(&url)).replace("UPPER", &encoded(&url.replace("http", "HTTP"))).replace(' ', "%20");

        let answer = browser.get(&format!("{}{iss}", browser.way_back("openid", &state, "ana"))).await;

        assert_eq!(answer.status, 400, "{iss}: {answer:?}");
        broker.assert_clean(&answer);
    }
    assert_eq!(broker.upstream.asked("/token"), 0);

    let browser = Browser::new(&broker);
    let state = browser.begin("/login/openid").await.state;
    browser.get(&format!("{}&iss={}", browser.way_back("openid", &state, "ana"), encoded(&url))).await;
    assert_eq!(broker.upstream.asked("/token"), 1, "with the right one it goes on");
}

/// Attack C-29
#[actix_web::test]
async fn a_provider_that_offers_only_the_plain_challenge_is_sent_the_hash_all_the_same() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("openid", ISSUER).build().await;
    let url = broker.upstream.url();
    for methods in ["[\"plain\"]", "[]", "null", "\"plain\""] {
        let document = format!(
            "{{\"issuer\":\"{url}\",\"authorization_endpoint\":\"{url}/entrar\",\"token_endpoint\":\"{url}/token\",\"jwks_uri\":\"{url}/keys\",\"code_challenge_methods_supported\":{methods}}}"
        );
        broker.upstream.says("/.well-known/openid-configuration", crate::web::test_provider::json(200, &document));

        let begun = Browser::new(&broker).begin("/login/openid").await;

        let sent = |name: &str| begun.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        assert_eq!(sent("code_challenge_method"), Some("S256"), "{methods}: {:?}", begun.query);
        assert_eq!(sent("code_challenge").map(str::len), Some(43), "{:?}", begun.query);
    }
}

async fn by_form(broker: &TestBroker, provider: &str, form: &str) -> Answer {
    broker
        .ask(
            ClientRequest::form(&format!("/callback/{provider}"), form)
                .with("sec-fetch-site", "cross-site")
                .with("origin", "https://sso.acme.example"),
        )
        .await
}

/// Attacks C-19, C-27
#[actix_web::test]
async fn a_form_is_only_taken_where_the_provider_sends_one() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("forms", &with_forms("post")).build().await;

    let answer = by_form(&broker, "acme", "code=x&state=y").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{answer:?}");
    broker.assert_clean(&answer);

    for (kind, expected) in [
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencodedx", 415),
        ("", 415),
    ] {
        let answer = broker.ask(ClientRequest::by("POST", "/callback/forms").with("content-type", kind).body("code=x&state=y")).await;
        assert_eq!(answer.status, expected, "{kind}: {answer:?}");
        broker.assert_clean(&answer);
    }
    let answer = Browser::new(&broker).get("/callback/forms?code=x&state=y").await;
    assert_eq!(answer.status, 400, "an address is not how this one answers: {answer:?}");
    assert!(broker.upstream.heard().is_empty());
}

fn with_forms(callback: &str) -> String {
    STANDARD.replace("scope: perfil", &format!("scope: perfil, callback: {callback}"))
}

/// Attack C-20
/// Lesson 173
#[actix_web::test]
async fn a_form_from_another_site_comes_in_by_an_address_of_our_own() {
    let broker = TestBroker::builder(LOCAL)
        .with_standard("acme")
        .with("forms", &with_forms("post"))
        .with("other", &with_forms("either"))
        .build()
        .await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/forms").await;
    let form = format!("code={}&state={}", broker.code("ana"), begun.state);

    // Another site sends it, so the browser brings no cookies along.
    let bounced = by_form(&broker, "forms", &form).await;

    assert_eq!(bounced.status, 303, "{bounced:?}");
    let onward = bounced.location().expect("it leads on").to_owned();
    assert!(onward.starts_with("/callback/forms?portaria-form=") && !onward.contains(&begun.state) && !onward.contains(&broker.mark));
    broker.assert_clean(&bounced);
    for (way, what) in [
        (onward.replace("/forms?", "/other?"), "another provider"),
        (format!("{onward}&{}", onward.split_once('?').expect("a query").1), "twice"),
        (onward.replace("form=", "form=1"), "another moment"),
        (format!("{onward}A"), "longer"),
        (onward[..onward.len() - 1].to_owned(), "shorter"),
    ] {
        let answer = broker.ask(browser.dressed(ClientRequest::get(&way))).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        broker.assert_clean(&answer);
    }
    let stranger = Browser::new(&broker).get(&onward).await;
    assert_eq!(stranger.status, 400, "without the browser's half it is nothing: {stranger:?}");
    assert!(broker.upstream.heard().is_empty());
    assert_eq!(browser.get(&onward).await.status, 303);
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
}

/// Attack C-11
#[actix_web::test]
async fn what_stands_in_the_address_and_in_the_form_stands_twice() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("forms", &with_forms("post")).build().await;
    let browser = Browser::new(&broker);
    let state = browser.begin("/login/forms").await.state;
    let ask = ClientRequest::form(&format!("/callback/forms?code={}", broker.code("ana")), &format!("code=x&state={state}"));

    let onward = broker.ask(ask).await.location().expect("it leads on").to_owned();
    let answer = browser.get(&onward).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    broker.assert_clean(&answer);
    assert!(broker.upstream.heard().is_empty());
}

#[actix_web::test]
async fn a_form_that_would_not_fit_into_an_address_is_refused_at_once() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("forms", &with_forms("post")).build().await;
    let long = |letters: usize| format!("state=x&user={}", "a".repeat(letters));

    for (query, form) in [(String::new(), long(6_000)), (String::new(), long(15_000)), (long(4_000), long(4_000)), (long(7_000), long(10))]
    {
        let answer = broker.ask(ClientRequest::form(&format!("/callback/forms?{query}"), &form)).await;
        assert_eq!(answer.status, 413, "{} and {}: {answer:?}", query.len(), form.len());
        broker.assert_clean(&answer);
    }
    let fits = broker.ask(ClientRequest::form("/callback/forms", &long(4_000))).await;
    assert_eq!(fits.status, 303);
    assert!(fits.location().expect("it leads on").len() < 8 * 1024, "and it can be followed");
}
