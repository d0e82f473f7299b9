//! `/token` and what follows from it: codes, refresh tokens, `/userinfo`, `/introspect`, `/revoke`.

use crate::web::apps::client::{
    CALLBACK, CHALLENGE, ISSUER, VERIFIER, by, code, decoded, open, parameter, redeem, refresh, request_of, signed_in, text, userinfo,
};
use crate::web::client_request::{Answer, ClientRequest};
use portaria::apps::code::AuthorizationCode;
use portaria::world::{clock, random};

fn error(answer: &Answer) -> String {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    text(answer, "error")
}

#[actix_web::test]
async fn a_code_brings_an_id_token_and_an_access_token() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let code = code(&browser, "nonce=n-1").await;

    let answer = redeem(&broker, &code).await;

    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
    let (header, claims) = decoded(&text(&answer, "id_token"));
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("ES256"), Some("JWT")));
    let is = |name: &str, expected: &str| assert_eq!(claims[name].as_str(), Some(expected), "{claims}");
    is("iss", ISSUER);
    is("aud", "painel");
    is("nonce", "n-1");
    is("email", "ana@clientes.example");
    is("acr", "provider:acme");
    assert_eq!((claims["email_verified"].as_bool(), claims["amr"][0].as_str()), (Some(true), Some("fed")));
    for claim in ["sub", "sid", "at_hash", "auth_time", "iat", "exp", "name", "preferred_username"] {
        assert!(claims.get(claim).is_some(), "no {claim} in {claims}");
    }
    let (header, access) = decoded(&text(&answer, "access_token"));
    assert_eq!((header["typ"].as_str(), access["aud"].as_str()), (Some("at+jwt"), Some("https://api.loja.example")));
    assert_eq!((access["client_id"].as_str(), access["scope"].as_str()), (Some("painel"), Some("openid email profile")));
    assert_eq!((answer.json()["token_type"].as_str(), answer.json()["expires_in"].as_i64()), (Some("Bearer"), Some(900)));
    assert!(answer.json().get("refresh_token").is_none(), "nobody asked for it");
    let person = userinfo(&broker, &text(&answer, "access_token")).await;
    assert_eq!((person.json()["sub"].clone(), person.json()["email"].as_str()), (claims["sub"].clone(), Some("ana@clientes.example")));
}

/// Attacks V-02, V-04
/// Lessons 183, 185
#[actix_web::test]
async fn a_code_is_redeemed_by_its_app_at_its_address_with_its_verifier() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let plain = code(&browser, "").await;
    let hashed = code(&browser, &format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).await;
    let form = |code: &str, more: &str| format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}{more}");
    for (app, form, expected) in [
        ("other", form(&plain, ""), "invalid_grant"),
        (
            "painel",
            format!("grant_type=authorization_code&code={plain}&redirect_uri=https://painel.loja.example/callback/"),
            "invalid_grant",
        ),
        ("painel", format!("grant_type=authorization_code&code={plain}"), "invalid_request"),
        ("painel", form(&plain, &format!("&code_verifier={VERIFIER}")), "invalid_grant"),
        ("painel", form(&hashed, ""), "invalid_grant"),
        ("painel", form(&hashed, &format!("&code_verifier={CHALLENGE}")), "invalid_grant"),
        ("painel", form(&hashed, &format!("&code_verifier={VERIFIER}x")), "invalid_grant"),
        ("painel", form("x", ""), "invalid_grant"),
        ("painel", form(&format!("{plain}A"), ""), "invalid_grant"),
        ("painel", "grant_type=authorization_code&code=a&code=b".to_owned(), "invalid_request"),
        ("painel", "grant_type=password&username=a&password=b".to_owned(), "unsupported_grant_type"),
        ("painel", String::new(), "invalid_request"),
        ("painel", "grant_type=client_credentials".to_owned(), "unauthorized_client"),
        ("job", form(&plain, ""), "unauthorized_client"),
    ] {
        assert_eq!(error(&broker.ask(by(app, "/token", &form)).await), expected, "{app} {form}");
    }

    assert_eq!(redeem(&broker, &plain).await.status, 200, "none of it has used the code up");
    let with_verifier = broker.ask(by("painel", "/token", &form(&hashed, &format!("&code_verifier={VERIFIER}")))).await;
    assert_eq!(with_verifier.status, 200);
}

