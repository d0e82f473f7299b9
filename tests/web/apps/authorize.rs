//! `/authorize`: who may be sent where, and when a person has to sign in.

use crate::web::apps::client::{
    CALLBACK, CHALLENGE, ISSUER, code, decoded, open, parameter, redeem, reply, request, request_of, settings, signed_in, text,
};
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::TestBroker;

fn error(answer: &crate::web::client_request::Answer) -> String {
    parameter(answer, "error")
}

#[actix_web::test]
async fn a_person_who_is_signed_in_passes_without_a_stop() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;

    let answer = browser.get(&request("nonce=n-1")).await;

    let reply = reply(&answer);
    let names: Vec<&str> = reply.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((answer.status, names), (303, vec!["code", "state", "iss"]));
    assert_eq!((parameter(&answer, "state"), parameter(&answer, "iss")), ("s-1".to_owned(), ISSUER.to_owned()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Attack V-10
/// Lesson 182
#[actix_web::test]
async fn a_person_who_is_not_signs_in_and_comes_back_to_the_app_in_the_same_browser() {
    let broker = open().await;
    let browser = Browser::new(&broker);
    let page = browser.get(&request("")).await;
    let login = page.location().expect("the login page").to_owned();
    let return_to = url::Url::parse(ISSUER).unwrap().join(&login).unwrap();
    let (_, return_to) = return_to.query_pairs().find(|(name, _)| name == "return_to").expect("a way back");
    let id = return_to.strip_prefix(&format!("{ISSUER}/authorize/")).expect("to the request").to_owned();
    assert!(login.starts_with("/login?") && browser.cookies().contains("portaria-app-"), "{page:?}");

    let begun = browser.begin(&format!("/login/acme?return_to={return_to}")).await;
    let other_browser = Browser::new(&broker).get(&format!("/authorize/{id}")).await;
    let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    assert_eq!((other_browser.status, other_browser.location()), (400, None), "the request belongs to one browser");
    assert_eq!(parameter(&answer, "state"), "s-1");
    let tokens = redeem(&broker, &parameter(&answer, "code")).await;
    assert_eq!(decoded(&text(&tokens, "id_token")).1["email"], "ana@clientes.example");
    assert!(!browser.cookies().contains("portaria-app-"), "the request is answered");
    assert_eq!(browser.get(&format!("/authorize/{id}")).await.status, 400, "and answered once");
}

#[actix_web::test]
async fn the_only_provider_is_gone_to_at_once() {
    let broker = open().await;
    let browser = Browser::new(&broker);

    let begun = browser.begin(&request_of("beta-only", "")).await;
    assert!(begun.answer.location().is_some_and(|location| location.starts_with(&broker.upstream.url())), "{:?}", begun.answer);
    let answer = browser.get(&browser.way_back("beta", &begun.state, "ana")).await;

    assert!(!parameter(&answer, "code").is_empty() && answer.session().is_some(), "{answer:?}");
}

/// Attacks V-06, V-10
#[actix_web::test]
async fn a_sign_in_that_does_not_answer_the_request_leads_to_the_page_that_goes_on() {
    let broker = open().await;
    let hint = text(&redeem(&broker, &code(&signed_in(&broker, "bia").await, "").await).await, "id_token");
    for (app, more, keeps_request) in [
        ("asks", "", true),
        ("painel", "prompt=consent", true),
        ("painel", "response_mode=form_post", true),
        ("painel", &*format!("id_token_hint={hint}"), true),
        ("painel", "", false),
    ] {
        let browser = Browser::new(&broker);
        browser.get(&request_of(app, more)).await;
        let id = waiting(&browser);
        let begun = browser.begin(&format!("/login/acme?return_to={ISSUER}/authorize/{id}")).await;
        browser.jar.borrow_mut().retain(|(name, _)| keeps_request || !name.starts_with("portaria-app-"));

        let landed = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

        assert_eq!(landed.location(), Some(format!("{ISSUER}/authorize/{id}").as_str()), "{app} {more}");
        assert!(landed.session().is_some(), "{app} {more}");
    }
}

#[actix_web::test]
async fn a_session_by_a_provider_that_the_app_does_not_accept_is_none() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;

    let silent = browser.get(&request_of("beta-only", "prompt=none")).await;
    let begun = browser.begin(&request_of("beta-only", "")).await;

    assert_eq!(error(&silent), "login_required");
    assert!(begun.answer.location().is_some_and(|location| location.starts_with(&broker.upstream.url())));
}

/// Attack V-01
/// Lessons 71, 72, 76
#[actix_web::test]
async fn nothing_leads_to_an_address_that_is_not_registered() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    for address in [
        "https://painel.loja.example/callback/",
        "https://painel.loja.example/callback?x=1",
        "https://painel.loja.example/callback%23x",
        "https://painel.loja.example/../callback",
        "https://painel.loja.example.evil.example/callback",
        "https://painel.loja.example@evil.example/callback",
        "http://painel.loja.example/callback",
        "https://PAINEL.loja.example/callback",
        "https://evil.example/callback",
        "https://other.example/cb",
        "javascript:alert(1)",
        "",
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
        for more in ["", "&prompt=none", "&request=x", "&response_type=token"] {
            let answer =
                browser.get(&format!("/authorize?client_id=painel&redirect_uri={encoded}&response_type=code&scope=openid{more}")).await;
            assert_eq!((answer.status, answer.location()), (400, None), "{address} {more}");
        }
    }
    let unknown = browser.get(&request_of("unknown", "")).await;
    assert_eq!((unknown.status, unknown.location()), (400, None));
    let twice = browser.get(&format!("{}&redirect_uri=https://evil.example", request(""))).await;
    assert_eq!((twice.status, twice.location()), (400, None));
}

