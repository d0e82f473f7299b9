//! The userinfo call of `OpenID` Connect that `discovery` implies: it is made when the ID token lacks what is needed. By `OpenID` Connect Core
//! 5.4, an ID token beside an access token need not name the address.

use crate::provider::facts::{Facts, WellKnownFacts};
use crate::vocabulary::email::Email;
use crate::vocabulary::text::Text;

/// When the implied call is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImpliedUserInfo {
    /// Whether the file needs the claim that the address is verified.
    pub(crate) needs_claim: bool,
}

impl ImpliedUserInfo {
    /// Whether the ID token lacks the address, or the claim about it, and the issuer has an address to ask.
    pub(crate) fn is_needed(self, known: WellKnownFacts, facts: &Facts) -> bool {
        let is_address = |text: &Text| text.judged(|text| Email::parse(text).is_ok());
        let has_address = facts.get(known.email).is_some_and(is_address);
        let lacks_claim = self.needs_claim && facts.get(known.email_verified).is_none();
        let can_ask = facts.get(known.userinfo_endpoint).is_some() && facts.get(known.access_token).is_some();
        facts.is_preview() || can_ask && (!has_address || lacks_claim)
    }
}
