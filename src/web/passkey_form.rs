//! What the requests for passkeys share: their addresses, the challenges, and the fields that the script fills in.
//!
//! A challenge travels in the token of the form that it belongs to, sealed, so no other browser and no other page can use it.

use crate::directory::passkeys::UsedChallenge;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::passkey::PASSKEY;
use crate::web::attempt_cookies::hashed_id;
use crate::web::forms::{self, SubmittedForm};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long a challenge is valid, in seconds.
pub(crate) const GOOD_FOR: i64 = 300;

/// The address of the page that signs in by a passkey, and of its form.
pub(crate) fn passkey_page_address(return_to: Option<&str>) -> String {
    address(&["login", PASSKEY], &[("return_to", return_to)])
}

/// The address of the challenge for it.
pub(crate) fn sign_in_options_address(return_to: Option<&str>) -> String {
    address(&["login", PASSKEY, "options"], &[("return_to", return_to)])
}

/// A challenge that is given out.
pub(crate) struct NewChallenge {
    /// As the browser passes it on.
    pub(crate) challenge: String,
    /// The token of the form that brings back the signature.
    pub(crate) form: String,
}

impl NewChallenge {
    /// A challenge for a form that belongs to this session or browser.
    pub(crate) fn new(context: &RequestContext, bound: &str) -> Self {
        let challenge: [u8; 32] = random::bytes();
        let form = forms::sealing_token(context, bound, &challenge, GOOD_FOR);
        Self { challenge: URL_SAFE_NO_PAD.encode(challenge), form }
    }
}

/// A form that came back with the challenge that its token holds.
pub(crate) struct AnsweredChallenge {
    pub(crate) form: SubmittedForm,
    challenge: Box<[u8]>,
}

impl AnsweredChallenge {
    /// The form, if its token belongs to the same session or browser and its challenge is young enough; otherwise the browser goes to this page.
    pub(crate) fn verified(context: &RequestContext, bound: &str, page: &str) -> Result<Self, UserFacingError> {
        let (form, challenge) = forms::verified_form_with_content(context, bound, page)?;
        Ok(Self { form, challenge: challenge.as_slice().into() })
    }

    pub(crate) fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// The challenge, as storage remembers that it was used.
    pub(crate) fn used(&self, context: &RequestContext) -> UsedChallenge {
        let hash = hashed_id(&format!("passkey {}", URL_SAFE_NO_PAD.encode(&self.challenge)));
        UsedChallenge { hash: hash.into(), until: context.now().saturating_add(GOOD_FOR) }
    }

    /// The bytes of a field, which are written in base64url. Without a script the fields are missing.
    pub(crate) fn bytes(&self, field: &str) -> Result<Vec<u8>, UserFacingError> {
        let written = self.form.field(field)?.ok_or(ErrorCause::PasskeyRefused)?;
        URL_SAFE_NO_PAD.decode(written).map_err(|_| ErrorCause::Malformed.into())
    }
}
