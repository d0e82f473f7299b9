//! The types that every module uses. This module imports no other module of the crate.

#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub mod place; //                a file, and a place in it
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub mod diagnostic; //           complaints with a place and a help line, and how they are drawn
pub(crate) mod hash; //          hashes that stand in names, and hexadecimal digits
pub(crate) mod names; //         the names of facts, numbered
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "its marks are ranges of its value")]
pub mod text; //                 a text that is plain or secret; what is made from a secret is secret
pub(crate) mod privacy; //       whether a value is likely to be personal data
pub(crate) mod utc_time; //      moments as text
pub(crate) mod data_file; //     the data files that are embedded in the program
pub(crate) mod secret_names; //  which names suggest a secret
pub(crate) mod written_secret; // which written values are secrets
pub mod email; //                an e-mail address, parsed and compared in one way only
pub(crate) mod lookalikes; //   addresses that mix scripts or imitate letters
pub(crate) mod localized_text; // a text for each language
pub(crate) mod picture_type; // the kinds of pictures that are shown
pub mod incident_code; //        the code on an error page, short enough to be spoken
pub mod no_answer; //            why a request has no answer
pub(crate) mod redirect_target; // where an answer redirects to
pub(crate) mod site; //          which hosts belong to one site
pub mod wire; //                 HTTP requests and answers, and the trait that carries them
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub mod yaml; //                 a YAML file as a tree whose nodes have places
pub mod words; //                how blocks of words are read and described
