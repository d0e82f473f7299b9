//! Where a shopper goes after a login: only to an origin that the store lists, or to the broker itself.

use url::{Position, Url};

/// The longest address that is accepted.
pub(crate) const LONGEST: usize = 2048;

/// The address, if its origin is allowed. It is serialized again, so that every browser parses it as this parser did.
pub(crate) fn allowed_return_address<'a>(requested: &str, origins: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Parsers disagree about blanks, control characters, backslashes and everything outside of ASCII.
    if requested.len() > LONGEST || !requested.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    if !requested.starts_with("https://") && !requested.starts_with("http://") {
        return None;
    }
    let url = Url::parse(requested).ok()?;
    if requested.split(['/', '?', '#']).nth(2)?.contains('@') {
        return None;
    }
    // A user name or a password stands before the path as well, and in no listed origin.
    let origin = &url[..Position::BeforePath];
    let same = |listed: &str| if is_origin_pattern(listed) { is_listed_origin(listed, origin) } else { is_same_origin(listed, origin) };
    origins.into_iter().any(same).then(|| url.into())
}

/// The parameter of the finish address that holds the page to which the shopper goes in the end.
pub(crate) const FINISH_PAGE: &str = "returnUrl";

/// The broker's own pages, which may be on the origin of the shop.
const OWN_PAGES: [&str; 6] = ["/login", "/account", "/authorize", "/session", "/prove", "/lab"];

/// The address to which a shopper goes first, with the page as a parameter. A page of another origin than the finish address, or one of the
/// broker, is opened at once.
pub(crate) fn through_finish(finish: Option<&str>, page: String) -> String {
    let (Some(mut url), Ok(wanted)) = (finish.and_then(|finish| Url::parse(finish).ok()), Url::parse(&page)) else { return page };
    let is_below = |own: &str| wanted.path().strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_own = OWN_PAGES.iter().any(|own| is_below(own)) || wanted.path() == url.path();
    if is_own || wanted.origin() != url.origin() {
        return page;
    }
    url.query_pairs_mut().append_pair(FINISH_PAGE, &page);
    url.into()
}

fn is_same_origin(listed: &str, origin: &str) -> bool {
    Url::parse(listed).is_ok_and(|listed| &listed[..Position::BeforePath] == origin)
}

/// The beginning of a pattern of origins.
const PATTERN: &str = "https://*.";

/// Whether a listed origin stands for several hosts.
pub(crate) fn is_origin_pattern(listed: &str) -> bool {
    listed.starts_with(PATTERN)
}

