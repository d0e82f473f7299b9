//! The playground, as a shopper and the broker use it: every person, every fault, and attempts to cheat.

use crate::support::{ready, root, text};
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::login::drive;
use portaria::login::error::LoginError;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::{InstallationContext, Provider, compile};
use portaria::simulated::playground::{Playground, PlaygroundFault};
use portaria::simulated::{SimulatedRequest, SimulatedResponse};
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

const PUBLIC_URL: &str = "http://localhost:8080";
const NOW: i64 = 1_767_323_045;

/// How long a broker waits, and how much it reads.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST: usize = 64 * 1024;

/// A store with a playground. The broker's calls to it never leave the program.
struct Store {
    playground: Playground,
    provider: Provider,
    installation: InstallationValues,
    draws: AtomicU8,
}

impl Fetch for Store {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let address = request.address.expose();
        let path = address.strip_prefix("http://localhost:8080/playground").unwrap_or_else(|| panic!("a call leaves: {address}"));
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (&**name, value.expose())).collect();
        let body = request.body.as_ref().map_or("", Text::expose);
        let answer = self.ask(&request.method.to_string(), path, &headers, body, NOW + 2);
        Box::pin(std::future::ready(if answer.delay >= PATIENCE {
            Err(NoAnswer::too_slow(PATIENCE))
        } else if answer.body.len() > MOST {
            Err(NoAnswer::too_large(MOST, answer.body.len()))
        } else {
            Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
        }))
    }
}

impl Store {
    fn new() -> Self {
        let file = Source::new("playground.yaml", text(&root().join("providers.d/playground.yaml")));
        let (provider, report) = compile(&file, InstallationContext { loopback: true });
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let installation = InstallationValues { public_url: PUBLIC_URL.into(), values: provider.literals().collect() };
        Self { playground: Playground::new([7; 32]), provider, installation, draws: AtomicU8::new(0) }
    }

    fn ask(&self, method: &str, path_and_query: &str, headers: &[(&str, &str)], body: &str, now: i64) -> SimulatedResponse {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let asked = SimulatedRequest { method, path, query, headers, body: body.as_bytes(), public_url: PUBLIC_URL, base: "/playground" };
        self.playground.answer(&asked, now, [self.draws.fetch_add(1, Ordering::Relaxed); 16])
    }

    fn get(&self, path_and_query: &str) -> SimulatedResponse {
        self.ask("GET", path_and_query, &[], "", NOW)
    }

    /// A new attempt, and the address below `/playground` to which the browser is sent.
    fn begin(&self) -> (Attempt, String) {
        let attempt = Attempt::new(&self.provider, &self.installation, &Entropy([9; 80]), NOW, Vec::new());
        let request =
            attempt.redirect_request(&self.provider, &self.installation, &DocumentCache::default()).expect("a redirect is written");
        let address = request.address.expose().strip_prefix("http://localhost:8080/playground").expect("it leads to the playground");
        (attempt, address.to_owned())
    }

    /// A whole login with this choice.
    fn log_in(&self, choice: &str) -> Result<Identity, LoginError> {
        let (attempt, address) = self.begin();
        let callback = CallbackParameters::new(callback_parameters(&self.get(&format!("{address}&{choice}"))));
        let documents = DocumentCache::default();
        let login = attempt.accept(&self.provider, &self.installation, &callback, None, &documents, NOW + 1)?;
        ready(drive(login, self, &documents)).1
    }

    /// A ticket for Ana, and the exchange that an honest app would send for it.
    fn ticket(&self) -> Value {
        let (attempt, address) = self.begin();
        let parameters = callback_parameters(&self.get(&format!("{address}&who=ana")));
        json!({
            "app": { "called": "loja-de-brinquedo" },
            "swap": { "ticket": parameters[0].1, "proof": &*attempt.verifier, "back": "http://localhost:8080/callback/playground" },
        })
    }

    /// The code with which an exchange is refused.
    fn refusal_code(&self, exchange: &Value, now: i64) -> Option<String> {
        let answer = self.ask("POST", "/token", &[], &exchange.to_string(), now);
        assert_eq!(answer.status, 200);
        let answer: Value = serde_json::from_slice(&answer.body).expect("it answers in JSON");
        assert_eq!(answer["outcome"]["ok"] == json!(true), answer["payload"]["keys"]["entry"].is_string());
        answer["outcome"]["why"].as_str().map(str::to_owned)
    }
}

