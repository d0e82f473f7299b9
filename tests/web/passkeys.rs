//! People add passkeys to their accounts and sign in by them, and no one else by them.

use crate::software_authenticator::{KeyKind, PRESENT, SoftwareAuthenticator, VERIFIED};
use crate::web::apps::client::{CALLBACK, by, decoded, parameter, request_of, settings, text};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::prove::{look, mark, post};
use crate::web::test_broker::{LOCAL, SHOP, TestBroker};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::directory::audit::{AuditActor, AuditEvent, AuditEventKind, ListUserAuditEvents};
use portaria::directory::users::{BlockUser, EraseUser};
use portaria::world::clock;

pub const HERE: &str = "http://localhost:8080";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

pub async fn broker() -> TestBroker {
    TestBroker::builder(&format!("{LOCAL}ways: [ passkey ]\n")).with_standard("acme").with_standard("beta").build().await
}

pub fn passkey() -> SoftwareAuthenticator {
    SoftwareAuthenticator::new(KeyKind::Es256, HERE)
}

/// What a script of our own page sends.
pub async fn asks(browser: &Browser, path: &str) -> Answer {
    browser.ask(ClientRequest::form(path, "").with("sec-fetch-site", "same-origin").with("accept-language", "en")).await
}

pub fn said(options: &Answer, name: &str) -> String {
    options.json()[name].as_str().unwrap_or_else(|| panic!("it says {name}: {options:?}")).to_owned()
}

pub fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Adds a passkey in a session.
pub async fn adds(browser: &Browser, passkey: &mut SoftwareAuthenticator) -> Answer {
    let options = asks(browser, "/account/passkeys/options").await;
    assert_eq!(options.status, 200, "{options:?}");
    let user = options.json()["user"]["id"].as_str().expect("a user").to_owned();
    passkey.user = URL_SAFE_NO_PAD.decode(user).expect("base64url");
    let fields = passkey.registration(&said(&options, "challenge"));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("form", &said(&options, "form")).extend_pairs(borrowed(&fields));
    let add = ClientRequest::form("/account/passkeys", &form.finish()).with("accept", "text/html").with("accept-language", "en");
    browser.ask(add.with("user-agent", PHONE)).await
}

/// Signs in by a passkey, to a return address that is already in the query.
async fn signs_in_to(browser: &Browser, passkey: &mut SoftwareAuthenticator, query: &str) -> Answer {
    let options = asks(browser, &format!("/login/passkey/options{query}")).await;
    assert_eq!(options.status, 200, "{options:?}");
    let fields = passkey.assertion(&said(&options, "challenge"));
    post(browser, &format!("/login/passkey{query}"), &said(&options, "form"), &borrowed(&fields)).await
}

pub async fn signs_in(browser: &Browser, passkey: &mut SoftwareAuthenticator) -> Answer {
    signs_in_to(browser, passkey, "").await
}

/// A person with a passkey: the browser in which it was made, and the id of the person.
pub async fn person_with(broker: &TestBroker, who: &str, passkey: &mut SoftwareAuthenticator) -> (Browser, String) {
    let browser = Browser::new(broker);
    browser.log_in("acme", who).await;
    let added = adds(&browser, passkey).await;
    assert_eq!((added.status, added.location()), (303, Some("/account?done=passkey")), "{added:?}");
    let uid = browser.get("/session").await.json()["uid"].as_str().expect("an id").to_owned();
    (browser, uid)
}

async fn events(broker: &TestBroker, uid: &str) -> Vec<AuditEvent> {
    broker.app.directory.read(ListUserAuditEvents { uid: uid.into(), most: 100 }).await.expect("storage is there")
}

pub fn refused(answer: &Answer) -> bool {
    answer.session().is_none() && answer.status == 403 && answer.body.contains("This passkey could not be used")
}

