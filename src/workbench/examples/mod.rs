//! Examples beside a provider file: recorded exchanges that replay. `NAME.examples.yaml` is a list of stories, each
//! a login that worked or was refused; the same engine as in production is given the recorded answers.

pub(crate) mod difference;
pub mod mutation;
pub mod replay;
pub(crate) mod stand_ins;
pub mod example;
pub(crate) mod tokens;

use crate::vocabulary::diagnostic::Report;
use crate::vocabulary::place::Source;
use crate::vocabulary::words::{OneOrMany, Reader, WordValue};
use crate::workbench::examples::example::ExampleSpec;

/// What cannot be meant in a story.
fn check_story(story: &ExampleSpec, desk: &mut Reader) {
    if let Some(identity) = &story.identity
        && identity.0.get("id").is_none()
    {
        desk.complain(story.place, "the identity of this story has no `id`", "write who came in: `identity: { id: \"7\", … }`");
    }
    for (_, token) in story.tokens.iter().flat_map(|tokens| &tokens.0) {
        if let Some(by) = token.signed_by.as_ref().filter(|by| by.value != "stranger") {
            desk.complain(
                by.place,
                format!("`{}` signs nothing", by.value),
                "write `signedBy: stranger` for a key that is not the provider's, or leave it out",
            );
        }
        if !token.claims.0.is_object() {
            desk.complain(token.place, "the claims of this token are no block", "write `claims: { sub: \"7\" }`");
        }
    }
    let requests = story
        .redirect
        .iter()
        .chain(story.exchanges.iter().flat_map(|exchanges| &exchanges.0).filter_map(|exchange| exchange.request.as_ref()));
    for request in requests {
        match (&request.get, &request.post) {
            (Some(_), Some(_)) => desk.complain(request.place, "this request has both `get` and `post`", "keep one of the two"),
            (None, None) => desk.complain(request.place, "this request has no address", "add `get: https://…` or `post: https://…`"),
            _ => {}
        }
    }
    for exchange in story.exchanges.iter().flat_map(|exchanges| &exchanges.0) {
        let answer = &exchange.answer;
        if answer.status.is_some_and(|status| !(100..600).contains(&status)) {
            desk.complain(answer.place, "this is no HTTP status", "write 200, 400 or another status from 100 to 599");
        }
        if usize::from(answer.json.is_some()) + usize::from(answer.form.is_some()) + usize::from(answer.text.is_some()) > 1 {
            desk.complain(answer.place, "this answer has more than one body", "keep one of `json`, `form` and `text`");
        }
    }
}

/// Reads the stories of an examples file, or complains about it.
pub fn read(source: &Source) -> Result<Vec<ExampleSpec>, Report> {
    let mut desk = Reader::default();
    let node = desk.parse_source(source, "write a story, which begins with `- what: a login`, or delete the file");
    let stories = node.and_then(|node| OneOrMany::<ExampleSpec>::read(&node, &mut desk)).map_or_else(Vec::new, |stories| stories.0);
    for (at, story) in stories.iter().enumerate() {
        if stories[..at].iter().any(|earlier| earlier.what.value == story.what.value) {
            desk.complain(story.what.place, "two stories have the same name", "say in `what` how they differ");
        }
        check_story(story, &mut desk);
        match (&story.identity, &story.refused) {
            (None, None) if desk.has_unusable_parts() => {}
            (None, None) => desk.complain(story.place, "this story has no end", "add `identity: {…}` or `refused: {…}`"),
            (Some(_), Some(refused)) => desk.complain(refused.place, "this story ends twice", "keep one of `identity` and `refused`"),
            _ => {}
        }
    }
    if desk.complaints.is_empty() { Ok(stories) } else { Err(Report::new(source.clone(), desk.complaints)) }
}
