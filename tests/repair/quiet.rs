//! The file is right: what one person has and another lacks is no reason to change it, and neither is a refusal.

use crate::repair::{READING, held};
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::propose;

#[test]
fn a_login_that_works_with_a_right_file_is_left_alone() {
    let (mut logins, mut disturbed) = (0, Vec::new());
    for known in held() {
        for (story, _) in &known.stories {
            logins += 1;
            let played = replay(&known.provider, story);
            let proposals = propose(&known.provider, played.end.as_ref(), &played.trace);
            let said: Vec<&str> = proposals.iter().map(|proposal| proposal.title.as_str()).collect();
            if !said.is_empty() {
                disturbed.push(format!("{}, {}: {said:?}", known.provider.name, story.what.value));
            }
        }
    }
    println!("\n{} of {logins} logins that work with a right file get a proposal", disturbed.len());
    disturbed.iter().for_each(|one| println!("  {one}"));
    assert!(disturbed.len() * 20 <= logins, "{} of {logins}", disturbed.len());
}

#[test]
fn a_refusal_of_a_right_file_changes_nothing_of_what_is_read() {
    let (mut refusals, mut wrong) = (0, Vec::new());
    for known in held() {
        for story in &known.refusals {
            refusals += 1;
            let played = replay(&known.provider, story);
            let proposals = propose(&known.provider, played.end.as_ref(), &played.trace);
            for proposal in proposals.iter().filter(|proposal| READING.contains(&proposal.because.as_str())) {
                wrong.push(format!("{}, {}: {}", known.provider.name, story.what.value, proposal.title));
            }
        }
    }
    println!("\n{} proposals after {refusals} refusals of a right file change what is read", wrong.len());
    wrong.iter().for_each(|one| println!("  {one}"));
    assert!(wrong.is_empty(), "{wrong:?}");
}