#[actix_web::test]
async fn a_passkey_is_added_to_an_account_and_signs_its_person_in() {
    let broker = broker().await;
    for kind in [KeyKind::Es256, KeyKind::EdDsa, KeyKind::Rs256] {
        let mut passkey = SoftwareAuthenticator::new(kind, HERE);
        let (before, uid) = person_with(&broker, &format!("{kind:?}").to_lowercase(), &mut passkey).await;
        let known = before.get("/session").await.json();

        let browser = Browser::new(&broker);
        let page = look(&browser, "/login").await;
        assert!(page.body.contains("data-passkey=\"get\"") && page.body.contains("/passkey.js?v="), "{}", page.body);
        let signed_in = signs_in(&browser, &mut passkey).await;

        assert_eq!((signed_in.status, signed_in.location()), (303, Some(format!("{SHOP}/").as_str())), "{signed_in:?}");
        let session = browser.get("/session").await.json();
        for same in ["uid", "email", "emailVerified", "name"] {
            assert_eq!(session[same], known[same], "{same}");
        }
        assert_eq!((&session["provider"], &session["providerUserId"]), (&"passkey".into(), &uid.as_str().into()));
        assert!(browser.cookies().contains("portaria-last=passkey"), "{}", browser.cookies());
        let kinds: Vec<AuditEventKind> = events(&broker, &uid).await.into_iter().map(|event| event.what).collect();
        assert_eq!(kinds, [AuditEventKind::Login, AuditEventKind::PasskeyAdded, AuditEventKind::Login], "{kinds:?}");
    }
}

#[actix_web::test]
async fn the_account_page_lists_passkeys_and_removes_them_right_after_signing_in() {
    let broker = broker().await;
    let mut passkey = passkey();
    let (browser, uid) = person_with(&broker, "ana", &mut passkey).await;
    let by_passkey = Browser::new(&broker);
    signs_in(&by_passkey, &mut passkey).await;

    let page = look(&browser, "/account").await;
    assert!(page.body.contains("<h2 id=\"passkeys\">Passkeys</h2>") && page.body.contains("Last used "), "{}", page.body);
    assert!(page.body.contains("<b>Chrome on Android</b>"), "{}", page.body);
    assert!(page.body.contains("Signed in with Passkey"), "the session that it opened: {}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src http://localhost:8080/passkey.js; connect-src 'self'; "), "{policy}");
    let (_, rest) = page.body.split_once("name=\"passkey\" value=\"").expect("it can be removed");
    let handle = rest.split('"').next().expect("it ends").to_owned();
    let removed = post(&browser, "/account/passkeys/remove", &mark(&page), &[("passkey", &handle)]).await;

    assert_eq!(removed.location(), Some("/account?done=passkeyRemoved"), "{removed:?}");
    assert!(look(&browser, "/account?done=passkeyRemoved").await.body.contains("This passkey is removed."));
    assert_eq!(by_passkey.who().await, None, "the session that it opened is over");
    assert!(browser.who().await.is_some(), "this one goes on");
    assert!(refused(&signs_in(&Browser::new(&broker), &mut passkey).await));
    let event = events(&broker, &uid).await.into_iter().next().expect("an event");
    assert_eq!((event.what, event.because.as_deref()), (AuditEventKind::PasskeyRemoved, Some("person")));
}

#[actix_web::test]
async fn a_session_by_passkey_is_recent_and_may_change_how_its_person_signs_in() {
    let broker = broker().await;
    let mut first = passkey();
    person_with(&broker, "ana", &mut first).await;
    let browser = Browser::new(&broker);
    signs_in(&browser, &mut first).await;

    let page = look(&browser, "/account").await;
    assert!(page.body.contains("action=\"/account/link/beta\"") && page.body.contains("data-passkey=\"create\""), "{}", page.body);
    let added = adds(&browser, &mut passkey()).await;

    assert_eq!(added.location(), Some("/account?done=passkey"), "{added:?}");
}

