//! Writes `trustEmail`, `missingEmail` and `sessionSwap`. No recording shows whether addresses can be trusted, so each gets the
//! safe choice, and the operator decides.

use crate::provider::callback::StateLocation;
use crate::provider::pkce::Pkce;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::draft::ProviderDraft;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::person::ChosenFact;
use crate::workbench::learn::redirect::state_location;
use crate::workbench::learn::signed_token::LearnedSignedToken;

impl LoginLearner<'_> {
    /// Whether the callback is tied to the login that it answers: by the state, by PKCE, or by the nonce of a signed token.
    pub(crate) fn is_callback_tied(&self, tokens: &[LearnedSignedToken]) -> bool {
        state_location(self) != Some(StateLocation::Cookie) || self.pkce != Pkce::Off || tokens.iter().any(|token| token.repeats_nonce)
    }

    /// Adds `trustEmail` and `missingEmail`.
    pub(crate) fn push_email_trust<'c>(
        &self,
        mut chosen: impl Iterator<Item = &'c ChosenFact> + Clone,
        doubtful_claim: Option<&ChosenFact>,
        is_callback_tied: bool,
        draft: &mut ProviderDraft,
        decide: &mut Vec<String>,
    ) {
        let has_claim = chosen.clone().any(|chosen| chosen.entry.key == "emailVerified");
        let has_email = chosen.any(|chosen| chosen.entry.key == "email");
        if has_email && has_claim {
            if self.asks_for_address && is_callback_tied {
                let reason = "a person of the recording has no proven address, and is asked for one; `refuse` keeps them out";
                draft.push(YamlLine::with_comment("missingEmail", YamlValue::text("ask"), reason));
            }
            return;
        }
        if has_email {
            let reason = push_trust_decision(doubtful_claim, decide);
            draft.push(YamlLine::with_comment("trustEmail", YamlValue::text("never"), reason));
        }
        let (value, reason) = match (is_callback_tied, has_email) {
            (true, true) => ("ask".to_owned(), "shoppers prove the address; `refuse` keeps them out"),
            (true, false) => {
                decide.push("`missingEmail`: no address was found; shoppers are asked for one".to_owned());
                ("ask".to_owned(), "no address was found, so shoppers type one and prove it")
            }
            (false, _) => {
                decide.push(
                    "`missingEmail`: nothing ties the callback to the login, so shoppers cannot prove an address here; the store gets a placeholder for each, to which no mail can be sent"
                        .to_owned(),
                );
                (format!("${{id}}@{}.invalid", domain_label(&self.name)), "stands for an address, because none can be proven here")
            }
        };
        draft.push(YamlLine::with_comment("missingEmail", YamlValue::Text(value), reason));
    }

    /// Adds `sessionSwap`, without which a file is refused where nothing ties the callback to the login.
    pub(crate) fn push_session_swap(draft: &mut ProviderDraft, decide: &mut Vec<String>) {
        decide.push(
            "`sessionSwap`: no state or nonce came back and no challenge was sent, so the callback of another person's login can sign a shopper in as that person; if the provider supports PKCE, take `pkce: off` and this line out"
                .to_owned(),
        );
        let reason = "no state came back and no challenge was sent; decide whether another person's callback may sign a shopper in";
        draft.push(YamlLine::with_comment("sessionSwap", YamlValue::Bare("accepted".to_owned()), reason));
    }
}

/// What there is to decide about an address that no claim proves, and the comment for the safe choice.
fn push_trust_decision(doubtful_claim: Option<&ChosenFact>, decide: &mut Vec<String>) -> String {
    let Some(claim) = doubtful_claim.map(|claim| claim.entry.value.on_one_line()) else {
        decide.push(
            "`trustEmail`: no answer says whether an address is proven; write `always` only if this provider proves every one".to_owned(),
        );
        return "the safe choice: nothing says that an address is proven; `always` if this provider proves every one".to_owned();
    };
    decide.push(format!("`trustEmail`: write `claim`, and `emailVerified: {claim}` under `read`, if that value is about the address"));
    format!("the safe choice; `claim` if `emailVerified: {claim}` is about the address")
}

/// A name as a label of a domain.
fn domain_label(name: &str) -> String {
    let label: String = name.to_ascii_lowercase().chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "provider".to_owned() } else { label.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_provider_becomes_a_label_of_a_domain() {
        for (name, label) in [("acme", "acme"), ("Acme_2", "acme-2"), ("_", "provider")] {
            assert_eq!(domain_label(name), label);
        }
    }
}
