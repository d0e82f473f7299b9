//! `portaria apps`: the apps of all stores, a new app, and a new secret for one.

mod new_app; // the block of a new app, and its place in the settings file

use crate::apps::client_app::{AppAuthentication, ClientApp, SecretDigest};
use crate::commands::GlobalOptions;
use crate::commands::apps::new_app::AddAppArguments;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::stores::apps::{ClientApps, app_complaints, read_authentication};
use crate::stores::catalogue::provider_names;
use crate::stores::settings::apps::AppSpec;
use crate::stores::settings::client_id_problem;
use crate::stores::{Store, Stores};
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::world::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// List the apps of all stores, or make what a new one needs.
#[derive(Debug, Args)]
pub(crate) struct AppsCommand {
    #[command(subcommand)]
    what: AppsSubcommand,
}

#[derive(Debug, Subcommand)]
enum AppsSubcommand {
    /// List the apps of all stores with what their developers need, and what is missing
    #[command(after_help = "Example: portaria apps list
         portaria apps list --json")]
    List,
    /// Make the settings of a new app, and its secret, which is shown once
    #[command(after_help = "Example: portaria apps add painel --redirect https://painel.loja.example/callback
         portaria apps add celular --public --redirect com.example.app:/callback --write
         portaria apps add tarefa --grant clientCredentials --scope orders:read

It prints the block for the settings file. With --write it is put into the file, where that changes no other line.")]
    Add(Box<AddAppArguments>),
    /// Make a new secret for an app; it is shown once, and only its hash goes into the settings
    #[command(after_help = "Example: portaria apps secret painel

The broker accepts the new secret, and no longer the old one, as soon as the printed line stands in the settings file.")]
    Secret {
        /// The `client_id` of the app, which is its key under `apps`
        name: String,
    },
}

impl AppsCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        match &self.what {
            AppsSubcommand::List => list(global)?,
            AppsSubcommand::Add(arguments) => arguments.run(global)?,
            AppsSubcommand::Secret { name } => make_secret(name, global)?,
        }
        Ok(CommandOutcome::Fine)
    }
}

/// A random secret, and its hash.
fn new_secret() -> (String, SecretDigest) {
    let secret = URL_SAFE_NO_PAD.encode(random::bytes::<32>());
    let digest = SecretDigest::of(&secret);
    (secret, digest)
}

fn check_client_id(name: &str) -> Result<(), CommandFailure> {
    let usage = |help: &str| CommandFailure::Usage(format!("`{}` cannot be a `client_id`", printable(name)), help.to_owned());
    client_id_problem(name).map_or(Ok(()), |help| Err(usage(help)))
}

/// The settings need not be right yet: an app without a secret is a mistake until this has made one.
fn make_secret(name: &str, global: &GlobalOptions) -> Result<(), CommandFailure> {
    check_client_id(name)?;
    if let Ok(settings) = global.settings() {
        let stores = Stores::new(&settings);
        let names: Vec<&str> = stores.all().iter().flat_map(|store| &store.apps).map(|(name, _)| &**name).collect();
        if !names.contains(&name) {
            let near = did_you_mean(name, names.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            eprintln!("note: the settings have no app `{name}` yet{near}");
        }
    }
    let (secret, digest) = new_secret();
    if global.json {
        print_json(&json!({ "clientId": name, "secret": secret, "hash": digest.setting() }).to_string());
    } else {
        print_line(&format!("the secret of the app `{name}`, which is shown only now:\n\n  {secret}\n"));
        print_line(&format!("the line for `apps: {name}:` in the settings, which holds only its hash:\n\n  secret: {}", digest.setting()));
    }
    Ok(())
}

/// An app of a store with what is wrong with it.
struct ListedApp<'s> {
    store: &'s Store,
    spec: &'s AppSpec,
    app: &'s ClientApp,
    missing: Vec<String>,
}

impl ListedApp<'_> {
    /// How the app proves who it is, also if what it needs for that is missing.
    fn kind(&self) -> &'static str {
        if self.spec.is_public() {
            "public"
        } else if self.spec.written_keys().is_some() {
            "keys"
        } else {
            "secret"
        }
    }

    fn grants(&self) -> Vec<&'static str> {
        self.app.grants.0.iter().map(|grant| grant.word()).collect()
    }

    fn as_json(&self) -> Value {
        let app = self.app;
        json!({
            "store": self.store.name,
            "issuer": self.store.public_url,
            "clientId": app.name,
            "name": app.title,
            "kind": self.kind(),
            "grants": self.grants(),
            "redirectUris": app.redirect_uris,
            "afterLogout": app.after_logout,
            "backChannelLogout": app.back_channel_logout,
            "scopes": app.scopes,
            "audience": app.audiences,
            "providers": app.providers,
            "signing": app.signing.name(),
            "pkce": if app.requires_pkce { "required" } else { "optional" },
            "consent": if app.asks_consent { "ask" } else { "none" },
            "tokens": app.token_providers,
            "missing": self.missing,
        })
    }

    fn as_text(&self) -> String {
        let app = self.app;
        let title = app.title.as_deref().map(|title| format!("  {}", printable(title))).unwrap_or_default();
        let kind = match self.kind() {
            "public" => "public client, with PKCE",
            "keys" => "signs with keys of its own",
            _ => "with a secret",
        };
        let texts = |texts: &[Box<str>]| texts.join(", ");
        let providers = app.providers.as_deref().map_or_else(|| "all of the store".to_owned(), texts);
        let lines = [
            ("issuer", self.store.public_url.to_string()),
            ("grants", self.grants().join(", ")),
            ("scopes", texts(&app.scopes)),
            ("redirect", texts(&app.redirect_uris)),
            ("after logout", texts(&app.after_logout)),
            ("audience", texts(&app.audiences)),
            ("providers", providers),
            ("missing", self.missing.join("; ")),
        ];
        let lines = lines.iter().filter(|(_, value)| !value.is_empty());
        let lines = lines.map(|(label, value)| format!("\n  {label:<13}{}", printable(value)));
        format!("{}{title}  ({kind}; store {}){}", app.name, self.store.name, lines.collect::<String>())
    }
}

fn list(global: &GlobalOptions) -> Result<(), CommandFailure> {
    let settings = global.settings()?;
    let stores = Stores::new(&settings);
    let mut texts = Vec::new();
    let mut all = Vec::new();
    for store in stores.all() {
        let known = provider_names(&store.providers).map(|files| store.names_for_apps(files));
        let apps = ClientApps::new(&store.apps, |_, spec| read_authentication(spec).unwrap_or(AppAuthentication::Missing));
        for (name, spec) in &store.apps {
            let Some(app) = apps.find(name) else { continue };
            let missing = app_complaints(name, spec, known.as_deref()).into_iter().map(|complaint| complaint.message).collect();
            let listed = ListedApp { store, spec, app, missing };
            all.push(listed.as_json());
            texts.push(listed.as_text());
        }
    }
    if global.json {
        print_json(&json!({ "apps": all }).to_string());
    } else if texts.is_empty() {
        print_line("there are no apps; `portaria apps add NAME --redirect URI` makes the settings of one");
    } else {
        print_line(&texts.join("\n\n"));
    }
    Ok(())
}
