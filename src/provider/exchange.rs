//! The word `exchange`: which tokens of the provider a program may hand in at `/exchange/{provider}`, and how an access token proves that
//! it was issued to this client.
//!
//! No login stands behind a token that is handed in: there is no state, no code, no callback and no answer of getAccessCode. `check` finds
//! out what a file can do without them.

mod check;
mod fedcm;

pub(crate) use crate::provider::exchange::check::ExchangeCheck;
pub(crate) use crate::provider::exchange::fedcm::FedCm;

use crate::provider::call::{self, CallSpec};
use crate::provider::choice::{EntryChoice, compile_choices};
use crate::provider::condition::Condition;
use crate::provider::hosts::is_host;
use crate::provider::signed_token::{SignedToken, SignedTokenContext, SignedTokenSpec};
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::step_context::{StepContext, check_read_name, compile_reads};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{OneOrMany, Reader};
use crate::words;
use std::collections::BTreeSet;
use std::fmt;

words! {
    /// What a program may hand in at `POST /exchange/{provider}`, besides the ID token that getAccessCode verifies. No login
    /// stands behind a token that is handed in. So nothing is known that the shopper types or that the callback, `prepare` or the
    /// answer of getAccessCode says, and what `accepted` and `refused` demand there is not asked. A file whose getUserInfo,
    /// `identity` or `require` needs such a fact cannot have this block.
    pub(crate) struct ExchangeSpec ("exchange of tokens", elsewhere = unknown_word_hint) {
        /// Further client ids that the provider gave to this shop, such as those of its mobile apps. An ID token that is
        /// handed in may be issued for one of them (`aud`, and `azp` where the token has it), and `ask` and `signed` may name
        /// them in place of `${clientId}`.
        /// Default: none; a token must be issued for what the file's `signed` says
        /// Example: `clients: [ "${androidClient}", "${iosClient}" ]`
        clients: Option<OneOrMany<Template>> = "clients",
        /// How an ID token that is handed in is verified, where getAccessCode verifies none, and what is read from it: at least the
        /// same `id` that a login reads. getUserInfo is then called only if an access token is handed in beside it.
        /// Default: as getAccessCode verifies the ID token of a login; if it verifies none, no ID token is accepted
        /// Example: `idToken: { issuer: "https://sso.acme.example", keys: "https://sso.acme.example/jwks", read: { id: $.sub, email: $.email, emailVerified: $.email_verified } }`
        id_token: Option<SignedTokenSpec> = "idToken",
        /// The call that asks the provider to whom it issued an access token: token information, or introspection. Its
        /// `accepted` must compare one place of the answer with `${clientId}`. It is made always, before getUserInfo, and gives
        /// no facts. An answer with a member `active` that is not `true` is a refusal.
        /// Default: none; then an access token is refused, unless `signed` proves it
        /// Example: `ask: { post: "https://sso.acme.example/introspect", form: { token: "${accessToken}" }, credentials: basic, accepted: { at: $.client_id, is: "${clientId}" } }`
        ask: Option<CallSpec> = "ask",
        /// How an access token is verified that is a signed token. Its `audience` must be `${clientId}`, or its `require` must
        /// compare one claim with `${clientId}`. It reads no facts. Where getAccessCode verifies `${accessToken}` for this
        /// client, that counts, and its facts are read.
        /// Default: none
        /// Example: `signed: { issuer: "https://sso.acme.example", keys: "https://sso.acme.example/jwks", audience: any, require: { at: $.azp, is: "${clientId}" } }`
        signed: Option<SignedTokenSpec> = "signed",
        /// The form that a button of the provider sends from a page of the store. It signs the browser in, as a callback does.
        /// Default: none; no form signs a browser in
        /// Example: `button: { field: credential, check: acme_csrf }`
        button: Option<ButtonSpec> = "button",
        /// The address of the provider's configuration for browsers (FedCM, `configURL`). `<portaria-login one-tap>` in a page of the
        /// store then lets the browser offer the accounts that the person has at the provider. The ID token that the browser gets
        /// must be issued for the client of the file, not for one of `clients`. It must have the nonce that this broker made for
        /// this very browser, and counts once.
        /// Default: none; browsers offer no accounts
        /// Example: `fedcm: https://accounts.acme.example/fedcm.json`
        fedcm: Option<Located<String>> = "fedcm",
    }
}

