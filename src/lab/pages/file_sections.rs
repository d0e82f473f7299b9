//! A provider's file in sections, each beside the requests that it makes the broker send.

use crate::lab::pages::exchange_view::RequestView;
use crate::lab::pages::masked_file::{MaskedFile, MaskedLine};
use crate::workbench::explain::description::DescriptionRow;

/// The keys of the blocks that describe steps.
const STEPS: [&str; 3] = ["getAuthorizationCode", "getAccessCode", "getUserInfo"];

/// A section of the file, and what is shown beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileSection {
    pub(crate) lines: Vec<MaskedLine>,
    /// Whether the values of the installation are shown beside it.
    pub(crate) shows_values: bool,
    pub(crate) previews: Vec<RequestPreview>,
}

impl FileSection {
    pub(crate) fn first_line(&self) -> usize {
        self.lines.first().map_or(1, |line| line.number)
    }

    pub(crate) fn last_line(&self) -> usize {
        self.lines.last().map_or(1, |line| line.number)
    }
}

/// A request as the broker would send it, and what the file says about its step.
#[derive(Clone, Debug)]
pub(crate) struct RequestPreview {
    /// Its number among the requests, from 1.
    pub(crate) number: usize,
    pub(crate) step: String,
    pub(crate) request: RequestView,
    /// What the file says about the step, and what holds by default.
    pub(crate) rows: Vec<DescriptionRow>,
    /// Whether the shopper's browser makes the request.
    pub(crate) is_by_browser: bool,
    /// Whether a login goes on when the request fails.
    pub(crate) is_optional: bool,
    /// Whether the request has a condition.
    pub(crate) is_conditional: bool,
}

/// The step whose block begins with this line. A line that begins another block gives an empty name.
fn step_of_block(line: &str) -> Option<&'static str> {
    let is_key = line.starts_with(|first: char| first.is_alphanumeric() || first == '"' || first == '\'') && line.contains(':');
    is_key.then(|| {
        let key = line.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        STEPS.iter().find(|step| **step == key).copied().unwrap_or("")
    })
}

/// The sections of a file. A request that no block of the file describes is shown beside the first section.
pub(crate) fn file_sections(text: &str, file: &MaskedFile, previews: Vec<RequestPreview>) -> Vec<FileSection> {
    let mut sections: Vec<(&str, FileSection)> = Vec::new();
    // Comments and blank lines above a block belong to it.
    let mut waiting: Vec<MaskedLine> = Vec::new();
    for (line, raw) in file.lines.iter().zip(text.lines()) {
        let begins = step_of_block(raw);
        let is_between = raw.trim().is_empty() || raw.starts_with('#') || raw.starts_with("---");
        match (begins, sections.last_mut()) {
            (Some(step), Some((last, section))) if *last == step && step.is_empty() => {
                section.lines.append(&mut waiting);
                section.lines.push(line.clone());
            }
            (Some(step), _) => {
                let lines = waiting.drain(..).chain([line.clone()]).collect();
                sections.push((step, FileSection { lines, ..FileSection::default() }));
            }
            (None, _) if is_between => waiting.push(line.clone()),
            (None, Some((_, section))) => {
                section.lines.append(&mut waiting);
                section.lines.push(line.clone());
            }
            (None, None) => {
                sections.push(("", FileSection { lines: waiting.drain(..).chain([line.clone()]).collect(), ..FileSection::default() }));
            }
        }
    }
    match sections.last_mut() {
        Some((_, section)) => section.lines.append(&mut waiting),
        None => sections.push(("", FileSection { lines: waiting, ..FileSection::default() })),
    }
    let first_without_step = sections.iter().position(|(step, _)| step.is_empty()).unwrap_or_else(|| {
        sections.insert(0, ("", FileSection::default()));
        0
    });
    sections[first_without_step].1.shows_values = true;
    for preview in previews {
        let at = sections.iter().position(|(step, _)| *step == preview.step).unwrap_or(first_without_step);
        sections[at].1.previews.push(preview);
    }
    sections.into_iter().map(|(_, section)| section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::StoryRequest;
    use crate::vocabulary::diagnostic::Report;
    use crate::vocabulary::place::Source;

    fn preview(step: &str) -> RequestPreview {
        let request = RequestView::from_request(&StoryRequest::default());
        RequestPreview {
            number: 1,
            step: step.to_owned(),
            request,
            rows: Vec::new(),
            is_by_browser: false,
            is_optional: false,
            is_conditional: false,
        }
    }

    fn drawn(text: &str, steps: &[&str]) -> Vec<(usize, usize, bool, usize)> {
        let file = MaskedFile::from_report(&Report::new(Source::new("acme.yaml", text), Vec::new()), &[]);
        let sections = file_sections(text, &file, steps.iter().map(|step| preview(step)).collect());
        sections.iter().map(|section| (section.first_line(), section.last_line(), section.shows_values, section.previews.len())).collect()
    }

    #[test]
    fn every_line_is_in_one_section_and_every_request_beside_its_own() {
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
