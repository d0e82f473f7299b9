//! The client side of `OpenID` Connect as the conformance suite of the `OpenID` Foundation tests it: every module of the plans that a client
//! meets, under the suite's own name, against the whole broker and an issuer over HTTP. `docs/conformance.md` is written from the tables.
//!
//! After a change of the tables: `ACCEPT=1 cargo test conformance`.

mod issuer;
mod logout_tokens;
mod modules;
mod provider;

use crate::conformance::issuer::{CLIENT, Issuer};
use crate::conformance::modules::{End, LOGINS, Module, NOT_OFFERED, OTHERS, PLANS};
use crate::support::{root, text};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::failures::code_on;
use crate::web::test_broker::{LOCAL, SHOP, TestBroker};
use portaria::directory::incidents::LoadIncident;
use portaria::world::clock;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The file of one line, beside the client's name and secret.
fn file(module: &str, more: &str) -> String {
    format!("name: Emissor\nclientId: {CLIENT}\nclientSecret: SECRET\ndiscovery: UPSTREAM/{module}\n{more}")
}

const BY_FORM: &str = "getAuthorizationCode: { extra: { response_mode: form_post }, callback: post }\n";

/// The modules of the basic plan, which the form post plan repeats.
fn is_basic(module: &Module) -> bool {
    PLANS[0].1.contains(&module.name)
}

/// A broker with a provider for each module, by whose name it is called.
async fn broker(modules: &[&Module], more: &str) -> TestBroker {
    let builder = TestBroker::builder(LOCAL);
    let builder = modules
        .iter()
        .fold(builder, |builder, module| builder.with(module.provider(), &file(module.provider(), &format!("{more}{}", module.file))));
    builder.build().await
}

fn open(broker: &TestBroker, module: &Module) -> Arc<Issuer> {
    Issuer::open(&broker.upstream, module.provider(), &format!("{}-secret", broker.mark), module.change)
}

/// The code of the story behind an error page.
async fn failure(broker: &TestBroker, answer: &Answer) -> String {
    let Some(code) = code_on(&answer.body) else { return format!("no code, {} {:.80}", answer.status, answer.body) };
    let found = broker.app.directory.read(LoadIncident { code: code.as_str().into(), now: clock::now() }).await.expect("storage is there");
    let Some(incident) = found else { return format!("no story of {code}") };
    let story: serde_json::Value = serde_json::from_str(&incident.story).expect("a story is JSON");
    story["code"].as_str().unwrap_or_default().to_owned()
}

/// Begins a login and comes back from the issuer; answers with the last page, and whether the issuer was reached.
async fn log_in((broker, browser): (&TestBroker, &Browser), issuer: &Issuer, module: &str, peer: &str, by_form: bool) -> (Answer, bool) {
    let begun = browser.ask(ClientRequest::get(&format!("/login/{module}")).from(peer)).await;
    if begun.status != 303 {
        return (begun, false);
    }
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let request: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let parameters = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(issuer.authorize(&request)).finish();
    (come_back((broker, browser), module, &parameters, peer, by_form).await, true)
}

/// Comes back with these parameters.
async fn come_back((broker, browser): (&TestBroker, &Browser), module: &str, parameters: &str, peer: &str, by_form: bool) -> Answer {
    if !by_form {
        return browser.ask(ClientRequest::get(&format!("/callback/{module}?{parameters}")).from(peer)).await;
    }
    // Another site posts it, so the browser brings no cookies along; then it is led to an address of our own.
    let posted = ClientRequest::form(&format!("/callback/{module}"), parameters).with("sec-fetch-site", "cross-site").from(peer);
    let bounced = broker.ask(posted).await;
    match bounced.location() {
        Some(onward) => browser.ask(ClientRequest::get(onward).from(peer)).await,
        None => bounced,
    }
}

