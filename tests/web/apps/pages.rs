//! What a person sees of apps: who asks, which providers are offered, the way back to the app, and the apps on the account page.

use crate::web::apps::client::{
    CALLBACK, CHALLENGE, ISSUER, by, code, open, parameter, redeem, refresh, request, request_of, settings, signed_in, text, userinfo,
};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{STANDARD, TestBroker};

/// The value of a field in the first form that has it.
fn field(page: &Answer, name: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name} in {page:?}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// The path of the request that waits in a browser.
fn waiting(browser: &Browser) -> String {
    let cookies = browser.cookies();
    let id = cookies.rsplit("portaria-app-").next().expect("a request waits");
    format!("/authorize/{}", id.chars().take(8).collect::<String>())
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The address at which a provider of the store begins a login for the waiting request.
fn login_for_app(browser: &Browser, provider: &str) -> String {
    format!("/login/{provider}?return_to={}", encoded(&format!("{ISSUER}{}", waiting(browser))))
}

async fn page(browser: &Browser, address: &str) -> Answer {
    browser.ask(ClientRequest::get(address).with("accept", "text/html").with("accept-language", "en")).await
}

/// A broker with two more providers, of which one has no button, and an app that is for two of them.
async fn open_with_more() -> TestBroker {
    let counter = "  painel2:
    { name: Balcão, secret: none, redirectUris: [ 'https://balcao.loja.example/cb' ], providers: [ acme, equipe ], signing: ES256 }\n";
    let named = STANDARD.replace(
        "scope: perfil",
        "scope: perfil, extra: { login_hint: \"${loginHint?}\", ui_locales: \"${uiLocales?}\" }, reauthenticate: { prompt: login }",
    );
    let hidden = STANDARD.replace("name: Clube Acme", "name: Equipe\nhidden: true");
    let builder = TestBroker::builder(&format!("{}{counter}providers: FOLDER/providers.d\n", settings()))
        .with("beta", &named)
        .with("equipe", &hidden);
    builder.with_standard("acme").with_standard("gama").build().await
}

fn request_of_counter(more: &str) -> String {
    let of_app = "client_id=painel2&redirect_uri=https://balcao.loja.example/cb&response_type=code&scope=openid";
    format!("/authorize?{of_app}&code_challenge={CHALLENGE}&code_challenge_method=S256&{more}")
}

/// Attack V-08
#[actix_web::test]
async fn the_login_page_names_the_app_and_offers_what_it_allows() {
    let broker = open_with_more().await;
    let browser = Browser::new(&broker);

    let begun = browser.get(&request_of_counter("")).await;
    let shown = page(&browser, begun.location().expect("the login page")).await;

    assert!(shown.body.contains("To continue to <b>Balcão</b>."), "{shown:?}");
    for (provider, expected) in [("acme", true), ("equipe", true), ("beta", false), ("gama", false)] {
        assert_eq!(shown.body.contains(&format!("href=\"/login/{provider}?")), expected, "{provider}: {shown:?}");
        let start = browser.get(&login_for_app(&browser, provider)).await;
        assert_eq!(start.status, if expected { 303 } else { 404 }, "{provider}: {start:?}");
    }
    let everyone = page(&browser, "/login").await;
    assert!(everyone.body.contains("href=\"/login/gama\"") && !everyone.body.contains("/login/equipe"), "{everyone:?}");
    let policy = shown.header("content-security-policy").expect("a policy");
    assert!(policy.contains("https://balcao.loja.example"), "a form may end at the app: {policy}");
}

#[actix_web::test]
async fn a_provider_that_the_request_names_is_the_only_one() {
    let broker = open().await;
    let browser = Browser::new(&broker);

    let begun = browser.begin(&request("acr_values=provider:beta")).await;

    assert!(begun.answer.location().is_some_and(|location| location.starts_with(&broker.upstream.url())), "{:?}", begun.answer);
    assert_eq!(browser.get(&login_for_app(&browser, "acme")).await.status, 404);
    let answer = browser.get(&browser.way_back("beta", &begun.state, "ana")).await;
    assert!(!parameter(&answer, "code").is_empty());
    let unknown = browser.get(&request("acr_values=provider:nobody")).await;
    assert!(!parameter(&unknown, "code").is_empty(), "a provider that is not there cannot be wished for");
}

#[actix_web::test]
async fn the_provider_is_asked_for_what_the_app_asks_for() {
    let broker = open_with_more().await;
    let browser = Browser::new(&broker);
    browser.get(&request("prompt=login&login_hint=ana%40loja.example&ui_locales=pt-BR")).await;

    let begun = browser.begin(&login_for_app(&browser, "beta")).await;
    let changed = browser.begin(&format!("{}&login_hint=bia%40loja.example", login_for_app(&browser, "beta"))).await;
    let unable = browser.begin(&login_for_app(&browser, "gama")).await;

    let value = |query: &[(String, String)], name: &str| query.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
    for (name, expected) in [("login_hint", "ana@loja.example"), ("ui_locales", "pt-BR"), ("prompt", "login")] {
        assert_eq!(value(&begun.query, name).as_deref(), Some(expected), "{name}");
        assert_eq!(value(&unable.query, name), None, "{name}: the file does not pass it on");
    }
    assert_eq!(value(&changed.query, "login_hint").as_deref(), Some("bia@loja.example"), "what the address says comes first");
}

#[actix_web::test]
async fn a_session_is_offered_only_where_it_is_enough() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    for (more, is_offered) in [("prompt=login", false), ("max_age=0", false), ("prompt=select_account", true)] {
        let begun = browser.get(&request(more)).await;
        let shown = page(&browser, begun.location().expect("the login page")).await;

        let goes_on = format!("<a class=\"button first\" href=\"{ISSUER}{}\">Continue to Painel da loja</a>", waiting(&browser));
        assert_eq!(shown.body.contains(&goes_on), is_offered, "{more}: {shown:?}");
        assert_eq!(shown.body.contains("href=\"/login/acme?"), !is_offered, "{more}: {shown:?}");
        assert!(shown.cookies().is_empty(), "{more}: the session stays: {shown:?}");
    }
    let answer = browser.get(&waiting(&browser)).await;
    assert!(!parameter(&answer, "code").is_empty(), "the person has chosen: {answer:?}");
}

