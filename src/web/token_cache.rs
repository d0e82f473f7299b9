//! The tokens that one worker has verified.

use quick_cache::Equivalent;
use quick_cache::unsync::Cache;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Verified tokens, with what is known of each. The whole token is compared; only its signature, which a client cannot choose, is hashed.
pub(crate) struct VerifiedTokens<T>(RefCell<Cache<CachedToken, Rc<T>>>);

#[derive(PartialEq, Eq)]
struct CachedToken(Box<str>);

impl Hash for CachedToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TokenLookup(&self.0).hash(state);
    }
}

struct TokenLookup<'a>(&'a str);

impl Hash for TokenLookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bytes = self.0.as_bytes();
        state.write(bytes.last_chunk::<32>().map_or(bytes, <[u8; 32]>::as_slice));
    }
}

impl Equivalent<CachedToken> for TokenLookup<'_> {
    fn equivalent(&self, token: &CachedToken) -> bool {
        *self.0 == *token.0
    }
}

impl<T> VerifiedTokens<T> {
    /// Room for so many tokens.
    pub(crate) fn with_room_for(count: usize) -> Self {
        Self(RefCell::new(Cache::new(count)))
    }

    /// What is known of a token.
    pub(crate) fn find(&self, token: &str) -> Option<Rc<T>> {
        self.0.borrow().get(&TokenLookup(token)).cloned()
    }

    /// Remembers a token that was verified.
    pub(crate) fn remember(&self, token: &str, known: &Rc<T>) {
        self.0.borrow_mut().insert(CachedToken(token.into()), Rc::clone(known));
    }
}
