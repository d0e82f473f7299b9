//! Tools for support staff and operators: repair of provider files, replay of examples, recording of logins, and import of recordings.

pub mod answers; //              knowledge about answers: paths, keys, meanings, looks, refusals
pub mod repair; //               proposes changes that mend a file after a login
pub mod record; //               turns a login into an example with invented values
pub mod recorded_exchange; //    requests and answers of a recording, as plain values
pub mod har; //                  recordings as HAR files
pub mod curl; //                 recordings as curl lines
pub mod synthetic_recording; //  recordings made from a file and its examples
pub mod draft; //                a provider file in the making, each line with its reason
pub mod catalogue; //     the provider files that the program holds
pub(crate) mod checklist; //     a provider file from answers to questions
pub mod learn; //                a provider file from a recording
pub mod recorded_example; //     the login that a file was learned from, as an example
pub(crate) mod recorded_replay; // the login that a file was learned from, replayed
pub mod recording_check; //      how a learned file differs from its recording
pub mod drift; //                finds the cause of a change in answers
pub mod explain; //              the requests that a login would send
pub mod upgrade; //              the lines of a file whose meaning changed
pub mod examples; //             reads and replays the examples beside a file
pub mod reference; //            the generated schemas and reference
