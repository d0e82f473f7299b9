//! The block `account` of the settings: what the page `/account` offers.

use crate::stores::account_deletion::AccountDeletion;
use crate::stores::settings::NullableText;
use crate::vocabulary::words::Reader;
use crate::words;

words! {
    /// What shoppers can do on the page `/account`. They can always download what is stored about them, as JSON: all of `portaria users
    /// export` but what is about files and support (`version`, `file`, `fingerprint`, `incident`) and events in which another person may
    /// have been refused. `history` holds the newest 1000 events, and `historyIsWhole` says whether these are all; the command gives all.
    pub(crate) struct AccountSpec ("account block") {
        /// How a shopper has the account deleted. An https address or an e-mail address: the page leads there, and the store deletes it by
        /// `portaria users erase`. `byPerson`: shoppers do it themselves, right after signing in, on a page that asks once more. What the
        /// store itself keeps, such as orders, is not touched. `null` takes an inherited value away.
        /// Default: the page says to contact the store, and leads to `login: { help: … }` where that is set
        /// Example: `deletion: privacidade@loja.example`
        deletion: Option<NullableText> = "deletion",
    }
}

pub(crate) fn check_account(account: &AccountSpec, reader: &mut Reader) {
    let Some(deletion) = account.deletion.as_ref().and_then(|deletion| deletion.0.as_ref()) else { return };
    if AccountDeletion::parse(deletion).is_none() {
        let message = format!("`{}` does not say where or how an account is deleted", deletion.value);
        reader.complain(deletion.place, message, "write an https address, an e-mail address, or `byPerson`");
    }
}
