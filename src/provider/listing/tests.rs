//! What a text of the catalogue says about a broker.

use crate::provider::listing::{BrokerAddresses, Day, ListingText};
use crate::vocabulary::localized_text::LocalizedTextSpec;
use crate::vocabulary::place::Source;
use crate::vocabulary::words::{Reader, WordValue};
use crate::vocabulary::yaml;

fn read<T: WordValue>(text: &str) -> (Option<T>, Reader) {
    let (node, _) = yaml::parse(&Source::new("x.yaml", text)).expect("it is YAML");
    let mut reader = Reader::default();
    (T::read(&node, &mut reader), reader)
}

fn text(yaml: &str) -> ListingText {
    let (spec, mut reader) = read::<LocalizedTextSpec>(yaml);
    let text = ListingText::compile(&spec.expect("it is a text"), &mut reader);
    assert!(!reader.has_errors(), "{yaml}");
    text
}

const ADDRESSES: BrokerAddresses<'_> =
    BrokerAddresses { public_url: "https://login.loja.example:8443", redirect_uri: "https://login.loja.example:8443/callback/acme" };

#[test]
fn the_holes_of_a_text_become_the_addresses_of_the_broker() {
    let text = text("Register ${redirectUri}, trust ${publicUrl} and allow ${host}.");

    assert_eq!(
        text.filled("en", ADDRESSES),
        "Register https://login.loja.example:8443/callback/acme, trust https://login.loja.example:8443 and allow login.loja.example."
    );
}

#[test]
fn a_text_is_shown_in_the_language_that_it_is_written_in_and_otherwise_in_its_first() {
    let text = text("{ en: Create an app., pt-BR: Crie um aplicativo. }");

    assert_eq!(text.filled("pt-BR", ADDRESSES), "Crie um aplicativo.");
    assert_eq!(text.filled("ja", ADDRESSES), "Create an app.");
    assert!(text.has_own("pt-BR") && !text.has_own("es"));
}

#[test]
fn a_day_ends_before_the_next_one_begins() {
    let day = read::<Day>("2026-11-30").0.expect("it is a day");

    assert_eq!((day.to_string().as_str(), day.end()), ("2026-11-30", 1_796_083_199));
    for wrong in ["2026-11-31", "2026-1-3", "30.11.2026", "2026-11-30T00:00:00Z", "20261130", "today", "+2026-11-30"] {
        assert!(read::<Day>(wrong).0.is_none(), "{wrong}");
    }
}
