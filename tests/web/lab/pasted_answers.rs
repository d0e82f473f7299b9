//! Answers that a member of the staff pastes.

use crate::web::client_request::ClientRequest;
use crate::web::lab::{OPEN_HOST, encoded, field, open_house, somebody};
use crate::web::test_broker::TestBroker;

#[actix_web::test]
async fn what_an_answer_would_give_is_shown_by_its_looks() {
    let broker = TestBroker::open().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let paste = |body: &str| {
        ClientRequest::form(
            "/lab/acme/answer?lang=en",
            &format!("form={form}&call=2&status=200&kind=application%2Fjson&body={}", encoded(body)),
        )
    };

    let good = broker.ask(paste("{\"id\":12345,\"email\":\"ana@loja.example\",\"verified\":true}")).await;
    assert_eq!(good.status, 200, "{good:?}");
    for part in ["This call would go well", "5 digits", "e-mail address", "found nothing"] {
        assert!(good.body.contains(part), "{part}: {}", good.body);
    }
    assert_eq!(good.body.matches("ana@loja.example").count(), 1, "only where it was pasted");
    let bad = broker.ask(paste("<!doctype html><p>no")).await;
    assert!(bad.body.contains("This call would fail") && bad.body.contains("web page"), "{}", bad.body);
    assert!(broker.upstream.heard().is_empty(), "nothing is sent");
}

#[actix_web::test]
async fn whatever_is_pasted_is_survived() {
    let broker = TestBroker::open().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let most = 64 * 1024;
    let ask = |body: &str| ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&status=&kind=&body={body}"));

    for text in [
        "a".repeat(most),
        "[".repeat(most),
        "{\"a\":".repeat(most / 5),
        "<a>".repeat(most / 3),
        "\u{0}\u{1b}[31m\u{202e}".repeat(1000),
        format!("{{{}}}", (0..5000).map(|at| format!("\"k{at}\":{at}")).collect::<Vec<_>>().join(",")),
        format!("\"{}\"", "é".repeat(most / 2 - 2)),
        "</textarea><script>alert(1)</script>".repeat(100),
    ] {
        let answer = broker.ask(ask(&encoded(&text))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.body.contains("<script>alert"), "{answer:?}");
        assert_eq!(answer.body.matches("</textarea>").count(), 3, "one for an answer, and one for each of two calls");
    }
    assert_eq!(broker.ask(ask("%ff%fe%00")).await.status, 200);
    let large = broker.ask(ask(&"a".repeat(most + 1))).await;
    assert!(large.status == 413 && large.body.contains("<textarea"), "{large:?}");
    assert_eq!(broker.ask(ask(&"a".repeat(400 * 1024))).await.status, 413);
    assert!(!broker.logged().contains("panicked"));
}

#[actix_web::test]
async fn the_answers_of_a_whole_login_show_who_would_sign_in_or_why_nobody_does() {
    let broker = TestBroker::open().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let paste = |token: &str, person: &str| {
        let (token, person) = (encoded(token), encoded(person));
        ClientRequest::form("/lab/acme/answer?lang=en", &format!("form={form}&whole=yes&callback=&answer-1={token}&answer-2={person}"))
    };
    let token = r#"{"access_token":"at-very-secret-1","token_type":"Bearer"}"#;

    let good = broker.ask(paste(token, "HTTP/1.1 200 OK\r\n\r\n{\"id\":12345,\"email\":\"ana@loja.example\",\"verified\":true}")).await;
    assert_eq!(good.status, 200, "{good:?}");
    for part in ["This person would be signed in", "<dt>id</dt><dd>12345</dd>", "ana@loja.example (proven", "‹accessToken›"] {
        assert!(good.body.contains(part), "{part}: {}", good.body);
    }
    assert_eq!(good.body.matches("at-very-secret-1").count(), 1, "only where it was pasted");

    let no = broker.ask(paste("HTTP/1.1 400 Bad Request\r\n\r\n{\"error\":\"invalid_grant\"}", "")).await;
    assert!(no.body.contains("This login would be refused") && no.body.contains("invalid_grant"), "{}", no.body);
    let half = broker.ask(paste(token, "")).await;
    assert!(half.body.contains("The login would go on with getUserInfo, whose answer is missing."), "{}", half.body);
    assert!(broker.upstream.heard().is_empty(), "nothing is sent");
}

/// Attack P-07
#[actix_web::test]
async fn only_our_own_page_may_paste_an_answer() {
    let broker = open_house().await;
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let form = field(&staff.get("/lab/acme/answer").await);
    let send = |form: &str| ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&status=200&kind=&body=x"));

    assert_eq!(staff.ask(send(&form)).await.status, 200);
    for (ask, status) in [
        (send(""), 403),
        (send(&form).with("sec-fetch-site", "cross-site"), 403),
        (send(&form).with("origin", "https://evil.example"), 403),
        (ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=9&body=x")), 400),
        (ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&status=99&body=x")), 400),
        (ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&body=x&body=y")), 400),
        (ClientRequest::by("POST", "/lab/acme/answer").with("content-type", "text/plain").body("x"), 400),
    ] {
        let answer = staff.ask(ask).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}