/// What is wrong with how the logins of a module end.
async fn what_is_wrong(broker: &TestBroker, module: &Module, peer: &str, by_form: bool) -> Vec<String> {
    let (issuer, mut wrong) = (open(broker, module), Vec::new());
    let mut asked_before = (0, 0);
    for (at, end) in module.ends.iter().enumerate() {
        if at > 0 {
            // Within a second of the first fetch the keys are not fetched again.
            actix_web::rt::time::sleep(Duration::from_millis(1_100)).await;
        }
        let browser = Browser::new(broker);
        let (answer, is_begun) = log_in((broker, &browser), &issuer, module.provider(), peer, by_form).await;
        let asked = (issuer.asked("token") - asked_before.0, issuer.asked("userinfo") - asked_before.1);
        asked_before = (asked_before.0 + asked.0, asked_before.1 + asked.1);
        let who = browser.who().await;
        let found = if who.as_deref() == Some("ana@clientes.example") {
            End::SignedIn.outcome_text()
        } else {
            broker.assert_clean(&answer);
            let code = failure(broker, &answer).await;
            let code: &'static str = Box::leak(code.into_boxed_str());
            match (is_begun, asked) {
                (false, _) => End::NotBegun(code),
                (true, (0, _)) => End::CallbackRefused(code),
                (true, (_, 0)) => End::TokenRefused(code),
                (true, _) => End::UserInfoRefused(code),
            }
            .outcome_text()
        };
        if found != end.outcome_text() {
            wrong.push(format!("{}, login {}: {found}, and not {}", module.name, at + 1, end.outcome_text()));
        }
    }
    wrong.extend(issuer.faults().into_iter().map(|fault| format!("{}: {fault}", module.name)));
    wrong
}

