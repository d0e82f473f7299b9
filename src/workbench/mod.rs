//! For support staff and operators: what would mend a file, a provider that is made from a file, a file that is made from a recording,
//! and whether a provider still answers as it did.

pub mod proposal;
pub mod record;
pub mod repair;
pub mod simulate;
