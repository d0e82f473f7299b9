//! The login page and where it may lead: nowhere but to the store's own places.

use crate::web::addresses::nasty_addresses;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, SHOP, STANDARD, TestBroker};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn leads_away(broker: &TestBroker, page: &str) -> Option<String> {
    let links = page.split("href=\"").skip(1).chain(page.split("action=\"").skip(1)).chain(page.split("value=\"").skip(1));
    let links = links.filter_map(|rest| rest.split('"').next());
    for link in links.map(|link| link.replace("&amp;", "&").replace("&#38;", "&")) {
        let base = url::Url::parse(&format!("http://{HOST}/login")).expect("an address");
        let Ok(read) = base.join(&link) else { continue };
        let wanted = read.query_pairs().find(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned());
        for address in wanted.iter().chain(link.contains("://").then_some(&link)) {
            if !broker.may_lead_to(address) {
                return Some(address.clone());
            }
        }
    }
    None
}

/// Attacks L-01, L-02, L-03, L-06
/// Lessons 61, 62, 63, 69
#[actix_web::test]
async fn no_spelling_of_another_place_is_gone_to() {
    let broker = TestBroker::open().await;
    let all = nasty_addresses();
    assert!(all.len() > 500, "{}", all.len());

    for (at, address) in all.iter().enumerate() {
        let spellings = [address.clone(), encoded(address), encoded(&encoded(address))];
        let spellings: Vec<&String> =
            spellings.iter().filter(|wanted| ClientRequest::can_be_for(&format!("/login?return_to={wanted}"))).collect();
        for wanted in &spellings {
            let page = broker.ask(ClientRequest::get(&format!("/login?return_to={wanted}"))).await;
            assert!(matches!(page.status, 200 | 400), "{wanted}: {page:?}");
            assert_eq!(leads_away(&broker, &page.body), None, "{wanted}");
            assert!(page.header("set-cookie").is_none(), "{page:?}");
        }

        // A whole login with some of them; what is kept of an address is decided where the page decides it.
        if at % 4 != 0 {
            continue;
        }
        let wanted = spellings[at / 4 % spellings.len()];
        let browser = Browser::new(&broker);
        let began = browser.get(&format!("/login/acme?return_to={wanted}")).await;
        assert!(matches!(began.status, 303 | 400), "{wanted}: {began:?}");
        if began.status == 303 {
            let state = began.location().and_then(|address| address.split("state=").nth(1)).and_then(|rest| rest.split('&').next());
            let landed = browser.get(&browser.way_back("acme", state.expect("a state"), "ana")).await;
            let location = landed.location().expect("it leads somewhere");
            assert!(landed.status == 303 && broker.may_lead_to(location), "{wanted} leads to {location}");
            assert!(location.starts_with(&format!("{SHOP}/")) || location.starts_with(&format!("http://{HOST}/")), "{wanted}: {location}");
        }
    }
}

#[actix_web::test]
async fn the_places_of_the_store_are_gone_to() {
    let broker = TestBroker::open().await;

    for (wanted, expected) in [
        (format!("{SHOP}/carrinho?a=1&b=%20#x"), format!("{SHOP}/carrinho?a=1&b=%20#x")),
        (format!("{SHOP}/../../x"), format!("{SHOP}/x")),
        (SHOP.to_owned(), format!("{SHOP}/")),
        (format!("http://{HOST}/login"), format!("http://{HOST}/login")),
        (format!("{SHOP}/?next=https://evil.example/"), format!("{SHOP}/?next=https://evil.example/")),
    ] {
        let browser = Browser::new(&broker);
        let begun = browser.begin(&format!("/login/acme?return_to={}", encoded(&wanted))).await;
        let landed = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        assert_eq!(landed.location(), Some(&*expected));
    }
}

