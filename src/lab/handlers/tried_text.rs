//! What a text that is tried out may do. Away from loopback it reads what its saved file reads, sends it where that sends it, and lets
//! nothing depend on a secret that does not depend on it there: how a login ends could otherwise be asked about a secret, letter by letter.

use crate::lab::handlers::edited_masks::{block, word_at};
use crate::lab::pages::masked_file::DOTS;
use crate::provider::Provider;
use crate::provider::declared_values::RequiredSetting;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::world::secrets;

/// Why a text cannot be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TryRefusal {
    /// It has mistakes.
    Mistakes,
    /// Dots stand where the saved file has no masked value.
    MovedMask { line: u32 },
    /// It needs values of this machine, and no saved file says where they may be sent.
    NothingSaved { names: String },
    /// Values of this machine are not set.
    NotSet { names: String },
    /// It reads a value that the saved file does not read, or not as a secret.
    OtherValue { name: String, line: u32 },
    /// It leads to a host that the saved file does not name.
    OtherHost { host: String, line: u32 },
    /// Its `hosts` allow more than those of the saved file.
    OtherPattern { host: String },
    /// Its discovery document is another.
    OtherIssuer,
    /// It uses a secret other than to send it, in a block that the saved file has otherwise.
    OtherUse { name: String, line: u32 },
    /// The provider would send the browser to an address at which the callback of the saved file does not arrive.
    OtherReturn { line: u32 },
}

/// A text that is to be tried.
pub(crate) struct TriedText<'a> {
    pub(crate) provider: &'a Provider,
    /// The provider of the saved file, or of its version before while the file is broken.
    pub(crate) saved: Option<&'a Provider>,
    pub(crate) public_url: &'a str,
    /// Whether the whole installation is on loopback.
    pub(crate) is_local: bool,
    /// Whether the text holds masked values of the saved file.
    pub(crate) holds_masked: bool,
}

impl TriedText<'_> {
    pub(crate) fn check(&self) -> Result<(), TryRefusal> {
        self.check_return()?;
        let reads_values = !self.provider.needed.is_empty();
        if !self.holds_masked && (self.is_local || !reads_values) {
            return Ok(());
        }
        let Some(saved) = self.saved else {
            let names: Vec<String> = self.provider.needed.iter().map(|needed| needed.reference.location()).collect();
            return Err(TryRefusal::NothingSaved { names: names.join(", ") });
        };
        self.check_reach(saved)?;
        if self.is_local {
            return Ok(());
        }
        self.check_values(saved)?;
        self.check_uses(saved)?;
        self.check_sent(saved)
    }

    /// Each secret goes to an address to which the saved file sends it, in the same place of the request and in the same form. A provider
    /// may repeat what it gets, and a function or a default would show in the request what the secret is like.
    fn check_sent(&self, saved: &Provider) -> Result<(), TryRefusal> {
        let of = |provider: &Provider| provider.sent_secrets(&secrets::installation_values(provider, "").values);
        let theirs = of(saved);
        match of(self.provider).into_iter().find(|mine| !theirs.iter().any(|known| known.is_like(mine))) {
            None => Ok(()),
            Some(sent) => {
                let name = sent.fact.map_or_else(|| DOTS.to_owned(), |fact| self.provider.names.name(fact).to_string());
                Err(TryRefusal::OtherUse { name, line: sent.place.line })
            }
        }
    }

    fn check_return(&self) -> Result<(), TryRefusal> {
        let of = |provider: &Provider| provider.redirect_address.of(self.public_url, &provider.name);
        let Some((_, place)) = self.provider.redirect_address.own_path() else { return Ok(()) };
        if self.saved.is_some_and(|saved| of(saved) == of(self.provider)) {
            Ok(())
        } else {
            Err(TryRefusal::OtherReturn { line: place.line })
        }
    }

    /// Each value that it reads is one that the saved file reads, and what is secret there is secret here.
    fn check_values(&self, saved: &Provider) -> Result<(), TryRefusal> {
        let is_known = |needed: &RequiredSetting| {
            let same: Vec<_> = saved.needed.iter().filter(|known| known.reference.location() == needed.reference.location()).collect();
            !same.is_empty() && (needed.secret || same.iter().all(|known| !known.secret))
        };
        match self.provider.needed.iter().find(|needed| !is_known(needed)) {
            None => Ok(()),
            Some(needed) => {
                let line = needed.reference_place.unwrap_or(needed.place).line;
                Err(TryRefusal::OtherValue { name: needed.reference.location(), line })
            }
        }
    }

    fn check_reach(&self, saved: &Provider) -> Result<(), TryRefusal> {
        let values = |provider: &Provider| secrets::installation_values(provider, "").values;
        let (mine, theirs) = (self.provider.request_reach(&values(self.provider)), saved.request_reach(&values(saved)));
        if let Some((host, place)) = mine.origins.iter().find(|(origin, _)| !theirs.origins.contains_key(*origin)) {
            return Err(TryRefusal::OtherHost { host: host.clone(), line: place.line });
        }
        if let Some(host) = mine.hosts.difference(&theirs.hosts).next() {
            return Err(TryRefusal::OtherPattern { host: host.clone() });
        }
        if mine.discovery.is_some() && mine.discovery != theirs.discovery { Err(TryRefusal::OtherIssuer) } else { Ok(()) }
    }

    fn check_uses(&self, saved: &Provider) -> Result<(), TryRefusal> {
        let (mine, theirs) = (&*self.provider.source.text, &*saved.source.text);
        let is_unchanged = |place: Place| {
            word_at(mine, place).is_some_and(|word| block(mine, &word).is_some_and(|block_here| Some(block_here) == block(theirs, &word)))
        };
        let definitions = |provider: &Provider, name: &str| provider.names.find(name).map(|fact| provider.definitions(fact));
        let is_same_secret = |fact: Slot| {
            let name = self.provider.names.name(fact);
            definitions(saved, name) == Some(self.provider.definitions(fact))
        };
        let uses = self.provider.secret_uses_outside_calls();
        match uses.iter().find(|used| !is_unchanged(used.place) || !is_same_secret(used.fact)) {
            None => Ok(()),
            Some(used) => {
                let name = self.provider.names.name(used.fact).to_string();
                Err(TryRefusal::OtherUse { name, line: used.place.line })
            }
        }
    }
}

/// The facts of the installation that a preview of a text shows: those that the saved file shows as well. Everything else is a mask, so
/// a text that calls a secret by another name learns nothing.
pub(crate) fn shown_values(provider: &Provider, saved: Option<&Provider>, given: Vec<(Slot, Text)>) -> Vec<(Slot, Text)> {
    let is_shown = |needed: &RequiredSetting| {
        let same = |known: &&RequiredSetting| known.reference.location() == needed.reference.location();
        let mut known = saved.into_iter().flat_map(|saved| &saved.needed).filter(same).peekable();
        !needed.secret && known.peek().is_some() && known.all(|known| !known.secret)
    };
    let hidden: Vec<_> = provider.needed.iter().filter(|needed| !is_shown(needed)).map(|needed| needed.fact).collect();
    given.into_iter().filter(|(fact, _)| !hidden.contains(fact)).collect()
}
