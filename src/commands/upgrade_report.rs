//! `portaria check --upgrade`: prints the lines that stay legal and mean something else than before.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Source;
use crate::workbench::upgrade::{ChangedLine, changed_lines};
use crate::world::files;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Prints the changed lines of provider files. They are information, so the answer is never no.
pub(crate) fn print(paths: &[PathBuf], as_json: bool) -> Result<CommandOutcome, CommandFailure> {
    let read = |path: &PathBuf| {
        let source = files::read_source(path).map_err(|error| CommandFailure::file_error(path, &error))?;
        let lines = changed_lines(&source);
        Ok((source, lines))
    };
    let all: Vec<(Source, Vec<ChangedLine>)> = paths.iter().map(read).collect::<Result<_, CommandFailure>>()?;
    if as_json {
        let files =
            all.iter().map(|(source, lines)| json!({ "file": &*source.name, "changes": lines.iter().map(line_json).collect::<Vec<_>>() }));
        print_line(&json!({ "files": files.collect::<Vec<_>>() }).to_string());
        return Ok(CommandOutcome::Fine);
    }
    for (source, line) in all.iter().flat_map(|(source, lines)| lines.iter().map(move |line| (source, line))) {
        print_line(&format!("{}:{}", printable(&source.name), line.place));
        print_line(&format!("  before   {}", line.meant));
        print_line(&format!("  now      {}", line.means));
        print_line(&format!("  to keep  {}", line.write));
        print_line("");
    }
    print_line(&match all.iter().map(|(_, lines)| lines.len()).sum::<usize>() {
        0 => "no line means something else than in version 0.1".to_owned(),
        1 => "1 line means something else than in version 0.1".to_owned(),
        many => format!("{many} lines mean something else than in version 0.1"),
    });
    Ok(CommandOutcome::Fine)
}

fn line_json(line: &ChangedLine) -> Value {
    json!({ "line": line.place.line, "column": line.place.column, "meant": line.meant, "means": line.means, "write": line.write })
}
