//! The client's own token: who asks for it, how long it is kept, and what happens when the provider refuses it.

use crate::login::{assert_examples, installation};
use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::login::drive;
use portaria::login::error::LoginError;
use portaria::provider::Provider;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::identity::Identity;
use portaria::provider::step::StepKind;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

/// A provider that asks for the client's own token in both calls after the callback.
const FILE: &str = "name: Clube Acme
trustEmail: always
getClientToken: { post: \"https://sso.acme.example/app\" }
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\", headers: { X-App: \"${clientToken}\" } }
getUserInfo:
  get: https://sso.acme.example/me
  bearer: ${accessToken}
  headers: { X-App: \"${clientToken}\" }
  read: { id: $.id, email: $.email }
";

#[derive(Default)]
struct State {
    /// The paths that were called, in order.
    called: Vec<String>,
    given: usize,
    /// The token that is accepted besides the newest one.
    also: Option<String>,
    /// Whether the newest token is accepted.
    refuses_newest: bool,
    /// Whether calls are answered already.
    waits: bool,
    /// Whether no token is given.
    gives_none: bool,
}

/// A provider that gives a new token with each call, and accepts the newest one.
struct AppProvider {
    /// The members of the token answer beside the token.
    lifetime: &'static str,
    /// What it answers to a token that it does not accept.
    refusal: (u16, &'static str),
    state: Mutex<State>,
}

impl AppProvider {
    fn new(lifetime: &'static str) -> Self {
        Self { lifetime, refusal: (401, "{}"), state: Mutex::default() }
    }

    /// The paths that were called since the last time.
    fn take_called(&self) -> String {
        std::mem::take(&mut self.state.lock().expect("no thread panics with this lock").called).join(" ")
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("no thread panics with this lock"));
    }
}

impl Fetch for AppProvider {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let answer = |status: u16, body: String| Ok(Response { status, headers: Vec::new(), body: body.into_bytes() });
        let address = request.address.expose();
        let path = address.rsplit('/').next().expect("a path").split('?').next().expect("a path").to_owned();
        let mut state = self.state.lock().expect("no thread panics with this lock");
        state.called.push(path.clone());
        let newest = format!("app-{}", state.given);
        let shown = request.headers.iter().find(|(name, _)| name == "X-App").map(|(_, value)| value.expose().to_owned());
        let is_good = |shown: &str| shown == newest && !state.refuses_newest || state.also.as_deref() == Some(shown);
        let answered: Result<Response, NoAnswer> = match (path.as_str(), shown) {
            ("app", _) if state.gives_none => answer(503, "{}".to_owned()),
            ("app", _) => {
                state.given += 1;
                state.refuses_newest = false;
                answer(200, format!("{{\"access_token\":\"app-{}\"{}}}", state.given, self.lifetime))
            }
            (_, Some(shown)) if !is_good(&shown) => answer(self.refusal.0, self.refusal.1.to_owned()),
            ("token", _) => answer(200, "{\"access_token\":\"at-1\"}".to_owned()),
            _ => answer(200, "{\"id\":7,\"email\":\"ana@loja.example\"}".to_owned()),
        };
        drop(state);
        Box::pin(async move {
            std::future::poll_fn(|_| {
                let waits = self.state.lock().expect("no thread panics with this lock").waits;
                if waits { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            answered
        })
    }
}

/// Logs in at a moment, with the memory of earlier logins.
fn log_in_with(
    (provider, installation): (&Provider, &InstallationValues),
    network: &AppProvider,
    documents: &DocumentCache,
    now: i64,
) -> Result<Identity, LoginError> {
    let attempt = Attempt::new(provider, installation, &Entropy([9; 80]), now, Vec::new());
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let login = attempt.accept(provider, installation, &callback, None, documents, now).expect("the callback answers the attempt");
    ready(drive(login, network, documents)).1
}

fn log_in(file: &str, network: &AppProvider, documents: &DocumentCache, now: i64) -> Result<Identity, LoginError> {
    let provider = provider(file);
    log_in_with((&provider, &installation(&provider)), network, documents, now)
}

const HOUR: &str = ",\"expires_in\":3600";

#[test]
fn the_token_is_asked_for_by_the_first_request_that_carries_it_and_kept_until_shortly_before_it_expires() {
    let (network, documents) = (AppProvider::new(HOUR), DocumentCache::default());

    for (now, expected) in [(0, "app token me"), (1, "token me"), (3539, "token me"), (3540, "app token me"), (3541, "token me")] {
        assert!(log_in(FILE, &network, &documents, now).is_ok());
        assert_eq!(network.take_called(), expected, "{now}");
    }
}

#[test]
fn a_token_without_a_lifetime_is_good_for_one_login_unless_the_file_gives_it_one() {
    let read = |reading: &str| FILE.replace("/app\" }", &format!("/app\", read: {{ clientTokenExpiresIn: '{reading}' }} }}"));
    let default = read("${$.expires_in | default \"3600\"}");
    let other = read("$.expire");
    for (file, lifetime, second) in [
        (FILE, "", "app token me"),
        (FILE, ",\"expires_in\":0", "app token me"),
        (FILE, ",\"expires_in\":1790000000", "app token me"),
        (FILE, ",\"expires_in\":\"soon\"", "app token me"),
        (FILE, ",\"expires_in\":\"3600\"", "token me"),
        (&*other, HOUR, "app token me"),
        (&*other, ",\"expire\":3600", "token me"),
        (&*default, "", "token me"),
    ] {
        let (network, documents) = (AppProvider::new(lifetime), DocumentCache::default());
        assert!(log_in(file, &network, &documents, 0).is_ok());
        assert_eq!(network.take_called(), "app token me", "one login asks once: {lifetime}");

        assert!(log_in(file, &network, &documents, 1).is_ok());

        assert_eq!(network.take_called(), second, "{file} {lifetime}");
    }
}

#[test]
fn another_secret_another_store_and_another_file_have_tokens_of_their_own() {
    let (network, documents) = (AppProvider::new(HOUR), DocumentCache::default());
    network.change(|state| state.also = Some("app-1".to_owned()));
    let provider = provider(FILE);
    let usual = installation(&provider);
    assert!(log_in_with((&provider, &usual), &network, &documents, 0).is_ok());
    assert_eq!(network.take_called(), "app token me");
    let mut other_secret = usual.clone();
    other_secret.values[1].1 = Text::secret("s-2", &"clientSecret".into());
    let other_store = InstallationValues { public_url: "https://login.outra.example".into(), ..usual.clone() };

    for installation in [other_secret, other_store] {
        assert!(log_in_with((&provider, &installation), &network, &documents, 1).is_ok());
        assert_eq!(network.take_called(), "app token me");
    }
    let changed = crate::support::provider(&format!("{FILE}order: 7\n"));
    assert!(log_in_with((&changed, &usual), &network, &documents, 1).is_ok());
    assert_eq!(network.take_called(), "app token me");
    assert!(log_in_with((&provider, &usual), &network, &documents, 1).is_ok());
    assert_eq!(network.take_called(), "token me", "and that of the first is still there");
}

#[test]
fn a_token_of_an_earlier_login_that_is_refused_is_replaced_and_the_call_is_made_once_more() {
    let (network, documents) = (AppProvider::new(HOUR), DocumentCache::default());
    assert!(log_in(FILE, &network, &documents, 0).is_ok());
    network.take_called();
    network.change(|state| state.refuses_newest = true);

    assert!(log_in(FILE, &network, &documents, 1).is_ok());

    assert_eq!(network.take_called(), "token app token me");
    assert!(log_in(FILE, &network, &documents, 2).is_ok());
    assert_eq!(network.take_called(), "token me");
}

#[test]
fn a_code_is_redeemed_again_only_if_the_provider_has_not_looked_at_it() {
    let refused = "{\"error\":\"invalid_app_token\"}";
    for (refusal, calls, next) in [
        ((401, refused), "token app token me", "token me"),
        ((400, refused), "token", "app token me"),
        ((200, refused), "token", "app token me"),
        ((403, refused), "token", "app token me"),
        // The provider is out of order, and the token is as good as before.
        ((500, refused), "token", "token me"),
        ((503, ""), "token", "token me"),
        ((429, ""), "token", "token me"),
    ] {
        let (network, documents) = (AppProvider { refusal, ..AppProvider::new(HOUR) }, DocumentCache::default());
        assert!(log_in(FILE, &network, &documents, 0).is_ok());
        network.take_called();
        network.change(|state| state.refuses_newest = true);

        assert_eq!(log_in(FILE, &network, &documents, 1).is_ok(), refusal.0 == 401);
        assert_eq!(network.take_called(), calls, "{refusal:?}");

        network.change(|state| state.refuses_newest = false);
        assert!(log_in(FILE, &network, &documents, 20).is_ok());
        assert_eq!(network.take_called(), next, "{refusal:?}");
    }
}

#[test]
fn a_get_that_redeems_nothing_is_repeated_whatever_the_refusal_says() {
    let only_person = FILE.replace(", headers: { X-App: \"${clientToken}\" } }", " }");
    let with_code = only_person.replace("/me\n", "/me?code=${code}\n");
    for (file, refusal, calls) in [
        (&only_person, (400, "{}"), "token me app me"),
        (&only_person, (401, "{}"), "token me app me"),
        (&with_code, (400, "{}"), "token me"),
        (&with_code, (401, "{}"), "token me app me"),
    ] {
        let (network, documents) = (AppProvider { refusal, ..AppProvider::new(HOUR) }, DocumentCache::default());
        assert!(log_in(file, &network, &documents, 0).is_ok());
        assert_eq!(network.take_called(), "token app me");
        network.change(|state| state.refuses_newest = true);

        let _ = log_in(file, &network, &documents, 1);

        assert_eq!(network.take_called(), calls, "{refusal:?} {file}");
    }
}

#[test]
fn refusals_in_a_row_ask_for_one_token_in_ten_seconds() {
    let (network, documents) = (AppProvider { refusal: (400, "{}"), ..AppProvider::new(HOUR) }, DocumentCache::default());
    assert!(log_in(FILE, &network, &documents, 0).is_ok());
    network.take_called();

    for (now, calls) in [(1, "token"), (2, "app token me"), (3, "token"), (4, "token"), (11, "token"), (12, "app token me")] {
        // A code that is not good is refused, whatever the token is.
        network.change(|state| state.refuses_newest = ![2, 12].contains(&now));
        let _ = log_in(FILE, &network, &documents, now);
        assert_eq!(network.take_called(), calls, "{now}");
    }
}

/// A stranger sends codes that are refused while the provider gives no token: the one that is good stays in use.
#[test]
fn a_refused_token_is_used_again_if_the_provider_gives_no_other() {
    for (status, calls, next) in [(401, "token app", "token me"), (400, "token", "app token me")] {
        let (network, documents) = (AppProvider { refusal: (status, "{}"), ..AppProvider::new(HOUR) }, DocumentCache::default());
        assert!(log_in(FILE, &network, &documents, 0).is_ok());
        network.take_called();
        network.change(|state| (state.refuses_newest, state.gives_none) = (true, true));

        let error = log_in(FILE, &network, &documents, 1).expect_err("the code is not good");
        assert_eq!((error.step.map(StepKind::word), error.code().to_owned()), (Some("getAccessCode"), status.to_string()));
        assert_eq!(network.take_called(), calls, "{status}");

        network.change(|state| state.refuses_newest = false);
        assert!(log_in(FILE, &network, &documents, 2).is_ok(), "{status}");
        assert_eq!(network.take_called(), next, "{status}");
        assert!(log_in(FILE, &network, &documents, 3).is_ok());
        assert_eq!(network.take_called(), "token me", "{status}");
    }
}

/// Strangers do not keep a token in use that has become bad.
#[test]
fn codes_that_are_refused_never_make_the_next_token_wait_longer() {
    let (network, documents) = (AppProvider { refusal: (400, "{}"), ..AppProvider::new(HOUR) }, DocumentCache::default());
    for now in 0..600 {
        network.change(|state| state.refuses_newest = true);
        let _ = log_in(FILE, &network, &documents, now);
    }

    // Now the token itself is bad.
    network.change(|state| state.refuses_newest = true);
    let failed = (600..1200).filter(|now| log_in(FILE, &network, &documents, *now).is_err()).count();

    assert!((1..=11).contains(&failed), "{failed}");
}

#[test]
fn a_token_of_this_login_that_is_refused_ends_the_login() {
    let (network, documents) = (AppProvider::new(",\"expires_in\":3600,\"x\":1"), DocumentCache::default());
    let file = FILE.replace("\"${clientToken}\" } }", "\"x${clientToken}\" } }");

    let error = log_in(&file, &network, &documents, 0).expect_err("the token is another one");

    assert_eq!((error.step.map(StepKind::word), error.code()), (Some("getAccessCode"), "401"));
    assert_eq!(network.take_called(), "app token");
}

/// Logins that are under way at the same time, polled until none goes further.
fn poll_all<T>(many: &mut Vec<Pin<Box<dyn Future<Output = T> + '_>>>, ended: &mut Vec<T>) {
    for _ in 0..300 {
        many.retain_mut(|one| match one.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => true,
            Poll::Ready(outcome) => {
                ended.push(outcome);
                false
            }
        });
    }
}

#[test]
fn a_hundred_logins_at_the_same_time_ask_once_and_share_also_the_failure() {
    for (answer, expected) in [(HOUR, "app"), ("", "app")] {
        let (provider, network, documents) = (provider(FILE), AppProvider::new(answer), DocumentCache::default());
        let (installation, runtime) = (installation(&provider), tokio::runtime::Builder::new_current_thread().enable_time().build());
        let runtime = runtime.expect("a runtime can be built");
        let _inside = runtime.enter();
        network.change(|state| state.waits = true);
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let begin = |_| {
            let login = attempt.accept(&provider, &installation, &callback, None, &documents, 0).expect("the callback answers the attempt");
            let (network, documents) = (&network, &documents);
            Box::pin(async move { drive(login, network, documents).await.1.is_ok() }) as Pin<Box<dyn Future<Output = bool> + '_>>
        };
        let (mut many, mut ended): (Vec<_>, Vec<bool>) = ((0..100).map(begin).collect(), Vec::new());

        poll_all(&mut many, &mut ended);
        assert_eq!((network.take_called().as_str(), many.len()), (expected, 100));
        network.change(|state| state.waits = false);
        poll_all(&mut many, &mut ended);

        let called = network.take_called();
        let asked = called.split(' ').filter(|path| *path == "app").count();
        // Tokens without a lifetime are not shared, and only the newest one is accepted.
        let is_shared = answer == HOUR;
        assert_eq!((many.len(), asked), (0, if is_shared { 0 } else { 99 }), "{called}");
        assert!(!is_shared || ended.iter().all(|signed_in| *signed_in));
    }
}

#[test]
fn a_story_has_the_call_where_it_is_made_and_the_login_goes_by_what_it_gives() {
    let file = "name: Clube Acme
trustEmail: always
secrets: { corpSecret: env:ACME_CORP }
settings: { corp: env:ACME_CORP_ID }
pkce: off
refused: { at: $.errcode, isNot: \"0\", code: $.errcode, message: $.errmsg }
getClientToken:
  get: https://api.acme.example/gettoken
  query: { corpid: \"${corp}\", corpsecret: \"${corpSecret}\" }
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  get: https://api.acme.example/getuserinfo
  query: { access_token: \"${clientToken}\", code: \"${code}\" }
  read: { ticket: $.user_ticket }
getUserInfo:
  post: https://api.acme.example/getuserdetail
  query: { access_token: \"${clientToken}\" }
  json: { user_ticket: \"${ticket}\" }
  read: { id: $.userid, email: $.email }
clientSecret: none
";
    assert_examples(
        file,
        "- what: a login
  exchanges:
    - request: { get: https://api.acme.example/gettoken, query: { corpid: ‹corp›, corpsecret: ‹corpSecret› } }
      answer: { json: { errcode: 0, errmsg: ok, access_token: app-1, expires_in: 7200 } }
    - request: { get: https://api.acme.example/getuserinfo, query: { access_token: app-1, code: c-1 } }
      answer: { json: { errcode: 0, userid: ana, user_ticket: ticket-1 } }
    - request: { post: https://api.acme.example/getuserdetail, query: { access_token: app-1 }, json: { user_ticket: ticket-1 } }
      answer: { json: { errcode: 0, userid: ana, email: ana@loja.example } }
  identity: { id: ana, email: ana@loja.example, emailVerified: true }
- what: the secret is not the client's
  exchanges:
    - answer: { json: { errcode: 40001, errmsg: invalid credential } }
  refused: { step: getClientToken, code: \"40001\", message: invalid credential }
- what: the answer holds no token
  exchanges:
    - answer: { json: { errcode: 0, errmsg: ok } }
  refused: { step: getClientToken, code: missingFact }
- what: the code was used before
  exchanges:
    - answer: { json: { errcode: 0, access_token: app-1, expires_in: 7200 } }
    - answer: { json: { errcode: 40029, errmsg: invalid code } }
  refused: { step: getAccessCode, code: \"40029\", message: invalid code }
",
    );
}

#[test]
fn the_standard_request_names_the_client_as_the_token_request_does() {
    let story = |request: &str| {
        format!(
            "- what: a login
  exchanges:
    - request: {{ {request} }}
      answer: {{ json: {{ access_token: app-1, token_type: Bearer, expires_in: 60 }} }}
    - answer: {{ json: {{ access_token: at-1 }} }}
    - request: {{ get: https://sso.acme.example/me, headers: {{ Authorization: Bearer at-1, X-App: app-1 }} }}
      answer: {{ json: {{ id: 7, email: ana@loja.example }} }}
  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}
"
        )
    };
    let with = |words: &str| FILE.replace("/app\" }", &format!("/app\", {words} }}"));
    let app = "post: https://sso.acme.example/app";

    assert_examples(
        FILE,
        &story(&format!("{app}, form: {{ grant_type: client_credentials, client_id: ‹clientId›, client_secret: ‹clientSecret› }}")),
    );
    assert_examples(
        &with("credentials: basic, extra: { scope: app }"),
        &story(&format!(
            "{app}, headers: {{ Authorization: Basic ‹clientId:clientSecret› }}, form: {{ grant_type: client_credentials, scope: app }}"
        )),
    );
    assert_examples(
        &with("rename: { client_id: app_id, client_secret: app_secret }, extra: { grant_type: null }"),
        &story(&format!("{app}, form: {{ app_id: ‹clientId›, app_secret: ‹clientSecret› }}")),
    );
    assert_examples(
        &FILE.replace("getClientToken: { post:", "getClientToken: { get:"),
        &story(
            "get: https://sso.acme.example/app, query: { grant_type: client_credentials, client_id: ‹clientId›, client_secret: ‹clientSecret› }",
        ),
    );
}

#[test]
fn a_call_before_the_redirect_may_carry_the_token() {
    let file = FILE.replace(
        "getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }",
        "getAuthorizationCode:\n  get: https://sso.acme.example/entrar\n  prepare: { post: \"https://sso.acme.example/par\", bearer: \"${clientToken}\", form: { state: \"${state}\" }, read: { ticket: $.ticket } }\n  extra: { ticket: \"${ticket}\" }",
    );
    let rest = "    - answer: { json: { access_token: at-1 } }\n    - answer: { json: { id: 7, email: ana@loja.example } }\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }\n";
    let prepare = |lifetime: &str| {
        format!(
            "- what: a login
  prepare:
    - answer: {{ json: {{ access_token: app-1{lifetime} }} }}
    - request: {{ post: https://sso.acme.example/par, headers: {{ Authorization: Bearer app-1 }}, form: {{ state: ‹state› }} }}
      answer: {{ json: {{ ticket: t-1 }} }}
  exchanges:
"
        )
    };

    assert_examples(&file, &format!("{}{rest}", prepare(", expires_in: 60")));
    assert_examples(&file, &format!("{}    - answer: {{ json: {{ access_token: app-2 }} }}\n{rest}", prepare("")));
}

#[test]
fn an_optional_call_may_lack_the_token() {
    let file = FILE.replace(", headers: { X-App: \"${clientToken}\" } }", " }").replace(
        "getUserInfo:\n  get: https://sso.acme.example/me\n  bearer: ${accessToken}\n  headers: { X-App: \"${clientToken}\" }\n  read: { id: $.id, email: $.email }\n",
        "getUserInfo:\n  - get: https://sso.acme.example/me\n    read: { id: $.id, email: $.email }\n  - get: https://sso.acme.example/photo?u=${id}\n    headers: { X-App: \"${clientToken}\" }\n    optional: true\n    read: { picture: $.picture }\n",
    );
    assert_examples(
        &file,
        "- what: a login
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example } }
    - answer: { status: 500 }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
",
    );
}