words! {
    /// A button of the provider that sends an ID token to `/exchange/{provider}` as a form. The form counts only if its browser
    /// says that it comes from the broker itself, from an origin of `returnTo` on the same site, or from one of `from`, and if a
    /// cookie holds the same random text as a field of the form (double submit). The address may say where the shopper goes
    /// next, with `return_to`. The nonce of such a token is not compared, but a token with a nonce is used once.
    pub(crate) struct ButtonSpec ("button") {
        /// The field with the ID token. A form that has it is a form of the button.
        /// Default: required
        /// Example: `field: credential`
        field: Located<String> = "field",
        /// The name of the field and of the cookie that must be the same, at least 8 characters long.
        /// Default: required
        /// Example: `check: acme_csrf`
        check: Located<String> = "check",
        /// The provider's own origins from which the form may come.
        /// Default: none; only from origins of this store
        /// Example: `from: https://accounts.acme.example`
        from: Option<OneOrMany<Located<String>>> = "from",
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "audience" | "clientIds" | "clientId" => Some("write `clients: [ … ]` for further client ids of this shop"),
        "introspect" | "introspection" | "tokenInfo" | "tokeninfo" => {
            Some("write `ask: { post: https://…, accepted: { at: $.client_id, is: \"${clientId}\" } }`")
        }
        "read" | "identity" | "id" | "email" => Some("what is read stands in getAccessCode and getUserInfo, as for every login"),
        _ => None,
    }
}

/// The words of the block, compiled.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeWords {
    pub(crate) place: Place,
    clients: Vec<Template>,
    /// How an ID token is verified that no step verifies, and what is read from it.
    pub(crate) id_token: Option<HandedIdToken>,
    pub(crate) ask: Option<Step>,
    pub(crate) signed: Option<SignedToken>,
    pub(crate) button: Option<ProviderButton>,
    pub(crate) fedcm: Option<FedCm>,
}

/// An ID token that only the block `exchange` describes.
#[derive(Clone, Debug)]
pub(crate) struct HandedIdToken {
    signed: SignedToken,
    reads: Vec<ReadRule>,
    choices: Vec<EntryChoice>,
}

/// A button of the provider.
#[derive(Clone, Debug)]
pub(crate) struct ProviderButton {
    place: Place,
    /// The field with the ID token.
    pub(crate) field: Box<str>,
    /// The field and the cookie that must be the same.
    pub(crate) check: Box<str>,
    /// The provider's own origins.
    pub(crate) from: Vec<Box<str>>,
}

/// What can be handed in for a provider, and how it is verified.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeRules {
    pub(crate) words: Option<ExchangeWords>,
    /// How an ID token is verified, or why none is accepted.
    pub(crate) id_token: Result<HandedToken, ExchangeFault>,
    /// How an access token is proven to be issued to this client, besides what the words of the block demand; or why none is accepted.
    pub(crate) access_token: Result<Option<HandedToken>, ExchangeFault>,
}

/// A token that a step of the file verifies in a login.
#[derive(Clone, Debug)]
pub(crate) struct HandedToken {
    /// How it is verified when it is handed in.
    pub(crate) signed: SignedToken,
    /// The fact that holds it.
    pub(crate) fact: Slot,
    /// The step that reads it, and its position among the calls; `None` for the callback.
    pub(crate) step: Step,
    pub(crate) call: Option<usize>,
    /// Whether what it says may stand in the place of getUserInfo.
    pub(crate) replaces_userinfo: bool,
}

/// Why a token that is handed in is not accepted, whatever it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeFault {
    /// No answer of getAccessCode holds an ID token that the file verifies.
    NoIdToken,
    /// The file accepts ID tokens that were issued to others.
    AnyAudience,
    /// The file demands something of the answer of getAccessCode, which is absent here, and has no block `exchange`.
    DemandsMore,
    /// The logout at the provider shows the ID token in the address of the browser, and the file has no block `exchange`.
    ShownAtLogout,
    /// Nothing proves to whom an access token was issued.
    NoProof,
    /// The ID token is not enough, because getUserInfo shows the access token.
    NeedsAccessToken,
    /// This fact is known in a login only.
    NeedsLogin(Box<str>),
}