/// Attack V-04
#[actix_web::test]
async fn an_app_that_does_not_prove_who_it_is_gets_one_answer() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let code = code(&browser, "").await;
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");
    let plain = |more: &str| ClientRequest::form("/token", &format!("{form}{more}"));
    let mut answers = Vec::new();
    for request in [
        plain(""),
        plain("&client_id=painel"),
        plain("&client_id=unknown"),
        plain("&client_id=painel&client_secret=wrong"),
        plain("&client_id=unknown&client_secret=wrong"),
        plain("&client_id=phone&client_secret=x"),
        ClientRequest::form("/token?client_id=painel&client_secret=a-secret-of-painel", &form),
        plain("").with("authorization", "Basic cGFpbmVsOndyb25n"),
    ] {
        answers.push(broker.ask(request).await);
    }

    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (401, &answers[0].body));
        assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic")));
    }
    assert_eq!(text(&answers[0], "error"), "invalid_client");
    let twice = by("painel", "/token", &format!("{form}&client_secret=a-secret-of-painel"));
    assert_eq!(error(&broker.ask(twice).await), "invalid_request");
    let posted = plain("&client_id=painel&client_secret=a-secret-of-painel");
    assert_eq!(broker.ask(posted).await.status, 200, "none of it has used the code up");
}

/// Attacks V-02, V-03
/// Lesson 184
#[actix_web::test]
async fn of_many_redemptions_one_succeeds_and_reuse_ends_what_came_of_it() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let code = code(&browser, "").await;
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");

    let answers = broker.ask_at_once((0..20).map(|_| by("painel", "/token", &form))).await;

    let redeemed: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(redeemed.len(), 1, "{answers:?}");
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| text(answer, "error") == "invalid_grant"));
    assert_eq!(userinfo(&broker, &text(redeemed[0], "access_token")).await.status, 401, "the code was used again");
}

#[actix_web::test]
async fn the_first_request_for_the_person_of_a_new_token_needs_no_storage() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let access = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");

    broker.storage_is_away(true);
    let (first, second) = (userinfo(&broker, &access).await, userinfo(&broker, &access).await);
    broker.storage_is_away(false);

    assert_eq!((first.status, second.status), (200, 503), "{first:?} {second:?}");
    assert_eq!(first.json(), userinfo(&broker, &access).await.json());
}

#[actix_web::test]
async fn a_new_token_gives_nothing_once_its_session_has_ended() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let access = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");

    browser.ask(ClientRequest::form("/logout", "").with("origin", ISSUER)).await;

    assert_eq!(userinfo(&broker, &access).await.status, 401);
}

async fn offline(broker: &crate::web::test_broker::TestBroker, browser: &crate::web::browser::Browser) -> Answer {
    let address =
        format!("/authorize?client_id=painel&redirect_uri={CALLBACK}&response_type=code&scope=openid+email+offline_access+orders:read");
    let code = parameter(&browser.get(&address).await, "code");
    redeem(broker, &code).await
}

