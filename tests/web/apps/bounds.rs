//! What many or large requests of apps may cost, and which requests are never answered without the person.

use crate::web::apps::client::{CHALLENGE, by, open, request, settings};
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, OPEN, STANDARD, TestBroker};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Attack V-04
#[actix_web::test]
async fn the_secret_of_an_app_cannot_be_guessed_from_one_address() {
    let limited = settings().replace(LOCAL, &LOCAL.replace("limits: off\n", "")) + "providers: FOLDER/providers.d\n";
    let broker = TestBroker::builder(&limited).with_standard("acme").build().await;
    let guess = |secret: &str| {
        let basic = BASE64.encode(format!("job:{secret}"));
        ClientRequest::form("/token", "grant_type=client_credentials").with("authorization", format!("Basic {basic}")).from("192.0.2.7")
    };
    let right = by("job", "/token", "grant_type=client_credentials");
    assert_eq!(broker.ask(right.clone().from("192.0.2.7")).await.status, 200);

    let mut statuses = Vec::new();
    for number in 0..70 {
        statuses.push(broker.ask(guess(&format!("guess-{number}"))).await.status);
    }

    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 60, "{statuses:?}");
    assert_eq!(broker.ask(right.clone().from("192.0.2.7")).await.status, 429, "the right one among many is not noticed");
    assert_eq!(broker.ask(right.from("192.0.2.8")).await.status, 200, "another address is not concerned");
}

#[actix_web::test]
async fn all_requests_that_a_browser_keeps_fit_into_one_header() {
    let broker = open().await;
    let browser = Browser::new(&broker);

    for _ in 0..6 {
        assert_eq!(browser.get(&request(&format!("nonce={}", "n".repeat(900)))).await.status, 303);
    }
    let kept: usize = browser.jar.borrow().iter().filter(|(name, _)| name.contains("portaria-app-")).map(|(_, value)| value.len()).sum();
    let huge = browser.get(&request(&format!("nonce={}", "n".repeat(2000)))).await;

    assert!((1..=4000).contains(&kept), "{kept}");
    assert_eq!((huge.status, huge.location()), (413, None));
}

/// RFC 8252, 8.6
#[actix_web::test]
async fn an_app_that_another_program_could_imitate_is_answered_only_with_the_person() {
    let apps = "apps:\n  phone: { secret: none, redirectUris: [ 'http://127.0.0.1/cb', https://spa.loja.example/cb, 'example.phone:/cb' ], signing: ES256 }\n";
    let broker =
        TestBroker::builder(&format!("{OPEN}{apps}")).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await;
    let token = broker.token("login.loja.example", |_| {});
    let ask = async |redirect_uri: &str, more: &str| {
        let address = format!(
            "/authorize?client_id=phone&redirect_uri={redirect_uri}&response_type=code&scope=openid&code_challenge={CHALLENGE}&code_challenge_method=S256{more}"
        );
        broker.ask(ClientRequest::get(&address).with("host", "login.loja.example").with("cookie", format!("__Host-portaria={token}"))).await
    };

    for open_to_others in ["http://127.0.0.1:5123/cb", "example.phone:/cb"] {
        let page = ask(open_to_others, "").await;
        assert_eq!((page.status, page.location()), (200, None), "{open_to_others}");
        let silent = ask(open_to_others, "&prompt=none").await;
        assert!(silent.location().is_some_and(|location| location.contains("error=consent_required")), "{silent:?}");
    }
    let on_the_web = ask("https://spa.loja.example/cb", "").await;
    assert!(on_the_web.location().is_some_and(|location| location.contains("code=")), "{on_the_web:?}");
}