/// Attack V-10
#[actix_web::test]
async fn a_request_that_the_browser_does_not_keep_is_not_signed_in_for() {
    let broker = open().await;
    let browser = Browser::new(&broker);
    browser.get(&request("")).await;
    let stranger = Browser::new(&broker);

    for address in [login_for_app(&browser, "acme"), login_for_app(&browser, "acme").replace("/login/acme", "/login")] {
        let lost = page(&stranger, &address).await;
        assert_eq!((lost.status, lost.location()), (400, None), "{lost:?}");
        assert!(lost.body.contains("<h1>We lost what the app asked for</h1>"), "{lost:?}");
    }
    assert!(stranger.attempts().is_empty());
    let unknown = page(&stranger, &request_of("unknown", "")).await;
    assert!(unknown.body.contains("<h1>We cannot answer the request of the app</h1>"), "{unknown:?}");
}

#[actix_web::test]
async fn after_a_cancelled_login_the_person_goes_back_to_the_app() {
    let broker = open().await;
    for with_session in [false, true] {
        let browser = if with_session { signed_in(&broker, "ana").await } else { Browser::new(&broker) };
        browser.get(&request("prompt=login")).await;
        let begun = browser.begin(&login_for_app(&browser, "acme")).await;

        let cancelled = page(&browser, &format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
        let policy = cancelled.header("content-security-policy").expect("a policy").to_owned();
        let form = field(&cancelled, "form");
        let answer = |form: &str, origin: &str| ClientRequest::form(&waiting(&browser), &format!("form={form}")).with("origin", origin);
        let foreign = browser.ask(answer(&format!("{form}&answer=back"), "https://evil.example")).await;
        let forged = browser.ask(answer("1.x&answer=back", ISSUER)).await;
        let agreed = browser.ask(answer(&format!("{form}&answer=yes"), ISSUER)).await;
        assert!(cancelled.body.contains("Back to Painel da loja</button>"), "{cancelled:?}");
        assert!(policy.contains("form-action 'self' https://painel.loja.example"), "{policy}");
        assert_eq!((foreign.status, foreign.location()), (403, None));
        for answer in [forged, agreed] {
            assert_eq!((answer.status, answer.location()), (303, Some(&*waiting(&browser))), "back to what waits: {answer:?}");
        }

        let declined = browser.ask(answer(&format!("{form}&answer=back"), ISSUER)).await;

        assert_eq!((parameter(&declined, "error"), parameter(&declined, "state")), ("access_denied".to_owned(), "s-1".to_owned()));
        assert!(!browser.cookies().contains("portaria-app-"), "the request is answered");
    }
    let usual = Browser::new(&broker);
    let begun = usual.begin("/login/acme").await;
    let cancelled = page(&usual, &format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
    assert!(!cancelled.body.contains("<form"), "without an app there is none to go back to: {cancelled:?}");
}

/// Attack V-08
#[actix_web::test]
async fn who_agrees_reads_what_the_app_gets() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;

    let asked = page(&browser, &request_of("asks", "")).await;

    for expected in [
        "<h1>asks wants to use your account</h1>",
        "<b translate=\"no\">painel.loja.example</b>",
        "Your name, picture and language",
        "ana@clientes.example",
        &format!("href=\"/login?return_to={}\"", encoded(&format!("{ISSUER}{}", waiting(&browser)))),
    ] {
        assert!(asked.body.contains(expected), "{expected}: {asked:?}");
    }
    assert!(!asked.body.contains("<script"), "{asked:?}");
    let policy = asked.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self' https://painel.loja.example https:;"), "{policy}");
    let switched = page(&browser, &format!("/login?return_to={}", encoded(&format!("{ISSUER}{}", waiting(&browser))))).await;
    assert!(switched.body.contains("Use another account"), "{switched:?}");
}

#[actix_web::test]
async fn an_app_with_access_is_listed_and_loses_it_at_once() {
    let broker = open().await;
    let (ana, bia) = (signed_in(&broker, "ana").await, signed_in(&broker, "bia").await);
    let scope = "openid+offline_access+orders:read";
    let address = format!("/authorize?client_id=painel&redirect_uri={CALLBACK}&response_type=code&scope={scope}&state=s-1");
    let mut tokens = Vec::new();
    for browser in [&ana, &bia] {
        tokens.push(redeem(&broker, &parameter(&browser.get(&address).await, "code")).await);
    }
    let passing = redeem(&broker, &code(&ana, "").await).await;

    let account = page(&ana, "/account").await;
    for expected in [
        "<b>Painel da loja</b>",
        "<small>It gets: name and picture, e-mail address, orders:read</small>",
        "<small>Keeps its access when you sign out</small>",
        "<input type=\"hidden\" name=\"app\" value=\"painel\">",
    ] {
        assert!(account.body.contains(expected), "{expected}: {account:?}");
    }
    let end_from = |form: &str, origin: &str| ClientRequest::form("/account/apps/end", form).with("origin", origin);
    let end = |form: &str| end_from(form, ISSUER);
    let form = field(&account, "form");
    let foreign = ana.ask(end_from(&format!("form={form}&app=painel"), "https://evil.example")).await;
    let of_another = bia.ask(end(&format!("form={form}&app=painel"))).await;
    let nameless = ana.ask(end(&format!("form={form}&app="))).await;
    assert_eq!((foreign.status, foreign.location()), (403, None));
    assert_eq!([of_another.location(), nameless.location()], [Some("/account"); 2], "neither ends anything");
    assert_eq!(userinfo(&broker, &text(&passing, "access_token")).await.status, 200);

    let ended = ana.ask(end(&format!("form={form}&app=painel"))).await;

    assert_eq!((ended.status, ended.location()), (303, Some("/account?done=ended")), "{ended:?}");
    for answer in [&tokens[0], &passing] {
        assert_eq!(userinfo(&broker, &text(answer, "access_token")).await.status, 401);
    }
    assert_eq!(refresh(&broker, &text(&tokens[0], "refresh_token")).await.status, 400);
    assert_eq!(userinfo(&broker, &text(&tokens[1], "access_token")).await.status, 200, "another person's stays");
    let after = page(&ana, "/account?done=ended").await;
    assert!(after.body.contains("role=\"status\"") && !after.body.contains("id=\"apps\""), "{after:?}");
    assert_eq!(Browser::new(&broker).ask(end("form=x&app=painel")).await.location(), Some("/account"), "without a session nothing ends");
}

#[actix_web::test]
async fn an_app_that_left_the_settings_is_listed_by_its_name_and_can_be_ended() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    redeem(&broker, &code(&browser, "").await).await;
    broker.resettle(&settings().replace("  painel:", "  painel-2:"));

    let account = page(&browser, "/account").await;
    let form = format!("form={}&app=painel", field(&account, "form"));
    let ended = browser.ask(ClientRequest::form("/account/apps/end", &form).with("origin", ISSUER)).await;

    assert!(account.body.contains("<b>painel</b>"), "{account:?}");
    assert_eq!(ended.location(), Some("/account?done=ended"));
    assert!(!page(&browser, "/account").await.body.contains("id=\"apps\""));
}

