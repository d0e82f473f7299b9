//! For support staff and operators: what would mend a file, a provider that is made from a file, and a file that is made from a recording.

pub mod answers; //     what is known about providers' answers: paths, keys, meanings, looks, refusals
pub mod repair; //     what would mend a file after a login
pub mod record; //     a login becomes an example, with invented people
pub mod recorded_exchange; //   what went over the wire, as plain values
pub mod har; //        as a browser keeps it
pub mod curl; //       as curl lines
pub mod synthetic_recording; //  made from a file and its examples
pub mod draft; //      a file while it is written, each line with its reason
pub(crate) mod checklist; //  a file from answers to questions
pub mod learn; //      a file from a recording
pub mod recorded_example; //     what was learnt from, as an example
pub mod drift;
pub mod explain;
pub mod examples;
pub mod reference;
