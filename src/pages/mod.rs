//! The pages and e-mails that shoppers see, with their style and their languages: from plain values to text. No request is read here.

pub(crate) mod accent; //                the store's colour
pub(crate) mod account; //               the account page
pub(crate) mod account_erasure; //       the pages about the erasure of an account
pub(crate) mod app_permissions; //       what an app gets, in words
pub(crate) mod branding; //              a store's name, logo and colour
pub(crate) mod consent; //               the page that asks whether an app gets access
pub(crate) mod device; //                the device and the browser of a session
pub(crate) mod embed; //                 the login buttons in a page of the store
pub(crate) mod error; //                 the error page
pub(crate) mod error_cause; //           the causes of error pages
pub(crate) mod form_post; //             the page that posts an answer to an app
pub(crate) mod frame; //                 the frame of every page
pub(crate) mod in_app_browser; //        the browsers inside of apps
pub(crate) mod initials; //              the initials of a name
pub(crate) mod language_negotiation; //  which language a visitor reads
pub(crate) mod languages; //             the embedded languages and an operator's own
pub(crate) mod login; //                 the login page
pub(crate) mod mail; //                  the e-mails
pub(crate) mod passkey; //               passkeys on the pages, and their script
pub(crate) mod phrases; //               the phrases of a language
pub(crate) mod popup; //                 the last page of a login in a popup
pub(crate) mod prove; //                 the page that proves an e-mail address
pub(crate) mod sign_out; //              the page that asks whether to sign out
pub(crate) mod try_callback; //          the last page of a login from a terminal
#[cfg(test)]
mod tests;

pub(crate) use crate::pages::accent::Accent;
pub(crate) use crate::pages::account::{
    AccountDeletionOffer, AccountNotice, AccountPage, AppAccessLasts, AppWithAccess, LinkableProvider, LinkedIdentityRow, SessionRow,
};
pub(crate) use crate::pages::account_erasure::{ErasurePage, ErasureStage};
pub(crate) use crate::pages::branding::{StoreBranding, StoreLogo, store_css};
pub(crate) use crate::pages::consent::ConsentPage;
pub(crate) use crate::pages::device::Device;
pub(crate) use crate::pages::embed::embed_js;
pub(crate) use crate::pages::error::{ErrorPage, WaitingApp};
pub(crate) use crate::pages::error_cause::ErrorCause;
pub(crate) use crate::pages::form_post::{FORM_POST_SCRIPT, FormPostPage};
pub(crate) use crate::pages::frame::Frame;
pub(crate) use crate::pages::in_app_browser::InAppBrowser;
pub(crate) use crate::pages::languages::{PageLanguage, PageLanguages};
pub(crate) use crate::pages::login::{
    EmailCodeForm, InAppNotice, LoginChoice, LoginInputField, LoginNotice, LoginPage, ProviderIcon, SignedInUser,
};
pub(crate) use crate::pages::mail::{code_mail, identity_linked_mail};
pub(crate) use crate::pages::passkey::{NewPasskeyForm, PASSKEY_SCRIPT, PasskeyForm, PasskeyOfferPage, PasskeyRow, PasskeySection};
pub(crate) use crate::pages::popup::{POPUP_SCRIPT, PopupPage};
pub(crate) use crate::pages::prove::{AddressProofProblem, AddressProofReason, AddressProofStage, ProvePage};
pub(crate) use crate::pages::sign_out::SignOutPage;
pub(crate) use crate::pages::try_callback::TryCallbackPage;
