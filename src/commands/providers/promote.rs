//! `portaria providers promote`: the next version of a provider file takes the place of the present one.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line, uses_colour};
use crate::commands::providers::versions::{PromotionAdvice, VersionPair};
use crate::provider::InstallationContext;
use crate::rollout::counts::NextVersionCounts;
use crate::stores::catalogue::compile_allowed;
use crate::stores::next_version::{previous_path, without_rollout};
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::place::Source;
use crate::world::files;
use clap::Args;
use serde_json::json;
use std::path::Path;

#[derive(Debug, Args)]
pub(crate) struct PromoteArguments {
    /// The name of the provider file
    pub(crate) name: String,
    /// Promote it although something speaks against it, or although it was not compared enough
    #[arg(long)]
    even_so: bool,
}

impl PromoteArguments {
    /// Replaces the present version, unless something speaks against the next one.
    pub(crate) fn run(
        &self,
        pair: &VersionPair,
        counts: &NextVersionCounts,
        (context, policy): &(InstallationContext, ReadPolicy),
        json: bool,
    ) -> Result<CommandOutcome, CommandFailure> {
        pair.next_provider()?;
        let source = promoted_source(pair)?;
        let (compiled, report) = compile_allowed(&source, *context, &policy.with_files_of_others());
        if compiled.is_none() {
            return Err(CommandFailure::No(report.draw(uses_colour())));
        }
        let against = PromotionAdvice::of(pair, counts).reasons();
        if !against.is_empty() && !self.even_so {
            let reasons = against.join("; ");
            return Err(CommandFailure::No(format!(
                "error: the next version of `{}` is not promoted: {reasons}\n  help: `portaria providers compare {}` shows it; `--even-so` promotes it",
                self.name, self.name
            )));
        }
        let is_next_left = put_in_place(pair, &source.text)?;
        let (path, previous) = (&pair.path, previous_path(&pair.path));
        if json {
            let answer = json!({
                "promoted": path.display().to_string(),
                "previous": previous.display().to_string(),
                "against": against,
                "nextChangedMeanwhile": is_next_left,
            });
            print_json(&answer.to_string());
        } else {
            against.iter().for_each(|reason| print_line(&format!("although {reason}")));
            print_line(&format!("{} was kept as {}", path.display(), previous.display()));
            print_line(&format!("{} is now {}", pair.next_path.display(), path.display()));
            if is_next_left {
                print_line(&format!("{} was changed meanwhile, so it stays as the next version", pair.next_path.display()));
            }
            print_line(&format!("to go back: mv {} {}", previous.display(), path.display()));
        }
        Ok(CommandOutcome::Fine)
    }
}

/// The text that takes the place of the present version: the next one that was judged, without its block `rollout`.
fn promoted_source(pair: &VersionPair) -> Result<Source, CommandFailure> {
    let Some(text) = without_rollout(&pair.next.report.source.text) else {
        let path = pair.next_path.display();
        return Err(CommandFailure::No(format!(
            "error: the block `rollout` of {path} cannot be taken out without a change of something else\n  help: write it as a block of its own, or take it out, and promote the file then"
        )));
    };
    Ok(Source::new(pair.path.display().to_string(), text))
}

/// Puts a text in place of the present version and removes the next one, if both are still what was judged. The answer is whether the next
/// version was changed at the last moment, and is therefore still there.
fn put_in_place(pair: &VersionPair, text: &str) -> Result<bool, CommandFailure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| CommandFailure::file_error(&path, &error)
    };
    for (path, judged) in [(&pair.path, &pair.present.report.source), (&pair.next_path, &pair.next.report.source)] {
        if files::read_source(path).map_err(failed(path))?.text != judged.text {
            return Err(CommandFailure::No(format!(
                "error: {} was changed while it was compared\n  help: `portaria providers compare {}` compares it as it is now",
                path.display(),
                pair.name()
            )));
        }
    }
    let previous = previous_path(&pair.path);
    files::copy(&pair.path, &previous).map_err(failed(&previous))?;
    files::replace(&pair.path, text).map_err(failed(&pair.path))?;
    let is_removed = files::remove_if_same(&pair.next_path, &pair.next.report.source.text).map_err(failed(&pair.next_path))?;
    Ok(!is_removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::Stores;
    use crate::stores::settings::Settings;
    use crate::world::random;

    const TEXT: &str = "name: Acme\nclientId: loja\nclientSecret: env:ACME_SECRET\ngetAuthorizationCode: { get: https://sso.acme.example/authorize }\n\
        getAccessCode: { post: https://sso.acme.example/token }\n\
        getUserInfo: { get: https://sso.acme.example/me, read: { id: $.id, email: $.email, emailVerified: $.verified } }\n";

    /// A folder with both versions of a file, which were read.
    fn pair() -> VersionPair {
        let folder = std::env::temp_dir().join(format!("portaria-promote-{}", random::id()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("acme.yaml"), TEXT).unwrap();
        std::fs::write(folder.join("acme.next.yaml"), format!("{TEXT}order: 7\nrollout: {{ share: 10% }}\n")).unwrap();
        let settings =
            Settings { public_url: "http://localhost:8080".to_owned(), providers: folder.display().to_string(), ..Settings::default() };
        VersionPair::find("acme", Stores::new(&settings).main(), &ReadPolicy::default()).unwrap_or_else(|_| panic!("both are there"))
    }

    fn text(path: &Path) -> String {
        files::read_source(path).map(|source| source.text.to_string()).unwrap_or_default()
    }

    #[test]
    fn exactly_the_text_that_was_judged_is_put_in_place() {
        let pair = pair();
        let source = promoted_source(&pair).unwrap_or_else(|_| panic!("it can be cut"));

        assert!(matches!(put_in_place(&pair, &source.text), Ok(false)));

        let found = (text(&pair.path), text(&previous_path(&pair.path)), pair.next_path.exists());
        assert_eq!(found, (format!("{TEXT}order: 7\n"), TEXT.to_owned(), false));
        std::fs::remove_dir_all(pair.path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_was_changed_meanwhile_is_not_promoted_and_not_removed() {
        for of_next in [true, false] {
            let pair = pair();
            let changed = if of_next { &pair.next_path } else { &pair.path };
            std::fs::write(changed, "name: Outra\n").unwrap();
            let before = (text(&pair.path), text(&pair.next_path));

            assert!(matches!(put_in_place(&pair, TEXT), Err(CommandFailure::No(message)) if message.contains("was changed while")));

            assert_eq!((text(&pair.path), text(&pair.next_path)), before);
            assert!(!previous_path(&pair.path).exists());
            std::fs::remove_dir_all(pair.path.parent().unwrap()).unwrap();
        }
    }
}
