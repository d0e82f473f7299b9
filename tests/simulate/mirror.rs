//! A simulation accepts exactly what the file sends, and says what differs.

use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::{InstallationContext, Provider, compile};
use portaria::simulated::simulation::{Simulation, addresses, installation_values};
use portaria::simulated::{SimulatedRequest, SimulatedResponse};
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Method, Request};
use portaria::workbench::examples;
use portaria::world::random;

const URL: &str = "http://localhost:8080";
const BASE: &str = "http://localhost:8080/simulation/acme";
const NOW: i64 = 1_800_000_000;

const ACME: &str = "name: Clube <b>Acme</b>
clientId: loja-42
clientSecret: env:ACME_SECRET
getAuthorizationCode: { get: \"https://sso.acme.example/entrar?v=1\", scope: perfil }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read: { id: $.id, email: $.email, emailVerified: $.ok }
";

const STORIES: &str = "- what: a <i>login</i>
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example, ok: true } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
- what: the code was used before
  exchanges:
    - answer: { status: 403, json: { error: code_gone, error_description: it is gone } }
  refused: { step: getAccessCode, code: code_gone, message: it is gone }
";

struct Mirror {
    provider: Provider,
    simulation: Simulation,
    installation: InstallationValues,
}

/// A login as the broker makes it.
struct BegunLogin {
    attempt: Attempt,
    redirect: Request,
}

impl Mirror {
    fn new() -> Self {
        Self::of(ACME)
    }

    fn of(file: &str) -> Self {
        let (provider, report) = compile(&Source::new("acme.yaml", file), InstallationContext { loopback: true });
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let stories = examples::read(&Source::new("acme.examples.yaml", STORIES)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
        let (values, _) = installation_values(&provider, &stories, provider.literals().collect());
        let installation = InstallationValues { public_url: URL.into(), values: values.clone() };
        Self { simulation: Simulation::new(provider.clone(), stories, values), provider, installation }
    }

    fn begin(&self) -> BegunLogin {
        let attempt = Attempt::new(&self.provider, &self.installation, &Entropy(random::bytes()), NOW, Vec::new());
        let redirect = attempt.redirect_request(&self.provider, &self.installation, &DocumentCache::default()).expect("it can begin");
        BegunLogin { attempt, redirect }
    }

    fn browse(&self, method: &str, below: &str) -> SimulatedResponse {
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let asked = SimulatedRequest { method, path, query, headers: &[], body: b"", public_url: URL, base: BASE };
        self.simulation.answer_http(&asked, NOW, random::bytes())
    }

    fn arrive(&self, address: &str) -> SimulatedResponse {
        self.browse("GET", addresses::simulated_address(BASE, address).strip_prefix(BASE).expect("it lies there"))
    }

    /// The parameters with which the browser goes back.
    fn back(&self, begun: &BegunLogin, word: &str) -> CallbackParameters {
        let page = self.arrive(begun.redirect.address.expose());
        assert_eq!(page.status, 200, "{}", body(&page));
        let visit = body(&page).split("visit=").nth(1).and_then(|rest| rest.split(['&', '"']).next()).expect("a visit").to_owned();
        let answer = self.browse("GET", &format!("/choose?visit={visit}&choice={word}"));
        let (_, location) = answer.headers.iter().find(|(name, _)| &**name == "Location").expect("it goes back");
        let address = url::Url::parse(location).expect("an address");
        assert!(location.starts_with(&*begun.attempt.redirect_uri), "{location}");
        CallbackParameters::new(address.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())))
    }

    /// The request for the token, as the file writes it.
    fn token(&self, begun: &BegunLogin, callback: &CallbackParameters) -> Request {
        let mut facts = begun.attempt.facts_without_discovery(&self.provider, &self.installation);
        self.provider
            .authorization
            .read_callback(callback, &callback.document(), &mut facts, &DocumentCache::default())
            .expect("it is fine");
        self.provider.calls[0].request(&facts).expect("it can be written")
    }

    fn call(&self, request: &Request) -> SimulatedResponse {
        self.simulation.answer_in_process(request, URL, NOW + 1)
    }
}

fn body(answer: &SimulatedResponse) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn changed(request: &Request, from: &str, to: &str) -> Request {
    let body = request.body.as_ref().expect("a form").expose().to_owned();
    assert!(body.contains(from), "{from} is not in the form");
    Request { body: Some(Text::plain(body.replace(from, to))), ..request.clone() }
}