/// Attack V-03
#[actix_web::test]
async fn a_refresh_token_is_renewed_with_each_use() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let first = offline(&broker, &browser).await;
    let (one, old_access) = (text(&first, "refresh_token"), text(&first, "access_token"));

    let second = refresh(&broker, &one).await;
    let repeated = refresh(&broker, &one).await;

    assert_eq!((second.status, repeated.status), (200, 200), "{second:?} {repeated:?}");
    let two = text(&second, "refresh_token");
    assert!(two != one && two == text(&repeated, "refresh_token"), "a second tab gets the same successor");
    let (_, claims) = decoded(&text(&second, "id_token"));
    let (_, before) = decoded(&text(&first, "id_token"));
    for same in ["sub", "auth_time", "sid", "aud", "iss"] {
        assert_eq!(claims[same], before[same], "{same}");
    }
    let narrow = broker.ask(by("painel", "/token", &format!("grant_type=refresh_token&refresh_token={two}&scope=orders:read"))).await;
    assert_eq!((narrow.json()["scope"].as_str(), narrow.json().get("id_token")), (Some("orders:read"), None));
    let wider = broker.ask(by("painel", "/token", &format!("grant_type=refresh_token&refresh_token={two}&scope=profile"))).await;
    assert_eq!(error(&wider), "invalid_scope");
    let foreign = broker.ask(by("other", "/token", &format!("grant_type=refresh_token&refresh_token={two}"))).await;
    assert_eq!(error(&foreign), "unauthorized_client");

    let reused = refresh(&broker, &one).await;
    assert_eq!(error(&reused), "invalid_grant", "two steps behind");
    assert_eq!(error(&refresh(&broker, &text(&narrow, "refresh_token")).await), "invalid_grant", "the whole family has ended");
    assert_eq!(userinfo(&broker, &old_access).await.status, 401);
}

#[actix_web::test]
async fn a_sign_out_ends_what_was_not_asked_for_beyond_it() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let online = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");
    let lasting = text(&offline(&broker, &browser).await, "refresh_token");
    let late = code(&browser, "").await;
    assert_eq!(userinfo(&broker, &online).await.status, 200);

    browser.ask(ClientRequest::form("/logout", "").with("origin", ISSUER)).await;

    assert_eq!(userinfo(&broker, &online).await.status, 401);
    assert_eq!(error(&redeem(&broker, &late).await), "invalid_grant", "the code belongs to an ended session");
    assert_eq!(refresh(&broker, &lasting).await.status, 200, "offline access goes on");
}

#[actix_web::test]
async fn the_access_token_stands_in_one_of_three_places() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let answer = redeem(&broker, &code(&browser, "").await).await;
    let (token, id_token) = (text(&answer, "access_token"), text(&answer, "id_token"));
    let by_query = ClientRequest::get(&format!("/userinfo?access_token={token}"));
    let by_form = ClientRequest::form("/userinfo", &format!("access_token={token}"));
    let by_post = ClientRequest::by("POST", "/userinfo").with("authorization", format!("Bearer {token}"));
    for request in [by_query, by_form, by_post] {
        assert_eq!(text(&broker.ask(request).await, "email"), "ana@clientes.example");
    }

    let twice = ClientRequest::get(&format!("/userinfo?access_token={token}")).with("authorization", format!("Bearer {token}"));
    assert_eq!(text(&broker.ask(twice).await, "error"), "invalid_request");
    let none = broker.ask(ClientRequest::get("/userinfo")).await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer")));
    let session = browser.cookies().split("portaria=").nth(1).expect("a session").split(';').next().expect("a token").to_owned();
    for other in [id_token.as_str(), session.as_str(), "x", "a.b.c"] {
        let refused = userinfo(&broker, other).await;
        assert!(
            refused.status == 401 && refused.header("www-authenticate").is_some_and(|challenge| challenge.contains("invalid_token")),
            "{other}"
        );
    }
    assert_eq!(broker.ask(ClientRequest::form("/session/validate", "").body(format!("{{\"token\":\"{token}\"}}"))).await.status, 401);
    assert_eq!(broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={id_token}"))).await.status, 401);
}

