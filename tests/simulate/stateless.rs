//! Providers that do not return the state as others do: their simulations do not either. Where none comes back, a login begins with the button of
//! the broker's page.

use crate::simulate::broker::{Broker, Folder};

const FILE: &str = "name: Clube Acme
clientId: loja-1
clientSecret: env:ACME_SECRET_THAT_NOBODY_SET
pkce: off
sessionSwap: accepted
getAuthorizationCode: { get: https://sso.acme.example/entrar, stateIn: cookie }
getAccessCode: { post: https://sso.acme.example/token }
getUserInfo: { get: https://sso.acme.example/me, read: { id: $.id, email: $.email, emailVerified: $.ok } }
";

const STORIES: &str = "- what: a login
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example, ok: true } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
";

#[actix_web::test]
async fn a_login_goes_through_the_page_and_the_simulation() {
    let folder = Folder::new();
    folder.write("providers.d/acme.yaml", FILE);
    folder.write("providers.d/acme.examples.yaml", STORIES);
    let broker = Broker::at(folder, &["acme"]).await;
    let browser = broker.browser();
    assert_eq!(browser.get("/login/acme").await.status, 200, "there is a button");

    let page = browser.arrive("acme", &[]).await;
    let end = browser.choose(&page, "story-1").await;

    assert_eq!(end.status, 303, "{end:?}");
    assert_eq!(browser.session().await["email"], "ana@loja.example");
    broker.stop().await;
}

#[actix_web::test]
async fn the_query_of_the_redirect_address_comes_back() {
    let file = FILE.replace("pkce: off\nsessionSwap: accepted\n", "").replace("stateIn: cookie", "stateIn: redirectQuery");
    let folder = Folder::new();
    folder.write("providers.d/acme.yaml", &file);
    folder.write("providers.d/acme.examples.yaml", STORIES);
    let broker = Broker::at(folder, &["acme"]).await;
    let browser = broker.browser();

    let page = browser.arrive("acme", &[]).await;
    let end = browser.choose(&page, "story-1").await;

    assert_eq!(end.status, 303, "{end:?}");
    assert_eq!(browser.session().await["email"], "ana@loja.example");
    let stranger = broker.browser();
    let page = stranger.arrive("acme", &[]).await;
    let end = stranger.choose(&page, "wrong-state").await;
    assert_eq!(end.status, 400, "{end:?}");
    broker.stop().await;
}