/// Attack W-01
#[actix_web::test]
async fn a_challenge_is_used_once_by_one_browser_and_for_one_place() {
    let broker = broker().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    let browser = Browser::new(&broker);
    let options = asks(&browser, "/login/passkey/options").await;
    let (form, fields) = (said(&options, "form"), passkey.assertion(&said(&options, "challenge")));
    let fields = borrowed(&fields);

    let other = Browser::new(&broker);
    asks(&other, "/login/passkey/options").await;
    let stolen = post(&other, "/login/passkey", &form, &fields).await;
    assert!(stolen.session().is_none() && stolen.status == 403, "{stolen:?}");
    let elsewhere = post(&browser, &format!("/login/passkey?return_to={SHOP}/x"), &form, &fields).await;
    assert!(elsewhere.session().is_none() && elsewhere.status == 403, "{elsewhere:?}");
    let other_form = said(&asks(&browser, "/login/passkey/options").await, "form");
    assert!(refused(&post(&browser, "/login/passkey", &other_form, &fields).await), "the token holds another challenge");

    let good = post(&browser, "/login/passkey", &form, &fields).await;
    assert!(good.session().is_some(), "{good:?}");
    let again = post(&browser, "/login/passkey", &form, &fields).await;
    assert!(again.session().is_none() && again.status == 400, "{again:?}");
}

/// Attack W-01
#[actix_web::test]
async fn many_uses_of_one_challenge_at_once_open_one_session() {
    let broker = broker().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    let browser = Browser::new(&broker);
    let options = asks(&browser, "/login/passkey/options").await;
    let fields = passkey.assertion(&said(&options, "challenge"));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("form", &said(&options, "form")).extend_pairs(borrowed(&fields));
    let form = form.finish();

    let asks = (0..8).map(|_| browser.dressed(ClientRequest::form("/login/passkey", &form)));
    let answers = broker.ask_at_once(asks).await;

    assert_eq!(answers.iter().filter(|answer| answer.session().is_some()).count(), 1, "{answers:?}");
}

/// Attacks W-02, W-03, W-04
#[actix_web::test]
async fn what_the_authenticator_says_has_to_be_right() {
    let broker = broker().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    let whole = passkey.flags;
    for (origin, host, flags) in [
        ("http://localhost:8081", "localhost", whole),
        ("https://localhost:8080", "localhost", whole),
        ("http://evil.example", "localhost", whole),
        (HERE, "loja.example", whole),
        (HERE, "localhost:8080", whole),
        (HERE, "localhost", whole & !PRESENT),
        (HERE, "localhost", whole & !VERIFIED),
    ] {
        (passkey.origin, passkey.host, passkey.flags) = (origin.to_owned(), host.to_owned(), flags);
        let answer = signs_in(&Browser::new(&broker), &mut passkey).await;
        assert!(refused(&answer), "{origin} {host} {flags:b}: {answer:?}");
        broker.assert_clean(&answer);
    }
}

/// Attack W-05
#[actix_web::test]
async fn a_passkey_with_the_handle_of_another_person_signs_in_neither() {
    let broker = broker().await;
    let (mut of_ana, mut of_eva) = (passkey(), passkey());
    person_with(&broker, "ana", &mut of_ana).await;
    person_with(&broker, "eva", &mut of_eva).await;
    let (ana, eva) = (of_ana.user.clone(), of_eva.user.clone());

    of_eva.user = ana;
    assert!(refused(&signs_in(&Browser::new(&broker), &mut of_eva).await));
    of_eva.user = eva;
    of_eva.id = of_ana.id.clone();
    assert!(refused(&signs_in(&Browser::new(&broker), &mut of_eva).await), "the id of another passkey");
    of_eva.user = of_ana.user.clone();
    assert!(refused(&signs_in(&Browser::new(&broker), &mut of_eva).await), "the key of another passkey");
}

/// Attack W-06
#[actix_web::test]
async fn a_counter_that_goes_back_is_refused_and_recorded() {
    let broker = broker().await;
    let mut passkey = passkey();
    let (_, uid) = person_with(&broker, "ana", &mut passkey).await;
    passkey.counter = 7;
    assert!(signs_in(&Browser::new(&broker), &mut passkey).await.session().is_some());

    for counter in [7, 6, 0] {
        passkey.counter = counter;
        assert!(refused(&signs_in(&Browser::new(&broker), &mut passkey).await), "{counter}");
    }

    let found = events(&broker, &uid).await;
    let of_counter = found.iter().filter(|event| event.what == AuditEventKind::PasskeyRefused);
    assert!(of_counter.clone().all(|event| event.because.as_deref() == Some("counterWentBack")), "{found:?}");
    assert_eq!(of_counter.count(), 3, "{found:?}");
    passkey.counter = 8;
    assert!(signs_in(&Browser::new(&broker), &mut passkey).await.session().is_some(), "the one that counts on still works");
}