fn header<'a>(answer: &'a SimulatedResponse, name: &str) -> &'a str {
    answer.headers.iter().find(|(known, _)| **known == *name).map_or("", |(_, value)| value)
}

fn page(answer: &SimulatedResponse) -> String {
    assert!(header(answer, "Content-Type").starts_with("text/html"), "{answer:?}");
    assert!(header(answer, "Content-Security-Policy").starts_with("default-src 'none'; style-src 'self'; form-action 'self' "));
    String::from_utf8(answer.body.clone()).expect("a page is UTF-8")
}

/// The parameters of the callback, from a redirect or from the hidden fields of a form.
fn callback_parameters(answer: &SimulatedResponse) -> Vec<(String, String)> {
    if answer.status == 303 {
        let query = header(answer, "Location").strip_prefix("http://localhost:8080/callback/playground?").expect("it leads back");
        return url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    }
    let page = page(answer);
    assert!(page.contains("<form method=\"post\" action=\"http://localhost:8080/callback/playground\">"), "{page}");
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").expect("a field has a value");
        (name.to_owned(), rest.split('"').next().unwrap_or_default().to_owned())
    });
    fields.collect()
}

#[test]
fn everyone_with_a_proven_address_signs_in() {
    let store = Store::new();
    let mut ids = Vec::new();

    for (who, email, name) in [
        ("ana", "ana@loja.example", "Ana Prova"),
        ("lia", "lia@loja.example", "🦊 Lia Raposa 🎈"),
        ("layla", "layla@loja.example", "ليلى المثال"),
        ("markup", "bia@loja.example", "<b>Bia</b> &amp; <i>Filhos</i>"),
        ("nakamura", "nakamura@loja.example", "Nakamura"),
        ("oneil", "tess.o'neil@loja.example", "Tess O'Neil \"Quote\""),
        ("maria", "maria.silva+compras@loja.example", "Maria Silva"),
    ] {
        let identity = store.log_in(&format!("who={who}")).unwrap_or_else(|error| panic!("{who}: {error:?}"));

        assert!(matches!(&identity.address, IdentityEmail::Proven(proven, _) if proven.key() == email), "{who}: {:?}", identity.address);
        assert_eq!(identity.name.as_deref(), Some(name));
        assert!(!ids.contains(&identity.id), "{who}: the id belongs to another person");
        ids.push(identity.id);
    }
    assert_eq!(&*ids[0], "9007199254740993", "to the last digit");

    let long = store.log_in("who=pedro").expect("a long name is no reason").name.expect("there is a name");
    assert!(long.starts_with("Pedro da Ladeira") && long.chars().count() == 200);
}

#[test]
fn no_one_signs_in_without_a_proven_address() {
    let store = Store::new();

    assert_eq!(store.log_in("who=bruno").expect_err("his address was never checked").code(), "unprovenEmail");
    assert_eq!(store.log_in("who=chen").expect_err("there is no address").code(), "missingEmail");
}

#[test]
fn every_fault_has_the_effect_that_it_describes() {
    let store = Store::new();

    for fault in PlaygroundFault::all() {
        let expected = match fault {
            PlaygroundFault::FormPost | PlaygroundFault::Slow => None,
            PlaygroundFault::Cancel => Some(("access_denied", true)),
            PlaygroundFault::WrongState => Some(("badState", false)),
            PlaygroundFault::Refuse => Some(("not_today", true)),
            PlaygroundFault::SpentTicket => Some(("ticket_spent", true)),
            PlaygroundFault::WebPage => Some(("unreadable", false)),
            PlaygroundFault::Silent | PlaygroundFault::Oversize => Some(("noAnswer", false)),
            PlaygroundFault::NoEmail => Some(("missingEmail", false)),
            PlaygroundFault::NoId => Some(("missingId", false)),
        };

        let result = store.log_in(&format!("who=ana&fault={}", fault.word()));

        let code = result.as_ref().err().map(|error| (error.code(), error.refusal().is_some()));
        assert_eq!(code, expected, "{}: {result:?}", fault.word());
    }
}

