//! Complaints about `login.finish`: the address to which shoppers go first after a sign-in.

use crate::login::return_to::{FINISH_PAGE, allowed_return_address};
use crate::provider::hosts::is_loopback;
use crate::stores::settings::SettingsSpec;
use crate::stores::settings::check::{browser_host, browser_origin};
use crate::vocabulary::words::Reader;
use url::Url;

/// Checks the key of a store; `main` holds the settings that it inherits.
pub(crate) fn check_finish(spec: &SettingsSpec, main: Option<&SettingsSpec>, reader: &mut Reader) {
    let Some(finish) = spec.login.as_ref().and_then(|login| login.finish.as_ref()) else { return };
    let Some(url) = Url::parse(finish).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) else {
        let help = "write the whole address: `https://www.loja.example/entrou`";
        return reader.complain(finish.place, format!("`{}` is not an address", finish.value), help);
    };
    if url.scheme() == "http" && !browser_host(finish).is_some_and(|host| is_loopback(&host)) {
        let help = "write `https://…`; http is accepted on loopback only";
        return reader.complain(finish.place, format!("`{}` is not encrypted", finish.value), help);
    }
    if url.fragment().is_some() || url.query_pairs().any(|(name, _)| name == FINISH_PAGE) {
        let help = "write scheme, host and path, and a query of your own if you need one";
        return reader.complain(
            finish.place,
            format!("`{FINISH_PAGE}` is added to this address, so it can have neither that nor a `#`"),
            help,
        );
    }
    let listed = spec.return_to.as_ref().or_else(|| main?.return_to.as_ref());
    if listed.is_none() && reader.is_unusable_word(spec.place, "returnTo") {
        return;
    }
    let origins: Vec<String> = listed.iter().flat_map(|list| &list.0).map(|origin| browser_origin(origin)).collect();
    if allowed_return_address(finish, origins.iter().map(String::as_str)).is_none() {
        let help = format!("add `{}` to `returnTo`", url.origin().ascii_serialization());
        reader.complain(finish.place, "the origin of `finish` is none to which a shopper may return", help);
    }
}
