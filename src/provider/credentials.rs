//! Where the client id and the client secret are sent: in the form, in the query, or in a header.

use crate::choice;
use crate::vocabulary::text::{Text, form_encode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

choice! {
    /// Where the client id and the client secret are sent.
    pub(crate) enum ClientAuthMethod {
        /// Into the body of the request, as `client_id` and `client_secret`.
        Form = "form",
        /// Into the address.
        Query = "query",
        /// Into the `Authorization` header, as `curl -u` writes it.
        Basic = "basic",
        /// Into the `Authorization` header, percent-encoded first, as RFC 6749 writes it.
        BasicEncoded = "basicEncoded",
        /// Nowhere.
        None = "none",
    }
}

/// The value of an `Authorization` header with client id and secret.
pub(crate) fn basic_authorization(client_id: &Text, client_secret: Option<&Text>, encoded: bool) -> Text {
    let add = |pair: &mut Text, text: &Text| if encoded { pair.push_encoded(text, form_encode) } else { pair.push(text) };
    let mut pair = Text::default();
    add(&mut pair, client_id);
    pair.push_str(":");
    if let Some(secret) = client_secret {
        add(&mut pair, secret);
    }
    let mut header = Text::plain("Basic ");
    header.push(&pair.made_into(&Arc::from("clientId:clientSecret"), |pair| STANDARD.encode(pair)));
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_as_curl_writes_it_and_basic_encoded_as_the_standard_does() {
        let (id, secret) = (Text::plain("c:1"), Text::secret("p w", &Arc::from("clientSecret")));

        assert_eq!(basic_authorization(&id, Some(&secret), false).expose(), format!("Basic {}", STANDARD.encode("c:1:p w")));
        assert_eq!(basic_authorization(&id, Some(&secret), true).expose(), format!("Basic {}", STANDARD.encode("c%3A1:p+w")));
        assert_eq!(basic_authorization(&id, Some(&secret), false).masked(), "Basic ‹clientId:clientSecret›");
    }
}