/// Attack W-08
#[actix_web::test]
async fn a_blocked_or_erased_user_has_no_passkeys_that_work() {
    let broker = broker().await;
    let mut passkey = passkey();
    let (_, uid) = person_with(&broker, "ana", &mut passkey).await;
    let block = |blocked| BlockUser { store: "main".into(), uid: uid.as_str().into(), blocked, now: clock::now() };

    broker.app.directory.write(block(true)).await.expect("storage is there");
    let blocked = signs_in(&Browser::new(&broker), &mut passkey).await;
    assert!(blocked.session().is_none() && blocked.body.contains("This account is blocked"), "{blocked:?}");
    broker.app.directory.write(block(false)).await.expect("storage is there");
    assert!(signs_in(&Browser::new(&broker), &mut passkey).await.session().is_some());
    let erase = EraseUser { store: "main".into(), uid: uid.as_str().into(), by: AuditActor::Support, now: clock::now() };
    assert!(broker.app.directory.write(erase).await.expect("storage is there"));

    assert!(refused(&signs_in(&Browser::new(&broker), &mut passkey).await));
    Browser::new(&broker).log_in("acme", "ana").await;
    assert!(refused(&signs_in(&Browser::new(&broker), &mut passkey).await), "a later user with the address does not get it back");
}

/// Attack W-03
#[actix_web::test]
async fn a_passkey_of_one_store_opens_no_other() {
    let settings = format!(
        "{LOCAL}ways: [ passkey ]\nstores:\n  atacado:\n    publicUrl: http://atacado.localhost:8080\n    returnTo: [ http://localhost:9001 ]\n"
    );
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    let there = || Browser::at(&broker, "atacado.localhost:8080");

    let as_made = signs_in(&there(), &mut passkey).await;
    (passkey.host, passkey.origin) = ("atacado.localhost".to_owned(), "http://atacado.localhost:8080".to_owned());
    let as_if_there = signs_in(&there(), &mut passkey).await;

    assert!(refused(&as_made) && refused(&as_if_there), "{as_made:?} {as_if_there:?}");
}

/// Attack W-09
#[actix_web::test]
async fn a_passkey_is_added_only_in_a_recent_session_that_is_certainly_the_persons_own() {
    let broker = broker().await;
    let nobody = asks(&Browser::new(&broker), "/account/passkeys/options").await;
    assert_eq!(nobody.status, 403, "{nobody:?}");
    let old = Browser::new(&broker);
    let token = broker.token(crate::web::test_broker::HOST, |session| session.since -= 301);
    old.jar.borrow_mut().push(("portaria".to_owned(), token));
    assert_eq!(asks(&old, "/account/passkeys/options").await.status, 403);

    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let from_elsewhere = ClientRequest::form("/account/passkeys/options", "").with("sec-fetch-site", "cross-site");
    assert_eq!(browser.ask(from_elsewhere).await.status, 403);
    let options = asks(&browser, "/account/passkeys/options").await;
    let mut key = passkey();
    let (form, fields) = (said(&options, "form"), key.registration(&said(&options, "challenge")));
    let other = Browser::new(&broker);
    other.log_in("acme", "eva").await;
    let elsewhere = post(&other, "/account/passkeys", &form, &borrowed(&fields)).await;
    assert!(elsewhere.status == 403 && elsewhere.location().is_none(), "{elsewhere:?}");

    assert_eq!(post(&browser, "/account/passkeys", &form, &borrowed(&fields)).await.status, 303);
    let again = post(&browser, "/account/passkeys", &form, &borrowed(&fields)).await;
    assert_eq!(again.status, 400, "a challenge makes one passkey: {again:?}");
    let taken = adds(&other, &mut key).await;
    assert!(refused(&taken), "the id is another person's: {taken:?}");
}

