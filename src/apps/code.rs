//! The authorization code: everything that its redemption needs, sealed. Nothing is stored when it is issued; that it is redeemed
//! once is decided in the directory, by its id.

use crate::session::seal::Seal;
use serde::{Deserialize, Serialize};

/// How long a code is valid, in seconds.
pub(crate) const GOOD_FOR: i64 = 60;
/// The longest text that is opened.
const LONGEST: usize = 8192;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// Its random id, which becomes that of the grant.
    pub id: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The redirect address of the request.
    pub redirect_uri: Box<str>,
    /// The PKCE challenge of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Box<str>>,
    /// The nonce of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Box<str>>,
    /// The granted scopes, with blanks between them.
    pub scope: Box<str>,
    /// The audiences that the request names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Box<str>>,
    /// The user.
    pub uid: Box<str>,
    /// The session of the user.
    pub sid: Box<str>,
    /// The key of the provider through which the person signed in.
    pub provider: Box<str>,
    /// When the person signed in.
    pub auth_time: i64,
    /// When the code expires.
    pub until: i64,
}

impl AuthorizationCode {
    /// The code as the app gets it.
    pub fn seal(&self, seal: &Seal, issuer: &str, nonce: [u8; 12]) -> String {
        let text = serde_json::to_vec(self).expect("texts and numbers can be written");
        seal.seal(&[issuer, "code"], &text, nonce)
    }

    /// When it was issued.
    pub(crate) fn issued(&self) -> i64 {
        self.until.saturating_sub(GOOD_FOR)
    }

    /// Opens a code of this issuer, also one that has expired.
    pub fn open(seal: &Seal, issuer: &str, sealed: &str) -> Option<Self> {
        if sealed.len() > LONGEST {
            return None;
        }
        serde_json::from_slice(&seal.open(&[issuer, "code"], sealed)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::seal::MasterKey;

    #[test]
    fn a_code_is_opened_by_its_issuer_alone() {
        let seal = |key: &str| Seal::new(&MasterKey::new(key, true).expect("a key"), "codes");
        let code = AuthorizationCode {
            id: "c1".into(),
            app: "painel".into(),
            redirect_uri: "https://painel.loja.example/".into(),
            challenge: None,
            nonce: Some("n".into()),
            scope: "openid".into(),
            resources: Vec::new(),
            uid: "u1".into(),
            sid: "s1".into(),
            provider: "acme".into(),
            auth_time: 1,
            until: 2,
        };
        let ours = seal("0123456789abcdef0123456789abcdef");
        let sealed = code.seal(&ours, "https://login.loja.example", [1; 12]);

        assert_eq!(AuthorizationCode::open(&ours, "https://login.loja.example", &sealed), Some(code));
        assert_eq!(AuthorizationCode::open(&ours, "https://login.atacado.example", &sealed), None);
        assert_eq!(AuthorizationCode::open(&seal("fedcba9876543210fedcba9876543210"), "https://login.loja.example", &sealed), None);
        assert_eq!(AuthorizationCode::open(&ours, "https://login.loja.example", ""), None);
        let mut other = sealed.clone();
        other.replace_range(20..21, if &sealed[20..21] == "A" { "B" } else { "A" });
        assert_eq!(AuthorizationCode::open(&ours, "https://login.loja.example", &other), None);
    }
}
