//! The words `keepTokens` and `refresh`: the provider's own tokens are kept after a login, and refreshed without one.
//!
//! The refresh is the standard token request of getAccessCode with another grant, unless the file writes it. It knows nothing of a login
//! but the tokens themselves.

mod check;

pub(crate) use crate::provider::token_keeping::check::TokenKeepingCheck;

use crate::provider::Provider;
use crate::provider::call::{self, CallSpec};
use crate::provider::facts::Facts;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::standard::TokenGrant;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_context::StepContext;
use crate::provider::template::FactUse;
use crate::vocabulary::diagnostic::Severity;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, Reader};
use std::fmt;

/// The facts that a refresh may read.
const READ_BY_REFRESH: [&str; 5] = ["accessToken", "expiresIn", "refreshToken", "tokenType", "grantedScope"];
/// The parameters that a standard refresh shares with the standard token request.
const SHARED_NAMES: [&str; 5] = ["grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type"];
/// Parameters of the standard token request that belong to a login.
const OF_LOGIN: [&str; 4] = ["grant_type", "code", "redirect_uri", "code_verifier"];

/// What a file writes about kept tokens, before it is compiled.
pub(crate) struct TokenKeepingSpec {
    place: Place,
    /// The word `refresh`.
    written: Option<CallSpec>,
    /// The call of getAccessCode, if it is a single one.
    access: Option<CallSpec>,
}

/// How the tokens of a provider are kept.
#[derive(Clone, Debug)]
pub(crate) struct TokenKeeping {
    /// The place of `keepTokens`.
    pub(crate) place: Place,
    /// The call that refreshes them, or why there is none.
    pub(crate) refresh: Result<Step, NoRefresh>,
    /// Whether the file writes `refresh`.
    pub(crate) is_written: bool,
}

/// Why kept tokens last only until they expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRefresh {
    /// getAccessCode is no single standard token request.
    OtherRequest,
    /// The standard request would need this fact, which is known in a login only.
    NeedsLogin(Box<str>),
    /// The word `refresh` cannot be used, which is complained about.
    Unusable,
}

impl fmt::Display for NoRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRequest | Self::Unusable => {
                f.write_str("none: the tokens last until they expire, because getAccessCode is not one standard token request")
            }
            Self::NeedsLogin(fact) => {
                write!(f, "none: the tokens last until they expire, because getAccessCode uses `{fact}`, which is known in a login only")
            }
        }
    }
}

impl TokenKeepingSpec {
    /// Takes the words out of a file, and complains about a refresh of tokens that are not kept. With a discovery document, a file without
    /// getAccessCode has the standard one.
    pub(crate) fn take(spec: &mut ProviderSpec, discovery: bool, top: Place, reader: &mut Reader) -> Option<Self> {
        let written = spec.refresh.take();
        let Some(keep) = spec.keep_tokens.filter(|keep| keep.value) else {
            if let Some(refresh) = written.filter(|_| !reader.is_unusable_word(spec.place, "keepTokens")) {
                let help = "add `keepTokens: true` at the top, or take `refresh` out";
                reader.complain_missing(refresh.place, "nothing is refreshed: this file keeps no tokens", help);
            }
            return None;
        };
        let access = match &spec.access {
            Some(calls) => calls.0.first().filter(|_| calls.0.len() == 1).cloned(),
            None => CallSpec::empty(top).filter(|_| discovery),
        };
        Some(Self { place: keep.place, written, access })
    }

    /// Compiles the words. `position` is that of a call behind all others.
    pub(crate) fn compile(self, position: u16, of_login: &StepContext<'_>, reader: &mut Reader) -> TokenKeeping {
        let (place, is_written) = (self.place, self.written.is_some());
        let unusable = if is_written { NoRefresh::Unusable } else { NoRefresh::OtherRequest };
        let spec = match self.written {
            Some(refresh) => Some(refresh).filter(|refresh| check_words(refresh, of_login.discovery, reader)),
            None => self.access.as_ref().and_then(standard_refresh),
        };
        let Some(spec) = spec else { return TokenKeeping { place, refresh: Err(unusable), is_written } };
        let reads: Vec<Slot> =
            spec.read.iter().flat_map(|read| &read.0).map(|(name, _)| name.value.as_str()).map(|name| reader.names.intern(name)).collect();
        let context = StepContext { grant: TokenGrant::RefreshToken, written: &reads, callback_facts: Vec::new(), ..of_login.clone() };
        let before = reader.complaints.len();
        let step = call::compile(spec, (StepKind::GetAccessCode, position), &context, reader);
        // What is wrong with getAccessCode is complained about there.
        let is_wrong = !is_written && reader.complaints.drain(before..).any(|complaint| complaint.severity == Severity::Error);
        TokenKeeping { place, refresh: step.filter(|_| !is_wrong).ok_or(unusable), is_written }
    }
}