/// Attack W-07
#[actix_web::test]
async fn a_registration_that_is_not_well_formed_adds_nothing() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    for (field, value) in [("attestation", ""), ("attestation", "o2NmbXQ"), ("clientData", "e30"), ("credential", "AAAA")] {
        let options = asks(&browser, "/account/passkeys/options").await;
        let mut fields = passkey().registration(&said(&options, "challenge"));
        for (name, written) in &mut fields {
            if *name == field {
                value.clone_into(written);
            }
        }
        let answer = post(&browser, "/account/passkeys", &said(&options, "form"), &borrowed(&fields)).await;
        assert!(refused(&answer), "{field}: {answer:?}");
    }
    assert!(look(&browser, "/account").await.body.contains("You have no passkeys yet."));
}

#[actix_web::test]
async fn a_person_has_ten_passkeys_at_most() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    for _ in 0..10 {
        assert_eq!(adds(&browser, &mut passkey()).await.status, 303);
    }

    assert!(refused(&adds(&browser, &mut passkey()).await));
    assert!(!look(&browser, "/account").await.body.contains("data-passkey=\"create\""), "none can be added");
}

/// Attack W-10
#[actix_web::test]
async fn no_answer_says_whether_an_account_or_a_passkey_exists() {
    let broker = broker().await;
    let mut known = passkey();
    person_with(&broker, "ana", &mut known).await;
    let mut unknown = passkey();
    unknown.user = known.user.clone();
    known.flags &= !VERIFIED;
    let mut seen = Vec::new();

    for passkey in [&mut known, &mut unknown] {
        let browser = Browser::new(&broker);
        let options = asks(&browser, "/login/passkey/options").await;
        let names: Vec<String> = options.json().as_object().expect("an object").keys().cloned().collect();
        let answer = signs_in(&browser, passkey).await;
        seen.push((names, answer.status, answer.body.clone()));
    }

    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0, ["form", "challenge", "rpId"], "no credentials are named");
}

#[actix_web::test]
async fn a_store_without_passkeys_has_none_of_their_pages() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    assert!(!look(&Browser::new(&broker), "/login").await.body.contains("passkey"));
    assert!(!look(&browser, "/account").await.body.contains("passkey"));
    for (path, status) in [("/login/passkey/options", 404), ("/account/passkeys/options", 404)] {
        assert_eq!(asks(&browser, path).await.status, status, "{path}");
    }
    for path in ["/login/passkey", "/account/passkeys/new"] {
        assert_eq!(look(&browser, path).await.status, 404, "{path}");
    }
}

/// The script has found out that the device can keep passkeys.
fn has_device(browser: &Browser) {
    browser.jar.borrow_mut().push(("portaria-device".to_owned(), "1".to_owned()));
}

#[actix_web::test]
async fn a_passkey_is_offered_once_in_a_browser_whose_device_can_keep_one() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    assert_eq!(browser.log_in("acme", "ana").await.location(), Some(format!("{SHOP}/").as_str()), "nothing is known of the device");
    has_device(&browser);

    let begun = browser.begin(&format!("/login/acme?return_to={SHOP}/caixa")).await;
    let offered = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    let there = format!("/account/passkeys/new?return_to={}", "http%3A%2F%2Flocalhost%3A9000%2Fcaixa");
    assert_eq!((offered.status, offered.location()), (303, Some(there.as_str())), "{offered:?}");
    assert!(offered.session().is_some(), "the person is signed in already");
    let page = look(&browser, &there).await;
    assert!(page.body.contains("Sign in faster next time"), "{}", page.body);
    assert!(page.body.contains(&format!("href=\"{SHOP}/caixa\" data-without-passkeys>Not now</a>")), "{}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains(&format!("form-action 'self' {SHOP};")), "the form leads on to the shop: {policy}");
    let again = browser.log_in("acme", "ana").await;
    assert_eq!(again.location(), Some(format!("{SHOP}/").as_str()), "it is not offered again");
}

