//! The apps of a store in the lab.

use crate::web::client_request::ClientRequest;
use crate::web::lab::{MARKUP, OPEN_HOST, somebody};
use crate::web::test_broker::{OPEN, TestBroker};

/// Attack N-01
#[actix_web::test]
async fn staff_see_the_apps_of_their_own_store_with_what_a_developer_needs() {
    let settings = format!(
        "{OPEN}providers: FOLDER/providers.d
lab: {{ staff: [ suporte@loja.example ] }}
apps:
  painel:
    name: 'Painel {MARKUP}'
    secret: env:AN_UNSET_VARIABLE_OF_NO_MACHINE
    redirectUris: [ https://painel.loja.example/callback ]
    afterLogout: [ https://painel.loja.example/ ]
    providers: [ acme, zeta ]
  celular: {{ secret: none, signing: ES256, redirectUris: \"com.example.app:/callback\" }}
stores:
  atacado:
    publicUrl: https://login.atacado.example
    lab: {{ staff: [ outra@loja.example ] }}
    apps: {{ deles: {{ secret: none, redirectUris: https://deles.example/cb }} }}
"
    );
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    let page = async |host: &str, address: &str| {
        let staff = somebody(&broker, host, address, true);
        staff.ask(ClientRequest::get("/lab/apps").with("accept-language", "en").with("accept", "text/html")).await
    };

    let own = page(OPEN_HOST, "suporte@loja.example").await;
    assert_eq!(own.status, 200, "{own:?}");
    broker.assert_clean(&own);
    for part in [
        "Painel &#60;img src=x",
        "<code>https://login.loja.example/.well-known/openid-configuration</code>",
        "<code>painel</code>",
        "<code>https://painel.loja.example/callback</code>",
        "<code>https://painel.loja.example/</code>",
        "This app cannot sign anyone in.",
        "providers that have no file here: zeta.",
        "<code>com.example.app:/callback</code>",
        "<code>ES256</code>",
        "<code>openid</code><br><code>email</code>",
    ] {
        assert!(own.body.contains(part), "{part}: {}", own.body);
    }
    assert!(!own.body.contains("<img") && !own.body.contains("deles"), "{}", own.body);

    let theirs = page("login.atacado.example", "outra@loja.example").await;
    assert!(theirs.body.contains("https://deles.example/cb") && !theirs.body.contains("painel.loja.example"), "{}", theirs.body);
    assert_eq!(page("login.atacado.example", "suporte@loja.example").await.status, 403);
}

#[actix_web::test]
async fn a_store_without_apps_says_how_to_begin_with_one() {
    let broker = TestBroker::open().await;

    for (language, title) in [("en", "Apps"), ("es", "Aplicaciones"), ("pt-BR", "Aplicativos")] {
        let page = broker.ask(ClientRequest::get("/lab/apps").with("accept-language", language)).await;
        assert!(
            page.status == 200 && page.body.contains("portaria apps add") && page.body.contains(&format!("<h1>{title}</h1>")),
            "{page:?}"
        );
        let list = broker.ask(ClientRequest::get("/lab").with("accept-language", language)).await;
        assert!(list.body.contains(&format!("<a class=\"button\" href=\"/lab/apps\">{title}</a>")), "{}", list.body);
    }
}
