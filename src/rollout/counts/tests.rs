//! Tests of the counts.

use crate::provider::rollout::LoginShare;
use crate::rollout::comparison::{ComparedPart, DifferenceStory, LoginComparison, LoginVersion, PartDifference, ReadDifference};
use crate::rollout::counts::{LoginEnd, NextVersionCounts, ShareChange, SharePhase, draw_of_word, word_of_end, word_of_pause};
use crate::rollout::verdict::EndedLogins;

const SHARES: [&str; 3] = ["100%", "50%", "0.5%"];

fn share(text: &str) -> LoginShare {
    LoginShare::parse(text).expect("a share")
}

/// Ends of logins, each from a network of its own.
fn add(counts: &mut NextVersionCounts, number: u8, share: LoginShare, is_drawn: bool, version: LoginVersion, end: LoginEnd) -> ShareChange {
    (0..number).map(|at| counts.add_end((share, is_drawn), (version, end), ([192, 0, at, 0].into(), 0))).last().expect("one")
}

#[test]
fn a_check_that_is_passed_stays_known_whatever_comes_after_it() {
    let accepted = |code: &str| {
        let difference = ReadDifference { part: ComparedPart::Login, how: PartDifference::Added };
        let story = DifferenceStory { code: Some(code.to_owned()), ..DifferenceStory::default() };
        LoginComparison { differences: vec![(difference, story)], ..LoginComparison::default() }
    };
    let mut counts = NextVersionCounts::default();

    for code in ["missingFact", "unreadable", "noAnswer"] {
        counts.add_comparison(&accepted(code));
    }
    assert_eq!(counts.passed_checks(), None, "the present version cannot read the answers");
    for code in ["notAllowed", "user_blocked"] {
        counts.add_comparison(&accepted(code));
    }
    counts.add_comparison(&accepted("missingFact"));
    assert_eq!(counts.passed_checks(), Some((2, Some("user_blocked".to_owned()))));
}

#[test]
fn an_end_has_a_word_by_which_its_draw_is_found_again() {
    for (text, pauses) in SHARES.into_iter().zip([0, 1, 7]) {
        for (version, end) in [(LoginVersion::Present, LoginEnd::SignedIn), (LoginVersion::Next, LoginEnd::Failed)] {
            assert_eq!(draw_of_word(&word_of_end(version, end, share(text), pauses)), Some((share(text), pauses)));
        }
        assert_eq!(draw_of_word(&word_of_pause(share(text), pauses)), None);
    }
    for word in ["matched", "requests differ: x, 10%, 0", "fact next failed, 10%, 0 missing", "next failed"] {
        assert_eq!(draw_of_word(word), None, "{word}");
    }
}

#[test]
fn a_share_pauses_while_nothing_can_be_compared_and_goes_on_when_the_present_version_signs_people_in() {
    let (all, present, next) = (share("100%"), LoginVersion::Present, LoginVersion::Next);
    let mut counts = NextVersionCounts::default();

    assert_eq!(add(&mut counts, 4, all, true, next, LoginEnd::Failed), ShareChange::None);
    assert_eq!(counts.add_end((all, true), (next, LoginEnd::Failed), ([192, 0, 9, 0].into(), 0)), ShareChange::Paused);
    assert_eq!(counts.phase(all), SharePhase { pauses: 0, is_paused: true });
    assert_eq!(add(&mut counts, 9, all, false, present, LoginEnd::Failed), ShareChange::None, "the provider is still down");
    assert_eq!(add(&mut counts, 4, all, false, present, LoginEnd::SignedIn), ShareChange::None);
    assert_eq!(counts.add_end((all, false), (present, LoginEnd::SignedIn), ([192, 0, 9, 0].into(), 0)), ShareChange::Resumed);
    assert_eq!(counts.phase(all), SharePhase { pauses: 1, is_paused: false });
    assert_eq!(counts.add_end((all, false), (present, LoginEnd::SignedIn), ([192, 1, 9, 0].into(), 0)), ShareChange::None);

    let mut good = counts.clone();
    for at in 0..9 {
        let change = good.add_end((all, true), (next, LoginEnd::SignedIn), ([192, 0, at, 0].into(), 60));
        assert_eq!(change, ShareChange::None);
    }
    assert_eq!((good.returned, good.ended(next)), (None, EndedLogins { succeeded: 9, failed: 5 }));
    let failing = (0..5).map(|at| counts.add_end((all, true), (next, LoginEnd::Failed), ([192, 0, at, 0].into(), 60)));
    assert_eq!(failing.last(), Some(ShareChange::TakenBack), "its first logins after the pause fail again");
}

#[test]
fn a_share_that_is_changed_pauses_no_longer_and_a_version_that_was_taken_back_stays_so() {
    let (all, half) = (share("100%"), share("50%"));
    let mut counts = NextVersionCounts::default();
    add(&mut counts, 5, all, true, LoginVersion::Next, LoginEnd::Failed);

    assert_eq!(counts.phase(half), SharePhase { pauses: 0, is_paused: false });
    add(&mut counts, 5, half, true, LoginVersion::Present, LoginEnd::SignedIn);
    let failing = (0..5).map(|at| counts.add_end((half, true), (LoginVersion::Next, LoginEnd::Failed), ([192, 0, at, 0].into(), 60)));
    assert_eq!(failing.last(), Some(ShareChange::TakenBack));
    assert_eq!(counts.unsaved_return(), Some(60));
}