/// Attacks V-05, V-06
#[actix_web::test]
async fn an_app_gets_the_error_that_the_specification_names() {
    let broker = open().await;
    let (browser, nobody) = (signed_in(&broker, "ana").await, Browser::new(&broker));
    let heard = broker.upstream.heard().len();
    for (more, expected) in [
        ("response_mode=fragment", "invalid_request"),
        ("request=e30.e30.", "request_not_supported"),
        ("request_uri=https%3A%2F%2Fevil.example%2Fr", "request_uri_not_supported"),
        ("prompt=none+login", "invalid_request"),
        ("max_age=x", "invalid_request"),
        ("nonce=a&nonce=b", "invalid_request"),
        ("id_token_hint=e30.e30.e30", "invalid_request"),
        ("code_challenge=x&code_challenge_method=plain", "invalid_request"),
        ("resource=https%3A%2F%2Fevil.example", "invalid_target"),
    ] {
        let answer = browser.get(&request(more)).await;
        assert_eq!((error(&answer).as_str(), parameter(&answer, "iss").as_str()), (expected, ISSUER), "{more}");
        assert_eq!(parameter(&answer, "state"), "s-1");
    }
    assert_eq!(error(&nobody.get(&request("prompt=none")).await), "login_required");
    let of_token = format!("/authorize?client_id=painel&redirect_uri={CALLBACK}&response_type=token&scope=openid&state=s-1");
    assert_eq!(error(&browser.get(&of_token).await), "unsupported_response_type");
    assert_eq!(broker.upstream.heard().len(), heard, "no address of a request is ever fetched");
}

