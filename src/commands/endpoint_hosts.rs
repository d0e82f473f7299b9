//! `portaria providers hosts`: the hosts to which the documents of issuers lead, and accepting those of a document that waits.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::directory::endpoint_hosts::{AcceptHosts, DocumentHosts, ListHosts};
use crate::directory::{Directory, StorageUnavailable};
use crate::vocabulary::diagnostic::printable;
use crate::world::clock;
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug, Args)]
pub(crate) struct HostsArguments {
    /// The address of one document, or its issuer; all documents by default
    document: Option<String>,
    /// Accept the hosts to which this document leads now
    #[arg(long, requires = "document")]
    yes: bool,
}

impl HostsArguments {
    fn names(&self, address: &str) -> bool {
        let issuer = |address: &str| address.split("/.well-known/").next().unwrap_or(address).trim_end_matches('/').to_owned();
        self.document.as_ref().is_none_or(|named| *named == *address || issuer(named) == issuer(address))
    }

    pub(crate) async fn run(
        &self,
        directory: &Directory,
        json: bool,
        away: impl Fn(StorageUnavailable) -> CommandFailure,
    ) -> Result<CommandOutcome, CommandFailure> {
        let mut list = directory.read(ListHosts).await.map_err(&away)?;
        list.retain(|known| self.names(&known.address));
        if let (Some(named), true) = (&self.document, list.is_empty()) {
            let help = "`portaria providers hosts` lists the documents that were seen";
            return Err(CommandFailure::Usage(format!("no document of `{}` was seen", printable(named)), help.to_owned()));
        }
        let mut accepted = 0;
        for known in list.iter_mut().filter(|_| self.yes) {
            let Some(seen) = known.waiting.take() else { continue };
            let accept = AcceptHosts { address: known.address.clone(), seen: seen.clone(), now: clock::now() };
            if !directory.write(accept).await.map_err(&away)? {
                let problem = format!("{} leads elsewhere since a moment ago", printable(&known.address));
                return Err(CommandFailure::Usage(problem, "look again before you accept".to_owned()));
            }
            (known.accepted, accepted) = (seen, accepted + 1);
        }
        if json {
            let list = list.iter().map(|known| {
                let origins = |text: &str| text.split(' ').filter(|origin| !origin.is_empty()).map(str::to_owned).collect::<Vec<_>>();
                json!({ "document": &*known.address, "accepted": origins(&known.accepted), "waiting": known.waiting.as_deref().map(origins) })
            });
            print_json(&json!({ "documents": list.collect::<Vec<_>>(), "accepted": accepted }).to_string());
        } else {
            print_line(&as_text(&list, accepted));
        }
        Ok(CommandOutcome::Fine)
    }
}

fn as_text(list: &[DocumentHosts], accepted: usize) -> String {
    let mut text = String::new();
    for known in list {
        let origins = |origins: &str| if origins.is_empty() { "no host but its own".to_owned() } else { printable(origins) };
        let _ = writeln!(text, "{}\n  accepted: {}", printable(&known.address), origins(&known.accepted));
        if let Some(waiting) = &known.waiting {
            let _ = writeln!(text, "  waiting: {}; the document is not used before `--yes` accepts this", origins(waiting));
        }
    }
    match accepted {
        0 if list.is_empty() => "no discovery document was seen yet".to_owned(),
        0 => text.trim_end().to_owned(),
        _ => text + "accepted: logins use the document within seconds",
    }
}
