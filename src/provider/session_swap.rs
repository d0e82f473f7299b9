//! The word `sessionSwap`: the operator knows that nothing ties a callback to the login that it answers.
//!
//! The state or the nonce ties them where it comes back, and PKCE where a call redeems the code with the verifier. Without all three, the
//! callback of another person's login is accepted for a login that this browser has begun.

use crate::choice;
use crate::provider::callback::StateLocation;
use crate::provider::compiled_file::CompiledFile;
use crate::provider::proof_check::ProofCheck;
use crate::provider::step::Step;
use crate::provider::trust::MissingEmailPolicy;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;

choice! {
    /// What the operator says about sessions that may be swapped.
    pub(crate) enum SessionSwap {
        /// It may happen to a shopper who has begun a login.
        Accepted = "accepted",
    }
}

/// Whether a callback is tied to the login that it answers: by the state, by the nonce, or by the verifier of PKCE. A call that may be
/// left out ties nothing.
pub(crate) fn is_callback_tied(file: &CompiledFile<'_>) -> bool {
    let ties = |step: &Step| {
        let has_nonce = step.signed.as_ref().is_some_and(|signed| signed.requires_nonce);
        has_nonce || step.uses_in_request().iter().any(|used| used.fact == file.known.code_verifier)
    };
    let steps = std::iter::once(&file.authorization.step).chain(file.calls).filter(|step| !step.optional && step.when.is_none());
    file.authorization.state_in != StateLocation::Cookie || ProofCheck { file }.compares_nonce() || steps.into_iter().any(ties)
}

/// Complains about a callback that nothing ties to its login, unless the file accepts that, and about an address that the shopper
/// would prove for an identity that may be another person's.
pub(crate) fn check(file: &CompiledFile<'_>, written: Option<&Located<SessionSwap>>, reader: &mut Reader) {
    let is_tied = is_callback_tied(file);
    match written.map(|written| (written.place, written.value)) {
        None if !is_tied => reader.complain_missing(
            file.authorization.step.place,
            "nothing ties the callback to the login: neither the state nor the nonce comes back, and no call after it uses PKCE, so the callback of another person's login would sign the shopper in as that person",
            "take `pkce: off` out if the provider supports PKCE, or write `stateIn: path` if it accepts addresses below the registered one; if it does neither, write `sessionSwap: accepted` at the top",
        ),
        Some((place, SessionSwap::Accepted)) if is_tied => reader.warn(
            place,
            "no session can be swapped here: the state, the nonce or PKCE ties the callback to the login",
            "take this line out, so that it accepts nothing when the file changes",
        ),
        None | Some((_, SessionSwap::Accepted)) => {}
    }
    if let Some(missing) = file.missing.filter(|missing| !is_tied && matches!(missing.value, MissingEmailPolicy::Ask)) {
        reader.complain(
            missing.place,
            "the shopper could prove their address for the identity of another person, because nothing ties the callback to the login",
            "write `refuse`, or a placeholder such as `missingEmail: \"${id}@acme.invalid\"`",
        );
    }
}