#[actix_web::test]
async fn our_pages_speak_the_language_that_the_app_asks_for() {
    let broker = open().await;
    let ask = async |browser: &Browser, address: &str| {
        browser.ask(ClientRequest::get(address).with("accept", "text/html").with("accept-language", "ru, en;q=0.5")).await
    };
    let is_in = |page: &Answer, language: &str| assert!(page.body.contains(&format!("<html lang=\"{language}\"")), "{language}: {page:?}");
    for (ui_locales, expected) in [("es+pt-BR", "es"), ("tlh+pt", "pt-BR"), ("tlh", "ru"), ("", "ru")] {
        let browser = Browser::new(&broker);
        let begun = ask(&browser, &request_of("asks", &format!("ui_locales={ui_locales}"))).await;
        is_in(&ask(&browser, begun.location().expect("the login page")).await, expected);

        let begun = browser.begin(&login_for_app(&browser, "acme")).await;
        let failed = ask(&browser, &format!("/callback/acme?error=server_error&state={}", begun.state)).await;
        assert!(failed.status >= 400, "{failed:?}");
        is_in(&failed, expected);

        let begun = browser.begin(&login_for_app(&browser, "acme")).await;
        let back = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        is_in(&ask(&browser, back.location().expect("to the request")).await, expected);
        is_in(&ask(&browser, "/account").await, "ru");
    }
    let refused = ask(&Browser::new(&broker), &request_of("unknown", "ui_locales=es")).await;
    is_in(&refused, "es");
}

