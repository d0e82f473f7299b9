//! The broker's pages, log, numbers and storage, the lab, and the commands that read the storage.

use crate::canaries::{Canaries, Leaks};
use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, TestBroker};
use portaria::directory::audit::ListAuditEvents;

const SIGNED: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\", scope: perfil }
getAccessCode:
  post: \"UPSTREAM/token\"
  signed: { issuer: acme, keys: \"UPSTREAM/keys\", read: { id: $.sub, email: $.email, emailVerified: $.verified } }
";

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A callback that says no by a parameter of its own, beside the authorization code.
pub(super) const ODD: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode:
  get: \"UPSTREAM/entrar\"
  read: { code: $.ticket }
  refused: { at: $.result, is: \"no\", message: $.says }
  accepted: { at: $.result, is: \"ok\", code: $.why }
getAccessCode: { post: \"UPSTREAM/token\" }
getUserInfo: { get: \"UPSTREAM/me\" }
";

/// Authorization codes of all looks: also like words and like numbers, which other masks leave alone.
pub(super) fn codes(token: &str) -> [String; 3] {
    [token.to_owned(), format!("grant{}", &token[..2].to_ascii_lowercase()), "48121".to_owned()]
}

/// Callbacks that [`ODD`] refuses, each with the authorization code where a reason may be looked for.
pub(super) fn refused_callbacks(code: &str) -> [String; 6] {
    [
        format!("ticket={code}&result=no"),
        format!("code={code}&result=no"),
        format!("code={code}&ticket={code}&result=maybe"),
        format!("ticket={code}&result=no&says={code}"),
        format!("ticket={code}&result=maybe&why={code}"),
        format!("code={code}&result=maybe&why={code}&error_description={code}"),
    ]
}

/// Whether a code stands in a text as a word of its own.
pub(super) fn is_found(text: &str, code: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric()).any(|part| part == code)
}

async fn test_broker() -> TestBroker {
    TestBroker::builder(LOCAL).with_standard("acme").with("signed", SIGNED).with("odd", ODD).build().await
}

/// The code of the story that was kept last.
async fn last_code(test_broker: &TestBroker, provider: &str) -> Option<String> {
    let lines = test_broker
        .app
        .directory
        .read(ListAuditEvents { store: None, provider: Some(provider.into()), before: None, most: 1 })
        .await
        .expect("storage")
        .events;
    lines.into_iter().next().and_then(|line| line.incident).map(String::from)
}

/// Everything that can be read of a login that went wrong.
async fn look_at(test_broker: &TestBroker, provider: &str, code: &str, leaks: &mut Leaks, canaries: &Canaries, case: &str) {
    for path in [
        format!("/lab/incidents/{code}?lang=en"),
        format!("/lab/incidents/{code}?lang=pt-BR"),
        format!("/lab/incidents/{code}/report.txt"),
        format!("/lab/incidents/{code}/message.txt"),
        format!("/lab/incidents/{code}/change-1.txt"),
        format!("/lab/incidents/{code}/{provider}.yaml"),
        format!("/lab/{provider}/tests/{code}?lang=pt-BR"),
        format!("/lab/{provider}/tests/{code}/report.txt"),
        format!("/lab/{provider}/tests/{code}/change-1.txt"),
        format!("/lab/{provider}/tests/{code}/change-2.txt"),
        format!("/lab/{provider}/tests/{code}/change-3.txt"),
    ] {
        let answer = test_broker.ask(ClientRequest::get(&path)).await;
        assert!(matches!(answer.status, 200 | 404), "{path}: {answer:?}");
        leaks.look(canaries, case, &path, &format!("{:?}\n{}", answer.headers, answer.body));
    }
}

fn commands(test_broker: &TestBroker, code: &str, leaks: &mut Leaks, canaries: &Canaries, case: &str) {
    let told = |arguments: &[&str]| {
        let (status, out, err) = portaria(&test_broker.folder.0, &[arguments, &["--storage", "sqlite:portaria.db"]].concat(), &[]);
        assert_eq!(status, 0, "{arguments:?}: {out}{err}");
        out + &err
    };
    for arguments in [&["incident", code][..], &["incident", code, "--json"], &["history"], &["history", "--json"]] {
        leaks.look(canaries, case, &arguments.join(" "), &told(arguments));
    }
}

async fn look_everywhere(test_broker: &TestBroker, leaks: &mut Leaks, canaries: &Canaries) {
    for path in ["/lab", "/lab/acme", "/lab/signed", "/lab/incidents", "/metrics", "/login", "/health/ready", "/session"] {
        let answer = test_broker.ask(ClientRequest::get(path).with("accept", "text/html")).await;
        leaks.look(canaries, "the end", path, &format!("{:?}\n{}", answer.headers, answer.body));
    }
    test_broker.app.drift.synchronize(&test_broker.app.directory, portaria::world::clock::now()).await.expect("storage is there");
    test_broker.app.good_logins.synchronize(&test_broker.app.directory).await.expect("storage is there");
    leaks.look(canaries, "the end", "the log", &test_broker.logged());
    leaks.look(canaries, "the end", "the storage", &String::from_utf8_lossy(&test_broker.stored()));
    for text in [test_broker.logged(), String::from_utf8_lossy(&test_broker.stored()).into_owned()] {
        assert!(!text.contains(&test_broker.mark), "a secret, a code or a token of ours");
    }
    assert!(!test_broker.logged().contains("panicked"));
}

/// Attacks, N-07
#[actix_web::test]
async fn no_answer_of_a_provider_stands_anywhere() {
    let (test_broker, canaries, mut leaks) = (test_broker().await, Canaries::new(), Leaks::default());
    let mut asked = 0;
    for (provider, step) in [("acme", "/token"), ("acme", "/me"), ("signed", "/token")] {
        for (name, bytes) in canaries.answers() {
            let case = format!("{provider} {step}, {name}");
            test_broker.upstream.is_honest();
            test_broker.upstream.says(step, bytes);
            // A store keeps 120 stories in a minute, one of each, and 10 of a kind from one address.
            let kind = if asked % 2 == 0 { "text/html" } else { "application/json" };
            let browser = Browser::new(&test_broker);
            let begun = browser.begin(&format!("/login/{provider}")).await;
            let back = ClientRequest::get(&browser.way_back(provider, &begun.state, "bia")).with("accept", kind);
            let answer = browser.ask(back.from(&format!("198.51.100.{asked}"))).await;
            assert!(answer.session().is_none(), "{case}: {answer:?}");
            leaks.look(&canaries, &case, "the error page", &format!("{:?}\n{}", answer.headers, answer.body));
            test_broker.assert_silent(&answer);
            let code = last_code(&test_broker, provider).await.unwrap_or_else(|| panic!("{case}: a story is kept"));
            look_at(&test_broker, provider, &code, &mut leaks, &canaries, &case).await;
            if asked % 5 == 0 {
                commands(&test_broker, &code, &mut leaks, &canaries, &case);
            }
            asked += 1;
        }
    }
    look_everywhere(&test_broker, &mut leaks, &canaries).await;
    leaks.none();
}

/// Attacks
#[actix_web::test]
async fn no_callback_of_a_browser_stands_anywhere() {
    let (test_broker, canaries, mut leaks) = (test_broker().await, Canaries::new(), Leaks::default());
    let Canaries { email, id, name, phone, token } = &canaries;
    let all = |word: &str| encoded(word);
    let person = format!("{}={}&user={}&{}=1&{}=2", all(email), all(id), all(name), all(token), all(phone));
    for (case, query, right) in [
        ("a wrong state", format!("code={token}&state={token}&{person}"), false),
        ("no state", format!("code={token}&{person}"), false),
        ("an error", format!("error={}&error_description={}&{person}", all(email), all(&canaries.sentence())), true),
        (
            "an error of a kind",
            format!(
                "error=server_error&error_description={}&error_uri={}",
                all(&canaries.sentence()),
                all(&format!("https://acme.example/{email}"))
            ),
            true,
        ),
        ("a token as the error", format!("error={token}&{person}"), true),
        ("no code", person.clone(), true),
        ("a code that is refused", format!("code={token}&{person}"), true),
        ("twice", format!("code={token}&code={token}&{person}"), true),
    ] {
        for kind in ["text/html", "application/json"] {
            let browser = Browser::new(&test_broker);
            let begun = browser.begin("/login/acme").await;
            let state = if right { format!("&state={}", begun.state) } else { String::new() };
            let answer = browser.ask(ClientRequest::get(&format!("/callback/acme?{query}{state}")).with("accept", kind)).await;
            assert!(answer.session().is_none(), "{case}: {answer:?}");
            leaks.look(&canaries, case, "the error page", &format!("{:?}\n{}", answer.headers, answer.body));
            if let Some(code) = last_code(&test_broker, "acme").await {
                look_at(&test_broker, "acme", &code, &mut leaks, &canaries, case).await;
                commands(&test_broker, &code, &mut leaks, &canaries, case);
            }
        }
    }
    look_everywhere(&test_broker, &mut leaks, &canaries).await;
    leaks.none();
}

#[actix_web::test]
async fn no_authorization_code_is_the_reason_of_a_refused_callback() {
    let (test_broker, canaries, mut leaks) = (test_broker().await, Canaries::new(), Leaks::default());
    let token = &canaries.token;
    for code in codes(token) {
        let odd = refused_callbacks(&code).map(|query| ("odd", query));
        for (provider, query) in odd.into_iter().chain([("acme", format!("code={code}&error={code}&error_description={code}"))]) {
            let case = format!("{provider}, {query}");
            for kind in ["text/html", "application/json"] {
                let browser = Browser::new(&test_broker);
                let begun = browser.begin(&format!("/login/{provider}")).await;
                let callback = format!("/callback/{provider}?{query}&state={}", begun.state);
                let answer = browser.ask(ClientRequest::get(&callback).with("accept", kind)).await;
                assert!(answer.session().is_none(), "{case}: {answer:?}");
                leaks.look(&canaries, &case, "the error page", &format!("{:?}\n{}", answer.headers, answer.body));
                assert!(!is_found(&answer.body, &code), "{case}: {}", answer.body);
            }
            let incident = last_code(&test_broker, provider).await.expect("a story is kept");
            look_at(&test_broker, provider, &incident, &mut leaks, &canaries, &case).await;
            let report = test_broker.ask(ClientRequest::get(&format!("/lab/incidents/{incident}/report.txt"))).await;
            assert!(report.status == 200 && !is_found(&report.body, &code), "{case}: {}", report.body);
            let (_, told, _) = portaria(&test_broker.folder.0, &["incident", &incident, "--storage", "sqlite:portaria.db"], &[]);
            assert!(!is_found(&told, &code), "{case}: {told}");
        }
        let metrics = test_broker.ask(ClientRequest::get("/metrics")).await;
        for text in [metrics.body, test_broker.logged()] {
            assert!(!is_found(&text, &code), "{code}");
        }
    }
    look_everywhere(&test_broker, &mut leaks, &canaries).await;
    leaks.none();
}

/// A provider whose tokens have names of the file's own, stand in an entry of a list, in a text or in a header, and are sent later on.
const OWN_NAMES: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\" }
getAccessCode:
  post: \"UPSTREAM/token\"
  choose: { from: $.tokens, where: { at: $.kind, is: user }, read: { ticket: $.value } }
  read: { session: $.session, pair: \"${$.pair | after ':'}\" }
  readHeaders: { grant: X-Grant }
  refused: { at: $.warn, present: true, message: $.warn, code: $.why }
getUserInfo:
  get: \"UPSTREAM/me\"
  bearer: \"${session}\"
  headers: { X-Ticket: \"${ticket}\", X-Pair: \"${pair}\", X-Grant: \"${grant}\" }
  read: { id: $.id, email: $.email, emailVerified: $.verified }
";

/// Attack R-06
#[actix_web::test]
async fn no_token_under_a_name_of_the_files_own_is_the_reason_of_a_refusal() {
    let canaries = Canaries::new();
    // A token that looks like a word, which no other mask would take for one.
    let token = format!("entrada{}", canaries.email.split('@').next().expect("a mailbox"));
    let mut leaks = Leaks::default();
    for (place, header, member) in [
        ("a name of the file's own", "", format!("\"session\":\"{token}\"")),
        ("an entry", "", format!("\"tokens\":[{{\"kind\":\"app\",\"value\":\"x\"}},{{\"kind\":\"user\",\"value\":\"{token}\"}}]")),
        ("another entry", "", format!("\"tokens\":[{{\"kind\":\"app\",\"value\":\"{token}\"}}]")),
        ("a part of a text", "", format!("\"pair\":\"x:{token}\"")),
        ("a header", &*format!("X-Grant: {token}\r\n"), "\"a\":1".to_owned()),
        ("the reason itself", "", format!("\"session\":\"{token}\",\"why\":\"{token}\"")),
    ] {
        let test_broker = TestBroker::builder(LOCAL).with("own", OWN_NAMES).build().await;
        let body = format!("{{\"warn\":\"token {token} is not active\",{member}}}");
        let kind = "Content-Type: application/json\r\n";
        test_broker.upstream.says("/token", crate::web::test_provider::answer(200, &format!("{kind}{header}"), body.as_bytes()));
        let browser = Browser::new(&test_broker);
        let begun = browser.begin("/login/own").await;

        let answer = browser.ask(ClientRequest::get(&browser.way_back("own", &begun.state, "bia")).with("accept", "text/html")).await;

        assert!(answer.session().is_none(), "{place}: {answer:?}");
        let code = last_code(&test_broker, "own").await.unwrap_or_else(|| panic!("{place}: a story is kept"));
        look_at(&test_broker, "own", &code, &mut leaks, &canaries, place).await;
        let report = test_broker.ask(ClientRequest::get(&format!("/lab/incidents/{code}/report.txt"))).await;
        assert!(report.body.contains("is not active"), "{place}: {}", report.body);
        for text in [answer.body, report.body, test_broker.logged()] {
            assert!(!is_found(&text, &token), "{place}: {text}");
        }
    }
    leaks.none();
}

/// The hidden field of the lab's forms.
async fn form(test_broker: &TestBroker, path: &str) -> String {
    let page = test_broker.ask(ClientRequest::get(path)).await;
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").expect("there is a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Attack P-03
#[actix_web::test]
async fn a_test_login_shows_no_value_either() {
    let mut leaks = Leaks::default();
    for round in 0..4 {
        // A store has ten test logins in an hour.
        let (test_broker, canaries) = (test_broker().await, Canaries::new());
        let form = form(&test_broker, "/lab/acme").await;
        for (name, bytes) in canaries.answers().into_iter().skip(round * 9).take(9) {
            test_broker.upstream.says("/me", bytes);
            let browser = Browser::new(&test_broker);
            let begun = browser.ask(ClientRequest::form("/lab/acme/tests", &format!("form={form}"))).await;
            let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
            let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
            let ended = browser.get(&browser.way_back("acme", &state, "bia")).await;
            let code = ended.location().and_then(|place| place.strip_prefix("/lab/acme/tests/")).expect("its story").to_owned();
            look_at(&test_broker, "acme", &code, &mut leaks, &canaries, &name).await;
            assert!(ended.session().is_none() && browser.who().await.is_none());
        }
        look_everywhere(&test_broker, &mut leaks, &canaries).await;
    }
    leaks.none();
}

#[actix_web::test]
async fn what_is_pasted_is_shown_where_it_was_pasted_and_nowhere_else() {
    let (test_broker, canaries, mut leaks) = (test_broker().await, Canaries::new(), Leaks::default());
    let form = form(&test_broker, "/lab/acme/answer").await;
    for (name, bytes) in canaries.answers() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        if body.len() > 64 * 1024 {
            continue;
        }
        for call in [1, 2] {
            let status = &head[9..12];
            let ask = ClientRequest::form(
                "/lab/acme/answer?lang=en",
                &format!("form={form}&call={call}&status={status}&kind=&body={}", encoded(body)),
            );
            let page = test_broker.ask(ask).await;
            assert_eq!(page.status, 200, "{page:?}");
            let (before, rest) = page.body.split_once("<textarea").expect("a form");
            let (_, after) = rest.split_once("</textarea>").expect("its end");
            leaks.look(&canaries, &name, "the pasted answer's page", &format!("{:?}\n{before}\n{after}", page.headers));
        }
    }
    look_everywhere(&test_broker, &mut leaks, &canaries).await;
    leaks.none();
}

#[actix_web::test]
async fn what_providers_invent_as_keys_is_not_learned() {
    let (test_broker, canaries, mut leaks) = (test_broker().await, Canaries::new(), Leaks::default());
    let keys = canaries.keys();
    // People come in, so that the shapes of their answers are learned; the directory keeps who they are, and these are others.
    for at in 0..40 {
        let bytes = crate::web::test_provider::json(
            200,
            &format!("{{\"id\":\"p{at}\",\"email\":\"p{at}@lojas.example\",\"verified\":true,\"name\":\"x\",\"more\":{keys}}}"),
        );
        test_broker.upstream.says("/me", bytes);
        let answer = Browser::new(&test_broker).log_in("acme", "x").await;
        assert!(answer.session().is_some(), "{answer:?}");
    }
    let renamed = format!("{{\"uid\":\"7\",\"{}\":\"p@lojas.example\",\"verified\":true,\"more\":{keys}}}", canaries.name);
    test_broker.upstream.says("/me", crate::web::test_provider::json(200, &renamed));
    for _ in 0..30 {
        Browser::new(&test_broker).log_in("acme", "x").await;
    }
    look_everywhere(&test_broker, &mut leaks, &canaries).await;
    leaks.none();
}