#[test]
fn a_login_goes_well_and_its_code_works_once() {
    let mirror = Mirror::new();
    let begun = mirror.begin();
    let callback = mirror.back(&begun, "story-1");
    let request = mirror.token(&begun, &callback);

    let first = mirror.call(&request);
    let again = mirror.call(&request);

    assert_eq!(first.status, 200, "{}", body(&first));
    assert!(body(&first).contains("at-1-"), "the token is this login's own: {}", body(&first));
    // As the provider's own example of it has it, with the reason in place of its sentence.
    assert_eq!(again.status, 403);
    assert!(body(&again).contains("code_gone") && body(&again).contains("works once"), "{}", body(&again));
    assert!(again.log_line.as_deref().is_some_and(|line| line.starts_with("refused")), "{again:?}");
}

#[test]
fn a_refresh_as_the_file_sends_it_is_answered_like_the_token_request() {
    let mirror = Mirror::of(&format!("{ACME}keepTokens: true\n"));
    let secret = mirror.installation.values.iter().find(|(fact, _)| *fact == mirror.provider.known.client_secret).expect("a secret");
    let form = format!("grant_type=refresh_token&refresh_token=rt-1&client_id=loja-42&client_secret={}", secret.1.expose());
    let refresh = Request {
        method: Method::Post,
        address: Text::plain("https://sso.acme.example/token"),
        headers: vec![("Content-Type".into(), Text::plain("application/x-www-form-urlencoded"))],
        body: Some(Text::plain(form)),
        largest: 65_536,
        timeout: std::time::Duration::from_secs(10),
    };

    let answers = [mirror.call(&refresh), mirror.call(&refresh)];
    let odd = mirror.call(&changed(&refresh, "loja-42", "loja-43"));

    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200], "{}", body(&answers[0]));
    assert_eq!(answers.each_ref().map(body), ["{\"access_token\":\"at-1-r1\"}", "{\"access_token\":\"at-1-r2\"}"]);
    assert!(answers[0].log_line.as_deref().is_some_and(|line| line.ends_with("(refresh)")), "{answers:?}");
    assert!(odd.status == 400 && body(&odd).contains("client_id"), "{}", body(&odd));
    assert_eq!(Mirror::new().call(&refresh).status, 400, "a file that keeps no tokens refreshes none");
}

#[test]
fn two_logins_have_two_codes() {
    let mirror = Mirror::new();
    let code = |callback: &CallbackParameters| callback.document()["code"].as_str().map(str::to_owned);
    let (one, other) = (mirror.begin(), mirror.begin());

    let (one, other) = (mirror.back(&one, "story-1"), mirror.back(&other, "story-1"));

    assert!(code(&one).is_some() && code(&one) != code(&other));
}

#[test]
fn a_call_that_is_not_the_files_is_refused_and_the_line_is_named() {
    let mirror = Mirror::new();
    let begun = mirror.begin();
    let callback = mirror.back(&begun, "story-1");
    let right = mirror.token(&begun, &callback);
    let secret = mirror.installation.values.iter().find(|(_, value)| value.is_secret()).map(|(_, value)| value.expose().to_owned());
    let secret = secret.expect("there is one");
    let with = |name: &'static str, value: &str| {
        let mut request = right.clone();
        request.headers.push((name.into(), Text::plain(value)));
        request
    };
    for (wrong, named) in [
        (changed(&right, &secret, "another-secret"), "form `client_secret` (line 5): expected ‹clientSecret›, found another value"),
        (changed(&right, "grant_type=authorization_code", "grant_type=password"), "form `grant_type` (line 5)"),
        (changed(&right, "&client_id=loja-42", ""), "form `client_id` (line 5): expected loja-42, found it is missing"),
        (changed(&right, "client_id=loja-42", "client_id=loja-42&more=1"), "form `more`"),
        (changed(&right, &begun.attempt.verifier, "a-proof-of-somebody-else-a-proof-of-somebody"), "the code verifier"),
        (changed(&right, "http%3A%2F%2Flocalhost%3A8080%2Fcallback", "http%3A%2F%2Fevil.example%2Fcallback"), "form `redirect_uri`"),
        (Request { method: Method::Get, ..right.clone() }, "the method"),
        (Request { address: Text::plain("https://sso.acme.example/other"), ..right.clone() }, "the address (line 5)"),
        (Request { body: None, ..right.clone() }, "form `code`"),
        (with("Authorization", "Bearer x"), "header `Authorization`"),
    ] {
        let answer = mirror.call(&wrong);

        let line = answer.log_line.clone().unwrap_or_default();
        assert!(line.contains(named), "{named}: {line}");
        assert!(answer.status >= 400, "{named}");
        assert!(!line.contains("another-secret") && !line.contains(&secret) && !body(&answer).contains(&secret), "{line}");
    }
    assert_eq!(mirror.call(&right).status, 200, "what was wrong has used nothing up");
}

