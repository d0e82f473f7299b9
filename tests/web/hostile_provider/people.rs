//! A provider cannot sign in a person without an id, or with an address that is not proven.

use crate::web::hostile_provider::come_back;
use crate::web::test_broker::TestBroker;
use crate::web::test_provider::json;

/// Lesson 16
/// Attacks U-01, U-03
#[actix_web::test]
async fn somebody_without_an_id_is_nobody() {
    let broker = TestBroker::open().await;
    let long = format!("\"{}\"", "a".repeat(256));

    for id in [
        "null",
        "\"\"",
        "\" \"",
        "\"null\"",
        "\"undefined\"",
        "0",
        "\"0\"",
        "false",
        "true",
        "[]",
        "{}",
        "[1,2]",
        "\"a\\u0000\"",
        "\"a\\r\\nb\"",
        &long,
    ] {
        broker.upstream.says("/me", json(200, &format!("{{\"id\":{id},\"email\":\"ana@clientes.example\",\"verified\":true}}")));
        let answer = come_back(&broker).await;
        assert!(matches!(answer.status, 403 | 502), "{id}: {answer:?}");
        broker.assert_clean(&answer);
    }
    broker.assert_still_works().await;
}

/// Attacks U-07, U-10
#[actix_web::test]
async fn an_address_that_is_not_proven_opens_nothing() {
    let broker = TestBroker::open().await;

    for verified in ["false", "\"false\"", "null", "0", "\"no\"", "[]", "{}", "\"\"", "[true]", "\"TRUE or not\""] {
        broker.upstream.says("/me", json(200, &format!("{{\"id\":\"7\",\"email\":\"vitima@clientes.example\",\"verified\":{verified}}}")));
        let answer = come_back(&broker).await;
        assert_eq!(answer.status, 403, "{verified}: {answer:?}");
        broker.assert_clean(&answer);
    }
    for email in [
        "a@b",
        "a b@x.example",
        "a@x.example,b@x.example",
        "<a@x.example>",
        "a@x.example\\r\\nBcc: b@x.example",
        "@x.example",
        "a@@x.example",
        "a@[127.0.0.1]",
        "v\u{131}tima@clientes.example",
    ] {
        broker.upstream.says("/me", json(200, &format!("{{\"id\":\"7\",\"email\":\"{email}\",\"verified\":true}}")));
        let answer = come_back(&broker).await;
        assert_eq!(answer.status, 403, "{email}: {answer:?}");
        broker.assert_clean(&answer);
    }
    broker.assert_still_works().await;
}