/// Complains about words that have no effect in a refresh. The answer is `false` if it has no address.
fn check_words(refresh: &CallSpec, discovery: bool, reader: &mut Reader) -> bool {
    let without_effect = [
        ("choose", refresh.choose.is_some()),
        ("readHeaders", refresh.read_headers.is_some()),
        ("signed", refresh.signed.is_some()),
        ("when", refresh.when.is_some()),
        ("optional", refresh.optional.is_some()),
    ];
    for (word, _) in without_effect.into_iter().filter(|(_, is_there)| *is_there) {
        let help = "take it out: a refresh is made when an app needs the token, and reads nothing but tokens";
        reader.complain(refresh.place, format!("`{word}` cannot stand in `refresh`"), help);
    }
    for (name, _) in refresh.read.iter().flat_map(|read| &read.0).filter(|(name, _)| !READ_BY_REFRESH.contains(&name.as_str())) {
        let help = "a refresh reads `accessToken`, `refreshToken`, `expiresIn`, `tokenType` and `grantedScope`; take this line out";
        reader.complain(name.place, format!("`{}` cannot be read in `refresh`, which is no part of a login", name.value), help);
    }
    if discovery || refresh.get.is_some() || refresh.post.is_some() {
        return true;
    }
    let is_unusable = ["get", "post"].into_iter().any(|word| reader.is_unusable_word(refresh.place, word));
    if !is_unusable && !reader.has_unknown_words(refresh.place) {
        reader.complain(refresh.place, "`refresh` does not say which address is called", "add `post: https://…`");
    }
    false
}

/// The refresh at the address of a standard token request, with what both have in common; `None` if that request is no standard one.
fn standard_refresh(access: &CallSpec) -> Option<CallSpec> {
    if access.is_written() || access.when.is_some() {
        return None;
    }
    let rename = only(access.rename.as_ref(), |name| SHARED_NAMES.contains(&name));
    let extra = only(access.extra.as_ref(), |name| !OF_LOGIN.contains(&name));
    let read = only(access.read.as_ref(), |name| READ_BY_REFRESH.contains(&name));
    Some(CallSpec { rename, extra, read, choose: None, read_headers: None, signed: None, optional: None, ..access.clone() })
}

/// The values with these names.
fn only<V: Clone>(all: Option<&NamedValues<V>>, is_kept: impl Fn(&str) -> bool) -> Option<NamedValues<V>> {
    all.map(|all| NamedValues(all.0.iter().filter(|(name, _): &&(Located<String>, V)| is_kept(&name.value)).cloned().collect()))
}

impl TokenKeeping {
    /// The call that refreshes the tokens, if there is one.
    pub(crate) fn step(&self) -> Option<&Step> {
        self.refresh.as_ref().ok()
    }

    /// Every use of a fact in the refresh.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        self.step().map_or_else(Vec::new, |step| step.uses_in_request().into_iter().chain(step.uses_in_answer()).collect())
    }

    /// The facts of the kept tokens, which a refresh knows.
    pub(crate) fn token_facts(reader: &mut Reader) -> [Slot; 3] {
        ["accessToken", "refreshToken", "grantedScope"].map(|name| reader.names.intern(name))
    }
}

impl Provider {
    /// Where tokens that are kept for this provider belong: the origin of the refresh with the settings filled in, if it has one. Tokens
    /// that were kept while the file pointed elsewhere are not sent there.
    pub(crate) fn refresh_origin(&self, facts: &Facts) -> String {
        let step = self.keeping.as_ref().and_then(|keeping| keeping.step());
        step.map_or_else(String::new, |step| step.address.origin(&self.settings_among(facts)))
    }
}
