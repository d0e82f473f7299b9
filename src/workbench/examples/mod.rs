//! Reads the examples beside a provider file. `NAME.examples.yaml` is a list of stories, each a login that worked or was
//! refused, which the engine of production replays with the recorded answers.

pub(crate) mod difference; //  how a replay differs from its story
pub mod handed_in; //          stories without a redirect
pub mod invented; //           stories of a file that has none
pub mod example; //            a story as it is written
pub mod mutation; //           how many changes of a file its stories notice
pub mod replayed_answers; // the answers that a replay gets
pub mod replay; //             one story, played by the engine
pub(crate) mod stand_ins; //   values that a story does not give
pub(crate) mod tokens; //      the signed tokens of a story

use crate::vocabulary::diagnostic::Report;
use crate::vocabulary::place::Source;
use crate::vocabulary::words::{OneOrMany, Reader, WordValue};
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::handed_in::check_handed_in;

/// Complains about what no story can mean.
fn check_story(story: &ExampleSpec, reader: &mut Reader) {
    if let Some(identity) = &story.identity
        && identity.0.get("id").is_none()
    {
        reader.complain(story.place, "the identity of this story has no `id`", "write who signed in: `identity: { id: \"7\", … }`");
    }
    if let Some(handed) = &story.handed_in {
        check_handed_in(story, handed, reader);
    }
    for (_, token) in story.tokens.iter().flat_map(|tokens| &tokens.0) {
        if let Some(by) = token.signed_by.as_ref().filter(|by| by.value != "stranger") {
            reader.complain(
                by.place,
                format!("`{}` signs nothing", by.value),
                "write `signedBy: stranger` for a key that is not the provider's, or leave it out",
            );
        }
        if !token.claims.0.is_object() {
            reader.complain(token.place, "the claims of this token are no block", "write `claims: { sub: \"7\" }`");
        }
    }
    let requests = story.redirect.iter().chain(story.all_exchanges().filter_map(|exchange| exchange.request.as_ref()));
    for request in requests {
        match (&request.get, &request.post) {
            (Some(_), Some(_)) => reader.complain(request.place, "this request has both `get` and `post`", "keep one of the two"),
            (None, None) => reader.complain(request.place, "this request has no address", "add `get: https://…` or `post: https://…`"),
            _ => {}
        }
    }
    for exchange in story.all_exchanges() {
        let answer = &exchange.answer;
        if answer.status.is_some_and(|status| !(100..600).contains(&status)) {
            reader.complain(answer.place, "this is no HTTP status", "write 200, 400 or another status from 100 to 599");
        }
        if usize::from(answer.json.is_some()) + usize::from(answer.form.is_some()) + usize::from(answer.text.is_some()) > 1 {
            reader.complain(answer.place, "this answer has more than one body", "keep one of `json`, `form` and `text`");
        }
    }
}

/// Reads the stories of an examples file, or complains about it.
pub fn read(source: &Source) -> Result<Vec<ExampleSpec>, Report> {
    let mut reader = Reader::default();
    let node = reader.parse_source(source, "write a story, which begins with `- what: a login`, or delete the file");
    let stories = node.and_then(|node| OneOrMany::<ExampleSpec>::read(&node, &mut reader)).map_or_else(Vec::new, |stories| stories.0);
    for (at, story) in stories.iter().enumerate() {
        if stories[..at].iter().any(|earlier| earlier.what.value == story.what.value) {
            reader.complain(story.what.place, "two stories have the same name", "say in `what` how they differ");
        }
        check_story(story, &mut reader);
        match (&story.identity, &story.refused) {
            (None, None) if reader.has_unusable_parts() => {}
            (None, None) => reader.complain(story.place, "this story has no end", "add `identity: {…}` or `refused: {…}`"),
            (Some(_), Some(refused)) => reader.complain(refused.place, "this story ends twice", "keep one of `identity` and `refused`"),
            _ => {}
        }
    }
    if reader.complaints.is_empty() { Ok(stories) } else { Err(Report::new(source.clone(), reader.complaints)) }
}
