//! Examples beside a provider file: recorded exchanges that replay. `NAME.examples.yaml` is a list of stories, each
//! a login that worked or was refused; the same engine as in production is given the recorded answers.

pub mod difference;
pub mod mutation;
pub mod replay;
pub mod standins;
pub mod story;

use crate::diagnostic::Report;
use crate::examples::story::StorySpec;
use crate::place::Source;
use crate::words::{Desk, OneOrMany, Word};
use crate::yaml;

/// Reads the stories of an examples file, or complains about it.
pub fn read(source: &Source) -> Result<Vec<StorySpec>, Report> {
    let mut desk = Desk::default();
    let stories = match yaml::parse(source) {
        Ok((node, twice)) => {
            for twice in twice {
                if let Some(place) = twice.place {
                    desk.complain(place, twice.message, twice.help);
                }
            }
            OneOrMany::<StorySpec>::read(&node, &mut desk).map_or_else(Vec::new, |stories| stories.0)
        }
        Err(unreadable) => {
            match unreadable.place {
                Some(place) => desk.complain(place, unreadable.message, unreadable.help),
                None => desk.complain_about_file(unreadable.message, unreadable.help),
            }
            Vec::new()
        }
    };
    for (at, story) in stories.iter().enumerate() {
        if stories[..at].iter().any(|earlier| earlier.what.value == story.what.value) {
            desk.complain(story.what.place, "two stories have the same name", "say in `what` how they differ");
        }
        match (&story.identity, &story.refused) {
            (None, None) => desk.complain(story.place, "this story has no end", "add `identity: {…}` or `refused: {…}`"),
            (Some(_), Some(refused)) => desk.complain(refused.place, "this story ends twice", "keep one of `identity` and `refused`"),
            _ => {}
        }
    }
    if desk.complaints.is_empty() { Ok(stories) } else { Err(Report::new(source.clone(), desk.complaints)) }
}
