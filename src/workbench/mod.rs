//! For support staff and operators: what would mend a file, a provider that is made from a file, a file that is made from a recording,
//! and whether a provider still answers as it did.

pub mod proposal;

// A file that is made from a recording, and a recording that is made from a file.
pub mod checklist;
pub mod curl;
pub mod draft;
pub mod har;
pub mod learn;
pub mod recorded;
pub mod recording;
pub mod record;
pub mod repair;
pub mod retell;
pub mod simulate;
