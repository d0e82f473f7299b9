//! Complaints about origins: those of the broker, and those to which shoppers return.

use crate::login::return_to::is_origin_pattern;
use crate::provider::hosts::{is_host, is_loopback};
use crate::stores::cookie_domain::DomainProblem;
use crate::stores::hand_over_page::HandOverPage;
use crate::stores::settings::SettingsSpec;
use crate::stores::settings::check::{browser_host, browser_origin, host_of};
use crate::vocabulary::place::Located;
use crate::vocabulary::site::is_same_site;
use crate::vocabulary::words::Reader;

pub(crate) fn check_origin(origin: &Located<String>, reader: &mut Reader) {
    let Some(host) = host_of(&origin.value) else {
        reader.complain(origin.place, format!("`{}` is not an origin", origin.value), "write scheme and host: `https://www.loja.example`");
        return;
    };
    if !is_host(host) {
        reader.complain(
            origin.place,
            format!("`{}` is more than an origin", origin.value),
            "write scheme, host and port only, without a path: `https://www.loja.example`",
        );
    } else if origin.value.starts_with("http://") && !is_loopback(host) {
        reader.complain(
            origin.place,
            format!("`{}` is not encrypted", origin.value),
            "write `https://…`; http is accepted on loopback only",
        );
    }
}

/// Complains about origins of `returnTo` that are none, and about patterns that would stand for hosts of strangers.
pub(crate) fn check_return_origins(spec: &SettingsSpec, reader: &mut Reader) {
    let broker = spec.public_url.as_ref().and_then(|url| browser_host(&url.value));
    for origin in spec.return_to.iter().flat_map(|list| &list.0) {
        let Some(parent) = origin.strip_prefix("https://*.").filter(|_| is_origin_pattern(origin)) else {
            check_origin(origin, reader);
            continue;
        };
        let parent = parent.trim_end_matches('/');
        let name = parent.split(':').next().unwrap_or_default();
        if !is_host(parent) {
            let help = "write `*` for the first label alone, and the rest of the host: `https://*.preview.loja.example`";
            reader.complain(origin.place, format!("`{}` is not a pattern of an origin", origin.value), help);
        } else if broker.as_ref().is_none_or(|broker| !is_same_site(name, broker)) || DomainProblem::of(name, name).is_some() {
            let help =
                "name hosts of the site of this file's `publicUrl`, such as `https://*.preview.loja.example`, or write each origin out";
            reader.complain(origin.place, format!("`{}` stands for hosts of another site", origin.value), help);
        }
    }
}

/// Warns about origins to which a shopper returns and whose pages and servers never get to know of the session. A store inherits the
/// origins of the main store.
pub(crate) fn warn_about_other_sites(spec: &SettingsSpec, main: &SettingsSpec, reader: &mut Reader) {
    let Some(broker) = spec.public_url.as_ref().and_then(|url| browser_host(&url.value)) else { return };
    let pages = spec.hand_over.as_ref().or(main.hand_over.as_ref()).into_iter().flat_map(|list| &list.0);
    let handed_over: Vec<HandOverPage> = pages.filter_map(|page| HandOverPage::parse(page)).collect();
    for origin in spec.return_to.iter().flat_map(|list| &list.0).filter(|origin| !is_origin_pattern(origin)) {
        let Some(host) = browser_host(&origin.value).filter(|host| is_host(host)) else { continue };
        if !is_same_site(&host, &broker) && !handed_over.iter().any(|page| *page.origin == *browser_origin(origin)) {
            reader.warn(
                origin.place,
                format!("`{}` is another site than `publicUrl`: browsers never send the session cookie for its pages", origin.value),
                format!(
                    "put the broker below the domain of the shop, or name the page to which the shopper returns (`handOver: [ {}/volta ]`), or sign people in there as an app (`apps`)",
                    origin.value.trim_end_matches('/')
                ),
            );
        }
    }
}
