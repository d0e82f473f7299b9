//! What the workbench knows about providers' answers: paths, keys, what keys mean, what values look like, and the words in
//! which providers refuse. Repair, import, recording and drift use it; what stories need as well lies in
//! `vocabulary::privacy`.

pub mod path; //               a JSON path, segment by segment: parsed, written, resolved
pub(crate) mod leaves; //      one walk through a document, within bounds
pub(crate) mod keys; //        keys in one spelling, their words, how alike two are
pub(crate) mod vocabulary; //  the words of many languages, read from `vocabulary.yaml`
pub(crate) mod meaning; //     what a key means
pub(crate) mod parameters; //  what parameters of requests are called
pub(crate) mod looks; //       random or chosen, personal or a name, an address, a URL
pub(crate) mod value_fit; //   how well a value fits a meaning
pub mod refusals; //           the causes of refusals, and the wordings in `refusals.yaml`
