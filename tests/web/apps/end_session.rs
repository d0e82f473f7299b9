//! `/end-session`: an app signs a person out, with proof that it is their session; otherwise the person is asked.

use crate::web::apps::client::{CALLBACK, ISSUER, code, decoded, parameter, redeem, request, settings, signed_in, text, userinfo};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{STANDARD, TestBroker, TestBrokerBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::session::token_algorithm::TokenAlgorithm;
use portaria::world::clock;

/// Where the app receives people who have signed out.
const OUT: &str = "https://painel.loja.example/out";

/// The settings of the other tests, and what an app says of logout.
pub fn settings_with_logout() -> String {
    let words = format!("    name: Painel da loja\n    afterLogout: [ {OUT} ]\n    backChannelLogout: UPSTREAM/backchannel\n");
    format!("{}providers: FOLDER/providers.d\n", settings().replacen("    name: Painel da loja\n", &words, 1))
}

async fn open() -> TestBroker {
    TestBroker::builder(&settings_with_logout()).with_standard("acme").with_standard("beta").build().await
}

/// An ID token of the session in this browser.
pub async fn id_token(broker: &TestBroker, browser: &Browser) -> String {
    text(&redeem(broker, &code(browser, "").await).await, "id_token")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The field of a form on a page.
fn field(page: &Answer, name: &str) -> String {
    let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {}", page.body));
    rest.split('"').next().expect("an end").replace("&#38;", "&")
}

/// Presses the button of the page that asks.
async fn confirm(browser: &Browser, page: &Answer, fields: &[&str]) -> Answer {
    let fields = fields.iter().chain(&["form"]).map(|name| format!("{name}={}", encoded(&field(page, name))));
    let form = fields.collect::<Vec<_>>().join("&");
    browser.ask(ClientRequest::form("/end-session/confirm", &form).with("origin", ISSUER)).await
}

fn is_question(page: &Answer) -> bool {
    page.status == 200 && page.body.contains("action=\"/end-session/confirm\"")
}

#[actix_web::test]
async fn an_id_token_of_the_session_signs_out_and_leads_back_with_the_state() {
    let broker = open().await;
    for (more, expected) in [
        (format!("post_logout_redirect_uri={}&state=s%26+1", encoded(OUT)), format!("{OUT}?state=s%26+1")),
        (format!("post_logout_redirect_uri={}", encoded(OUT)), OUT.to_owned()),
        (format!("client_id=painel&post_logout_redirect_uri={}&logout_hint=bia&ui_locales=pt&unknown=1", encoded(OUT)), OUT.to_owned()),
        (String::new(), "http://localhost:9000/".to_owned()),
        ("state=s-1".to_owned(), "http://localhost:9000/".to_owned()),
    ] {
        let browser = signed_in(&broker, "ana").await;
        let (hint, cookies) = (id_token(&broker, &browser).await, browser.cookies());

        let answer = browser.get(&format!("/end-session?id_token_hint={hint}&{more}")).await;

        assert_eq!((answer.status, answer.location()), (303, Some(expected.as_str())), "{more}: {answer:?}");
        assert_eq!(browser.who().await, None, "{more}");
        assert_eq!(parameter(&browser.get(&request("prompt=none")).await, "error"), "login_required");
        assert_eq!(broker.ask(ClientRequest::get("/auth").with("cookie", &cookies)).await.status, 401, "{more}");
        let again = browser.get(&format!("/end-session?id_token_hint={hint}&{more}")).await;
        assert_eq!((again.status, again.location()), (303, Some(expected.as_str())), "it is over already: {more}");
    }
}

#[actix_web::test]
async fn a_form_of_the_app_is_turned_into_a_query_because_no_cookie_comes_with_it() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let query = format!("id_token_hint={}&post_logout_redirect_uri={}", id_token(&broker, &browser).await, encoded(OUT));
    let from_app =
        ClientRequest::form("/end-session", &query).with("origin", "https://painel.loja.example").with("sec-fetch-site", "cross-site");

    let bounced = broker.ask(from_app).await;

    assert_eq!((bounced.status, bounced.location()), (303, Some(format!("/end-session?{query}").as_str())));
    assert!(browser.who().await.is_some());
    assert_eq!(browser.get(bounced.location().expect("an address")).await.location(), Some(OUT));
    assert_eq!(browser.who().await, None);
}

#[actix_web::test]
async fn the_document_names_what_there_is_of_logout() {
    let broker = open().await;

    let document = broker.ask(ClientRequest::get("/.well-known/openid-configuration")).await.json();

    assert_eq!(document["end_session_endpoint"], format!("{ISSUER}/end-session"));
    assert_eq!(
        (&document["backchannel_logout_supported"], &document["backchannel_logout_session_supported"]),
        (&true.into(), &true.into())
    );
    assert!(document.get("frontchannel_logout_supported").is_none() && document.get("check_session_iframe").is_none());
}

/// Attack V-09
#[actix_web::test]
async fn without_proof_the_person_is_asked() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let (bia, elsewhere) = (signed_in(&broker, "bia").await, signed_in(&broker, "ana").await);
    let hint = id_token(&broker, &browser).await;
    let (of_bia, of_elsewhere) = (id_token(&broker, &bia).await, id_token(&broker, &elsewhere).await);
    let cookies = browser.cookies();
    let session = cookies.split("portaria=").nth(1).and_then(|rest| rest.split(';').next()).expect("a session");
    let named = format!("client_id=painel&post_logout_redirect_uri={}&state=s-1", encoded(OUT));
    let back = format!("{OUT}?state=s-1");
    let shop = "http://localhost:9000/".to_owned();
    let spoiled = format!("{}AAAA", &hint[..hint.len() - 4]);
    let (head, claims) = (hint.split('.').next().unwrap_or_default(), hint.split('.').nth(1).unwrap_or_default());
    for (query, fields, expected) in [
        (String::new(), &[][..], &shop),
        ("state=s-1".to_owned(), &["state"], &shop),
        (named.clone(), &["client_id", "post_logout_redirect_uri", "state"], &back),
        (format!("id_token_hint={of_bia}&{named}"), &["client_id", "post_logout_redirect_uri", "state"], &back),
        (format!("id_token_hint={of_elsewhere}&{named}"), &["client_id", "post_logout_redirect_uri", "state"], &back),
        (format!("id_token_hint={of_elsewhere}"), &["client_id"], &shop),
        (format!("id_token_hint={spoiled}"), &[], &shop),
        (format!("id_token_hint={head}.{claims}."), &[], &shop),
        (format!("id_token_hint={session}"), &[], &shop),
        ("id_token_hint=x".to_owned(), &[], &shop),
    ] {
        let browser = signed_in(&broker, "ana").await;

        let page = browser.get(&format!("/end-session?{query}")).await;

        assert!(is_question(&page), "{query}: {page:?}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(browser.who().await.is_some(), "{query}");
        let answer = confirm(&browser, &page, fields).await;
        assert_eq!((answer.status, answer.location()), (303, Some(expected.as_str())), "{query}: {answer:?}");
        assert_eq!(browser.who().await, None, "{query}");
    }
    assert!(bia.who().await.is_some(), "the session of another person goes on");
}

/// Attack V-09
#[actix_web::test]
async fn nothing_leads_to_an_address_that_is_not_registered() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let hint = id_token(&broker, &browser).await;
    let queries = |address: &str| {
        let back = format!("post_logout_redirect_uri={}", encoded(address));
        [
            back.clone(),
            format!("{back}&client_id=painel"),
            format!("{back}&id_token_hint={hint}"),
            format!("{back}&id_token_hint={hint}&client_id=painel&state=x"),
        ]
    };
    for address in [
        "https://painel.loja.example/out/",
        "https://painel.loja.example/out?foo=bar",
        "https://painel.loja.example/out#x",
        "https://painel.loja.example/../out",
        "https://PAINEL.loja.example/out",
        "https://painel.loja.example:8443/out",
        "http://painel.loja.example/out",
        "https://painel.loja.example@evil.example/out",
        "https://evil.example/out",
        "//evil.example/out",
        "javascript:alert(1)",
        CALLBACK,
        "http://localhost:9000/",
    ] {
        for query in queries(address) {
            let answer = browser.get(&format!("/end-session?{query}")).await;
            assert_eq!((answer.status, answer.location()), (400, None), "{query}: {answer:?}");
            broker.assert_clean(&answer);
        }
    }
    let back = encoded(OUT);
    let claims = hint.split('.').nth(1).expect("claims");
    let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#));
    for query in [
        format!("post_logout_redirect_uri={back}&id_token_hint={unsigned}"),
        format!("post_logout_redirect_uri={back}"),
        format!("post_logout_redirect_uri={back}&client_id=other"),
        format!("post_logout_redirect_uri={back}&client_id=unknown"),
        format!("post_logout_redirect_uri={back}&id_token_hint={hint}&client_id=other"),
        format!("post_logout_redirect_uri={back}&id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fevil.example"),
        format!("post_logout_redirect_uri={back}&id_token_hint=x"),
        format!("post_logout_redirect_uri={back}&id_token_hint={hint}AAAA"),
        format!("id_token_hint={hint}&client_id=unknown"),
        "client_id=painel&client_id=painel".to_owned(),
    ] {
        let answer = browser.get(&format!("/end-session?{query}")).await;
        assert_eq!((answer.status, answer.location()), (400, None), "{query}: {answer:?}");
    }
    assert!(browser.who().await.is_some(), "and no session ends");
    let logged = broker.logged();
    assert!(logged.contains("unknown_logout_uri") && logged.contains("unknown_client"), "support learns why");
}