#[actix_web::test]
async fn a_new_sign_in_is_one_that_was_begun_for_the_request() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    for more in ["prompt=login", "max_age=0"] {
        // The answer is a page, for which the browser goes from the callback to the request.
        let page = browser.get(&request(&format!("{more}&response_mode=form_post"))).await;
        let id = waiting(&browser);
        assert!(page.location().is_some_and(|location| location.starts_with("/login?")), "{page:?}");

        let by_hand = browser.get(&format!("/authorize/{id}")).await;
        assert!(by_hand.location().is_some_and(|location| location.starts_with("/login?")), "the old session is not enough: {by_hand:?}");

        browser.log_in("acme", "ana").await;
        let of_other_tab = browser.get(&format!("/authorize/{id}")).await;
        assert!(of_other_tab.location().is_some_and(|location| location.starts_with("/login?")), "{more}: {of_other_tab:?}");

        let for_request = format!("/login/acme?return_to={ISSUER}/authorize/{id}");
        let begun = browser.begin(&for_request).await;
        browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        browser.log_in("acme", "ana").await;
        let replaced = browser.get(&format!("/authorize/{id}")).await;
        assert!(replaced.location().is_some_and(|location| location.starts_with("/login?")), "{more}: a later session: {replaced:?}");

        let begun = browser.begin(&for_request).await;
        let back = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        let answer = browser.get(back.location().expect("to the request")).await;
        assert!(answer.status == 200 && answer.body.contains("name=\"code\""), "{more}: {answer:?}");

        browser.get(&request(more)).await;
        let begun = browser.begin(&format!("/login/acme?return_to={ISSUER}/authorize/{}", waiting(&browser))).await;
        let at_once = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        assert!(!parameter(&at_once, "code").is_empty(), "{more}");
    }
    assert!(!code(&browser, "max_age=600").await.is_empty());
}

#[actix_web::test]
async fn a_sign_in_for_one_request_is_none_for_another() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    browser.get(&request("prompt=login&nonce=first")).await;
    let first = waiting(&browser);
    browser.get(&request("prompt=login&nonce=second")).await;
    let second =
        browser.cookies().split("portaria-app-").skip(1).map(|rest| rest.chars().take(8).collect::<String>()).find(|id| *id != first);
    let second = second.expect("two requests wait");

    let begun = browser.begin(&format!("/login/acme?return_to={ISSUER}/authorize/{first}")).await;
    let of_first = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    let of_second = browser.get(&format!("/authorize/{second}")).await;

    assert!(of_second.location().is_some_and(|location| location.starts_with("/login?")), "{of_second:?}");
    assert!(!parameter(&of_first, "code").is_empty());
}

/// The id of the request that waits in a browser.
fn waiting(browser: &Browser) -> String {
    browser.cookies().split("portaria-app-").nth(1).expect("a request waits").chars().take(8).collect()
}

#[actix_web::test]
async fn the_hint_of_another_person_lets_nobody_in() {
    let broker = open().await;
    let (ana, bia) = (signed_in(&broker, "ana").await, signed_in(&broker, "bia").await);
    let hint = text(&redeem(&broker, &code(&ana, "").await).await, "id_token");

    assert!(!parameter(&ana.get(&request(&format!("prompt=none&id_token_hint={hint}"))).await, "code").is_empty());
    assert_eq!(error(&bia.get(&request(&format!("prompt=none&id_token_hint={hint}"))).await), "login_required");
    let session = ana.cookies();
    let token = session.split("portaria=").nth(1).expect("a session").split(';').next().expect("a token");
    assert_eq!(error(&ana.get(&request(&format!("id_token_hint={token}"))).await), "invalid_request", "a session's token is no ID token");
}

#[actix_web::test]
async fn a_form_is_a_request_as_well() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let query = request("nonce=n").split_once('?').expect("a query").1.to_owned();

    let bounced = browser.ask(ClientRequest::form("/authorize", &query).with("origin", "https://painel.loja.example")).await;

    assert_eq!((bounced.status, bounced.location()), (303, Some(format!("/authorize?{query}").as_str())));
    assert!(!parameter(&browser.get(bounced.location().expect("an address")).await, "code").is_empty());
}

#[actix_web::test]
async fn the_answer_may_be_a_form_that_posts_itself() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;

    let page = browser.get(&request("response_mode=form_post")).await;

    assert_eq!(page.status, 200);
    assert!(
        page.body.contains(&format!("action=\"{CALLBACK}\"")) && page.body.contains("name=\"code\"") && page.body.contains("value=\"s-1\"")
    );
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action https://painel.loja.example") && !policy.contains("unsafe-inline"), "{policy}");
}

