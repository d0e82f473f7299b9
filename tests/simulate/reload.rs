//! A simulated provider stays simulated while its files change.

use crate::simulate::broker::{Broker, Folder};

fn file(id: &str) -> String {
    format!(
        "name: Clube Acme
clientId: {id}
clientSecret: env:ACME_SECRET_THAT_NOBODY_SET
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\", scope: perfil }}
getAccessCode: {{ post: \"https://sso.acme.example/token\" }}
getUserInfo:
  get: https://sso.acme.example/me
  read: {{ id: $.id, email: $.email, emailVerified: $.ok }}
"
    )
}

fn stories(email: &str) -> String {
    format!(
        "- what: a login
  exchanges:
    - answer: {{ json: {{ access_token: at-1 }} }}
    - answer: {{ json: {{ id: 7, email: {email}, ok: true }} }}
  identity: {{ id: \"7\", email: {email}, emailVerified: true }}
"
    )
}

#[actix_web::test]
async fn it_follows_its_file_and_its_examples_and_old_logins_still_end() {
    let folder = Folder::new();
    folder.write("providers.d/acme.yaml", &file("loja-1"));
    folder.write("providers.d/acme.examples.yaml", &stories("ana@loja.example"));
    let broker = Broker::at(folder, &["acme"]).await;
    let (early, late) = (broker.browser(), broker.browser());
    let before = early.arrive("acme", &[]).await;

    broker.folder.write("providers.d/acme.yaml", &file("loja-22"));
    broker.folder.write("providers.d/acme.examples.yaml", &stories("nora.nova@loja.example"));
    broker.look_again();

    let after = late.arrive("acme", &[]).await;
    early.choose(&before, "story-1").await;
    assert_eq!(early.session().await["email"], "ana@loja.example");
    late.choose(&after, "story-1").await;
    assert_ne!(late.session().await["email"], "ana@loja.example");

    broker.folder.write("providers.d/acme.examples.yaml", "- what: nothing that can be read\n");
    broker.look_again();
    assert!(broker.browser().arrive("acme", &[]).await.choices().is_empty());
    broker.stop().await;
}

#[actix_web::test]
async fn who_is_not_simulated_has_no_simulation() {
    let folder = Folder::new();
    folder.write("providers.d/acme.yaml", &file("loja-1").replace("env:ACME_SECRET_THAT_NOBODY_SET", "none"));
    let broker = Broker::at(folder, &[]).await;
    let browser = broker.browser();

    let begun = browser.get("/login/acme").await;

    assert!(begun.location().starts_with("https://sso.acme.example/entrar?"), "{begun:?}");
    assert_eq!(browser.get("/simulation/acme").await.status, 404);
    assert_eq!(browser.get("/simulation/nobody/https/x.example/").await.status, 404);
    broker.stop().await;
}
