//! `portaria providers hosts`: the hosts to which the documents of issuers lead, and accepting those for which a document waits.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::directory::endpoint_hosts::{AcceptHosts, DocumentHosts, ListHosts, parse_origins};
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
    /// The hosts to accept, each of which has to be one that waits
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Accept them
    #[arg(long, requires = "hosts")]
    yes: bool,
}

impl HostsArguments {
    fn names(&self, address: &str) -> bool {
        let issuer = |address: &str| address.split("/.well-known/").next().unwrap_or(address).trim_end_matches('/').to_owned();
        self.document.as_ref().is_none_or(|named| *named == *address || issuer(named) == issuer(address))
    }

    /// The origins that are to be accepted, of those for which a document waits.
    fn chosen(&self, known: &DocumentHosts) -> Vec<Box<str>> {
        let is_named = |origin: &&str| self.hosts.iter().any(|host| is_origin_of(origin, host));
        still_waiting(known).into_iter().filter(is_named).map(Into::into).collect()
    }

    /// Refuses hosts for which no document waits.
    fn check_hosts(&self, list: &[DocumentHosts]) -> Result<(), CommandFailure> {
        let waiting: Vec<&str> = list.iter().flat_map(still_waiting).collect();
        let Some(wrong) = self.hosts.iter().find(|host| !waiting.iter().any(|origin| is_origin_of(origin, host))) else { return Ok(()) };
        let help = if waiting.is_empty() {
            "no host waits: `portaria providers hosts` lists those that are accepted".to_owned()
        } else {
            format!("what waits is {}", printable(&waiting.join(", ")))
        };
        Err(CommandFailure::Usage(format!("`{}` does not wait to be accepted", printable(wrong)), help))
    }

    pub(crate) async fn run(
        &self,
        directory: &Directory,
        json: bool,
        away: impl Fn(StorageUnavailable) -> CommandFailure,
    ) -> Result<CommandOutcome, CommandFailure> {
        let list = async || -> Result<Vec<DocumentHosts>, CommandFailure> {
            let mut list = directory.read(ListHosts).await.map_err(&away)?;
            list.retain(|known| self.names(&known.address));
            Ok(list)
        };
        let mut documents = list().await?;
        if let (Some(named), true) = (&self.document, documents.is_empty()) {
            let help = "`portaria providers hosts` lists the documents that were seen";
            return Err(CommandFailure::Usage(format!("no document of `{}` was seen", printable(named)), help.to_owned()));
        }
        self.check_hosts(&documents)?;
        let mut accepted = 0;
        for known in documents.iter().filter(|_| self.yes) {
            let origins = self.chosen(known);
            if origins.is_empty() {
                continue;
            }
            let accept = AcceptHosts { address: known.address.clone(), origins, now: clock::now() };
            if !directory.write(accept).await.map_err(&away)? {
                let problem = format!("{} leads elsewhere since a moment ago", printable(&known.address));
                return Err(CommandFailure::Usage(problem, "look again before you accept".to_owned()));
            }
            accepted += 1;
        }
        if accepted > 0 {
            documents = list().await?;
        }
        if json {
            let listed = documents.iter().map(|known| {
                let waiting = known.waiting.is_some().then(|| still_waiting(known));
                json!({ "document": &*known.address, "accepted": parse_origins(&known.accepted), "waiting": waiting })
            });
            print_json(&json!({ "documents": listed.collect::<Vec<_>>(), "accepted": accepted }).to_string());
        } else {
            print_line(&self.as_text(&documents, accepted));
        }
        Ok(CommandOutcome::Fine)
    }

    fn as_text(&self, list: &[DocumentHosts], accepted: usize) -> String {
        let mut text = String::new();
        for known in list {
            let hosts = if known.accepted.is_empty() { "no host but its own".to_owned() } else { printable(&known.accepted) };
            let _ = writeln!(text, "{}\n  accepted: {hosts}", printable(&known.address));
            if known.waiting.is_some() {
                let waiting = printable(&still_waiting(known).join(" "));
                let _ = writeln!(
                    text,
                    "  waiting: {waiting}; a document that leads there is not used before `providers hosts ISSUER HOST --yes` accepts it"
                );
            }
        }
        match accepted {
            0 if list.is_empty() => "no discovery document was seen yet".to_owned(),
            0 if !self.hosts.is_empty() => {
                text + "nothing is changed yet; `--yes` accepts these hosts, if the issuer itself has moved there"
            }
            0 => text.trim_end().to_owned(),
            _ => text + "accepted: logins use the document within seconds, once it waits for no other host",
        }
    }
}

/// The origins for which a document waits.
fn still_waiting(known: &DocumentHosts) -> Vec<&str> {
    let accepted = parse_origins(&known.accepted);
    known.waiting.iter().flat_map(|waiting| parse_origins(waiting)).filter(|origin| !accepted.contains(origin)).collect()
}

/// Whether a person means this origin by a host. An origin without https has to be written out.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let host = host.trim_end_matches('/');
    origin.eq_ignore_ascii_case(host) || origin.strip_prefix("https://").is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}