async fn all_end_as_they_must(modules: &[&Module], more: &str, by_form: bool) {
    let (broker, mut wrong) = (broker(modules, more).await, Vec::new());
    for (at, module) in modules.iter().enumerate() {
        wrong.extend(what_is_wrong(&broker, module, &format!("198.51.100.{at}"), by_form).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[actix_web::test]
async fn every_module_of_the_client_plans_ends_as_the_suite_demands() {
    all_end_as_they_must(&LOGINS.iter().collect::<Vec<_>>(), "", false).await;
}

#[actix_web::test]
async fn every_module_of_the_basic_plan_ends_the_same_where_the_browser_posts_the_answer() {
    let modules: Vec<&Module> = LOGINS.iter().filter(|module| is_basic(module)).collect();
    all_end_as_they_must(&modules, BY_FORM, true).await;
}

/// The honest issuer of a module with a run of its own.
fn honest(name: &'static str, file: &'static str) -> Module {
    Module { name, issuer: "", ends: &[], file, change: |_, _, _| {} }
}

#[actix_web::test]
async fn an_error_that_comes_by_a_form_is_shown_to_the_shopper() {
    let module = honest("oidcc-client-test-form-post-error", BY_FORM);
    let broker = broker(&[&module], "").await;
    let (issuer, browser) = (open(&broker, &module), Browser::new(&broker));
    let begun = browser.begin(&format!("/login/{}", module.provider())).await;
    let parameters = issuer.authorize(&begun.query);
    let (_, iss) = parameters.iter().find(|(name, _)| name == "iss").expect("it names itself");
    let parameters = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("error", "interaction_required"), ("state", &begun.state), ("iss", iss)])
        .finish();

    let answer = come_back((&broker, &browser), module.provider(), &parameters, "198.51.100.1", true).await;

    assert!(answer.body.contains("<html") && browser.who().await.is_none(), "{answer:?}");
    assert!(failure(&broker, &answer).await.starts_with("no code"), "the provider asks the person to act, as after a cancel");
    assert_eq!(issuer.asked("token"), 0);
    broker.assert_clean(&answer);
}

#[actix_web::test]
async fn a_login_that_another_site_begins_is_a_login() {
    let module = honest("oidcc-client-test-3rd-party-init-login", "");
    let broker = broker(&[&module], "").await;
    let (issuer, browser) = (open(&broker, &module), Browser::new(&broker));
    let named = "iss=https%3A%2F%2Fevil.example&login_hint=ana&target_link_uri=https%3A%2F%2Fevil.example%2F";
    let begun = browser.begin(&format!("/login/{}?{named}", module.provider())).await;
    let parameters = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(issuer.authorize(&begun.query)).finish();

    let answer = come_back((&broker, &browser), module.provider(), &parameters, "198.51.100.1", false).await;

    assert_eq!(answer.location(), Some(format!("{SHOP}/").as_str()), "{answer:?}");
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert_eq!(issuer.faults(), Vec::<String>::new());
}

#[actix_web::test]
async fn a_logout_leads_to_the_issuer_and_whatever_comes_back_changes_nothing() {
    let words =
        "logout: ${endSessionEndpoint}?id_token_hint=${idToken}&client_id=${clientId}&post_logout_redirect_uri=${publicUrl}/login\n";
    let names: Vec<&str> = OTHERS.iter().map(|other| other.0).filter(|name| name.contains("rp-init-logout")).collect();
    let modules: Vec<Module> = names.into_iter().map(|name| honest(name, words)).collect();
    let broker = broker(&modules.iter().collect::<Vec<_>>(), "").await;
    for module in &modules {
        let (issuer, browser) = (open(&broker, module), Browser::new(&broker));
        log_in((&broker, &browser), &issuer, module.provider(), "198.51.100.1", false).await;
        assert!(browser.who().await.is_some(), "{}", module.name);

        let answer = browser.ask(ClientRequest::form("/logout", "")).await;

        let ended = url::Url::parse(answer.location().expect("it leads on")).expect("an address");
        let sent: Vec<(String, String)> = ended.query_pairs().into_owned().collect();
        assert_eq!(ended.path(), format!("/{}/end", module.provider()));
        let names: Vec<&str> = sent.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["id_token_hint", "client_id", "post_logout_redirect_uri"]);
        let back = url::Url::parse(&sent[2].1).expect("an address");
        let state = match module.name {
            "oidcc-client-test-rp-init-logout-other-state" => "?state=another",
            _ => "",
        };
        let page = browser.get(&format!("{}{state}", back.path())).await;
        assert_eq!(page.status, 200, "{}: {page:?}", module.name);
        assert_eq!(browser.who().await, None, "{}", module.name);
        assert_eq!(issuer.faults(), Vec::<String>::new());
    }
}

#[actix_web::test]
async fn a_logout_token_ends_the_session_and_what_is_none_does_not() {
    let names: Vec<&str> = OTHERS.iter().map(|other| other.0).filter(|name| name.contains("backchannel")).collect();
    let modules: Vec<Module> = names.into_iter().map(|name| honest(name, "")).collect();
    let broker = broker(&modules.iter().collect::<Vec<_>>(), "").await;
    for module in &modules {
        let (issuer, browser) = (open(&broker, module), Browser::new(&broker));
        log_in((&broker, &browser), &issuer, module.provider(), "198.51.100.1", false).await;
        assert!(browser.who().await.is_some(), "{}", module.name);
        let token = issuer.logout_token(|header, claims| match module.name.rsplit_once("rpinitlogout").map(|(_, change)| change) {
            Some("-alg-none") => header["alg"] = "none".into(),
            Some("-wrong-alg") => header["alg"] = "HS256".into(),
            Some("-no-event") => drop(claims.as_object_mut().expect("claims have names").shift_remove("events")),
            Some("-with-nonce") => claims["nonce"] = "n-1".into(),
            Some("-wrong-aud") => claims["aud"] = "another-client".into(),
            Some("-wrong-event") => claims["events"] = serde_json::json!({ "http://schemas.openid.net/event/other": {} }),
            Some("-wrong-iss") => claims["iss"] = "https://evil.example".into(),
            change => assert_eq!(change, Some("")),
        });

        let answer = broker.ask(logout_tokens::post(module.provider(), &token)).await;

        let ends = module.name.ends_with("rpinitlogout");
        assert_eq!((answer.status, answer.header("cache-control")), (if ends { 200 } else { 400 }, Some("no-store")), "{}", module.name);
        assert_eq!(browser.who().await.is_none(), ends, "{}", module.name);
        assert_eq!(issuer.faults(), Vec::<String>::new());
    }
}

