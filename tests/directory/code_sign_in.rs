//! Who signs in by a code that was sent to an address: the user who has it, and otherwise a new one.

use crate::directory::{Place, arrival, at_once, comes, email, identity, kept, on_both, proven, uid};
use portaria::directory::Directory;
use portaria::directory::audit::AuditActor;
use portaria::directory::code_sign_in::SignInByCode;
use portaria::directory::identity_links::{UnlinkIdentity, UnlinkOutcome};
use portaria::directory::users::{BlockUser, ListIdentityLinks};
use portaria::provider::email_code::identity_by_code;
use portaria::provider::identity::IdentityEmail;
use portaria::vocabulary::email::Email;
use std::sync::Arc;

/// The rule and the user, or the refusal.
async fn types_code(directory: &Directory, address: &Email, sid: &str) -> String {
    let by_code = SignInByCode(arrival("main", &identity_by_code(address.clone()), sid));
    match directory.write(by_code).await.expect("storage is there") {
        Ok(signed_in) => format!("{}: {}", signed_in.rule.word(), signed_in.user.uid),
        Err(refusal) => format!("refused: {}", refusal.why.word()),
    }
}

async fn links(directory: &Directory, uid: &str) -> Vec<Box<str>> {
    let links = directory.read(ListIdentityLinks(uid.into())).await.expect("storage is there");
    links.into_iter().map(|link| link.because).collect()
}

async fn the_user_of_the_address(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;

    assert_eq!(types_code(&directory, &email("ana"), "s2").await, format!("linked: {ana}"));
    assert_eq!(types_code(&directory, &email("ana"), "s3").await, format!("known: {ana}"));
    assert_eq!(types_code(&directory, &email("nova"), "s4").await, "new: u-s4");
    assert_eq!(types_code(&directory, &email("nova"), "s5").await, "known: u-s4");
    assert_eq!(&*links(&directory, &ana).await, ["new".into(), "linked".into()]);
    assert_eq!(kept(&directory, "ana").await.expect("a user").user.uid, ana);
    let other_store = SignInByCode(arrival("atacado", &identity_by_code(email("ana")), "s6"));
    let other = directory.write(other_store).await.expect("storage is there").expect("signed in");
    assert_eq!(&*other.user.uid, "u-s6");
}

async fn an_address_that_was_left(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    types_code(&directory, &email("ana"), "s2").await;
    assert_eq!(uid(&directory, &proven("acme", "1", "nova"), "s3").await, ana, "the address changed at the provider");

    assert_eq!(types_code(&directory, &email("ana"), "s4").await, "new: u-s4");
    assert_eq!(types_code(&directory, &email("nova"), "s5").await, format!("known: {ana}"));
}

async fn who_is_blocked(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    let block = BlockUser { store: "main".into(), uid: ana.clone(), blocked: true, now: 100 };
    directory.write(block).await.expect("storage is there");

    assert_eq!(types_code(&directory, &email("ana"), "s2").await, "refused: blocked");
    assert_eq!(links(&directory, &ana).await.len(), 1, "nothing is linked");
}

async fn an_address_without_proof(place: Place) {
    let directory = place.machine().await;
    let placeholder = Email::parse("1@acme.invalid").expect("an address");
    let ana = uid(&directory, &identity("acme", "1", IdentityEmail::Placeholder(placeholder.clone())), "s1").await;

    assert_eq!(types_code(&directory, &placeholder, "s2").await, "newInstead: u-s2", "a proof counts more than none");
    assert_eq!(uid(&directory, &identity("acme", "1", IdentityEmail::Placeholder(placeholder)), "s3").await, ana);
}

async fn removed(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    types_code(&directory, &email("ana"), "s2").await;
    for provider in ["acme", "email"] {
        let unlink = UnlinkIdentity {
            store: "main".into(),
            uid: ana.clone(),
            provider: provider.into(),
            provider_id: None,
            except: None,
            by: AuditActor::Support,
            even_last: true,
            now: 100,
        };
        assert_eq!(directory.write(unlink).await.expect("storage is there"), UnlinkOutcome::Unlinked);
    }

    assert_eq!(types_code(&directory, &email("ana"), "s3").await, format!("linked: {ana}"), "the owner of the address has the account");
    assert!(comes(&directory, &proven("acme", "1", "ana"), "s4").await.is_err(), "the removed identity stays removed");
}

/// The same code cannot be typed twice, but two codes of two browsers can.
async fn many_at_once(place: Place) {
    let directories = [place.machine().await, place.machine().await];
    let all = (0..8).map(|number| {
        let directory = Arc::clone(&directories[number % 2]);
        async move { types_code(&directory, &email("ana"), &format!("s{number}")).await }
    });

    let outcomes = at_once(all).await;

    let new: Vec<&String> = outcomes.iter().filter(|outcome| outcome.starts_with("new: ")).collect();
    let [new] = new.as_slice() else { panic!("{outcomes:?}") };
    let known = new.replace("new", "known");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == known).count(), 7, "{outcomes:?}");
}

on_both! {
    /// Attack D-01
    the_user_of_an_address_signs_in_and_a_new_one_is_made_where_there_is_none: the_user_of_the_address;
    /// Attack E-12
    an_address_leads_to_its_user_only_while_they_have_it: an_address_that_was_left;
    a_blocked_user_is_refused: who_is_blocked;
    an_address_that_a_user_has_without_proof_goes_to_the_person_who_proves_it: an_address_without_proof;
    a_removed_identity_keeps_no_owner_of_the_address_out: removed;
    many_sign_ins_at_once_make_one_user: many_at_once;
}