/// Attack V-09
#[actix_web::test]
async fn only_our_own_page_of_this_session_confirms() {
    let broker = open().await;
    let (browser, other) = (signed_in(&broker, "ana").await, signed_in(&broker, "bia").await);
    let (page, of_other) = (browser.get("/end-session").await, other.get("/end-session").await);
    let own = format!("form={}", encoded(&field(&page, "form")));
    let foreign = format!("form={}", encoded(&field(&of_other, "form")));
    let ask = |form: &str| ClientRequest::form("/end-session/confirm", form);

    for request in [
        ask(&own).with("sec-fetch-site", "cross-site").with("origin", "https://evil.example"),
        ask(&own).with("origin", "https://painel.loja.example"),
        ask(""),
        ask("form="),
        ask(&foreign),
        ask(&foreign).with("origin", ISSUER),
        ask(&format!("{own}&post_logout_redirect_uri=https%3A%2F%2Fevil.example&client_id=painel")).with("origin", ISSUER),
        ask(&format!("{own}&post_logout_redirect_uri={}&client_id=other", encoded(OUT))).with("origin", ISSUER),
    ] {
        let answer = browser.ask(request).await;
        assert!(matches!(answer.status, 303 | 400 | 403), "{answer:?}");
        assert!(answer.location().is_none_or(|location| location == "/end-session"), "{answer:?}");
        assert!(browser.who().await.is_some(), "{answer:?}");
    }
    let hint = id_token(&broker, &browser).await;
    for header in [("sec-purpose", "prefetch"), ("sec-fetch-dest", "image")] {
        let early = browser.ask(ClientRequest::get(&format!("/end-session?id_token_hint={hint}")).with(header.0, header.1)).await;
        assert_eq!(early.status, 403, "{early:?}");
    }
    assert!(browser.who().await.is_some());
    assert_eq!(browser.get("/end-session/confirm").await.location(), Some("/end-session"));
    assert_eq!(confirm(&browser, &page, &[]).await.status, 303);
    assert_eq!(confirm(&browser, &page, &[]).await.location(), Some("http://localhost:9000/"), "the session is over");
}

