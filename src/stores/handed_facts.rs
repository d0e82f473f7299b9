//! The further facts of logins that a store hands out, from its settings and those of the main store.

use crate::session::further_facts::FurtherFacts;
use crate::stores::inherited;
use crate::stores::settings::session::SessionSpec;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::NamedValues;

pub(crate) fn compile_further_facts(own: Option<&SessionSpec>, main: Option<&SessionSpec>) -> FurtherFacts {
    let pairs = |pick: fn(&SessionSpec) -> Option<&NamedValues<Located<String>>>| {
        inherited(own, main, pick)
            .into_iter()
            .flat_map(|named| &named.0)
            .map(|(name, fact)| (name.value.as_str().into(), fact.value.as_str().into()))
            .collect()
    };
    let headers: Vec<(Box<str>, Box<str>)> = pairs(|session| session.headers.as_ref());
    FurtherFacts {
        claims: pairs(|session| session.claims.as_ref()),
        headers: headers.into_iter().map(|(name, fact)| (name.to_ascii_lowercase().into(), fact)).collect(),
    }
}