impl fmt::Display for ExchangeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIdToken => f.write_str(
                "no ID token can be handed in, because the file verifies none: add `signed: { issuer: …, keys: … }` to getAccessCode, or `exchange: { idToken: … }`",
            ),
            Self::AnyAudience => f.write_str(
                "no ID token can be handed in, because the file accepts every audience: take `audience: any` out of its `signed`",
            ),
            Self::DemandsMore => f.write_str(
                "no ID token can be handed in, because getAccessCode has an `accepted` or a `refused` that would not be asked: add `exchange: {}` if they say nothing about the person",
            ),
            Self::ShownAtLogout => f.write_str(
                "no ID token can be handed in, because `logout` shows it in the address of the browser, from which others may take it: add `exchange: {}` if apps hand in tokens all the same",
            ),
            Self::NoProof => f.write_str(
                "no access token can be handed in, because nothing proves that it was issued to this client: add `exchange: { ask: { get: …, accepted: { at: $.client_id, is: \"${clientId}\" } } }`, or `exchange: { signed: … }`",
            ),
            Self::NeedsAccessToken => {
                f.write_str("the ID token is not enough for this file: hand in the access token beside it, which getUserInfo shows")
            }
            Self::NeedsLogin(fact) => {
                write!(f, "this token cannot be handed in, because the file needs `{fact}`, which is known in a login only")
            }
        }
    }
}

impl ExchangeWords {
    /// Compiles the words of the file. `position` is that of a call behind all others.
    pub(crate) fn compile(spec: ExchangeSpec, position: u16, mut context: StepContext<'_>, reader: &mut Reader) -> Self {
        let signed = spec.signed.and_then(|spec| compile_signed(spec, &context, reader));
        let id_token = spec.id_token.and_then(|spec| compile_id_token(spec, &context, reader));
        // The call has an address of its own, and its answer describes no person.
        (context.discovery, context.person_is_listed) = (false, true);
        let ask = spec.ask.and_then(|spec| compile_ask(spec, position, &context, reader));
        let clients = spec.clients.map_or_else(Vec::new, |clients| clients.0);
        let button = spec.button.map(|spec| compile_button(spec, reader));
        let fedcm = spec.fedcm.map(|config| FedCm::compile(&config, reader));
        Self { place: spec.place, clients, id_token, ask, signed, button, fedcm }
    }

    /// The further client ids.
    pub(crate) fn clients(&self) -> &[Template] {
        &self.clients
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let ask = self.ask.iter().flat_map(|ask| ask.uses_in_request().into_iter().chain(ask.uses_in_answer()));
        let tokens = self.signed.iter().chain(self.id_token.iter().map(|token| &token.signed)).flat_map(SignedToken::uses);
        ask.chain(tokens).chain(self.clients.iter().flat_map(Template::uses)).collect()
    }

    /// The signed tokens that it describes.
    pub(crate) fn signed_tokens(&self) -> impl Iterator<Item = &SignedToken> {
        self.signed.iter().chain(self.id_token.iter().map(|token| &token.signed))
    }

    /// What is read of an ID token that only the block describes.
    pub(crate) fn id_token_reads(&self) -> impl Iterator<Item = &ReadRule> {
        self.id_token.iter().flat_map(|token| token.reads.iter().chain(token.choices.iter().flat_map(|choice| &choice.reads)))
    }

    /// The conditions by which that is read.
    pub(crate) fn id_token_conditions(&self) -> impl Iterator<Item = &Condition> {
        let choices = self.id_token.iter().flat_map(|token| &token.choices).flat_map(EntryChoice::all_conditions);
        choices.chain(self.id_token_reads().flat_map(|read| read.reading.conditions()))
    }
}

impl ExchangeRules {
    /// Holds the values of which the handed tokens compose these facts to the rule for ids.
    pub(crate) fn hold_to_persons(&mut self, facts: &BTreeSet<Slot>) {
        let tokens = self.id_token.as_mut().ok().into_iter().chain(self.access_token.as_mut().ok().and_then(Option::as_mut));
        tokens.for_each(|token| token.step.hold_to_persons(facts));
    }

    /// The further client ids.
    pub(crate) fn clients(&self) -> &[Template] {
        self.words.as_ref().map_or(&[], ExchangeWords::clients)
    }
}