#[actix_web::test]
async fn the_page_speaks_the_language_that_the_app_asks_for() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    for (query, accepted, expected) in [
        ("ui_locales=pt-BR+en", "en", "pt-BR"),
        ("ui_locales=tlh+es", "en", "es"),
        ("ui_locales=tlh", "ru", "ru"),
        ("", "ja", "ja"),
        ("ui_locales=es&lang=zh-TW", "en", "zh-TW"),
    ] {
        let page = browser.ask(ClientRequest::get(&format!("/end-session?{query}")).with("accept-language", accepted)).await;
        assert!(is_question(&page) && page.body.contains(&format!("<html lang=\"{expected}\"")), "{query}: {}", page.body);
    }
    let of_app = browser.get("/end-session?client_id=painel&state=s-1&lang=en").await;
    assert!(of_app.body.contains("Painel da loja asks you to sign out.") && of_app.body.contains("client_id=painel"), "{}", of_app.body);
}

#[actix_web::test]
async fn the_provider_comes_first_and_then_the_app() {
    let ends = format!("logout: UPSTREAM/sair?back=${{publicUrl}}/login\n{STANDARD}");
    let broker = TestBroker::builder(&settings_with_logout()).with("acme", &ends).build().await;
    let browser = signed_in(&broker, "ana").await;
    let hint = id_token(&broker, &browser).await;

    let answer = browser.get(&format!("/end-session?id_token_hint={hint}&post_logout_redirect_uri={}&state=s-1", encoded(OUT))).await;
    let copied = browser.cookies();
    let elsewhere = browser.get("/login?return_to=http%3A%2F%2Flocalhost%3A9000%2F").await;
    let back = browser.get("/login?state=of-the-provider").await;
    let later = browser.get("/login").await;

    assert!(answer.location().is_some_and(|location| location.starts_with(&format!("{}/sair?", broker.upstream.url()))), "{answer:?}");
    assert_eq!(elsewhere.status, 200, "a login that begins meanwhile is not disturbed");
    assert_eq!((back.status, back.location()), (303, Some(format!("{OUT}?state=s-1").as_str())), "{back:?}");
    assert_eq!(later.status, 200, "once");
    let kept = copied.split("; ").filter_map(|pair| pair.split_once('=')).find(|(name, _)| name.contains("after-logout"));
    let (name, sealed) = kept.expect("the browser keeps the address");
    let other = if sealed.starts_with('A') { 'B' } else { 'A' };
    for forged in
        [format!("{name}=https://evil.example"), format!("{name}={other}{}", &sealed[1..]), format!("portaria-app-00000000={sealed}")]
    {
        assert_eq!(broker.ask(ClientRequest::get("/login").with("cookie", &forged)).await.status, 200, "{forged}");
    }
}

