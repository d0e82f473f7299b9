//! What shoppers see: the pages, the letters, their style and their words. From plain values to text, and nothing else: who
//! asks, what was found and which status it gets is decided elsewhere.

pub mod accent; //       the store's colour, and what can be read on it
pub mod account; //      the ways in of somebody who is signed in
pub mod error_cause; //        why a page is an error page
pub mod embed; //        the buttons in other people's pages
pub mod error; //        the error page
pub mod frame; //        what stands around every page
pub mod initials; //     the letters that stand for a name
pub mod languages; //    the languages that there are
pub mod login; //        the login page
pub mod branding; //         how a store looks
pub mod mail; //         what is written to them
pub mod phrases; //      the words of a language
pub mod language_negotiation; //   which one somebody reads
pub mod prove; //        the page on which somebody proves an address
pub mod try_callback; //        where a browser ends that was sent out from a terminal
#[cfg(test)]
mod tests;

pub use crate::pages::accent::Accent;
pub use crate::pages::account::{AccountNotice, AccountPage, LinkableProvider, LinkedIdentityRow};
pub use crate::pages::branding::{LogoKind, StoreBranding, store_css};
pub use crate::pages::embed::embed_js;
pub use crate::pages::error::ErrorPage;
pub use crate::pages::error_cause::ErrorCause;
pub use crate::pages::frame::{Frame, address};
pub use crate::pages::languages::{PageLanguage, PageLanguages};
pub use crate::pages::login::{LoginChoice, LoginInputField, LoginNotice, LoginPage, ProviderIcon, SignedInUser};
pub use crate::pages::mail::{code_mail, identity_linked_mail};
pub use crate::pages::prove::{AddressProofProblem, AddressProofReason, AddressProofStage, ProvePage};
pub use crate::pages::try_callback::TryCallbackPage;

/// The style of the pages, the same for every store: `/style.css`.
pub const STYLE: &str = include_str!("style.css");
