//! The paths of a shop that only signed-in shoppers may see, where its proxy lets guests pass elsewhere.
//!
//! The proxy names the path as the browser wrote it, and the shop may read it in another way than this module. So a path with anything
//! that programs read differently counts as one of these.

use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;

/// The paths of a store, in small letters and without a slash at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoginPaths(Vec<Box<str>>);

impl LoginPaths {
    pub(crate) fn new<'a>(written: impl Iterator<Item = &'a str>) -> Self {
        Self(written.map(|path| path.trim_end_matches('/').to_lowercase().into()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a login is demanded for an address that begins with its path.
    pub(crate) fn contain(&self, address: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let Some(path) = plain_path(path) else { return true };
        self.0.iter().any(|listed| path.strip_prefix(&**listed).is_some_and(|rest| !rest.starts_with(continues_name)))
    }
}

/// Whether a letter continues the name of a path. What follows another mark is the same page for some programs: `/minha-conta.json`.
fn continues_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_')
}

/// The path decoded and in small letters; `None` if programs read it differently.
fn plain_path(path: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    let is_odd = |letter: char| letter.is_control() || matches!(letter, '\\' | ';' | '%' | '?' | '#');
    // Some programs drop a dot or a blank at the end of a name.
    let is_odd_part = |part: &str| part.ends_with('.') || part.trim() != part;
    let has_odd_part = decoded.split('/').skip(1).any(is_odd_part) || decoded.contains("//");
    let is_plain = decoded.starts_with('/') && !has_odd_part && !decoded.chars().any(is_odd);
    // A slash that was encoded is a slash for some programs only.
    let has_same_slashes = decoded.matches('/').count() == path.matches('/').count();
    (is_plain && has_same_slashes).then(|| decoded.to_lowercase())
}

/// Complains about a path that no address could have.
pub(crate) fn check_login_path(path: &Located<String>, reader: &mut Reader) {
    if plain_path(path).is_none() {
        let help = "write the path as it stands behind the host, decoded: `/minha-conta`; what stands below it is meant, too";
        reader.complain(path.place, format!("`{}` is not a path of the shop", path.value), help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_path_and_all_below_it_demand_a_login_and_so_does_everything_odd() {
        let paths = LoginPaths::new(["/minha-conta", "/Checkout/", "/área"].into_iter());
        for demanded in [
            "/minha-conta",
            "/minha-conta/",
            "/minha-conta?x=1",
            "/minha-conta#x",
            "/minha-conta/pedidos/1",
            "/MINHA-CONTA",
            "/minha%2Dconta",
            "/%6dinha-conta/x",
            "/checkout",
            "/%C3%A1rea/x",
            "/%C3%81REA",
            // What follows may be read as one of them.
            "//minha-conta",
            "/x/../minha-conta",
            "/x/%2e%2e/minha-conta",
            "/./minha-conta",
            "/x/..;/minha-conta",
            "/minha-conta;v=1",
            "/;/minha-conta",
            "/\\minha-conta",
            "/%5cminha-conta",
            "/x%2fminha-conta",
            "/%2fminha-conta",
            "/%252e%252e/minha-conta",
            "/minha-conta%00",
            "/minha-conta%20",
            "/minha-conta./x",
            "/minha-conta.json",
            "/minha-conta:x",
            "/minha-conta%0a",
            "/%ff/minha-conta",
            "/x%3f/minha-conta",
            "minha-conta",
            "http://elsewhere.example/x",
            "*",
            "",
        ] {
            assert!(paths.contain(demanded), "{demanded}");
        }
        for open in [
            "/",
            "/?a=/minha-conta",
            "/minha-contax",
            "/minha",
            "/camis%C3%A1/p",
            "/x/minha-conta",
            "/p?next=//x/../y;z%2f",
            "/a%20b",
            "/areas",
        ] {
            assert!(!paths.contain(open), "{open}");
        }
    }

    #[test]
    fn the_root_is_every_path_and_no_path_is_none() {
        let all = LoginPaths::new(["/"].into_iter());
        assert!(["/", "/x", "/x/y", "//", "x"].iter().all(|path| all.contain(path)));
        let none = LoginPaths::default();
        assert!(["/", "/minha-conta", "//"].iter().all(|path| !none.contain(path)));
    }
}