#[actix_web::test]
async fn a_token_is_described_to_those_whom_it_concerns() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let tokens = offline(&broker, &browser).await;
    let (access, lasting) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let ask = async |app: &str, token: &str| broker.ask(by(app, "/introspect", &format!("token={token}"))).await;

    let own = ask("painel", &access).await;
    assert_eq!((own.json()["active"].as_bool(), own.json()["client_id"].as_str()), (Some(true), Some("painel")));
    assert_eq!(ask("api", &access).await.json()["active"], true, "it is the service for which the token is meant");
    assert_eq!(ask("job", &access).await.body, "{\"active\":false}", "it only asks for tokens of the same service");
    assert_eq!(ask("other", &access).await.body, "{\"active\":false}");
    let of_job = text(&broker.ask(by("job", "/token", "grant_type=client_credentials")).await, "access_token");
    assert_eq!(ask("painel", &of_job).await.body, "{\"active\":false}");
    assert_eq!(ask("api", &of_job).await.json()["sub"], "job");
    assert_eq!(ask("painel", &lasting).await.json()["active"], true);
    assert_eq!(ask("api", &lasting).await.body, "{\"active\":false}");
    assert_eq!(broker.ask(ClientRequest::form("/introspect", &format!("token={access}&client_id=phone"))).await.status, 401);

    assert_eq!(broker.ask(by("other", "/revoke", &format!("token={lasting}"))).await.status, 200);
    assert_eq!(ask("painel", &lasting).await.json()["active"], true, "another app revokes nothing");
    assert_eq!(broker.ask(by("painel", "/revoke", &format!("token={lasting}"))).await.status, 200);
    for token in [&access, &lasting] {
        assert_eq!(ask("painel", token).await.body, "{\"active\":false}");
    }
    assert_eq!(userinfo(&broker, &access).await.status, 401);
    assert_eq!(broker.ask(by("painel", "/revoke", "token=x")).await.status, 200);
}

#[actix_web::test]
async fn an_access_token_is_for_the_audience_that_was_asked_for() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let redeemed = async |asked: &str, at_token: &str| {
        let code = code(&browser, asked).await;
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}{at_token}");
        broker.ask(by("painel", "/token", &form)).await
    };
    let audience = |answer: &Answer| decoded(&text(answer, "access_token")).1["aud"].clone();

    assert_eq!(audience(&redeemed("resource=painel", "").await), "painel");
    assert_eq!(audience(&redeemed("", "&resource=painel").await), "painel");
    assert_eq!(audience(&redeemed("", "").await), "https://api.loja.example");
    assert_eq!(error(&redeemed("resource=painel", "&resource=https://api.loja.example").await), "invalid_target");
    assert_eq!(error(&redeemed("", "&resource=https://evil.example").await), "invalid_target");
    let refresh = text(&offline(&broker, &browser).await, "refresh_token");
    let renewed = broker.ask(by("painel", "/token", &format!("grant_type=refresh_token&refresh_token={refresh}&resource=painel"))).await;
    assert_eq!(audience(&renewed), "painel");
}

/// RFC 8707, 2.2
#[actix_web::test]
async fn a_refresh_keeps_to_the_audiences_that_were_granted() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let begin = async |asked: &str, at_token: &str| {
        let address = format!("/authorize?client_id=painel&redirect_uri={CALLBACK}&response_type=code&scope=openid+offline_access{asked}");
        let code = parameter(&browser.get(&address).await, "code");
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}{at_token}");
        broker.ask(by("painel", "/token", &form)).await
    };
    let again = async |before: &Answer, more: &str| {
        let form = format!("grant_type=refresh_token&refresh_token={}{more}", text(before, "refresh_token"));
        broker.ask(by("painel", "/token", &form)).await
    };
    let audience = |answer: &Answer| decoded(&text(answer, "access_token")).1["aud"].clone();
    let (api, panel) = ("&resource=https://api.loja.example", "&resource=painel");

    let narrow = begin(panel, "").await;
    assert_eq!(error(&again(&narrow, api).await), "invalid_target");
    let renewed = again(&narrow, "").await;
    assert_eq!(audience(&renewed), "painel", "the refused request has not spent the token");
    assert_eq!(audience(&again(&renewed, "").await), "painel");

    let both = begin(&format!("{api}{panel}"), panel).await;
    assert_eq!(audience(&both), "painel");
    let other = again(&both, api).await;
    assert_eq!(audience(&other), "https://api.loja.example", "it was granted as well");
    assert_eq!(audience(&again(&other, "").await), "painel", "what was chosen first is the default");

    let chosen_late = begin("", panel).await;
    assert_eq!(audience(&again(&chosen_late, "").await), "painel");
}

