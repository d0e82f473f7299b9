//! What shoppers see: the pages, the letters, their style and their words. From plain values to text, and nothing else: who
//! asks, what was found and which status it gets is decided elsewhere.

pub(crate) mod accent; //       the store's colour, and what can be read on it
pub(crate) mod account; //      the ways in of somebody who is signed in
pub(crate) mod error_cause; //        why a page is an error page
pub(crate) mod embed; //        the buttons in other people's pages
pub(crate) mod error; //        the error page
pub(crate) mod frame; //        what stands around every page
pub(crate) mod initials; //     the letters that stand for a name
pub(crate) mod languages; //    the languages that there are
pub(crate) mod login; //        the login page
pub(crate) mod branding; //         how a store looks
pub(crate) mod mail; //         what is written to them
pub(crate) mod phrases; //      the words of a language
pub(crate) mod language_negotiation; //   which one somebody reads
pub(crate) mod prove; //        the page on which somebody proves an address
pub(crate) mod try_callback; //        where a browser ends that was sent out from a terminal
#[cfg(test)]
mod tests;

pub(crate) use crate::pages::accent::Accent;
pub(crate) use crate::pages::account::{AccountNotice, AccountPage, LinkableProvider, LinkedIdentityRow};
pub(crate) use crate::pages::branding::{LogoKind, StoreBranding, store_css};
pub(crate) use crate::pages::embed::embed_js;
pub(crate) use crate::pages::error::ErrorPage;
pub(crate) use crate::pages::error_cause::ErrorCause;
pub(crate) use crate::pages::frame::Frame;
pub(crate) use crate::pages::languages::{PageLanguage, PageLanguages};
pub(crate) use crate::pages::login::{LoginChoice, LoginInputField, LoginNotice, LoginPage, SignedInUser};
pub(crate) use crate::pages::mail::{code_mail, identity_linked_mail};
pub(crate) use crate::pages::prove::{AddressProofProblem, AddressProofReason, AddressProofStage, ProvePage};
pub(crate) use crate::pages::try_callback::TryCallbackPage;

/// The style of the pages, the same for every store: `/style.css`.
pub(crate) const STYLE: &str = include_str!("style.css");