#[actix_web::test]
async fn a_person_is_asked_once_where_the_settings_say_so() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    assert_eq!(error(&browser.get(&request_of("asks", "prompt=none")).await), "consent_required");
    let page = browser.get(&request_of("asks", "")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let field = |page: &str, name: &str| {
        let at = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
        at.split('"').next().expect("a value").to_owned()
    };
    let action = page.body.split("action=\"").nth(1).expect("a form").split('"').next().expect("an address").to_owned();
    let form = field(&page.body, "form");
    let answer = |answer: &str| ClientRequest::form(&action, &format!("form={form}&answer={answer}")).with("origin", ISSUER);

    let from_elsewhere = browser.ask(ClientRequest::form(&action, "form=x&answer=yes").with("origin", "https://evil.example")).await;
    assert_eq!((from_elsewhere.status, from_elsewhere.location()), (403, None));
    let agreed = browser.ask(answer("yes")).await;

    assert!(!parameter(&agreed, "code").is_empty());
    assert!(!parameter(&browser.get(&request_of("asks", "prompt=none")).await, "code").is_empty(), "it is remembered");
    let again = browser.get(&request_of("asks", "prompt=consent")).await;
    assert_eq!(again.status, 200, "the app asks once more");
    let (action, form) = (again.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned(), field(&again.body, "form"));
    let declined = browser.ask(ClientRequest::form(&action, &format!("form={form}&answer=no")).with("origin", ISSUER)).await;
    assert_eq!(error(&declined), "access_denied");
}

/// Attack V-07
#[actix_web::test]
async fn discovery_names_what_is_there_and_nothing_private() {
    let broker = open().await;
    let document = broker.ask(ClientRequest::get("/.well-known/openid-configuration")).await;
    let alias = broker.ask(ClientRequest::get("/.well-known/oauth-authorization-server")).await;
    let keys = broker.ask(ClientRequest::get("/.well-known/jwks.json")).await;

    assert_eq!((document.json()["issuer"].as_str(), document.body == alias.body), (Some(ISSUER), true));
    assert_eq!(document.header("access-control-allow-origin"), Some("*"));
    for endpoint in ["authorization", "token", "userinfo", "revocation", "introspection"] {
        let address = document.json()[format!("{endpoint}_endpoint")].as_str().expect("an address").to_owned();
        let path = address.strip_prefix(ISSUER).expect("on the issuer").to_owned();
        assert_ne!(broker.ask(ClientRequest::form(&path, "")).await.status, 404, "{path}");
    }
    let keys = keys.json();
    let kinds: Vec<&str> = keys["keys"].as_array().unwrap().iter().map(|key| key["kty"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"EC") && kinds.contains(&"RSA"), "{kinds:?}");
    for key in keys["keys"].as_array().unwrap() {
        assert!(["d", "p", "q", "dp", "dq", "qi", "k"].iter().all(|part| key.get(part).is_none()), "{key}");
    }
}

#[actix_web::test]
async fn an_app_that_left_the_settings_gets_nothing_any_more() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let code = code(&browser, &format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).await;

    broker.resettle(&settings().replace("  painel:", "  painel-2:"));

    assert_eq!(redeem(&broker, &code).await.status, 401);
    assert_eq!(browser.get(&request("")).await.status, 400);
}

/// Another store of the installation is another issuer.
#[actix_web::test]
async fn an_app_of_one_store_is_none_of_another() {
    let more = "providers: FOLDER/providers.d\nstores:\n  atacado: { publicUrl: http://atacado.localhost:8080 }\n";
    let broker = TestBroker::builder(&format!("{}{more}", settings())).with_standard("acme").build().await;

    let answer = Browser::at(&broker, "atacado.localhost:8080").get(&request("")).await;

    assert_eq!((answer.status, answer.location()), (400, None));
}