#[actix_web::test]
async fn no_passkey_is_offered_to_a_person_who_has_one_or_cannot_have_one() {
    let broker = broker().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    let shop = format!("{SHOP}/");

    let browser = Browser::new(&broker);
    has_device(&browser);
    assert_eq!(browser.log_in("acme", "ana").await.location(), Some(shop.as_str()));
    let by_passkey = Browser::new(&broker);
    has_device(&by_passkey);
    assert_eq!(signs_in(&by_passkey, &mut passkey).await.location(), Some(shop.as_str()));
}

#[actix_web::test]
async fn a_passkey_that_is_made_on_the_offer_leads_on_to_where_the_person_wanted() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let options = asks(&browser, "/account/passkeys/options").await;
    let fields = passkey().registration(&said(&options, "challenge"));

    let added = post(&browser, &format!("/account/passkeys?return_to={SHOP}/caixa"), &said(&options, "form"), &borrowed(&fields)).await;

    assert_eq!(added.location(), Some(format!("{SHOP}/caixa").as_str()), "{added:?}");
}

/// A store without a page of its own: its logins end on ours.
async fn broker_without_shop() -> TestBroker {
    let settings = format!("{}ways: [ passkey ]\n", LOCAL.replace(&format!("returnTo: [ {SHOP} ]\n"), ""));
    TestBroker::builder(&settings).with_standard("acme").build().await
}

const ON_SIGNED_IN_PAGE: &str = "action=\"/account/passkeys\" data-passkey=\"create\" data-options=\"/account/passkeys/options\" \
     data-device=\"portaria-device=1; SameSite=Lax; Path=/; Max-Age=3600\" hidden>";

#[actix_web::test]
async fn where_a_login_ends_on_our_own_page_a_passkey_is_offered_there() {
    let broker = broker_without_shop().await;
    let browser = Browser::new(&broker);
    assert_eq!(browser.log_in("acme", "ana").await.location(), Some("/login"));

    let page = look(&browser, "/login").await;

    assert!(page.body.contains(ON_SIGNED_IN_PAGE) && page.body.contains("/passkey.js?v="), "{}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src http://localhost:8080/passkey.js; connect-src 'self'; form-action 'self'"), "{policy}");
    assert_eq!(adds(&browser, &mut passkey()).await.location(), Some("/account?done=passkey"));
    assert!(!look(&browser, "/login").await.body.contains("passkey.js"), "a person who has one needs no offer");
}

#[actix_web::test]
async fn the_page_of_a_signed_in_person_leads_on_after_a_new_passkey() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    let page = look(&browser, &format!("/login?return_to={SHOP}/caixa")).await;

    let action = "action=\"/account/passkeys?return_to=http%3A%2F%2Flocalhost%3A9000%2Fcaixa\" data-passkey=\"create\"";
    assert!(page.body.contains(action), "{}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains(&format!("form-action 'self' {SHOP}")), "the form leads on to the shop: {policy}");
}

/// Attack W-09
#[actix_web::test]
async fn the_page_of_a_signed_in_person_offers_no_passkey_that_could_not_be_added_or_was_offered_before() {
    let broker = broker_without_shop().await;
    let (offered, old, none) = (Browser::new(&broker), Browser::new(&broker), Browser::new(&broker));
    offered.log_in("acme", "ana").await;
    offered.jar.borrow_mut().push(("portaria-passkey-offered".to_owned(), "1".to_owned()));
    let token = broker.token(crate::web::test_broker::HOST, |session| session.since -= 301);
    old.jar.borrow_mut().push(("portaria".to_owned(), token));
    let mut first = passkey();
    person_with(&broker, "eva", &mut first).await;
    let by_passkey = Browser::new(&broker);
    signs_in(&by_passkey, &mut first).await;

    for (browser, what) in [(&offered, "it was offered before"), (&old, "it is long ago"), (&by_passkey, "it was one by which she came")] {
        assert!(browser.who().await.is_some(), "{what}");
        assert!(!look(browser, "/login").await.body.contains("data-passkey=\"create\""), "{what}");
    }
    assert!(!look(&none, "/login").await.body.contains("data-passkey=\"create\""), "no one is signed in");
}

