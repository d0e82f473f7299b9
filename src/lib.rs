//! A login is a growing set of facts; each step writes a request from the facts known so far and reads new facts from
//! the answer; when the facts hold an id and a trustworthy e-mail there is an identity.
//!
//! The provider's file says how each request is written and how each answer is read. Nothing else knows any provider.
//!
//! This is the map. A module may import only modules above it; `tests/architecture.rs` holds it to that.

// The vocabulary: it imports nothing of ours but itself.
pub mod place; //        a file, and where in it something stands
pub mod diagnostic; //   a complaint with a place and a help line, and its drawing
pub mod names; //        the names of facts, numbered
pub mod text; //         plain or secret; what is made from a secret is secret
pub mod personal; //     whether a word is likelier somebody's value than a name
pub mod email; //        parsed, normalised, compared in one way only
pub mod incident; //     the code on an error page, short enough to be spoken
pub mod wire; //         requests, answers, and whoever carries them
pub mod yaml; //         a file as a tree of places
pub mod words; //        how words are read, and how they describe themselves

// The language, pure: one word a file.
pub mod provider;

// One login, pure but for `drive`.
pub mod login;

// One session: opened, signed, sealed; how its keys follow one another; and those that ended, in memory.
pub mod session;

// The doors: disk, variables, clock, dice, network, mail.
pub mod world;

// Who has come in: one file a verb, one SQL for every engine.
pub mod directory;

// What people use.
pub mod settings; //     portaria.yaml
pub mod stores; //       the same as it is meant: stores, and what they inherit
pub mod catalogue; //    the provider files of a folder
pub mod explain; //      what would be sent and what is read
pub mod examples; //     recorded exchanges that replay, and how much they would notice
pub mod reference; //    the generated pages: schemas and reference
pub mod workbench; //    what mends a file, plays a provider, learns from a recording
pub mod roster; //       the providers of a folder as they serve right now
pub mod story; //        what happened in a login, without secrets
pub mod drift; //        whether a provider still answers as it did
pub mod playground; //   an odd provider inside the program, to try logins out
pub mod pages; //        what shoppers see, in their language
pub mod web; //          the broker over HTTP
pub mod commands; //     the command line