/// Lesson 186
#[actix_web::test]
async fn an_app_acts_on_its_own_behalf_with_its_own_scopes() {
    let broker = open().await;
    let ask = async |form: &str| broker.ask(by("job", "/token", &format!("grant_type=client_credentials{form}"))).await;

    let answer = ask("&scope=orders:read+openid").await;

    let (header, claims) = decoded(&text(&answer, "access_token"));
    assert_eq!(
        (header["typ"].as_str(), claims["sub"].as_str(), claims["scope"].as_str()),
        (Some("at+jwt"), Some("job"), Some("orders:read"))
    );
    assert_eq!((claims["aud"].as_str(), answer.json().get("refresh_token")), (Some("https://api.loja.example"), None));
    assert_eq!(userinfo(&broker, &text(&answer, "access_token")).await.status, 403, "no person stands behind it");
    assert_eq!(error(&ask("&scope=openid").await), "invalid_scope");
    assert_eq!(error(&ask("&resource=https://evil.example").await), "invalid_target");
    let public = ClientRequest::form("/token", "grant_type=client_credentials&client_id=phone");
    assert_eq!(error(&broker.ask(public).await), "unauthorized_client");
}

#[actix_web::test]
async fn the_pages_of_a_public_client_may_read_the_answers() {
    let broker = open().await;
    for (path, origin, expected) in [
        ("/token", "https://spa.loja.example", Some("https://spa.loja.example")),
        ("/userinfo", "https://spa.loja.example", Some("https://spa.loja.example")),
        ("/token", "https://painel.loja.example", None),
        ("/token", "https://evil.example", None),
        ("/token", "null", None),
    ] {
        let asked = broker.ask(ClientRequest::by("OPTIONS", path).with("origin", origin)).await;
        let sent = broker.ask(ClientRequest::form(path, "").with("origin", origin)).await;
        assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, expected), "{path} {origin}");
        assert_eq!(sent.header("access-control-allow-origin"), expected, "{path} {origin}");
        assert!(asked.header("access-control-allow-credentials").is_none());
    }
}

#[actix_web::test]
async fn an_id_token_is_signed_with_rsa_unless_the_app_says_otherwise() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let redeemed = async |more: &str| {
        let code = parameter(&browser.get(&request_of("rsa", more)).await, "code");
        broker.ask(by("rsa", "/token", &format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}"))).await
    };

    let answer = redeemed("").await;
    let for_service = redeemed("resource=https%3A%2F%2Fapi.loja.example").await;

    let (header, _) = decoded(&text(&answer, "id_token"));
    assert_eq!(header["alg"], "RS256");
    let access = text(&answer, "access_token");
    assert_eq!(decoded(&access).0["alg"], "ES256", "it is for the app itself, which reads it at this store");
    let of_service = text(&for_service, "access_token");
    assert_eq!(decoded(&of_service).0["alg"], "RS256", "a service reads it");
    for token in [&access, &of_service] {
        assert_eq!((userinfo(&broker, token).await.status, userinfo(&broker, token).await.status), (200, 200), "at once, and later");
    }
    let keys = broker.ask(ClientRequest::get("/.well-known/jwks.json")).await.json();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == header["kid"] && key["kty"] == "RSA"));
}

/// Attack V-02
#[actix_web::test]
async fn a_code_that_is_older_than_a_minute_is_refused() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    for (left, is_good) in [(-3000, false), (0, false), (30, true)] {
        let seal = &broker.app.for_apps.codes;
        let issued = AuthorizationCode::open(seal, ISSUER, &code(&browser, "").await).expect("a code of ours");
        assert!((58..=60).contains(&(issued.until - clock::now())), "{issued:?}");

        let older = AuthorizationCode { until: clock::now() + left, ..issued }.seal(seal, ISSUER, random::bytes());
        let answer = redeem(&broker, &older).await;

        assert_eq!(answer.status, if is_good { 200 } else { 400 }, "{left}: {answer:?}");
        if !is_good {
            assert_eq!(error(&answer), "invalid_grant");
        }
    }
}