#[test]
fn a_browser_with_another_request_sees_what_differs() {
    let mirror = Mirror::new();
    let address = mirror.begin().redirect.address.expose().to_owned();
    for (from, to, named) in [
        ("client_id=loja-42", "client_id=outra", "query `client_id` (line 4)"),
        ("&scope=perfil", "", "query `scope` (line 4)"),
        ("client_id=", "clientid=", "query `client_id` (line 4)"),
        ("v=1", "v=2", "query `v`"),
        ("localhost%3A8080", "evil.example", "query `redirect_uri`"),
        ("response_type=code&client_id=loja-42", "client_id=loja-42&response_type=code", "the order of the query"),
        ("code_challenge=", "code_challenge=x", "the code challenge"),
        ("&state=", "&estado=", "query `state`"),
        ("scope=perfil", "scope=%3Cscript%3E", "query `scope`"),
    ] {
        assert!(address.contains(from), "{address}");

        let answer = mirror.arrive(&address.replace(from, to));

        let page = body(&answer).replace("&#96;", "`");
        assert_eq!(answer.status, 400, "{named}: {page}");
        assert!(page.contains(named), "{named}: {page}");
        assert!(!page.contains("<script") && !page.contains("choice="), "{page}");
    }
}

#[test]
fn texts_of_files_are_escaped() {
    let mirror = Mirror::new();
    let page = body(&mirror.arrive(mirror.begin().redirect.address.expose()));

    assert!(page.contains("Clube &#60;b&#62;Acme") && page.contains("a &#60;i&#62;login"), "{page}");
    assert!(!page.contains("<b>") && !page.contains("<i>"), "{page}");
}

#[test]
fn every_request_gets_an_answer() {
    let mirror = Mirror::new();
    let junk: Vec<u8> = (0..64 * 1024).map(|at: u32| u8::try_from(at * 7 % 251).unwrap_or(0)).collect();
    let too_much = vec![b'x'; 64 * 1024 + 1];
    for method in ["GET", "POST", "PUT", "HEAD", "%&/("] {
        for path in
            ["", "/", "/choose", "/style.css", "/https", "/https/", "/https/\u{0}", "/https/sso.acme.example/token", "/x", "x", "//"]
        {
            for (query, body) in [("", &[][..]), ("a=%ff&&==&visit=%00", &junk), ("visit=1&choice=2", &too_much)] {
                let asked =
                    SimulatedRequest { method, path, query, headers: &[("authorization", "\u{7f}")], body, public_url: URL, base: BASE };
                let answer = mirror.simulation.answer_http(&asked, NOW, random::bytes());
                assert!((200..500).contains(&answer.status), "{method} {path}: {}", answer.status);
                assert!(body.len() <= 64 * 1024 || answer.status == 413, "{method} {path}");
            }
        }
    }
}

#[test]
fn the_oldest_login_is_forgotten_first_and_every_login_expires() {
    let mirror = Mirror::new();
    let first = mirror.begin();
    let callback = mirror.back(&first, "story-1");
    let request = mirror.token(&first, &callback);
    for _ in 0..400 {
        mirror.back(&mirror.begin(), "story-1");
    }
    assert!(mirror.call(&request).status >= 400, "its login is forgotten");

    let begun = mirror.begin();
    let request = mirror.token(&begun, &mirror.back(&begun, "story-1"));
    let late = mirror.simulation.answer_in_process(&request, URL, NOW + 601);
    assert!(late.status == 403 && body(&late).contains("code_gone"), "in the provider's own words: {}", body(&late));
}
