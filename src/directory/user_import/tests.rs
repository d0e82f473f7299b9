//! Tests of what a line of an import does.

use crate::directory::user_import::found_people::{AddressHolder, FoundPeople};
use crate::directory::user_import::{ImportOutcome, ImportRefusal, ImportedIdentity, ImportedPerson};
use crate::vocabulary::email::Email;

fn line(email: &str, verified: bool, id: Option<&str>) -> ImportedPerson {
    let uid = format!("{email} {verified} {id:?}").into();
    let identity = id.map(|id| ImportedIdentity { provider: "acme".into(), file: "acme".into(), fingerprint: "f".into(), id: id.into() });
    let email = Email::parse(email).expect("an address");
    ImportedPerson { uid, email, verified, name: None, picture: None, locale: None, identity }
}

#[test]
fn a_line_makes_a_person_links_an_identity_or_says_why_not() {
    use ImportOutcome::{Linked, NewPerson, Refused, Unchanged};
    let mut found = FoundPeople::default();
    for (email, verified) in [("ana@loja.example", true), ("bia@loja.example", false)] {
        found.by_address.insert(email.into(), AddressHolder { uid: email.into(), verified });
    }
    found.by_identity.insert(("acme".into(), "a".into()), "ana@loja.example".into());
    found.removed.insert(("ana@loja.example".into(), "acme".into(), "r".into()));
    found.removed_by_anyone.insert(("acme".into(), "r".into()));
    for (email, verified, id, expected) in [
        ("ana@loja.example", true, Some("a"), Unchanged),
        ("ana@loja.example", false, Some("a"), Unchanged),
        ("old@loja.example", true, Some("a"), Unchanged),
        ("bia@loja.example", true, Some("a"), Refused(ImportRefusal::LinkedElsewhere)),
        ("ana@loja.example", true, Some("r"), Refused(ImportRefusal::RemovedByPerson)),
        ("ana.old@loja.example", true, Some("r"), Refused(ImportRefusal::RemovedByPerson)),
        ("ana@loja.example", false, Some("b"), Refused(ImportRefusal::AddressNotProven)),
        ("bia@loja.example", true, Some("b"), Refused(ImportRefusal::HolderNotProven)),
        ("ana@loja.example", true, Some("b"), Linked),
        ("ana@loja.example", true, Some("b"), Unchanged),
        ("ana@loja.example", true, Some("c"), Refused(ImportRefusal::AddressReassigned)),
        ("ana@loja.example", false, None, Unchanged),
        ("eva@loja.example", false, None, Refused(ImportRefusal::NothingSignsIn)),
        ("eva@loja.example", false, Some("e"), NewPerson),
        ("eva@loja.example", true, Some("f"), Refused(ImportRefusal::HolderNotProven)),
        ("lia@loja.example", true, None, NewPerson),
        ("lia@loja.example", true, Some("l"), Linked),
    ] {
        assert_eq!(found.take_in(&line(email, verified, id)).0, expected, "{email} {verified} {id:?}");
    }
}

#[test]
fn the_identities_of_an_entry_belong_to_one_person_or_are_refused() {
    let mut found = FoundPeople::default();
    found.by_address.insert("x@loja.example".into(), AddressHolder { uid: "helena".into(), verified: true });
    found.by_identity.insert(("acme".into(), "a".into()), "ze".into());
    for email in ["x@loja.example", "new@loja.example"] {
        let entry: Vec<ImportedPerson> = [("acme", "a"), ("outro", "b")]
            .map(|(provider, id)| {
                let mut one = line(email, true, Some(id));
                one.uid = email.into();
                one.identity.as_mut().expect("an identity").provider = provider.into();
                one
            })
            .into();
        for pieces in [entry.clone(), entry.into_iter().rev().collect()] {
            found.note_owners(pieces.iter().map(|piece| (piece.uid.clone(), piece)));
            for piece in &pieces {
                let outcome = found.take_in(piece).0;
                assert!(!matches!(outcome, ImportOutcome::Linked | ImportOutcome::NewPerson), "{piece:?}: {outcome:?}");
            }
        }
    }
}