/// Whether an origin, as browsers write it, is a listed one or has exactly one label in the place of the `*` of a listed one.
pub(crate) fn is_listed_origin(listed: &str, origin: &str) -> bool {
    let Some(parent) = listed.strip_prefix(PATTERN) else { return listed == origin };
    let host = origin.strip_prefix("https://").and_then(|host| host.split_once('.'));
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(is_plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    host.is_some_and(|(label, rest)| rest == parent && is_label(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_shop_is_reached_through_its_finish_address() {
        let finish = Some("https://www.loja.example/fim?popup=false");
        for (page, expected) in [
            (
                "https://www.loja.example/conta?a=1&b=%20#x",
                "https://www.loja.example/fim?popup=false&returnUrl=https%3A%2F%2Fwww.loja.example%2Fconta%3Fa%3D1%26b%3D%2520%23x",
            ),
            (
                "https://www.loja.example/loginho",
                "https://www.loja.example/fim?popup=false&returnUrl=https%3A%2F%2Fwww.loja.example%2Floginho",
            ),
            ("https://m.loja.example/conta", "https://m.loja.example/conta"),
            ("https://www.loja.example/fim?returnUrl=x", "https://www.loja.example/fim?returnUrl=x"),
            ("https://www.loja.example/authorize/abc", "https://www.loja.example/authorize/abc"),
            ("/login", "/login"),
        ] {
            assert_eq!(through_finish(finish, page.to_owned()), expected);
            assert_eq!(through_finish(None, page.to_owned()), page);
        }
    }

    /// Lessons 64, 66, 74, 75, 158
    #[test]
    fn only_listed_origins_are_accepted() {
        let origins = ["https://shop.loja.example", "http://localhost:9000"];
        for fine in [
            "https://shop.loja.example/",
            "https://shop.loja.example/carrinho?a=1&b=%20#x",
            "https://SHOP.loja.example/x",
            "https://shop.loja.example:443/x",
            "http://localhost:9000/",
            "https://shop.loja.example/@evil",
        ] {
            assert!(allowed_return_address(fine, origins).is_some(), "{fine}");
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "/%09/evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https:\\\\shop.loja.example",
            "https://shop.loja.example.evil.example/",
            "https://shop.loja.example@evil.example/",
            "https://evil.example@shop.loja.example/",
            "https://@shop.loja.example/",
            "https:///ana@shop.loja.example/",
            "https:///:senha@shop.loja.example/",
            "https://shopXloja.example/",
            "https://shop.loja.example:8443/",
            "http://shop.loja.example/",
            "https://shop.loja.example\\.evil.example/",
            "https://shop.loja.example\t/",
            " https://shop.loja.example/",
            "https://shop.loja.example/\r\nSet-Cookie: x=1",
            "https://shop。loja.example/",
            "HTTPS://shop.loja.example/",
            "javascript:alert(1)",
            "JaVaScRiPt://shop.loja.example/%0aalert(1)",
            "data:text/html,x",
            "blob:https://shop.loja.example/x",
            "https://[::1]/",
            "https://127.0.0.1/",
            "https://xn--shop-.loja.example/",
            "https://shop.xn--loja-.example/",
            "null",
        ] {
            assert_eq!(allowed_return_address(bad, origins), None, "{bad}");
        }
        let long = |length: usize| format!("https://shop.loja.example/{}", "a".repeat(length - 26));
        assert!(allowed_return_address(&long(LONGEST), origins).is_some());
        assert_eq!(allowed_return_address(&long(LONGEST + 1), origins), None);
    }

    #[test]
    fn a_pattern_stands_for_one_label_of_its_own_domain_and_nothing_else() {
        let pattern = "https://*.preview.loja.example";
        for (fine, expected) in [
            ("https://pr-42.preview.loja.example/x?y#z", "https://pr-42.preview.loja.example/x?y#z"),
            ("https://A1.Preview.loja.example:443", "https://a1.preview.loja.example/"),
            ("https://a%2epreview.loja.example/", "https://a.preview.loja.example/"),
            ("https:///a.preview.loja.example/", "https://a.preview.loja.example/"),
            ("https://xn--lojao-sqa.preview.loja.example/", "https://xn--lojao-sqa.preview.loja.example/"),
        ] {
            assert_eq!(allowed_return_address(fine, [pattern]).as_deref(), Some(expected), "{fine}");
        }
        for bad in [
            "https://preview.loja.example/",
            "https://.preview.loja.example/",
            "https://a.b.preview.loja.example/",
            "https://*.preview.loja.example/",
            "https://a*.preview.loja.example/",
            "https://-a.preview.loja.example/",
            "https://a-.preview.loja.example/",
            "https://a_b.preview.loja.example/",
            "http://a.preview.loja.example/",
            "https://a.preview.loja.example:8443/",
            "https://a.preview.loja.example./",
            "https://apreview.loja.example/",
            "https://evil.example/.preview.loja.example",
            "https://evil.example#.preview.loja.example",
            "https://evil.example?.preview.loja.example",
            "https://evil.example\\.preview.loja.example/",
            "https://evil.example%2f.preview.loja.example/",
            "https://evil.example%5c.preview.loja.example/",
            "https://evil.example@a.preview.loja.example/",
            "https://a.preview.loja.example@evil.example/",
            "https://a.preview.loja.example.evil.example/",
            "https://a.preview.loja.exampl/",
            "https://a.preview.loja.example.br/",
            "https://a.evil.preview.loja.example/",
            "https://a.previewloja.example/",
            "https://a。preview.loja.example/",
            "https://%61%2e.preview.loja.example/",
            "https://a\t.preview.loja.example/",
            "https:a.preview.loja.example/",
            "//a.preview.loja.example/",
            "https://[::1].preview.loja.example/",
            "https://a:b@c.preview.loja.example/",
            "javascript://a.preview.loja.example/%0aalert(1)",
            "blob:https://a.preview.loja.example/x",
            "null",
        ] {
            let led = allowed_return_address(bad, [pattern]);
            assert_eq!(led, None, "{bad}");
        }
        for origin in ["null", "", "https://*.preview.loja.example", "https://a.preview.loja.example/", "https://A.preview.loja.example"] {
            assert!(!is_listed_origin(pattern, origin), "no browser names itself so: {origin}");
        }
    }

    /// Lessons 67, 70
    #[test]
    fn the_address_is_written_anew() {
        let origins = ["https://shop.loja.example"];
        assert_eq!(allowed_return_address("https://SHOP.loja.example:443/a/../b", origins).as_deref(), Some("https://shop.loja.example/b"));
    }

    /// Every address that the grammar of `tests/attacks/addresses.json` gives, for this listed host.
    fn grammar(listed: &str) -> Vec<String> {
        let grammar: serde_json::Value = serde_json::from_str(include_str!("../../tests/attacks/addresses.json")).expect("JSON");
        let part = |name: &str| -> Vec<String> {
            let words = grammar[name].as_array().expect("a list").iter();
            words.map(|word| word.as_str().expect("a text").replace("LISTED", listed)).collect()
        };
        let marks = part("separators");
        let mut separators = vec![String::new()];
        separators.extend(marks.iter().cloned());
        separators.extend(marks.iter().flat_map(|first| marks.iter().map(move |second| format!("{first}{second}"))));
        let (schemes, users, hosts, tails) = (part("schemes"), part("users"), part("hosts"), part("tails"));
        let mut all = Vec::new();
        for (scheme, separator) in schemes.iter().flat_map(|scheme| separators.iter().map(move |separator| (scheme, separator))) {
            for (user, host) in users.iter().flat_map(|user| hosts.iter().map(move |host| (user, host))) {
                // Each tail comes up with every neighbour, though not with every pair of them.
                let tail = &tails[all.len() % tails.len()];
                all.push(format!("{scheme}{separator}{user}{host}{tail}"));
            }
        }
        all
    }

    /// Attacks L-01, L-02, L-03, L-06, O-02
    /// Lessons 61, 62, 63, 69
    #[test]
    fn whatever_the_grammar_gives_is_refused_or_leads_where_a_browser_reads_a_listed_origin() {
        let listed = "http://localhost:9000";
        let base = Url::parse("http://localhost:8080/login").expect("an address");
        let all = grammar("localhost:9000");
        let origin = Url::parse(listed).expect("an address").origin();

        let mut accepted = 0;
        for wanted in &all {
            let Some(address) = allowed_return_address(wanted, [listed]) else { continue };
            accepted += 1;
            for read in [base.join(&address), base.join(wanted)] {
                let read = read.unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
                assert!(read.origin() == origin && read.username().is_empty() && read.password().is_none(), "{wanted:?}: {read}");
            }
            assert!(address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'), "{wanted:?}: {address:?}");
        }
        assert!(all.len() > 100_000 && accepted > 0, "{accepted} of {}", all.len());
    }
}
