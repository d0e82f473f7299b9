//! A provider's file in parts, each beside what it makes the broker send.

use crate::lab::pages::exchange_view::RequestView;
use crate::lab::pages::masked_file::{MaskedFile, MaskedLine};
use crate::workbench::explain::ExplainedVerdict;

/// The words under which the three steps stand.
const STEPS: [&str; 3] = ["getAuthorizationCode", "getAccessCode", "getUserInfo"];

/// A part of the file, and what stands beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileSection {
    pub(crate) lines: Vec<MaskedLine>,
    /// Whether the values of the installation stand beside it.
    pub(crate) values: bool,
    pub(crate) previews: Vec<RequestPreview>,
}

impl FileSection {
    pub(crate) fn first(&self) -> usize {
        self.lines.first().map_or(1, |line| line.number)
    }

    pub(crate) fn last(&self) -> usize {
        self.lines.last().map_or(1, |line| line.number)
    }
}

/// A request as it would be sent, and what is read from its answer.
#[derive(Clone, Debug)]
pub(crate) struct RequestPreview {
    /// Which of them it is, from 1.
    pub(crate) number: usize,
    pub(crate) step: String,
    pub(crate) asking: RequestView,
    /// When the answer means no.
    pub(crate) verdicts: Vec<ExplainedVerdict>,
    pub(crate) reads: Vec<LabFactSource>,
    /// Whether the browser carries it.
    pub(crate) by_browser: bool,
    /// Whether a login goes on when it fails.
    pub(crate) optional: bool,
    /// Whether it is made only sometimes.
    pub(crate) sometimes: bool,
}

/// A fact and where it is read.
#[derive(Clone, Debug)]
pub(crate) struct LabFactSource {
    pub(crate) fact: String,
    pub(crate) from: String,
    /// The line that says so.
    pub(crate) line: u32,
}

/// The step whose block begins with this line, an empty word for any other block.
fn step_of_block(line: &str) -> Option<&'static str> {
    let is_key = line.starts_with(|first: char| first.is_alphanumeric() || first == '"' || first == '\'') && line.contains(':');
    is_key.then(|| {
        let key = line.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        STEPS.iter().find(|step| **step == key).copied().unwrap_or("")
    })
}

/// The file in parts. What is not written in it, such as a step that follows the standard, stands beside its beginning.
pub(crate) fn file_sections(text: &str, code: &MaskedFile, previews: Vec<RequestPreview>) -> Vec<FileSection> {
    let mut pairs: Vec<(&str, FileSection)> = Vec::new();
    // What stands above a block and is not indented, such as a comment, belongs to it.
    let mut waiting: Vec<MaskedLine> = Vec::new();
    for (line, raw) in code.lines.iter().zip(text.lines()) {
        let begins = step_of_block(raw);
        let is_between = raw.trim().is_empty() || raw.starts_with('#') || raw.starts_with("---");
        match (begins, pairs.last_mut()) {
            (Some(step), Some((last, pair))) if *last == step && step.is_empty() => {
                pair.lines.append(&mut waiting);
                pair.lines.push(line.clone());
            }
            (Some(step), _) => {
                let lines = waiting.drain(..).chain([line.clone()]).collect();
                pairs.push((step, FileSection { lines, ..FileSection::default() }));
            }
            (None, _) if is_between => waiting.push(line.clone()),
            (None, Some((_, pair))) => {
                pair.lines.append(&mut waiting);
                pair.lines.push(line.clone());
            }
            (None, None) => {
                pairs.push(("", FileSection { lines: waiting.drain(..).chain([line.clone()]).collect(), ..FileSection::default() }));
            }
        }
    }
    match pairs.last_mut() {
        Some((_, pair)) => pair.lines.append(&mut waiting),
        None => pairs.push(("", FileSection { lines: waiting, ..FileSection::default() })),
    }
    let home = pairs.iter().position(|(step, _)| step.is_empty()).unwrap_or_else(|| {
        pairs.insert(0, ("", FileSection::default()));
        0
    });
    pairs[home].1.values = true;
    for preview in previews {
        let at = pairs.iter().position(|(step, _)| *step == preview.step).unwrap_or(home);
        pairs[at].1.previews.push(preview);
    }
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::StoryRequest;
    use crate::vocabulary::diagnostic::Report;
    use crate::vocabulary::place::Source;

    fn preview(step: &str) -> RequestPreview {
        let asking = RequestView::from_request(&StoryRequest::default());
        let (verdicts, reads) = (Vec::new(), Vec::new());
        RequestPreview { number: 1, step: step.to_owned(), asking, verdicts, reads, by_browser: false, optional: false, sometimes: false }
    }

    fn drawn(text: &str, steps: &[&str]) -> Vec<(usize, usize, bool, usize)> {
        let code = MaskedFile::from_report(&Report::new(Source::new("acme.yaml", text), Vec::new()), &[]);
        let pairs = file_sections(text, &code, steps.iter().map(|step| preview(step)).collect());
        pairs.iter().map(|pair| (pair.first(), pair.last(), pair.values, pair.previews.len())).collect()
    }

    #[test]
    fn every_line_stands_in_one_part_and_every_request_beside_its_own() {
        let text = "# Acme\nname: Acme\n\npkce: off\n# go\ngetAuthorizationCode:\n  get: x\ngetUserInfo:\n  - get: y\n  - get: z\ntrustEmail: always\n# end";

        assert_eq!(
            drawn(text, &["getAuthorizationCode", "getAccessCode", "getUserInfo", "getUserInfo"]),
            [(1, 4, true, 1), (5, 7, false, 1), (8, 10, false, 2), (11, 12, false, 0)]
        );
        assert_eq!(drawn("{ name: Acme }", &["getUserInfo"]), [(1, 1, true, 1)]);
        assert_eq!(drawn("", &[]), [(1, 1, true, 0)]);
        assert_eq!(drawn("getUserInfo: {}\n", &["getUserInfo"]), [(1, 1, true, 0), (1, 1, false, 1)]);
    }
}
