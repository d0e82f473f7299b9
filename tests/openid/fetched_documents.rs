//! How often the document and the keys of an issuer are fetched.

use crate::login::{Network, OPENID, installation, json};
use crate::openid::{DOCUMENT, IssuerKey, claims, learn_document};
use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::{discover, drive};
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, ResponseFuture};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// Attacks J-11, J-13
#[test]
fn a_key_that_was_exchanged_under_its_name_is_fetched_again_and_a_forged_token_cannot_force_more() {
    for kid in [None, Some("k")] {
        let (old, new, stranger) = (IssuerKey::new(), IssuerKey::new(), IssuerKey::new());
        let provider = provider(OPENID);
        let installation = installation(&provider);
        let documents = DocumentCache::default();
        let (keys, token) = (Mutex::new(old.jwks(kid)), Mutex::new(String::new()));
        let network = Network::new(|address: &str| match address {
            address if address.ends_with("openid-configuration") => json(&format!("{{{DOCUMENT}}}")),
            address if address.ends_with("/k") => json(&keys.lock().expect("no thread panics with this lock")),
            _ => {
                json(&format!("{{\"access_token\":\"at-1\",\"id_token\":\"{}\"}}", token.lock().expect("no thread panics with this lock")))
            }
        });
        learn_document(&provider, &network, &documents, 0);
        let login = |now: i64, key: &IssuerKey| {
            let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), now, Vec::new());
            *token.lock().expect("no thread panics with this lock") = key.token(kid, &claims(&attempt, ""));
            let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
            let login =
                attempt.accept(&provider, &installation, &callback, None, &documents, now).expect("the callback answers the attempt");
            ready(drive(login, &network, &documents)).1.map_err(|error| error.code().to_owned())
        };
        assert!(login(0, &old).is_ok());
        assert_eq!(network.asked("/k"), 1);

        new.jwks(kid).clone_into(&mut keys.lock().expect("no thread panics with this lock"));
        assert!(login(100, &new).is_ok(), "the new key is fetched at once");
        assert_eq!(network.asked("/k"), 2);
        for now in 100..160 {
            assert_eq!(login(now, &stranger), Err("badToken".to_owned()));
        }
        assert!(network.asked("/k") <= 8, "{}", network.asked("/k"));
        assert!(login(160, &new).is_ok());
    }
}

#[test]
fn an_issuer_that_has_recovered_is_asked_within_seconds() {
    let provider = provider(OPENID);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let is_up = AtomicBool::new(false);
    let network =
        Network::new(|_: &str| if is_up.load(Ordering::SeqCst) { json(&format!("{{{DOCUMENT}}}")) } else { Err(NoAnswer::Unreachable) });
    let begins = |now: i64| {
        learn_document(&provider, &network, &documents, now);
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), now, Vec::new());
        attempt.redirect_request(&provider, &installation, &documents).is_ok()
    };
    assert!(!begins(100) && !begins(101) && !begins(102));
    assert_eq!(network.asked("openid-configuration"), 1, "while it is away, it is asked once in a while");

    is_up.store(true, Ordering::SeqCst);

    assert!(begins(103));
}

/// A network that answers a document only when it is let go.
#[derive(Default)]
struct Slow {
    body: String,
    go: AtomicBool,
    asked: AtomicUsize,
}

impl Fetch for Slow {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::poll_fn(move |_| if self.go.load(Ordering::SeqCst) { Poll::Ready(json(&self.body)) } else { Poll::Pending }))
    }
}

#[test]
fn many_logins_at_once_fetch_a_document_once() {
    let provider = provider(OPENID);
    let (documents, network) = (DocumentCache::default(), Slow { body: format!("{{{DOCUMENT}}}"), ..Slow::default() });
    let mut facts = provider.empty_facts();
    facts.set(provider.known.client_id, Text::plain("c-1"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be built");
    let _inside = runtime.enter();
    let begin = |_| Box::pin(discover(&provider, &facts, &network, &documents, 0)) as Pin<Box<dyn Future<Output = ()>>>;
    let mut many: Vec<_> = (0..50).map(begin).collect();
    let poll_all = |many: &mut Vec<Pin<Box<dyn Future<Output = ()> + '_>>>| {
        many.retain_mut(|one| one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    };
    poll_all(&mut many);
    assert_eq!((network.asked.load(Ordering::SeqCst), many.len()), (1, 50));

    network.go.store(true, Ordering::SeqCst);
    for _ in 0..60 {
        poll_all(&mut many);
    }

    assert_eq!((network.asked.load(Ordering::SeqCst), many.len()), (1, 0));
}

/// The keys come only when they are let go; everything else comes at once.
struct SlowKeys<'a> {
    keys: &'a Slow,
    token: String,
}

impl Fetch for SlowKeys<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        if request.address.masked().ends_with("/k") {
            return self.keys.send(request);
        }
        Box::pin(std::future::ready(json(&format!("{{\"access_token\":\"at-1\",\"id_token\":\"{}\"}}", self.token))))
    }
}

/// Attack J-11
#[test]
fn many_logins_that_come_back_at_once_fetch_the_keys_once() {
    let (provider, key) = (provider(OPENID), IssuerKey::new());
    let (installation, documents) = (installation(&provider), DocumentCache::default());
    learn_document(&provider, &Network::new(|_| json(&format!("{{{DOCUMENT}}}"))), &documents, 0);
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let slow = Slow { body: key.jwks(None), ..Slow::default() };
    let network = SlowKeys { keys: &slow, token: key.token(None, &claims(&attempt, "")) };
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be built");
    let _inside = runtime.enter();
    let begin = |_| {
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 0).expect("the callback answers the attempt");
        let (network, documents) = (&network, &documents);
        Box::pin(async move { drive(login, network, documents).await.1.is_ok() }) as Pin<Box<dyn Future<Output = bool> + '_>>
    };
    let mut many: Vec<_> = (0..50).map(begin).collect();
    let mut signed_in = 0;
    let mut poll_all = |many: &mut Vec<Pin<Box<dyn Future<Output = bool> + '_>>>| {
        many.retain_mut(|one| match one.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => true,
            Poll::Ready(is_ok) => {
                signed_in += usize::from(is_ok);
                false
            }
        });
    };
    poll_all(&mut many);
    assert_eq!((slow.asked.load(Ordering::SeqCst), many.len()), (1, 50));

    slow.go.store(true, Ordering::SeqCst);
    for _ in 0..60 {
        poll_all(&mut many);
    }

    assert_eq!((slow.asked.load(Ordering::SeqCst), many.len(), signed_in), (1, 0, 50));
}
