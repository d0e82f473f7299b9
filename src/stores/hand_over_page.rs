//! The pages of stores on other sites to which a shopper returns with a code for the session. A page is named by its whole address: every other
//! page of its origin, such as an open redirect, gets no code.

use crate::provider::hosts::{is_host, is_loopback};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;
use url::{Position, Url};

/// A page that gets a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandOverPage {
    /// Its origin, as browsers write it.
    pub(crate) origin: Box<str>,
    /// Scheme, host, port and path.
    pub(crate) address: Box<str>,
}

impl HandOverPage {
    /// A page by its address as the settings write it.
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let url = Url::parse(written).ok()?;
        Some(Self { origin: url.origin().ascii_serialization().into(), address: address_of_page(&url).into() })
    }

    /// Whether an address is one of this page. Its query and its fragment do not count: the store writes what it likes there.
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        *address_of_page(url) == *self.address
    }

    /// Whether it is the page at the root of this origin.
    pub(crate) fn is_first_page_of(&self, origin: &str) -> bool {
        self.address.strip_suffix('/') == Some(origin)
    }
}

fn address_of_page(url: &Url) -> &str {
    &url[..Position::AfterPath]
}

/// Complains about an address that is none of a page.
pub(crate) fn check_hand_over_page(page: &Located<String>, reader: &mut Reader) {
    let written = &*page.value;
    let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
    let (host, path) = rest.map_or(("", None), |rest| rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path))));
    let (message, help) = if !is_host(host) {
        (format!("`{written}` is not the address of a page"), "write scheme, host and path: `https://loja.outra.example/volta`".to_owned())
    } else if written.starts_with("http://") && !is_loopback(host) {
        (format!("`{written}` is not encrypted"), "write `https://…`; http is accepted on loopback only".to_owned())
    } else if path.is_none() {
        (
            format!("`{written}` stands for every page of the store, and an open redirect on one of them would give sessions away"),
            format!("name the page to which the shopper returns: `{written}/volta`, or `{written}/` for the first page alone"),
        )
    } else if path.is_some_and(|path| path.contains(['?', '#'])) {
        let page = written.split(['?', '#']).next().unwrap_or_default();
        (
            format!("`{written}` is more than the address of a page"),
            format!("write `{page}`: the login may add a query of its own, which is not compared"),
        )
    } else {
        return;
    };
    reader.complain(page.place, message, help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_of_an_origin_is_the_one_at_its_root() {
        let is_first = |page: &str, origin: &str| HandOverPage::parse(page).is_some_and(|page| page.is_first_page_of(origin));

        assert!(is_first("https://loja.outra.example/", "https://loja.outra.example"));
        assert!(!is_first("https://loja.outra.example/volta/", "https://loja.outra.example"));
        assert!(!is_first("https://loja.outra.example/", "https://www.loja.example"));
    }

    #[test]
    fn a_page_is_its_whole_address_without_query_and_fragment() {
        let page = HandOverPage::parse("https://Loja.outra.example:443/volta").expect("an address");
        let is_at = |address: &str| page.is_at(&Url::parse(address).expect("an address"));

        assert_eq!(&*page.origin, "https://loja.outra.example");
        for address in ["/volta", "/volta?a=b", "/volta#x", "/a/../volta?x"] {
            assert!(is_at(&format!("https://loja.outra.example{address}")), "{address}");
        }
        for address in ["", "/", "/volta/", "/volta/x", "/Volta", "/%76olta", "/volta;x", "//volta", "/sair?to=/volta", "/x/volta"] {
            assert!(!is_at(&format!("https://loja.outra.example{address}")), "{address}");
        }
        for address in [
            "http://loja.outra.example/volta",
            "https://loja.outra.example:8443/volta",
            "https://outra.example/volta",
            "https://ana@loja.outra.example/volta",
        ] {
            assert!(!is_at(address), "{address}");
        }
    }
}