#[actix_web::test]
async fn the_language_that_the_person_chose_counts_more_than_what_the_app_asks_for() {
    let broker = open().await;
    let browser = Browser::new(&broker);
    let begun = page(&browser, &request("ui_locales=es")).await;
    let login = begun.location().expect("the login page");

    let chosen = page(&browser, &format!("{login}&lang=pt-BR")).await;
    let later = page(&browser, login).await;

    for shown in [chosen, later] {
        assert!(shown.body.contains("<html lang=\"pt-BR\""), "{shown:?}");
    }
}

/// Agrees on the page that asks, which is the answer to this address; answers with the code.
async fn agree(browser: &Browser, address: &str) -> String {
    let asked = page(browser, address).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    let form = format!("form={}&answer=yes", field(&asked, "form"));
    parameter(&browser.ask(ClientRequest::form(&waiting(browser), &form).with("origin", ISSUER)).await, "code")
}

/// Redeems a code as the app that asks.
async fn redeem_of_asks(broker: &TestBroker, code: &str) -> Answer {
    broker.ask(by("asks", "/token", &format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}"))).await
}

#[actix_web::test]
async fn a_consent_without_access_is_listed_and_can_be_withdrawn() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let code = agree(&browser, &request_of("asks", "")).await;

    let account = page(&browser, "/account").await;
    let form = format!("form={}&app=asks", field(&account, "form"));
    let ended = browser.ask(ClientRequest::form("/account/apps/end", &form).with("origin", ISSUER)).await;

    assert!(account.body.contains("<b>asks</b>") && account.body.contains("No access now. You have agreed"), "{account:?}");
    assert_eq!(ended.location(), Some("/account?done=ended"));
    assert!(!page(&browser, "/account").await.body.contains("id=\"apps\""));
    assert_eq!(text(&redeem_of_asks(&broker, &code).await, "error"), "invalid_grant", "the code of the last minute is over too");
    assert_eq!(page(&browser, &request_of("asks", "")).await.status, 200, "the person is asked again");
}

#[actix_web::test]
async fn another_app_under_the_same_client_id_inherits_no_consent() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    agree(&browser, &request_of("asks", "")).await;
    assert!(!parameter(&browser.get(&request_of("asks", "")).await, "code").is_empty());

    for changed in [
        settings().replace("  asks: {", "  asks: { name: Outro,"),
        settings().replace(
            "[ https://painel.loja.example/callback ], consent",
            "[ https://painel.loja.example/callback, https://outro.example/cb ], consent",
        ),
    ] {
        assert_ne!(changed, settings());
        broker.resettle(&changed);
        assert_eq!(page(&browser, &request_of("asks", "")).await.status, 200, "the person is asked");
        assert!(!page(&browser, "/account").await.body.contains("id=\"apps\""), "what counts no more is not listed");
    }
    broker.resettle(&settings());
    assert!(!parameter(&browser.get(&request_of("asks", "")).await, "code").is_empty(), "it is the app to which the person agreed");
}
