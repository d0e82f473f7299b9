//! The signed token of the token call: who signed it, with what, for whom.

use crate::workbench::draft::{Entry, Piece};
use crate::workbench::learn::document::{Document, Key, Leaf};
use crate::workbench::learn::thread::{Origin, Thread};
use crate::workbench::learn::token::Jwt;
use serde_json::Value;

/// A signed token that an answer held.
pub struct Token {
    /// The call whose answer held it.
    pub call: usize,
    /// The words of `signed`, its `read` apart.
    pub words: Vec<Entry>,
    /// What it claims, in each login.
    pub claims: Vec<Option<Value>>,
    /// Whether the issuer's document says all of it.
    pub by_discovery: bool,
}

impl Thread<'_> {
    /// The signed token of the token call, if who signed it can be told.
    pub fn token(&mut self) -> Option<Token> {
        let number = self.journey.exchange;
        let leaves = self.journey.calls[number].document.as_ref()?.leaves();
        let found = leaves.into_iter().filter_map(|leaf| Jwt::read(&leaf.text).map(|token| (leaf, token))).find_map(|(leaf, token)| {
            let keys = self.keys(&token)?;
            Some((leaf, token, keys))
        });
        let (leaf, token, keys) = found?;
        let claims = self.claims(number, &leaf);
        let issuers = self.issuers(number, &leaf, &token);
        let by_discovery = self.issuer.as_ref().is_some_and(|(_, document)| {
            let says = |key: &str, text: Option<&str>| document.get(key).and_then(Value::as_str) == text;
            says("issuer", token.claim("iss")) && says("jwks_uri", Some(&keys))
        });
        let mut words = Vec::new();
        let fact = if leaf.keys == [Key::Name("id_token".to_owned())] {
            None
        } else if self.known.exactly(&leaf.text) == Some("accessToken") {
            Some("accessToken".to_owned())
        } else {
            self.reads.push((Origin::Call(number), Entry::because("idToken", Piece::Text(leaf.path()), "a signed token")));
            None
        };
        if let Some(fact) = fact {
            words.push(Entry::because("token", Piece::Text(format!("${{{fact}}}")), "it is a signed token"));
        }
        if !by_discovery {
            let value = if let [only] = &issuers[..] {
                Piece::text(only.clone())
            } else {
                Piece::List(issuers.into_iter().map(Piece::Text).collect())
            };
            words.push(Entry::because("issuer", value, "the token's iss"));
            words.push(Entry::because("keys", Piece::Text(keys), "the token's key is kept there"));
        }
        if let Some(client) = self.client.id.as_deref()
            && !(token.is_for(client) && Self::all_are_for(&claims, client))
        {
            words.push(Entry::because("audience", Piece::text("any"), "it does not name the client; decide whether that is meant"));
        }
        if self.known.value("nonce").is_some() && token.claim("nonce").is_none() {
            words.push(Entry::because("nonce", Piece::text("none"), "the nonce went out, and the token does not repeat it"));
        }
        Some(Token { call: number, words, claims, by_discovery })
    }

    fn all_are_for(claims: &[Option<Value>], client: &str) -> bool {
        claims.iter().flatten().all(|claims| match claims.get("aud") {
            Some(Value::String(one)) => one == client,
            Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(client)),
            _ => false,
        })
    }

    /// Where the key of a token is: an address, or the client's secret.
    fn keys(&self, token: &Jwt) -> Option<String> {
        if self.client.secret.as_deref().is_some_and(|secret| token.is_signed_with(secret)) {
            return Some("${clientSecret}".to_owned());
        }
        let name = token.head("kid")?;
        self.published.keys.iter().find(|(_, names)| names.iter().any(|known| known == name)).map(|(address, _)| address.clone())
    }

    fn issuers(&self, number: usize, leaf: &Leaf, token: &Jwt) -> Vec<String> {
        let mut all: Vec<String> = token.issuer().into_iter().collect();
        for journey in self.all {
            let other = journey.calls.get(number).and_then(|call| call.document.as_ref()).map_or_else(Vec::new, Document::leaves);
            let other = other.into_iter().find(|other| other.keys == leaf.keys).and_then(|leaf| Jwt::read(&leaf.text)?.issuer());
            if let Some(issuer) = other.filter(|issuer| !all.contains(issuer)) {
                all.push(issuer);
            }
        }
        all
    }

    fn claims(&self, number: usize, leaf: &Leaf) -> Vec<Option<Value>> {
        let claims = self.all.iter().map(|journey| {
            let document = journey.calls.get(number)?.document.as_ref()?;
            let same = document.leaves().into_iter().find(|other| other.keys == leaf.keys)?;
            Jwt::read(&same.text).map(|token| token.claims)
        });
        claims.collect()
    }
}
