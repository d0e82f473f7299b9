//! The types that every room uses. This room imports nothing of ours but itself.

pub mod place; //         a file, and where in it something stands
pub mod diagnostic; //    a complaint with its place and a help line, and how it is drawn
pub(crate) mod names; //         the names of facts, numbered
pub mod text; //          a text that is plain or secret; what is made from a secret is secret
pub(crate) mod privacy; //       whether a value is likely to be personal data
pub mod email; //         an e-mail address, parsed and compared in one way only
pub mod incident_code; // the code on an error page, short enough to be spoken
pub mod wire; //          HTTP requests and answers, and the trait that carries them
pub mod yaml; //          a file as a tree of places
pub mod words; //         how blocks of words are read and described