/// Attacks L-05, L-07
#[actix_web::test]
async fn an_address_that_is_too_long_or_stands_twice_begins_nothing() {
    let broker = TestBroker::open().await;
    let long = |letters: usize| format!("return_to={SHOP}/{}", "a".repeat(letters));

    for (query, status) in [
        (long(3_000), 400),
        (long(9_000), 414),
        (format!("return_to={SHOP}/&return_to={SHOP}/"), 400),
        (format!("return_to={SHOP}/&return_to=//evil.example"), 400),
        (format!("return_to=&return_to={SHOP}/"), 400),
        (format!("%72eturn_to={SHOP}/&return_to={SHOP}/"), 400),
    ] {
        for path in ["/login", "/login/acme"] {
            let answer = broker.ask(ClientRequest::get(&format!("{path}?{query}"))).await;
            assert_eq!(answer.status, status, "{path}?{query}: {answer:?}");
            assert!(answer.cookies().is_empty());
            broker.assert_clean(&answer);
        }
    }
    broker.assert_still_works().await;
}

/// Attack L-08
/// Lesson 174
#[actix_web::test]
async fn markup_is_never_given_back_as_markup() {
    let broker = TestBroker::open().await;
    let canary = "\"'><img src=x onerror=alert(7)><script>alert(7)</script>{{7*7}}";
    let words = encoded(canary);
    let addresses = [
        format!("/login?return_to={words}"),
        format!("/login?lang={words}"),
        format!("/login?signed_out={words}"),
        format!("/login?{words}={words}"),
        format!("/login/{words}"),
        format!("/login/acme?return_to={words}"),
        format!("/callback/acme?state={words}&code={words}"),
        format!("/callback/acme?error={words}&error_description={words}"),
        format!("/callback/{words}?{words}"),
        format!("/{words}"),
        format!("/logo/{words}"),
        format!("/playground/{words}?{words}"),
        format!("/playground/enter?app={words}&back={words}&nonce_of_yours={words}&riddle={words}&riddle_kind={words}"),
        format!("/session?{words}"),
        format!("/providers?{words}"),
    ];

    for address in &addresses {
        for header in ["x-nothing", "accept-language", "user-agent", "referer", "cookie", "x-forwarded-host", "x-forwarded-uri", "origin"] {
            for accept in ["text/html", "application/json"] {
                let ask = ClientRequest::get(address).with("accept", accept).with(header, canary);
                let answer = broker.ask(ask).await;
                assert!(answer.status < 500, "{address}: {answer:?}");
                assert!(!answer.body.contains("<img") && !answer.body.contains("<script>alert"), "{address}: {}", answer.body);
                assert!(answer.headers.iter().all(|(_, value)| !value.contains("<script>")), "{answer:?}");
                let policy = answer.header("content-security-policy").unwrap_or_default();
                assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{address}: {answer:?}");
            }
        }
    }
}

/// Attack L-09
#[actix_web::test]
async fn the_name_of_a_provider_is_text_whatever_it_says() {
    let odd = STANDARD.replace("Clube Acme", "\"<script>alert(7)</script>' onx='\"");
    let turned = STANDARD.replace("Clube Acme", "\"\\u202Eemca\"");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("odd", &odd).with("turned", &turned).build().await;

    let page = broker.ask(ClientRequest::get("/login").with("accept", "text/html")).await;

    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script>alert") && !page.body.contains('\u{202e}'), "{}", page.body);
    assert!(!page.body.contains("' onx='") || page.body.contains("&#39; onx"), "{}", page.body);
    let error = broker.ask(ClientRequest::get("/callback/odd?code=x&state=y").with("accept", "text/html")).await;
    assert!(!error.body.contains("<script>alert"), "{}", error.body);
}

/// Attacks L-11, L-12
/// Lesson 52
#[actix_web::test]
async fn a_cookie_that_opens_nothing_is_taken_away_and_a_shopper_is_not_sent_on() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    let stale = broker.ask(ClientRequest::get("/login").with("cookie", "portaria=stale")).await;
    let known = browser.get(&format!("/login?return_to={}", encoded("https://evil.example/"))).await;

    assert_eq!(stale.cookies(), [("portaria", "", "HttpOnly; SameSite=Lax; Path=/; Max-Age=0")]);
    assert_eq!(known.status, 200, "no redirect, whoever is signed in");
    assert!(known.body.contains("ana@clientes.example"));
    assert_eq!(leads_away(&broker, &known.body), None);
}