#[actix_web::test]
async fn a_session_that_was_linked_is_still_the_one_that_the_app_knows() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let hint = id_token(&broker, &browser).await;
    let page = browser.get("/account").await;
    let begun = browser
        .ask(ClientRequest::form("/account/link/beta", &format!("form={}", encoded(&field(&page, "form")))).with("origin", ISSUER))
        .await;
    let url = url::Url::parse(begun.location().expect("it leads to the provider")).expect("an address");
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
    browser.get(&browser.way_back("beta", &state, "ana")).await;
    let renamed = decoded(&id_token(&broker, &browser).await).1["sid"].clone();
    assert_ne!(decoded(&hint).1["sid"], renamed);

    let answer = browser.get(&format!("/end-session?id_token_hint={hint}&post_logout_redirect_uri={}", encoded(OUT))).await;

    assert_eq!(answer.location(), Some(OUT), "{answer:?}");
    assert_eq!(browser.who().await, None);
}

#[actix_web::test]
async fn every_machine_refuses_what_an_app_has_ended() {
    for is_server in [false, true] {
        let mut plan = TestBroker::builder(&settings_with_logout()).with_standard("acme").with_standard("beta");
        if is_server {
            plan = plan.at(crate::database::Server::shared().database().await.1);
        }
        let master = plan.master();
        let first = plan.build().await;
        let second = TestBrokerBuilder::beside(&first, &settings_with_logout(), &master).build().await;
        let browser = signed_in(&first, "ana").await;
        let (hint, cookies) = (id_token(&first, &browser).await, browser.cookies());
        let access = text(&redeem(&first, &code(&browser, "").await).await, "access_token");
        let leave = ClientRequest::get(&format!("/end-session?id_token_hint={hint}")).with("cookie", &cookies);

        let left = second.ask(leave).await;
        first.app.sync_with_storage(clock::now()).await.expect("storage is there");

        assert_eq!(left.status, 303, "{left:?}");
        assert_eq!(first.ask(ClientRequest::get("/auth").with("cookie", &cookies)).await.status, 401);
        assert_eq!(crate::web::apps::client::userinfo(&first, &access).await.status, 401, "and the grant of the session");
        assert_eq!(parameter(&browser.get(&request("prompt=none")).await, "error"), "login_required");
    }
}

#[actix_web::test]
async fn an_id_token_that_has_expired_is_good_enough() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let (_, mut claims) = decoded(&id_token(&broker, &browser).await);
    (claims["iat"], claims["exp"]) = ((clock::now() - 90_000).into(), (clock::now() - 89_100).into());
    let keys = broker.app.signing.keys("main").expect("a store has keys");
    let expired = keys.sign_claims(TokenAlgorithm::Es256, "JWT", &claims).expect("it is signed");

    let answer = browser.get(&format!("/end-session?id_token_hint={expired}&post_logout_redirect_uri={}", encoded(OUT))).await;

    assert_eq!((answer.status, answer.location()), (303, Some(OUT)), "{answer:?}");
    assert_eq!(browser.who().await, None);
}

#[actix_web::test]
async fn a_plain_sign_out_ends_no_other_session_of_the_same_second() {
    let broker = open().await;
    for _ in 0..3 {
        let (here, there) = (signed_in(&broker, "ana").await, signed_in(&broker, "ana").await);
        let token = text(&redeem(&broker, &code(&there, "").await).await, "access_token");

        let out = here.ask(ClientRequest::form("/logout", "").with("origin", ISSUER)).await;

        assert_eq!(out.status, 303, "{out:?}");
        assert_eq!(here.who().await, None);
        assert!(there.who().await.is_some(), "another device");
        assert_eq!(userinfo(&broker, &token).await.status, 200, "and its apps");
    }
}
