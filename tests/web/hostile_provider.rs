//! A provider that does not keep its word: what it sends is bounded, and what was meant for it goes to no one else.

mod answers;
mod people;
mod secrets;

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::TestBroker;

/// Lets a person come back whose provider is as it is now; answers with what they see.
async fn come_back(broker: &TestBroker) -> Answer {
    come_back_from(broker, "127.0.0.1").await
}

async fn come_back_from(broker: &TestBroker, address: &str) -> Answer {
    let browser = Browser::new(broker);
    let begun = browser.begin("/login/acme").await;
    let answer = browser.ask(ClientRequest::get(&browser.way_back("acme", &begun.state, "ana")).from(address)).await;
    assert!(browser.attempts().is_empty(), "the attempt is over: {answer:?}");
    answer
}

/// With these bytes at both addresses in turn, a login ends with this status, and one call to each at most.
async fn ends_with(broker: &TestBroker, what: &str, bytes: &[u8], expected: u16) {
    for path in ["/token", "/me"] {
        broker.upstream.is_honest();
        broker.upstream.says(path, bytes);
        let before = broker.upstream.asked(path);

        let answer = come_back(broker).await;

        assert_eq!(answer.status, expected, "{what} at {path}: {answer:?}");
        broker.assert_clean(&answer);
        assert_eq!(broker.upstream.asked(path) - before, 1, "{what} at {path}: nothing is asked twice");
    }
}