fn compile_signed(mut spec: SignedTokenSpec, context: &StepContext<'_>, reader: &mut Reader) -> Option<SignedToken> {
    if let Some(token) = &spec.token {
        reader.complain(token.place, "the token is the access token that is handed in", "take this line out");
    }
    if spec.read.is_some() || spec.choose.is_some() {
        let help = "read it in getUserInfo, or verify `${accessToken}` in getAccessCode and read it there, as every login needs it";
        reader.complain(spec.place, "this `signed` only proves to whom the token was issued, and reads no facts", help);
    }
    spec.token = Some(Template::from_fact("accessToken", spec.place, reader));
    let signed_context = SignedTokenContext {
        addresses: &context.addresses,
        discovery: context.discovery,
        client_id: context.client_id,
        nonce_is_sent: false,
        callback_facts: &[],
        kind: StepKind::GetUserInfo,
        own_facts: Vec::new(),
    };
    SignedToken::compile(&spec, &signed_context, reader)
}

fn compile_id_token(mut spec: SignedTokenSpec, context: &StepContext<'_>, reader: &mut Reader) -> Option<HandedIdToken> {
    if let Some(token) = &spec.token {
        reader.complain(token.place, "the token is the ID token that is handed in", "take this line out");
    }
    spec.token = Some(Template::from_fact("idToken", spec.place, reader));
    let signed_context = SignedTokenContext {
        addresses: &context.addresses,
        discovery: false,
        client_id: context.client_id,
        nonce_is_sent: false,
        callback_facts: &[],
        kind: StepKind::GetAccessCode,
        own_facts: vec![reader.names.intern("idToken")],
    };
    let signed = SignedToken::compile(&spec, &signed_context, reader)?;
    let reads = spec.read.map_or_else(Vec::new, |read| compile_reads(read, reader));
    let choices = compile_choices(spec.choose, reader);
    for read in reads.iter().chain(choices.iter().flat_map(|choice| &choice.reads)) {
        check_read_name(read, reader);
    }
    Some(HandedIdToken { signed, reads, choices })
}

fn compile_ask(spec: CallSpec, position: u16, context: &StepContext<'_>, reader: &mut Reader) -> Option<Step> {
    let place = spec.place;
    let without_effect = [
        ("read", spec.read.is_some()),
        ("choose", spec.choose.is_some()),
        ("readHeaders", spec.read_headers.is_some()),
        ("signed", spec.signed.is_some()),
        ("when", spec.when.is_some()),
        ("optional", spec.optional.is_some()),
    ];
    for (word, _) in without_effect.into_iter().filter(|(_, is_there)| *is_there) {
        let help = "take it out: `ask` is made always, has to succeed, and gives no facts; what counts is its `accepted`";
        reader.complain(place, format!("`{word}` cannot stand in `ask`"), help);
    }
    if spec.get.is_none() && spec.post.is_none() {
        if !["get", "post"].into_iter().any(|word| reader.is_unusable_word(place, word)) && !reader.has_unknown_words(place) {
            reader.complain(place, "`ask` does not say which address is called", "add `get: https://…` or `post: https://…`");
        }
        return None;
    }
    call::compile(spec, (StepKind::GetUserInfo, position), context, reader)
}

fn compile_button(spec: ButtonSpec, reader: &mut Reader) -> ProviderButton {
    let is_name = |name: &str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        !name.is_empty() && name.len() <= 64 && letters
    };
    for name in [&spec.field, &spec.check].into_iter().filter(|name| !is_name(name)) {
        let help = "write the name of the field: letters, digits, `-`, `_` and `.`";
        reader.complain(name.place, format!("`{}` cannot be the name of a field and a cookie", name.value), help);
    }
    if spec.field.value == spec.check.value {
        reader.complain(spec.check.place, "the token cannot be its own check", "write the name of the field that a cookie repeats");
    }
    let from: Vec<Located<String>> = spec.from.map_or_else(Vec::new, |from| from.0);
    for origin in from.iter().filter(|origin| !origin.strip_prefix("https://").is_some_and(is_host)) {
        let help = "write scheme and host, such as `https://accounts.acme.example`";
        reader.complain(origin.place, format!("`{}` is not an origin", origin.value), help);
    }
    ProviderButton {
        place: spec.place,
        field: spec.field.value.into(),
        check: spec.check.value.into(),
        from: from.into_iter().map(|origin| origin.value.into()).collect(),
    }
}
