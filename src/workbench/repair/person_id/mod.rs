//! Whose id a value is: a change may read the id of the person who logs in, and of nothing and no one else.

pub(crate) mod catalogue_logins; // the logins of the examples that the catalogue has for the provider
pub(crate) mod comparison; // what other logins at hand show of a value
pub(crate) mod safety; //     what its place and its key say
