//! Another login is at hand: what two people share, or what one person has anew each time, is never proposed as an id.

use crate::repair::{Known, compiled, odd_providers, strange_ids};
use crate::support::provider;
use portaria::story::proposal::Proposal;
use portaria::story::recent_logins::LoginsAtHand;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::example::ExampleSpec;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::{propose, propose_among};

fn at_hand(provider: &portaria::provider::Provider, stories: &[&ExampleSpec]) -> LoginsAtHand {
    let mut logins = LoginsAtHand::with_key(&portaria::world::random::bytes());
    for story in stories {
        let played = replay(provider, story);
        logins.add(provider, played.end.as_ref().ok().map(|identity| &*identity.id), &played.trace);
    }
    logins
}

const FILE: &str = "name: Acme\ngetAuthorizationCode: { get: https://idp.example/a, scope: openid }\ngetAccessCode: { post: https://idp.example/t }\n\
getUserInfo:\n  get: https://idp.example/me\n  read: { id: $.user.wrong, email: $.user.email, emailVerified: $.user.verified }\n";

/// A login in which the person answer has these members beside the address.
fn story(mail: &str, members: &str) -> ExampleSpec {
    let person = format!(r#"{{"user":{{{members},"email":"{mail}","verified":true}}}}"#);
    let text = format!(
        "- what: x\n  exchanges: [ {{ answer: {{ text: '{{\"access_token\":\"at-1\"}}' }} }}, {{ answer: {{ text: '{person}' }} }} ]\n  refused: {{ code: x }}\n"
    );
    examples::read(&Source::new("acme.examples.yaml", text)).unwrap_or_else(|report| panic!("{}", report.draw(false))).remove(0)
}

fn proposals(own: &ExampleSpec, others: &[&ExampleSpec]) -> Vec<Proposal> {
    let acme = provider(FILE);
    let played = replay(&acme, own);
    propose_among(&acme, played.end.as_ref(), &played.trace, &at_hand(&acme, others))
}

fn ids(proposals: &[Proposal]) -> Vec<&str> {
    proposals.iter().map(|proposal| proposal.title.as_str()).filter(|title| title.starts_with("id: ")).collect()
}

#[test]
fn a_proposed_id_names_in_how_many_logins_of_how_many_people_it_was_seen() {
    let ana = story("ana@loja.example", r#""uid":"a7""#);
    let (bo, eva) = (story("bo@loja.example", r#""uid":"b9""#), story("eva@loja.example", r#""uid":"e2""#));

    let alone = proposals(&ana, &[]);
    assert_eq!((ids(&alone), &*alone[0].because), (vec!["id: $.user.uid"], "idMoved"));
    let twice = proposals(&ana, &[&ana]);
    assert_eq!((ids(&twice), &*twice[0].because, &*twice[0].about[2]), (vec!["id: $.user.uid"], "idStays", "2"));
    let three = proposals(&ana, &[&bo, &ana, &eva]);
    assert_eq!(
        (ids(&three), &*three[0].because, &three[0].about[2..]),
        (vec!["id: $.user.uid"], "idDiffers", &["4".to_owned(), "3".to_owned()][..])
    );
    assert!(three[0].sentence.ends_with("it was seen there in 4 logins of 3 people, different for each"), "{}", three[0].sentence);
}

#[test]
fn what_two_people_share_is_no_id_and_the_other_one_is_found() {
    let ana = story("ana@loja.example", r#""uid":"shop-1","member_id":"a7""#);
    let bo = story("bo@loja.example", r#""uid":"shop-1","member_id":"b9""#);

    assert!(ids(&proposals(&ana, &[])).is_empty(), "of two that are as likely none is proposed");
    assert_eq!(ids(&proposals(&ana, &[&bo])), ["id: $.user.member_id"]);
    let only = (story("ana@loja.example", r#""uid":"shop-1""#), story("bo@loja.example", r#""uid":"shop-1""#));
    assert!(ids(&proposals(&only.0, &[&only.1])).is_empty());
}

#[test]
fn what_one_person_has_anew_in_each_login_is_no_id() {
    let (ana, again) = (story("ana@loja.example", r#""uid":"r-1""#), story("ana@loja.example", r#""uid":"r-2""#));

    assert!(ids(&proposals(&ana, &[&again])).is_empty());
}

#[test]
fn what_moved_together_with_a_constant_id_is_not_proposed() {
    let file = FILE.replace("$.user.wrong", "$.user.uid").replace("$.user", "$.person");
    let acme = provider(&file);
    let (ana, bo) = (story("ana@loja.example", r#""uid":"shop-1""#), story("bo@loja.example", r#""uid":"shop-1""#));
    let played = replay(&acme, &ana);
    let changes = |others: &[&ExampleSpec]| {
        let found = propose_among(&acme, played.end.as_ref(), &played.trace, &at_hand(&acme, others));
        found.iter().filter_map(|proposal| proposal.change.as_ref()).any(|change| change.added.join("\n").contains("id: $.user.uid"))
    };

    assert!(changes(&[]) && !changes(&[&bo]));
}

/// The changes of the id alone: its key becomes a strange word.
fn with_strange_id(known: &Known) -> Option<portaria::provider::Provider> {
    let text = known.provider.source.text.to_string();
    let at = text.find(" id: ")? + 5;
    let rest = &text[at..];
    let end = rest.find([',', ' ', '\n', '}'])?;
    let path = rest[..end].trim_matches('"');
    let (before, _) = path.rsplit_once('.')?;
    compiled(&known.provider, &text.replacen(path, &format!("{before}.wrong"), 1))
}

#[test]
fn with_another_person_at_hand_more_ids_are_found_and_none_is_strange() {
    let (mut alone, mut among, mut all, mut strange) = (0, 0, 0, Vec::new());
    for known in odd_providers() {
        let Some(damaged) = with_strange_id(&known) else { continue };
        let (story, right) = &known.stories[0];
        let played = replay(&damaged, story);
        if played.end.as_ref().is_ok_and(|identity| identity == right) {
            continue;
        }
        let mends = |proposals: &[Proposal]| {
            let text = proposals.first().and_then(|first| first.change.as_ref()).and_then(|change| change.apply(&damaged.source.text));
            let mended = text.and_then(|text| compiled(&damaged, &text));
            mended.is_some_and(|mended| {
                known.stories.iter().all(|(story, right)| replay(&mended, story).end.is_ok_and(|identity| identity == *right))
            })
        };
        all += 1;
        alone += usize::from(mends(&propose(&damaged, played.end.as_ref(), &played.trace)));
        let others = at_hand(&damaged, &[&known.stories[1].0]);
        let proposals = propose_among(&damaged, played.end.as_ref(), &played.trace, &others);
        among += usize::from(mends(&proposals));
        strange.extend(strange_ids(&damaged, &known.stories, &proposals));
    }
    println!("ids under a strange word: {alone} of {all} are found by one login, {among} beside a login of another person");
    assert!(among >= alone && all > 20 && strange.is_empty(), "{alone} and {among} of {all}, {strange:?}");
}
