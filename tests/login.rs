//! How a login goes: stories on invented providers, each a sentence about behaviour. Here is what they share.

mod attempt;
mod calls;
mod client_token;
mod failures;
mod identity;
mod issuer;
mod signed_tokens;

use crate::support::provider;
use portaria::login::attempt::InstallationValues;
use portaria::provider::Provider;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use std::sync::Mutex;

/// Replays examples on a file; panics with the first whose outcome differs.
pub fn assert_examples(file: &str, stories: &str) {
    let provider = provider(file);
    let stories = examples::read(&Source::new("acme.examples.yaml", stories)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    assert!(!stories.is_empty());
    for story in stories {
        let differences: Vec<String> = replay(&provider, &story).differences.iter().map(ToString::to_string).collect();
        assert!(differences.is_empty(), "{}\n{}", story.what.value, differences.join("\n"));
    }
}

/// A network that answers by a function and remembers the addresses of its requests.
pub struct Network<F: Fn(&str) -> Result<Response, NoAnswer> + Sync> {
    answer: F,
    asked: Mutex<Vec<String>>,
}

impl<F: Fn(&str) -> Result<Response, NoAnswer> + Sync> Network<F> {
    pub fn new(answer: F) -> Self {
        Self { answer, asked: Mutex::new(Vec::new()) }
    }

    pub fn asked(&self, part: &str) -> usize {
        self.asked.lock().expect("no thread panics with this lock").iter().filter(|address| address.contains(part)).count()
    }
}

impl<F: Fn(&str) -> Result<Response, NoAnswer> + Sync> Fetch for Network<F> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let address = request.address.masked();
        self.asked.lock().expect("no thread panics with this lock").push(address.clone());
        Box::pin(std::future::ready((self.answer)(&address)))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer, where there may be none")]
pub fn json(text: &str) -> Result<Response, NoAnswer> {
    Ok(Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() })
}

pub fn installation(provider: &Provider) -> InstallationValues {
    let known = provider.known;
    let values = vec![(known.client_id, Text::plain("c-1")), (known.client_secret, Text::secret("s-1", &"clientSecret".into()))];
    InstallationValues { public_url: "https://login.loja.example".into(), values }
}

const PLAIN: &str = "name: Clube Acme
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo: { get: \"https://sso.acme.example/me\" }
";

pub const OPENID: &str = "name: Clube Acme
discovery: https://idp.acme.example
";
