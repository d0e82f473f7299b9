//! A story without a redirect: tokens are handed in at `/exchange/{provider}` by a program, by the provider's button, or by a browser that
//! offers the accounts of the person.

use crate::login::exchange::{HandedNonce, HandedTokens, TokenExchange};
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::exchange::{HandedToken, ProviderButton};
use crate::provider::facts::Facts;
use crate::provider::signed_token::SignedToken;
use crate::vocabulary::place::Located;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{NamedValues, Reader};
use crate::words;
use crate::workbench::examples::difference::Difference;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay::{ReplayResult, compare_calls, compare_outcome, outcome_of, store_discovery_document};
use crate::workbench::examples::replayed_answers::ReplayedAnswers;
use crate::workbench::examples::stand_ins::{example_start, stand_in};
use crate::workbench::examples::tokens::ExampleTokens;

words! {
    /// What is handed in at `/exchange/{provider}`: by a program, by the form of the provider's button, or by a browser that offers the
    /// person's accounts (One Tap).
    pub struct HandedInSpec ("handed-in tokens") {
        /// The ID token.
        /// Default: none
        /// Example: `idToken: ‹idToken›`
        id_token: Option<Located<String>> = "idToken",
        /// The access token.
        /// Default: none
        /// Example: `accessToken: at-1`
        access_token: Option<Located<String>> = "accessToken",
        /// The nonce that is handed in beside the ID token.
        /// Default: none
        /// Example: `nonce: n-1`
        nonce: Option<Located<String>> = "nonce",
        /// The form that the provider's button sends, in place of `idToken`. It has the fields that `button` of the provider file names.
        /// Default: no form
        /// Example: `form: { credential: ‹idToken›, acme_csrf: x-1 }`
        form: Option<NamedValues<Located<String>>> = "form",
        /// The provider's origin from which the form comes. `from` of the button must list it.
        /// Default: an origin of the store
        /// Example: `origin: https://accounts.acme.example`
        origin: Option<Located<String>> = "origin",
        /// The configuration with which the browser got the ID token. It is compared with `fedcm` of the provider file, and the token must have
        /// the `nonce` of this browser.
        /// Default: no browser offers accounts
        /// Example: `fedcm: https://accounts.acme.example/fedcm.json`
        fedcm: Option<Located<String>> = "fedcm",
    }
}

impl HandedInSpec {
    /// How the token of this name is verified, if it is handed in.
    pub(super) fn signed_token<'p>(&self, name: &str, provider: &'p Provider) -> Option<&'p SignedToken> {
        let is_named = |value: &Located<String>| value.value == stand_in(name);
        let rules = &provider.exchange;
        if self.id_token.as_ref().is_some_and(is_named) || self.form.iter().flat_map(|form| &form.0).any(|(_, value)| is_named(value)) {
            return rules.id_token.as_ref().ok().map(|own| &own.signed);
        }
        let of_words = || rules.words.as_ref().and_then(|words| words.signed.as_ref());
        let of_step = || rules.access_token.as_ref().ok().and_then(Option::as_ref).map(|own: &HandedToken| &own.signed);
        self.access_token.as_ref().filter(|token| is_named(token)).and_then(|_| of_words().or_else(of_step))
    }

    /// The tokens as the exchange gets them.
    fn handed_tokens(&self, provider: &Provider, tokens: &ExampleTokens, differences: &mut Vec<Difference>) -> HandedTokens {
        let text = |value: &Located<String>| Text::plain(tokens.replace(&value.value));
        let words = provider.exchange.words.as_ref();
        if let Some(form) = &self.form {
            let button = words.and_then(|words| words.button.as_ref());
            let field = self.field_of_button(form, button, differences);
            return HandedTokens { id_token: field.map(text), access_token: None, nonce: HandedNonce::Unknown };
        }
        if let Some(expected) = &self.fedcm {
            let config = words.and_then(|words| words.fedcm.as_ref()).map_or("no `fedcm` in the file", |fedcm| &*fedcm.config);
            if config != expected.value {
                differences.push(Difference::new("handedIn: fedcm".to_owned(), expected.value.clone(), config.to_owned()));
            }
        }
        let nonce = match (&self.nonce, &self.fedcm) {
            (Some(nonce), Some(_)) => HandedNonce::OfBrowser(text(nonce)),
            (Some(nonce), None) => HandedNonce::Given(text(nonce)),
            (None, _) => HandedNonce::None,
        };
        HandedTokens { id_token: self.id_token.as_ref().map(text), access_token: self.access_token.as_ref().map(text), nonce }
    }

    /// The field of the form in which the file's button has the ID token.
    fn field_of_button<'f>(
        &self,
        form: &'f NamedValues<Located<String>>,
        button: Option<&ProviderButton>,
        differences: &mut Vec<Difference>,
    ) -> Option<&'f Located<String>> {
        let mut differ = |place: &str, expected: &str, found: String| {
            differences.push(Difference::new(format!("handedIn: {place}"), expected.to_owned(), found));
        };
        let Some(button) = button else {
            differ("form", "a form of the button", "the file has no `button`".to_owned());
            return None;
        };
        let field = |wanted: &str| form.0.iter().find(|(name, _)| name.value == wanted).map(|(_, value)| value);
        let names: Vec<&str> = form.0.iter().map(|(name, _)| name.value.as_str()).collect();
        for needed in [&button.field, &button.check] {
            if field(needed).is_none() {
                differ("form", &names.join(", "), format!("the button has a field `{needed}`"));
            }
        }
        if let Some(origin) = self.origin.as_ref().filter(|origin| !button.from.iter().any(|listed| **listed == *origin.value)) {
            differ("origin", &origin.value, format!("the button is sent from [{}]", button.from.join(", ")));
        }
        field(&button.field)
    }
}