#[test]
fn a_typed_person_signs_in_as_typed() {
    let store = Store::new();

    let identity = store.log_in("who=typed&name=Nora+%3Cb%3E&email=Nora%40Loja.Example&checked=yes").expect("a login");
    assert!(matches!(&identity.address, IdentityEmail::Proven(email, _) if email.key() == "nora@loja.example"));
    assert_eq!(identity.name.as_deref(), Some("Nora <b>"));

    for (typed, code) in [
        ("email=nora%40loja.example", "unprovenEmail"),
        ("name=Nora&checked=yes", "missingEmail"),
        ("email=no+address&checked=yes", "missingEmail"),
        ("email=nora%40loja.example&checked=yes&fault=refuse", "not_today"),
    ] {
        assert_eq!(store.log_in(&format!("who=typed&{typed}")).expect_err(typed).code(), code, "{typed}");
    }
}

#[test]
fn the_form_for_a_typed_person_works_as_browsers_send_it() {
    let store = Store::new();
    let (_, address) = store.begin();
    let query = address.split_once('?').expect("there are parameters").1;

    let answer = store.ask("POST", "/enter", &[], &format!("{query}&who=typed&name=Nora&email=&fault="), NOW);

    assert_eq!(answer.status, 303);
    assert_eq!(callback_parameters(&answer).len(), 2);
}

#[test]
fn a_ticket_is_accepted_once() {
    let store = Store::new();
    let exchange = store.ticket();

    assert_eq!(store.refusal_code(&exchange, NOW + 1), None);
    assert_eq!(store.refusal_code(&exchange, NOW + 1).as_deref(), Some("ticket_spent"));
    assert_eq!(store.refusal_code(&exchange, NOW + 59).as_deref(), Some("ticket_spent"));
    assert_eq!(store.refusal_code(&store.ticket(), NOW + 1), None, "another one is");
}

#[test]
fn a_ticket_is_accepted_within_a_minute_from_one_app_with_one_redirect_uri_and_one_verifier() {
    let store = Store::new();
    let honest = store.ticket();
    let with = |path: &str, value: &str| {
        let mut exchange = honest.clone();
        *exchange.pointer_mut(path).expect("the path is there") = json!(value);
        exchange
    };

    for (exchange, now, expected) in [
        (with("/app/called", "another-app"), NOW, "other_app"),
        (with("/swap/back", "http://localhost:8080/callback/other"), NOW, "other_back"),
        (with("/swap/proof", "another proof"), NOW, "wrong_proof"),
        (with("/swap/proof", ""), NOW, "wrong_proof"),
        (with("/swap/ticket", "t-1"), NOW, "ticket_unknown"),
        (honest.clone(), NOW + 60, "ticket_old"),
        (honest.clone(), NOW - 1, "ticket_old"),
        (json!({ "ticket": "t-1" }), NOW, "unreadable"),
    ] {
        assert_eq!(store.refusal_code(&exchange, now).as_deref(), Some(expected), "{exchange}");
    }
    let stranger = Store { playground: Playground::new([8; 32]), ..Store::new() };
    assert_eq!(stranger.refusal_code(&honest, NOW).as_deref(), Some("ticket_unknown"));

    assert_eq!(store.refusal_code(&honest, NOW + 59), None, "and none of that has used it up");
}

#[test]
fn an_entry_is_no_ticket_and_a_ticket_is_no_entry() {
    let store = Store::new();
    let exchange = store.ticket();
    let me = |entry: &str, body: &str, now: i64| {
        let answer = store.ask("POST", "/me", &[("X-Entry", entry)], body, now);
        assert_eq!(answer.status, 200);
        serde_json::from_slice::<Value>(&answer.body).expect("it answers in JSON")
    };
    let wanted = "{\"wanted\":\"person\"}";
    let ticket = exchange["swap"]["ticket"].as_str().expect("there is a ticket");
    let answer = store.ask("POST", "/token", &[], &exchange.to_string(), NOW);
    let answer: Value = serde_json::from_slice(&answer.body).expect("it answers in JSON");
    let entry = answer["payload"]["keys"]["entry"].as_str().expect("there is an entry");

    assert_eq!(me(entry, wanted, NOW)["payload"]["person"]["called"]["given"], "Ana");
    assert_eq!(me(ticket, wanted, NOW)["outcome"]["why"], "entry_unknown");
    assert_eq!(me("", wanted, NOW)["outcome"]["why"], "entry_unknown");
    assert_eq!(me(entry, "{}", NOW)["outcome"]["why"], "unreadable");
    assert_eq!(me(entry, wanted, NOW + 300)["outcome"]["why"], "entry_old");
    let mut swapped = exchange.clone();
    swapped["swap"]["ticket"] = json!(entry);
    assert_eq!(store.refusal_code(&swapped, NOW).as_deref(), Some("ticket_unknown"));
}

