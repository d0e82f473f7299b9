//! A provider that takes pushed authorization requests: its simulation answers the push, and accepts the redirect only with what it
//! gave.

use crate::simulate::broker::{Broker, Folder};

const FILE: &str = "name: Clube Acme
clientId: loja-1
clientSecret: env:ACME_SECRET_THAT_NOBODY_SET
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  scope: perfil
  prepare: { post: \"https://sso.acme.example/par\", read: { requestUri: $.request_uri } }
  query: { client_id: \"${clientId}\", request_uri: \"${requestUri}\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read: { id: $.id, email: $.email, emailVerified: $.ok }
";

const STORIES: &str = "- what: a login
  prepare:
    - request: { post: https://sso.acme.example/par, form: { response_type: code, client_id: ‹clientId›, redirect_uri: ‹redirectUri›,
                 scope: perfil, state: ‹state›, code_challenge: ‹codeChallenge›, code_challenge_method: S256, client_secret: ‹clientSecret› } }
      answer: { status: 201, json: { request_uri: \"urn:acme:r-1\", expires_in: 60 } }
  redirect: { get: https://sso.acme.example/entrar, query: { client_id: ‹clientId›, request_uri: \"urn:acme:r-1\" } }
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example, ok: true } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
- what: the code was used before
  prepare: [ { answer: { status: 201, json: { request_uri: \"urn:acme:r-1\" } } } ]
  exchanges: [ { answer: { status: 400, json: { error: invalid_grant } } } ]
  refused: { step: getAccessCode, code: invalid_grant }
- what: the pushed request is refused
  prepare: [ { answer: { status: 400, json: { error: invalid_request } } } ]
  refused: { step: getAuthorizationCode, code: invalid_request }
";

async fn broker() -> Broker {
    let folder = Folder::new();
    folder.write("providers.d/acme.yaml", FILE);
    folder.write("providers.d/acme.examples.yaml", STORIES);
    Broker::at(folder, &["acme"]).await
}

#[actix_web::test]
async fn a_pushed_request_is_answered_and_two_logins_are_told_apart() {
    let broker = broker().await;
    let (one, other) = (broker.browser(), broker.browser());

    let (first, second) = (one.arrive("acme", &[]).await, other.arrive("acme", &[]).await);
    assert_eq!(one.choose(&first, "story-1").await.status, 303);
    let refused = other.choose(&second, "story-2").await;

    assert_eq!(one.session().await["email"], "ana@loja.example");
    assert!(refused.status >= 400 && refused.incident().is_some(), "{refused:?}");
    assert_eq!(other.session().await["authenticated"], false);
    broker.stop().await;
}

#[actix_web::test]
async fn a_redirect_with_another_request_uri_is_refused() {
    let broker = broker().await;
    let browser = broker.browser();
    let begun = browser.get("/login/acme").await;
    assert!(begun.location().contains("request_uri=urn"), "{begun:?}");

    let page = browser.get(&begun.location().replace("-s1", "-s2")).await;

    assert!(page.status >= 400 && page.body.contains("request_uri"), "{page:?}");
    broker.stop().await;
}

/// A provider that asks for the client's own token before the redirect and for the person.
const WITH_TOKEN: &str = "name: Clube Acme
clientId: loja-1
clientSecret: env:ACME_SECRET_THAT_NOBODY_SET
getClientToken: { post: \"https://sso.acme.example/app\" }
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  prepare: { post: \"https://sso.acme.example/par\", bearer: \"${clientToken}\", read: { requestUri: $.request_uri } }
  query: { client_id: \"${clientId}\", request_uri: \"${requestUri}\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  query: { app: \"${clientToken}\", token: \"${accessToken}\" }
  read: { id: $.id, email: $.email, emailVerified: $.ok }
";

const STORIES_WITH_TOKEN: &str = "- what: a login
  prepare:
    - request: { post: https://sso.acme.example/app, form: { grant_type: client_credentials, client_id: ‹clientId›, client_secret: ‹clientSecret› } }
      answer: { json: { access_token: app-1, expires_in: 3600 } }
    - answer: { status: 201, json: { request_uri: \"urn:acme:r-1\", expires_in: 60 } }
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - request: { get: https://sso.acme.example/me, query: { app: app-1, token: at-1 } }
      answer: { json: { id: 7, email: ana@loja.example, ok: true } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
- what: the client is refused
  prepare: [ { answer: { status: 401, json: { error: invalid_client } } } ]
  refused: { step: getClientToken, code: invalid_client }
";

#[actix_web::test]
async fn the_token_of_the_client_is_given_to_all_logins_and_expected_in_their_calls() {
    let folder = Folder::new();
    folder.write("providers.d/acme.yaml", WITH_TOKEN);
    folder.write("providers.d/acme.examples.yaml", STORIES_WITH_TOKEN);
    let broker = Broker::at(folder, &["acme"]).await;

    for _ in 0..2 {
        let browser = broker.browser();
        let arrived = browser.arrive("acme", &[]).await;
        assert_eq!(browser.choose(&arrived, "story-1").await.status, 303);
        assert_eq!(browser.session().await["email"], "ana@loja.example");
    }
    let browser = broker.browser();
    let arrived = browser.arrive("acme", &[]).await;
    let refused = browser.choose(&arrived, "spent-code").await;
    assert!(refused.status >= 400 && refused.incident().is_some(), "{refused:?}");
    broker.stop().await;
}
