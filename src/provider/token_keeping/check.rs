//! Checks that tokens can be kept, and that a refresh needs nothing that only a login knows.

use crate::provider::compiled_file::CompiledFile;
use crate::provider::step::{Step, StepKind};
use crate::provider::token_keeping::{NoRefresh, TokenKeeping};
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;
use std::sync::Arc;

/// The check of the words `keepTokens` and `refresh`.
pub(crate) struct TokenKeepingCheck<'a> {
    pub(crate) file: &'a CompiledFile<'a>,
}

impl TokenKeepingCheck<'_> {
    /// Complains about tokens that could not be kept or refreshed.
    pub(crate) fn check(&self, reader: &mut Reader) {
        let Some(keeping) = self.file.keeping else { return };
        let token = self.file.known.access_token;
        let access = self.file.calls.iter().filter(|step| step.kind == StepKind::GetAccessCode);
        if !access.flat_map(Step::learned_facts).any(|(fact, ..)| fact == token) {
            let help = "read it in getAccessCode: `read: { accessToken: $.… }`, or take `keepTokens` out";
            reader.complain_missing(keeping.place, "no answer of getAccessCode gives an access token that could be kept", help);
        }
        if let Some(refresh) = keeping.step().filter(|_| keeping.is_written) {
            self.check_refresh(refresh, reader);
        }
    }

    /// Checks a refresh that the file writes.
    fn check_refresh(&self, refresh: &Step, reader: &mut Reader) {
        let [token, refresh_token, _] = TokenKeeping::token_facts(reader);
        let is_hidden = refresh.uses_in_request().iter().any(|used| reader.has_complaint_at(used.place));
        if !is_hidden && !refresh.uses_in_request().iter().any(|used| used.fact == refresh_token) {
            let help = "place it: `form: { grant_type: refresh_token, refresh_token: \"${refreshToken}\" }`";
            reader.complain_missing(refresh.place, "`refresh` does not show the refresh token", help);
        }
        if !refresh.learned_facts().any(|(fact, ..)| fact == token) {
            let help = "add `read: { accessToken: $.… }` to `refresh`";
            reader.complain_missing(refresh.place, "`refresh` reads no access token", help);
        }
        let known = self.known_facts(refresh, reader);
        for used in refresh.uses_in_request().into_iter().chain(refresh.uses_in_answer()) {
            if !known.contains(&used.fact) && !reader.has_complaint_at(used.place) {
                let name = Arc::clone(reader.names.name(used.fact));
                let help = "a refresh knows the settings, the secrets, `${clientId}`, `${publicUrl}`, `${now}`, with `discovery` the facts of the document, and the kept `${refreshToken}`, `${accessToken}` and `${grantedScope}`";
                reader.complain(used.place, format!("`{name}` is known in a login only, and tokens are refreshed without one"), help);
            }
        }
    }

    /// The keeping of the file, without a refresh by default that would need a login.
    pub(crate) fn settled(&self, keeping: &TokenKeeping, reader: &mut Reader) -> TokenKeeping {
        let Some(refresh) = keeping.step().filter(|_| !keeping.is_written) else { return keeping.clone() };
        let known = self.known_facts(refresh, reader);
        let used = refresh.uses_in_request().into_iter().chain(refresh.uses_in_answer());
        match used.map(|used| used.fact).find(|fact| !known.contains(fact)) {
            None => keeping.clone(),
            Some(fact) => {
                let why = NoRefresh::NeedsLogin((&**reader.names.name(fact)).into());
                TokenKeeping { refresh: Err(why), ..keeping.clone() }
            }
        }
    }

    fn known_facts(&self, refresh: &Step, reader: &mut Reader) -> Vec<Slot> {
        let mut known = self.file.facts_without_login(reader);
        known.extend(TokenKeeping::token_facts(reader));
        known.extend(refresh.learned_facts().map(|(fact, ..)| fact));
        known.extend(refresh.assertion.iter().map(|_| self.file.known.client_assertion));
        known
    }
}