#[test]
fn every_module_of_the_plans_has_one_row() {
    let planned: Vec<&str> = PLANS.iter().flat_map(|(_, modules)| modules.iter().copied()).collect();
    let mut rows: Vec<&str> = LOGINS.iter().map(|module| module.name).collect();
    rows.extend(OTHERS.iter().map(|other| other.0));
    rows.extend(NOT_OFFERED.iter().flat_map(|(_, names)| names.iter().copied()));
    let own = text(&root().join("tests/conformance.rs"));

    assert_eq!(rows.len(), rows.iter().collect::<BTreeSet<_>>().len(), "a module stands twice");
    assert_eq!(rows.iter().collect::<BTreeSet<_>>(), planned.iter().collect::<BTreeSet<_>>());
    for (name, _, _, test) in OTHERS {
        assert!(own.contains(&format!("async fn {test}()")), "{name}: there is no test {test}");
    }
}

/// The rows of the page for one plan.
fn page_of_plan(plan: &str, modules: &[&str]) -> String {
    let row = |name: &str| {
        if let Some(module) = LOGINS.iter().find(|module| module.name == name) {
            let mut ends: Vec<String> = module.ends.iter().map(|end| end.outcome_text()).collect();
            ends.dedup();
            let test = "every_module_of_the_client_plans_ends_as_the_suite_demands";
            return format!("| `{name}` | {} | {} | `{test}` |", module.issuer, ends.join(", then "));
        }
        if let Some((_, issuer, end, test)) = OTHERS.iter().find(|other| other.0 == name) {
            return format!("| `{name}` | {issuer} | {end} | `{test}` |");
        }
        let why = NOT_OFFERED.iter().find(|(_, names)| names.contains(&name)).map_or("", |(why, _)| why);
        format!("| `{name}` | | not offered | {why} |")
    };
    let rows: Vec<String> = modules.iter().map(|name| row(name)).collect();
    format!("## {plan}\n\n| module | the issuer | the login | test, or why not |\n|---|---|---|---|\n{}\n", rows.join("\n"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts a changed table")]
fn the_page_is_written_from_the_tables() {
    let head = "# Conformance of the client

How the broker meets the client test plans of the OpenID Foundation's conformance suite, module by module and under the suite's own names. The
suite itself needs a network; here each module is an issuer on the same machine that does what the module's does, and the whole broker
is asked over its routes. The provider's file has one line beside the client's name and secret (`discovery: ISSUER`), except for
`oidcc-client-test-userinfo-bearer-body` and the logouts, which need a line more. The form post plan
(`oidcc-client-formpost-basic-certification-test-plan`) repeats the basic one where the browser posts the answer:
`every_module_of_the_basic_plan_ends_the_same_where_the_browser_posts_the_answer`.

The tests are those of `cargo test conformance`; this page is written by
`ACCEPT=1 cargo test conformance`.
";
    let plans: Vec<String> = PLANS.iter().map(|(plan, modules)| page_of_plan(plan, modules)).collect();
    let page = format!("{head}\n{}", plans.join("\n"));
    let path = root().join("docs/conformance.md");
    if std::env::var("ACCEPT").is_ok() {
        std::fs::write(path, page).expect("the page is written");
    } else {
        assert_eq!(text(&path), page, "run `ACCEPT=1 cargo test conformance`");
    }
}