async fn broker_with_apps() -> TestBroker {
    let all = format!("{}ways: [ passkey ]\nproviders: FOLDER/providers.d\n", settings());
    let hash = |name: &str| portaria::apps::client_app::SecretDigest::of(&format!("a-secret-of-{name}")).setting();
    let of_app = |name: &str, providers: &str| {
        format!("  {name}: {{ secret: {}, redirectUris: [ {CALLBACK} ], providers: [ {providers} ], signing: ES256 }}\n", hash(name))
    };
    let all = all.replace("  asks: {", &format!("{}{}  asks: {{", of_app("passkey-only", "passkey"), of_app("both", "passkey, acme")));
    TestBroker::builder(&all).with_standard("acme").with_standard("beta").build().await
}

#[actix_web::test]
async fn an_app_gets_its_code_at_once_and_learns_that_the_person_used_a_passkey() {
    let broker = broker_with_apps().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    for (app, begins) in [("both", "/login?return_to="), ("passkey-only", "/login/passkey?return_to=")] {
        let browser = Browser::new(&broker);
        signs_in(&browser, &mut passkey).await;
        let asked = browser.get(&request_of(app, "prompt=login")).await;
        let page = asked.location().expect("a page").to_owned();
        assert!(page.starts_with(begins), "{page}");
        assert!(look(&browser, &page).await.body.contains("data-passkey=\"get\""));

        let (_, query) = page.split_once('?').expect("a return address");
        let answer = signs_in_to(&browser, &mut passkey, &format!("?{query}")).await;
        let redeem = format!("grant_type=authorization_code&code={}&redirect_uri={CALLBACK}", parameter(&answer, "code"));
        let tokens = broker.ask(by(app, "/token", &redeem)).await;

        let (_, claims) = decoded(&text(&tokens, "id_token"));
        assert_eq!(claims["amr"], serde_json::json!(["pop", "user", "mfa"]));
        assert!(claims["acr"].as_str().is_some_and(|acr| acr.ends_with(":passkey")), "{claims}");
        assert!(claims["auth_time"].as_i64().is_some_and(|moment| clock::now() - moment < 60), "{claims}");
    }
}

#[actix_web::test]
async fn an_app_that_names_its_providers_has_no_passkeys_unless_it_lists_them() {
    let broker = broker_with_apps().await;
    let mut passkey = passkey();
    person_with(&broker, "ana", &mut passkey).await;
    let browser = Browser::new(&broker);
    signs_in(&browser, &mut passkey).await;

    let silent = browser.get(&request_of("beta-only", "prompt=none")).await;
    assert_eq!(parameter(&silent, "error"), "login_required", "a session by passkey is none for an app that does not list it");
    let asked = browser.get(&request_of("beta-only", "")).await;
    assert!(asked.location().is_some_and(|location| location.contains("/entrar")), "its only provider is gone to: {asked:?}");
}

#[actix_web::test]
async fn the_offer_stands_before_an_app_once_and_its_request_waits() {
    let broker = broker_with_apps().await;
    let browser = Browser::new(&broker);
    has_device(&browser);
    let asked = browser.get(&request_of("both", "prompt=login")).await;
    let page = asked.location().expect("the login page").to_owned();
    let begun = browser.begin(&page.replace("/login?", "/login/acme?")).await;

    let offered = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    let there = offered.location().expect("an offer").to_owned();
    assert!(there.starts_with("/account/passkeys/new?return_to="), "{offered:?}");
    let page = look(&browser, &there).await;
    let (before, _) = page.body.split_once("\" data-without-passkeys").expect("a link");
    let next = before.rsplit("href=\"").next().expect("its address").trim_start_matches(HERE).to_owned();
    let answer = browser.get(&next).await;

    assert!(!parameter(&answer, "code").is_empty(), "the sign-in counts for the request: {answer:?}");
}