/// Complains about tokens that no one can hand in.
pub(super) fn check_handed_in(story: &ExampleSpec, handed: &HandedInSpec, reader: &mut Reader) {
    let begins_otherwise = story.redirect.is_some() || story.callback.is_some() || story.prepare.is_some() || story.inputs.is_some();
    if begins_otherwise {
        let help = "keep `handedIn`, or what belongs to a redirect: `inputs`, `prepare`, `redirect` and `callback`";
        reader.complain(handed.place, "this story begins twice: no redirect stands behind tokens that are handed in", help);
    }
    let has_token = handed.id_token.is_some() || handed.access_token.is_some();
    match &handed.form {
        Some(_) if has_token || handed.nonce.is_some() || handed.fedcm.is_some() => {
            let help = "keep `form`, with the ID token in one of its fields, or take it out";
            reader.complain(handed.place, "the form of a button is all that is handed in", help);
        }
        None if !has_token => {
            reader.complain(
                handed.place,
                "nothing is handed in",
                "write `idToken: ‹idToken›`, `accessToken: at-1`, or the `form` of the button",
            );
        }
        Some(_) | None => {}
    }
    if let Some(origin) = handed.origin.as_ref().filter(|_| handed.form.is_none()) {
        reader.complain(origin.place, "only a form has an `origin`", "write the `form` that comes from there, or take this line out");
    }
    if let Some(fedcm) = handed.fedcm.as_ref().filter(|_| handed.form.is_none() && (handed.id_token.is_none() || handed.nonce.is_none())) {
        let help = "add `idToken: ‹idToken›` and `nonce: n-1`, and the nonce to the claims of the token";
        reader.complain(fedcm.place, "a browser hands in an ID token that has its nonce", help);
    }
}

/// Runs the exchange of a story with its recorded answers, without network or clock.
pub(super) fn replay_exchange(
    provider: &Provider,
    story: &ExampleSpec,
    handed: &HandedInSpec,
    mut differences: Vec<Difference>,
) -> ReplayResult {
    let start = example_start(provider, story);
    let documents = DocumentCache::default();
    store_discovery_document(provider, story, &start, &documents);
    let facts = start
        .attempt
        .initial_facts(provider, &start.installation, &documents)
        .unwrap_or_else(|_| start.attempt.facts_without_discovery(provider, &start.installation));
    let tokens = ExampleTokens::make(provider, story, &start, &facts, &documents, &mut differences);
    let given = handed.handed_tokens(provider, &tokens, &mut differences);
    let recording = ReplayedAnswers::new(story.exchanges.as_ref().map_or(&[][..], |exchanges| &exchanges.0), &tokens, None);
    let exchange = TokenExchange { provider, tokens: &given, context: (&recording, &documents), now: start.now };
    let mut trace = Trace::default();
    let mut observer = ();
    let end = outcome_of(exchange.run(facts.clone(), None, (&mut trace, &mut observer)));
    let end = end.map(|exchanged| exchanged.identity);
    compare_calls("call", provider, story.exchanges.as_ref(), (&trace, facts_with(provider, &given, facts)), &documents, &mut differences);
    compare_outcome(story, &end, provider, &mut differences);
    let requests = trace.exchanges.iter().map(|exchange| (exchange.step, exchange.request.clone())).collect();
    ReplayResult { differences, requests, trace, end, documents }
}

/// The facts with the access token, whose mask is lifted in the requests.
fn facts_with(provider: &Provider, given: &HandedTokens, mut facts: Facts) -> Facts {
    if let Some(token) = &given.access_token {
        facts.set(provider.known.access_token, token.clone());
    }
    facts
}
