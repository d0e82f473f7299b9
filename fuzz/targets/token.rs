//! Any bytes as a signed token: they are never accepted, because the key is unknown to the fuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::login::drive;
use portaria::vocabulary::place::Source;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::{InstallationContext, Provider, compile};
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{ResponseFuture, Fetch, Request, Response};
use std::future::Future;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

const FILE: &str = "name: Acme
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  post: https://sso.acme.example/token
  signed: { token: answer, issuer: acme, keys: \"${clientSecret}\", read: { id: $.sub, email: $.email, emailVerified: $.ok } }
";

static PROVIDER: LazyLock<Provider> =
    LazyLock::new(|| compile(&Source::new("acme.yaml", FILE), InstallationContext { loopback: false }).0.expect("the file is right"));

struct Answer(Vec<u8>);

impl Fetch for Answer {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        Box::pin(std::future::ready(Ok(Response { status: 200, headers: Vec::new(), body: self.0.clone() })))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let known = PROVIDER.known;
    let secret = Text::secret("a secret that no fuzzer guesses: 9f8e7d6c5b4a", &"clientSecret".into());
    let installation = InstallationValues { public_url: "https://login.loja.example".into(), values: vec![(known.client_id, Text::plain("c")), (known.client_secret, secret)] };
    let documents = DocumentCache::default();
    let attempt = Attempt::new(&PROVIDER, &installation, &Entropy([1; 80]), 0, Vec::new());
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let login = attempt.accept(&PROVIDER, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");
    let answer = Answer(bytes.to_vec());
    let driving = std::pin::pin!(drive(login, &answer, &documents));
    match driving.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready((_, result)) => assert!(result.is_err()),
        Poll::Pending => unreachable!("the answer is there at once"),
    }
});
