//! What a simulation refuses it refuses as the standards say, and it does not mind what browsers add. Its pages speak the reader's language.

use crate::support::provider;
use portaria::simulated::simulation::{Simulation, installation_values};
use portaria::simulated::{SimulatedRequest, SimulatedResponse};
use portaria::workbench::examples::invented::invent_stories;
use serde_json::Value;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CALLBACK: &str = "http://127.0.0.1:1/callback/acme";
const NOW: i64 = 1_800_000_000;

struct World {
    simulation: Simulation,
    secret: String,
}

impl World {
    fn new(credentials: &str) -> Self {
        let provider = provider(&format!(
            "name: Clube Acme\nclientId: loja-42\nclientSecret: env:ACME_SECRET\n\
             getAuthorizationCode: {{ get: \"https://sso.acme.example/a\" }}\n\
             getAccessCode: {{ post: \"https://sso.acme.example/t\"{credentials} }}\n\
             getUserInfo: {{ get: \"https://sso.acme.example/me\", read: {{ id: $.id, email: $.email, emailVerified: $.ok }} }}\n"
        ));
        let stories = invent_stories(&provider).expect("a login is invented");
        let (values, _) = installation_values(&provider, &stories, provider.literals().collect());
        let secret = "simulated-clientSecret-for-acme".to_owned();
        Self { simulation: Simulation::new(provider, stories, values), secret }
    }

    fn ask(&self, method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> SimulatedResponse {
        let request = SimulatedRequest {
            method,
            path,
            query,
            headers,
            body: body.as_bytes(),
            public_url: "http://127.0.0.1:1",
            base: "http://127.0.0.1:2",
        };
        self.simulation.answer_http(&request, NOW, [7; 16])
    }

    fn redirect(&self, headers: &[(&str, &str)]) -> SimulatedResponse {
        let callback = "http%3A%2F%2F127.0.0.1%3A1%2Fcallback%2Facme";
        let query = format!(
            "response_type=code&client_id=loja-42&redirect_uri={callback}&state=s-1&code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        self.ask("GET", "/https/sso.acme.example/a", &query, headers, "")
    }

    /// The code of a login.
    fn code(&self) -> String {
        let page = body(&self.redirect(&[]));
        let link = page.split("href=\"").find(|link| link.contains("choice=story-1")).expect("a choice");
        let query =
            link.split('"').next().and_then(|link| link.split_once('?')).expect("a query").1.replace("&#38;", "&").replace("&amp;", "&");
        let back = self.ask("GET", "/choose", &query, &[], "");
        let location = header(&back, "location").expect("it leads back").to_owned();
        location.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code").to_owned()
    }

    /// The token request with these changes.
    fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> SimulatedResponse {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "loja-42"),
            ("client_secret", &self.secret),
        ];
        let changed =
            form.iter().map(|(name, value)| (*name, changes.iter().find(|(other, _)| other == name).map_or(*value, |(_, value)| value)));
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(changed.filter(|(_, value)| !value.is_empty())).finish();
        self.ask("POST", "/https/sso.acme.example/t", "", &[("content-type", "application/x-www-form-urlencoded")], &form)
    }
}

fn body(response: &SimulatedResponse) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

fn header<'a>(response: &'a SimulatedResponse, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
}

fn error(response: &SimulatedResponse) -> (u16, String) {
    let document: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    (response.status, document["error"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_token_request_is_refused_for_what_is_wrong_with_it() {
    let world = World::new("");
    let code = world.code();
    for (changes, expected) in [
        (&[("client_secret", "another")][..], (401, "invalid_client")),
        (&[("client_secret", "")], (401, "invalid_client")),
        (&[("client_id", "another")], (401, "invalid_client")),
        (&[("code", "another")], (400, "invalid_grant")),
        (&[("code_verifier", "another-verifier-of-forty-three-letters-or-more-1")], (400, "invalid_grant")),
        (&[("redirect_uri", "http://127.0.0.1:1/callback/other")], (400, "invalid_grant")),
        (&[("redirect_uri", "")], (400, "invalid_request")),
        (&[("grant_type", "")], (400, "invalid_request")),
        (&[("code", "another"), ("client_secret", "another")], (401, "invalid_client")),
    ] {
        assert_eq!(error(&world.exchange(&code, changes)), (expected.0, expected.1.to_owned()), "{changes:?}");
    }
    assert_eq!(world.exchange(&code, &[]).status, 200);
    assert_eq!(error(&world.exchange(&code, &[])), (400, "invalid_grant".to_owned()));
}

#[test]
fn wrong_credentials_and_a_wrong_token_in_the_header_are_challenged() {
    let world = World::new(", credentials: basic");
    let code = world.code();
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}",
        CALLBACK.replace(':', "%3A").replace('/', "%2F")
    );
    let kind = ("content-type", "application/x-www-form-urlencoded");

    let refused = world.ask("POST", "/https/sso.acme.example/t", "", &[kind, ("authorization", "Basic bm86bm8=")], &form);

    assert_eq!(error(&refused), (401, "invalid_client".to_owned()));
    assert!(header(&refused, "www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")));
    let person = world.ask("GET", "/https/sso.acme.example/me", "", &[("authorization", "Bearer another")], "");
    assert_eq!(error(&person), (401, "invalid_token".to_owned()));
    assert!(header(&person, "www-authenticate").is_some_and(|challenge| challenge.contains("error=\"invalid_token\"")));
    let nameless = world.ask("GET", "/https/sso.acme.example/me", "", &[], "");
    assert_eq!(nameless.status, 401);
    assert!(
        header(&nameless, "www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer ") && !challenge.contains("error"))
    );
}

#[test]
fn what_a_browser_adds_to_the_redirect_makes_no_difference() {
    let world = World::new("");

    let page = world.redirect(&[
        ("cache-control", "max-age=0"),
        ("pragma", "no-cache"),
        ("priority", "u=0, i"),
        ("dnt", "1"),
        ("upgrade-insecure-requests", "1"),
        ("sec-fetch-site", "same-origin"),
        ("sec-gpc", "1"),
        ("referer", "http://127.0.0.1:1/account"),
        ("origin", "http://127.0.0.1:1"),
        ("x-some-extension", "on"),
    ]);

    assert_eq!(page.status, 200, "{}", body(&page));
}

#[test]
fn the_pages_speak_the_language_of_the_browser() {
    let world = World::new("");
    for (accepted, title, fault) in [
        ("en", "What happens now?", "A wrong state"),
        ("es-MX,es;q=0.9", "¿Qué pasa ahora?", "Un state incorrecto"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "O que acontece agora?", "Um state errado"),
        ("ja", "次に何が起こりますか？", "誤った state"),
        ("ru-RU", "Что произойдёт дальше?", "Неверный state"),
        ("zh-TW,zh;q=0.9", "接下來會發生什麼？", "錯誤的 state"),
        ("de", "What happens now?", "A wrong state"),
    ] {
        let page = body(&world.redirect(&[("accept-language", accepted)]));
        assert!(page.contains(title) && page.contains(fault), "{accepted}: {page}");
    }
}
