//! What shoppers see: the pages, the letters, their style and their words. From plain values to text, and nothing else: who
//! asks, what was found and which status it gets is decided elsewhere.

pub mod accent; //       the store's colour, and what can be read on it
pub mod account; //      the ways in of somebody who is signed in
pub mod cause; //        why a page is an error page
pub mod embed; //        the buttons in other people's pages
pub mod error; //        the error page
pub mod frame; //        what stands around every page
pub mod initials; //     the letters that stand for a name
pub mod lab; //          the pages of support staff
pub mod languages; //    the languages that there are
pub mod login; //        the login page
pub mod look; //         how a store looks
pub mod mail; //         what is written to them
pub mod phrases; //      the words of a language
pub mod preference; //   which one somebody reads
pub mod prove; //        the page on which somebody proves an address
pub mod tried; //        where a browser ends that was sent out from a terminal
#[cfg(test)]
mod tests;

pub use accent::Accent;
pub use account::{AccountNotice, AccountPage, MoreWay, Way};
pub use cause::Cause;
pub use embed::embed_js;
pub use error::ErrorPage;
pub use frame::{Frame, address};
pub use languages::{Language, Languages};
pub use login::{Choice, Field, LoginPage, Mark, Notice, Person};
pub use look::{Logo, Look, store_css};
pub use mail::{code_letter, new_way_letter};
pub use prove::{ProvePage, Stage, Why, Wrong};
pub use tried::TriedPage;

/// The style of the pages, the same for every store: `/style.css`.
pub const STYLE: &str = include_str!("style.css");
