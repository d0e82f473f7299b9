//! The next version of a provider file (`NAME.next.yaml`) beside the present one.
//!
//! After each login, what both versions read from the same answers is compared; no request is sent for that. A share of the new logins
//! may go through the next version. When its logins fail clearly more often, new logins use the present version again.

pub mod comparison; //         what two versions read from one login
pub mod counts; //             what was counted of a next version
pub mod monitor; //            the counts of all next versions, shared between brokers
pub(crate) mod networks; //           from which networks the logins came whose ends count
pub(crate) mod replay; //             a login is read once more
pub(crate) mod request_difference; // how two requests differ
pub mod standing; //           whether new logins go through a next version
pub mod verdict; //            whether its logins fail more often
