//! The cost of the pure part of a login: writing three requests, reading three answers, and making the identity.

use criterion::Criterion;
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::login::drive;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::fingerprint::ProviderFingerprint;
use portaria::provider::{InstallationContext, Provider, compile};
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, Request, Response, ResponseFuture};
use std::future::Future;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

const FILE: &str = "name: Clube Acme
trustEmail: claim
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  scope: identify email
getAccessCode:
  post: https://sso.acme.example/token
  refused: { at: $.status, isNot: ok }
getUserInfo:
  get: https://sso.acme.example/me
  read:
    id: $.data.cliente.id
    email: $.data.cliente.email
    emailVerified: $.data.cliente.verificado
    name: \"${$.data.cliente.nome} ${$.data.cliente.sobrenome}\"
    picture: [ $.data.cliente.foto, $.data.cliente.avatar ]
";

const ANSWERS: [&str; 2] = [
    r#"{"status":"ok","access_token":"at-71f0c2aa90b3","token_type":"Bearer","expires_in":3600,"refresh_token":"rt-09be","scope":"identify email"}"#,
    r#"{"data":{"cliente":{"id":"80351110224678912","nome":"Ana","sobrenome":"Lima","email":"ana@loja.example","verificado":true,"avatar":"https://img.example/a.png","criado":"2020-01-02T03:04:05Z","pontos":1280}}}"#,
];

/// Recorded answers in place of a network.
struct Answers {
    bodies: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Fetch for Answers {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        black_box(request);
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.bodies.len();
        Box::pin(std::future::ready(Ok(Response { status: 200, headers: Vec::new(), body: self.bodies[index].clone() })))
    }
}

#[inline(never)]
fn one_login(
    (provider, fingerprint): (&Provider, &ProviderFingerprint),
    installation: &InstallationValues,
    documents: &DocumentCache,
    answers: &Answers,
) {
    let attempt = Attempt::new(provider, installation, &Entropy([7; 80]), 1_767_323_045, Vec::new());
    let redirect = attempt.redirect_request(provider, installation, documents).expect("the redirect can be written");
    black_box(redirect);
    let callback = CallbackParameters::new([("code", "c-1".to_owned()), ("state", attempt.state.to_string())]);
    let login = attempt
        .accept(provider, installation, &callback, None, documents, 1_767_323_050)
        .expect("the callback answers the attempt")
        .pinned_to(fingerprint);
    let driving = std::pin::pin!(drive(login, answers, documents));
    match driving.poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready((_, result)) => drop(black_box(result.expect("the login succeeds"))),
        std::task::Poll::Pending => unreachable!("recorded answers are there at once"),
    }
}

/// Three requests, three answers and the identity.
pub fn login(criterion: &mut Criterion) {
    let (provider, report) = compile(&Source::new("acme.yaml", FILE), InstallationContext { loopback: false });
    let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
    let known = provider.known;
    let installation = InstallationValues {
        public_url: "https://login.loja.example".into(),
        values: vec![(known.client_id, Text::plain("loja-42")), (known.client_secret, Text::secret("hush", &"clientSecret".into()))],
    };
    let documents = DocumentCache::default();
    let attempt = Attempt::new(&provider, &installation, &Entropy([7; 80]), 0, Vec::new());
    let fingerprint = provider.fingerprint(&attempt.facts_without_discovery(&provider, &installation));
    let answers = Answers { bodies: ANSWERS.iter().map(|body| body.as_bytes().to_vec()).collect(), next: AtomicUsize::new(0) };
    criterion.bench_function("login/the pure part", |bencher| {
        bencher.iter(|| one_login((&provider, &fingerprint), &installation, &documents, &answers));
    });
}
