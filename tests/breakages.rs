//! One thing is broken in a login that works, in the provider or in its file: what the story says, what is proposed first, and whether
//! the login works once that is accepted. The table in docs/support.md is made of these.
//!
//! After a change: `ACCEPT=1 cargo test breakages`, then read what changed.

mod cases;
mod outgoing_proxy;
mod ten_calls;
mod tls_front;

use crate::breakages::cases::{Callback, Case, cases};
use crate::breakages::tls_front::{CERTIFICATES, TlsFront};
use crate::command_line::{ACME, Folder, portaria};
use crate::openid::IssuerKey;
use crate::support::{root, text};
use crate::web::browser::Browser;
use crate::web::client_request::Answer;
use crate::web::failures::code_on;
use crate::web::test_broker::{LOCAL, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::json;
use portaria::directory::incidents::LoadIncident;
use portaria::login::error::table_of_causes;
use portaria::story::Story;
use portaria::world::clock;
use serde_json::{Value, json as value};
use std::io::Write as _;
use std::sync::{Arc, Mutex};

/// What the tokens of the provider say.
#[derive(Clone, Default)]
pub struct Issued {
    /// The nonce of the login.
    nonce: String,
    /// Claims in place of the usual ones; `null` takes one out.
    pub claims: Option<Value>,
    /// The id of the key that the token names.
    pub kid: Option<&'static str>,
}

/// A provider, and what stands in front of it.
pub struct Scene {
    pub broker: TestBroker,
    pub issued: Arc<Mutex<Issued>>,
    fronts: Vec<(&'static str, TlsFront)>,
    settings: String,
    master: String,
}

impl Scene {
    async fn open(file: &str) -> Self {
        let fronts: Vec<_> =
            ["good", "expired", "elsewhere", "unknown", "own"].into_iter().map(|name| (name, TlsFront::open(name))).collect();
        let file = with_fronts(file, &fronts);
        let settings = format!("{LOCAL}trustedAuthorities: [ '{}' ]\n", CERTIFICATES.authority());
        let builder = TestBroker::builder(&settings).with("acme", &file);
        let master = builder.master();
        let broker = builder.build().await;
        fronts.iter().for_each(|(_, front)| front.lead_to(broker.upstream.port()));
        let (issued, key) = (Arc::<Mutex<Issued>>::default(), IssuerKey::new());
        broker.upstream.says("/keys", json(200, &key.jwks(Some("k-1"))));
        let shared = Arc::clone(&issued);
        broker.upstream.answers("/signed", move |_, to| {
            let issued = shared.lock().expect("no thread panics while it holds the lock").clone();
            let body = value!({ "access_token": "at-1", "id_token": id_token(&key, &issued) });
            drop(to.write_all(&json(200, &body.to_string())));
        });
        Self { broker, issued, fronts, settings, master }
    }

    /// The same provider with another file, at another broker.
    async fn with_file(&self, file: &str) -> TestBroker {
        let builder = TestBrokerBuilder::beside(&self.broker, &self.settings, &self.master);
        builder.with("acme", &with_fronts(file, &self.fronts)).build().await
    }

    /// A login; the answer to its callback.
    async fn log_in(&self, broker: &TestBroker, callback: Callback) -> Answer {
        let browser = Browser::new(broker);
        let begun = browser.get("/login/acme").await;
        if begun.status != 303 {
            return begun;
        }
        let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
        let parameter = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        let (state, nonce) = (parameter("state").expect("it is sent"), parameter("nonce").unwrap_or_default());
        self.issued.lock().expect("no thread panics while it holds the lock").nonce = nonce;
        let code = broker.code("ana");
        let back = match callback {
            Callback::Usual | Callback::OtherBrowser => format!("/callback/acme?code={code}&state={state}"),
            Callback::StateAs(name) => format!("/callback/acme?code={code}&{name}={state}"),
            Callback::NoState => format!("/callback/acme?code={code}&loja=42"),
        };
        let browser = if callback == Callback::OtherBrowser { Browser::new(broker) } else { browser };
        browser.get(&back).await
    }
}

fn with_fronts(file: &str, fronts: &[(&'static str, TlsFront)]) -> String {
    fronts
        .iter()
        .fold(file.to_owned(), |file, (name, front)| file.replace(&format!("TLS-{name}"), &format!("https://localhost:{}", front.port)))
}

fn id_token(key: &IssuerKey, issued: &Issued) -> String {
    let now = clock::now();
    let mut claims = value!({
        "iss": "https://sso.acme.example", "aud": "loja-42", "sub": "ana", "iat": now, "exp": now + 300, "nonce": issued.nonce,
        "email": "ana@clientes.example", "email_verified": true,
    });
    for (name, claim) in issued.claims.iter().flat_map(|claims| claims.as_object().expect("claims")) {
        claims[name] = claim.clone();
    }
    let kept = claims.as_object().expect("claims").iter().filter(|(_, claim)| !claim.is_null());
    let kept: serde_json::Map<String, Value> = kept.map(|(name, claim)| (name.clone(), claim.clone())).collect();
    key.token(Some(issued.kid.unwrap_or("k-1")), &Value::Object(kept).to_string())
}

async fn story(broker: &TestBroker, answer: &Answer) -> Story {
    let code = code_on(&answer.body).unwrap_or_else(|| panic!("the page has no code: {answer:?}"));
    let load = LoadIncident { code: code.as_str().into(), now: clock::now() };
    let kept = broker.app.directory.read(load).await.expect("storage").expect("it is kept");
    serde_json::from_str(&kept.story).expect("a story")
}

/// One row of the table, after it was tried.
async fn tried(case: &Case) -> String {
    let works = Scene::open(&case.works).await;
    assert!(works.log_in(&works.broker, Callback::Usual).await.session().is_some(), "{}: it works before", case.broken);
    let scene = Scene::open(case.broken_file.as_ref().unwrap_or(&case.works)).await;
    (case.breaks)(&scene);

    let failed = scene.log_in(&scene.broker, case.callback).await;

    assert!(failed.session().is_none(), "{}: {failed:?}", case.broken);
    let story = story(&scene.broker, &failed).await;
    let said = story.message.clone().unwrap_or_default();
    let cause = story.cause.clone().or_else(|| story.code.clone()).unwrap_or_default();
    assert_eq!(cause, case.cause, "{}: {said}", case.broken);
    assert!(said.contains(case.says), "{}: {said}", case.broken);
    scene.broker.assert_silent(&failed);
    let first = story.proposals.first();
    let title = first.map(|proposal| proposal.title.clone()).unwrap_or_default();
    assert!(title.starts_with(case.proposes), "{}: {title:?} {:?}", case.broken, story.proposals);
    let change = first.and_then(|proposal| proposal.change.as_ref());
    let works_again = match change {
        None => false,
        Some(change) => {
            let file = text(&scene.broker.folder.0.join("providers.d/acme.yaml"));
            let mended = scene.with_file(&change.apply(&file).expect("the file has these lines")).await;
            scene.log_in(&mended, case.callback).await.session().is_some()
        }
    };
    assert_eq!(works_again, case.mended, "{}: {change:?}", case.broken);
    let outcome = match (change.is_some(), works_again) {
        (true, true) => "works",
        (true, false) => "is not whole by that alone",
        (false, _) => "nothing to change in the file",
    };
    let hint = first.map_or("–", |proposal| proposal.because.as_str());
    let shown = if case.mended { format!("`{}`", case.proposes) } else { format!("{hint} (a hint)") };
    let shown = if first.is_none() { "–".to_owned() } else { shown };
    format!("| {} | {} | {} | {} | {outcome} |\n", case.broken, case.cause, case.says, shown)
}

/// The part of the page between two headings' marks.
#[expect(clippy::disallowed_methods, reason = "on demand the test writes the page that it holds true")]
fn assert_table(head: &str, rows: &str) {
    let path = root().join("docs/support.md");
    let page = text(&path);
    let (before, rest) = page.split_once(head).expect("the page has the table");
    let (_, after) = rest.split_once("\n\n").expect("the table ends");
    let whole = format!("{before}{head}{}\n\n{after}", rows.trim_end());
    if std::env::var_os("ACCEPT").is_some() {
        std::fs::write(&path, whole).expect("the page can be written");
    } else {
        assert_eq!(page, whole, "run `ACCEPT=1 cargo test breakages` and read what changed");
    }
}

#[actix_web::test]
async fn each_breakage_has_its_cause_and_what_is_proposed_first_mends_it_where_the_file_is_wrong() {
    let (mut rows, mut wrong) = (String::new(), Vec::new());
    let all: &'static [Case] = Box::leak(cases().into_boxed_slice());
    assert!(all.len() >= 17, "{}", all.len());
    for case in all {
        // Each is tried by itself, so that a run shows all that are wrong.
        match actix_web::rt::spawn(tried(case)).await {
            Ok(row) => rows.push_str(&row),
            Err(_) => wrong.push(case.broken),
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_table("| what is broken | cause | what the story says | proposed first | then the login |\n|---|---|---|---|---|\n", &rows);
}

#[test]
fn every_cause_stands_in_the_table_of_the_support_page() {
    assert_table("| exact cause | what it means | what is done about it |\n|---|---|---|\n", &table_of_causes());
}

/// The cells of the tables of a page that begin with this cell: those that the program writes, in its own words.
fn own_cells(page: &str, head: &str, cells: &[usize]) -> Vec<Vec<String>> {
    let (_, rest) = page.split_once(head).unwrap_or_else(|| panic!("the page has no table {head}"));
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    let first_word = |cell: &str| cell.trim().split(" (").next().unwrap_or_default().to_owned();
    rows.map(|row| {
        let all: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        cells.iter().map(|cell| all.get(*cell).map(|cell| first_word(cell)).unwrap_or_default()).collect()
    })
    .collect()
}

#[test]
fn the_tables_of_the_translated_support_page_hold_the_same_rows() {
    let (english, portuguese) = (text(&root().join("docs/support.md")), text(&root().join("docs/pt-BR/support.md")));
    for (head, translated, cells) in [
        ("| exact cause | what", "| causa exata | o que", &[0][..]),
        ("| what is broken | cause |", "| o que está quebrado | causa |", &[1, 2, 3][..]),
    ] {
        let (own, other) = (own_cells(&english, head, cells), own_cells(&portuguese, translated, cells));
        assert!(own.len() > 20, "{head}");
        assert_eq!(own, other, "{translated}: write into docs/pt-BR/support.md what changed in docs/support.md");
    }
}

#[test]
fn authorities_that_are_cut_off_or_that_others_may_write_are_complained_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let whole = text(std::path::Path::new(&CERTIFICATES.authority()));
    let cut: String = whole.replace("-----END CERTIFICATE-----", "");
    let folder = Folder::new("authorities").with("portaria.yaml", "trustedAuthorities: [ ca.pem ]\n").with("providers.d/acme.yaml", ACME);
    let checked = |folder: &Folder| {
        let (code, out, err) = portaria(&folder.0, &["check"], &[("ACME_SECRET", "x")]);
        (code, out + &err)
    };

    let folder = folder.with("ca.pem", &whole);
    let (_, said) = checked(&folder);
    assert!(!said.contains("ca.pem"), "{said}");

    std::fs::set_permissions(folder.0.join("ca.pem"), std::fs::Permissions::from_mode(0o666)).expect("rights can be set");
    let (_, said) = checked(&folder);
    assert!(said.contains("warning: others than its owner may write `ca.pem`"), "{said}");

    let folder = folder.with("ca.pem", &(whole + &cut));
    let (code, said) = checked(&folder);
    assert!(code == 1 && said.contains("error: `ca.pem` is cut off"), "{code} {said}");
}

#[test]
fn a_machine_without_authorities_says_so_whether_or_not_the_settings_name_one() {
    let named = format!("trustedAuthorities: [ '{}' ]\n", CERTIFICATES.authority());
    let mends = "install `ca-certificates`, or name your authority in `trustedAuthorities`";
    for (certificate, authorities, expected) in [
        ("unknown", "", mends),
        ("unknown", &*named, mends),
        ("own", "", "it is signed by itself"),
        ("own", &*named, "it is signed by itself"),
    ] {
        let front = TlsFront::open(certificate);
        let address = format!("https://localhost:{}", front.port);
        let settings = format!("{authorities}privateHosts: [ localhost ]\n");
        let folder = Folder::new("no-authorities").with("portaria.yaml", &settings).with("none.pem", "");
        let none = folder.0.join("none.pem").display().to_string();

        let nothing = folder.0.join("nothing").display().to_string();
        let (_, out, err) =
            portaria(&folder.0, &["new", "acme", "--discovery", &address], &[("SSL_CERT_FILE", &none), ("SSL_CERT_DIR", &nothing)]);

        let said = out + &err;
        assert!(said.contains(expected), "{certificate} {authorities}: {said}");
        let says_why = said.contains("the machine has no authorities of its own (install `ca-certificates`)");
        assert_eq!(says_why, certificate == "unknown", "{said}");
    }
}