#[test]
fn the_browser_is_sent_only_to_the_callback() {
    let store = Store::new();
    let (_, address) = store.begin();
    let honest = "back=http%3A%2F%2Flocalhost%3A8080%2Fcallback%2Fplayground";
    assert!(address.contains(honest));

    for back in ["https%3A%2F%2Fevil.example%2F", "http%3A%2F%2Flocalhost%3A8080.evil.example%2Fcallback%2Fx", "%2Fcallback%2Fx", ""] {
        let elsewhere = address.replace(honest, &format!("back={back}"));
        for choice in ["", "&who=ana", "&who=ana&fault=cancel", "&who=ana&fault=form-post"] {
            let answer = store.get(&format!("{elsewhere}{choice}"));

            assert_eq!((answer.status, header(&answer, "Location")), (400, ""), "{back} {choice}");
            assert!(!page(&answer).contains("evil"));
        }
    }
    let twice = format!("{address}&back=https%3A%2F%2Fevil.example%2F&who=ana");
    assert_eq!(store.get(&twice).status, 400);
    for (part, other) in [("riddle_kind=S256", "riddle_kind=plain"), ("nonce_of_yours=", "x="), ("app=", "x="), ("&riddle=", "&riddle=x")] {
        assert!(address.contains(part));
        assert_eq!(store.get(&format!("{}&who=ana", address.replace(part, other))).status, 400, "{other}");
    }
}

#[test]
fn foreign_texts_are_escaped() {
    let store = Store::new();
    let (_, address) = store.begin();
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";

    let chooser = page(&store.get(&address));
    assert!(!chooser.contains("<b>") && chooser.contains("&#60;b&#62;Bia"), "{chooser}");

    let too_long = format!("{hostile}{}", "x".repeat(400));
    let pages = [
        store.get(&format!("{address}&who=typed&name={hostile}&email={hostile}&fault=form-post")),
        store.get(&format!("{address}&who=typed&name={hostile}&email={too_long}&fault={hostile}")),
        store.get(&address.replace("app=loja-de-brinquedo", &format!("app={hostile}"))),
        store.get(&address.replace("nonce_of_yours=", &format!("nonce_of_yours={hostile}"))),
        store.get(&format!("{}&who=ana&fault=form-post", address.replace("nonce_of_yours=", &format!("nonce_of_yours={hostile}")))),
    ];
    for (answer, status) in pages.iter().zip([200, 400, 200, 200, 200]) {
        let page = page(answer);
        assert_eq!(answer.status, status, "{page}");
        assert!(!page.contains("<script") && page.contains("script"), "{page}");
    }
}

#[test]
fn the_pages_exist_in_two_languages_and_say_that_this_is_a_playground() {
    let store = Store::new();
    let (_, address) = store.begin();
    let spoken = |path: &str, language: &str| page(&store.ask("GET", path, &[("Accept-Language", language)], "", NOW));

    for path in [address.as_str(), "", "/", "/nothing"] {
        assert!(spoken(path, "en").contains("This is a playground, not a real provider."), "{path}");
        let portuguese = spoken(path, "pt-BR,pt;q=0.9");
        assert!(portuguese.contains("<html lang=\"pt-BR\">") && portuguese.contains("não um provedor de verdade"), "{path}");
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    let store = Store::new();

    for (method, path, status, allow) in [
        ("GET", "/", 200, ""),
        ("GET", "/style.css", 200, ""),
        ("HEAD", "/style.css", 200, ""),
        ("GET", "/nothing", 404, ""),
        ("POST", "/token/", 404, ""),
        ("GET", "/token", 405, "POST"),
        ("DELETE", "/me", 405, "POST"),
        ("PUT", "/enter", 405, "GET, HEAD, POST"),
        ("POST", "/", 405, "GET, HEAD"),
    ] {
        let answer = store.ask(method, path, &[], "", NOW);

        assert_eq!((answer.status, header(&answer, "Allow")), (status, allow), "{method} {path}");
    }
    assert_eq!(store.ask("POST", "/token", &[], &"x".repeat(20_000), NOW).status, 413);
}
