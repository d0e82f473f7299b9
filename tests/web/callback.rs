//! The way back from the provider: two halves, spent once, by the browser that began.

use crate::web::house::{Ask, Browser, House, SHOP};

#[actix_web::test]
async fn an_honest_login_opens_a_session_and_burns_the_attempt() {
    let house = House::open().await;
    let browser = Browser::new(&house);

    let answer = browser.log_in("acme", "ana").await;

    assert_eq!((answer.status, answer.location()), (303, Some(format!("{SHOP}/").as_str())));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(browser.attempts().is_empty(), "the attempt's cookie is gone");
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert_eq!(house.upstream.asked("/token"), 1);
    house.assert_silent(&answer);
}

#[actix_web::test]
async fn a_callback_that_lacks_something_never_reaches_the_provider() {
    let house = House::open().await;
    let browser = Browser::new(&house);

    for query in ["", "?", "?code=x", "?state=", "?code=&state=", "?state", "?=&=", "?code=x&state=", "#access_token=x", "?access_token=x&id_token=y"] {
        let answer = house.ask(browser.dressed(Ask::get(&format!("/callback/acme{query}")))).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        house.assert_clean(&answer);
    }

    assert!(house.upstream.heard().is_empty());
    house.assert_still_works().await;
}
