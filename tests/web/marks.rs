//! The marks of providers, and what a login page costs a shopper's connection.

use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use serde_json::Value;

/// The marks of providers that many stores have.
const MARKS: [&str; 5] = ["google", "facebook", "apple", "discord", "twitch"];

async fn with_five_marks(settings: &str) -> TestBroker {
    MARKS
        .iter()
        .fold(TestBroker::builder(settings), |builder, mark| builder.with(mark, &format!("{STANDARD}logo: simple:{mark}\n")))
        .build()
        .await
}

#[actix_web::test]
async fn a_mark_is_shown_on_the_button_and_to_storefronts() {
    let broker = with_five_marks(LOCAL).await;

    let page = broker.ask(ClientRequest::get("/login")).await;
    assert!(page.body.contains("<img class=\"mark\" src=\"/logo/google\" alt=\"\""), "{}", page.body);
    let mark = broker.ask(ClientRequest::get("/logo/google")).await;
    assert_eq!((mark.status, mark.header("content-type")), (200, Some("image/svg+xml")), "{mark:?}");
    assert!(mark.body.starts_with("<svg ") && mark.body.contains("<path fill=\"#fff\"") && mark.body.contains("<g fill=\"#"), "{mark:?}");
    assert!(mark.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")), "{mark:?}");
    assert_eq!(broker.ask(ClientRequest::get("/logo/discourse")).await.status, 404, "only the marks of the files are served");
    let list: Value = serde_json::from_str(&broker.ask(ClientRequest::get("/providers")).await.body).expect("JSON");
    assert!(list["providers"][0]["logo"].as_str().is_some_and(|logo| logo.contains("/logo/")), "{list}");
}

#[actix_web::test]
async fn a_login_page_with_five_marks_is_one_page_and_one_style_below_30_kilobytes() {
    let broker = with_five_marks(LOCAL).await;
    let page = broker.ask(ClientRequest::get("/login").with("accept-language", "pt-BR")).await.body;

    let addresses = |before: &str| -> Vec<String> {
        page.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(|address| address.replace("&#38;", "&")).collect()
    };
    let styles = addresses("<link rel=\"stylesheet\" href=\"");
    let pictures = addresses(" src=\"");
    assert_eq!((styles.len(), pictures.len(), page.matches("<script").count()), (1, 5, 0), "{page}");
    let mut all = page.len();
    for address in styles.iter().chain(&pictures) {
        let answer = broker.ask(ClientRequest::get(address)).await;
        assert_eq!(answer.status, 200, "{address}");
        assert!(!answer.body.contains("url(") && !answer.body.contains("@import"), "{address} loads something");
        all += answer.body.len();
    }

    let style = broker.ask(ClientRequest::get(&styles[0])).await.body.len();
    println!("page {} bytes, style {style}, with {} marks {all}", page.len(), pictures.len());
    assert!(page.len() + style < 25_000 && all < 30_000, "page {}, style {style}, all {all}", page.len());
}

#[actix_web::test]
async fn the_text_of_the_buttons_and_the_labels_of_fields_are_of_one_language() {
    let settings = format!("{LOCAL}\nlogin: {{ button: {{ pt-BR: \"Entrar como {{name}}\", en: \"Go in with {{name}}\" }} }}\n");
    let file = format!("{STANDARD}inputs: {{ shop: {{ label: {{ pt-BR: A sua loja, en: Your shop }} }} }}\n");
    let broker = TestBroker::builder(&settings).with_standard("acme").with("beta", &file).build().await;

    for (language, button, label) in [
        ("pt-BR", "Entrar como Clube Acme", "A sua loja"),
        ("en", "Go in with Clube Acme", "Your shop"),
        ("ja", "Entrar como Clube Acme", "A sua loja"),
    ] {
        let page = broker.ask(ClientRequest::get("/login").with("accept-language", language)).await.body;
        assert!(page.contains(&format!(">{button}</span>")) && page.contains(&format!(">{label}</label>")), "{language}: {page}");
    }
    let script = broker.ask(ClientRequest::get("/embed.js")).await.body;
    assert!(script.contains("\"with\":\"Go in with {name}\""), "{script}");
}
