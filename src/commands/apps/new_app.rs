//! `portaria apps add`: the block of a new app, and its place in the settings file.

use crate::commands::GlobalOptions;
use crate::commands::apps::{check_client_id, new_secret};
use crate::commands::outcome::{CommandFailure, print_json, print_line};
use crate::commands::users::context::other_stores;
use crate::stores::settings::Settings;
use crate::stores::{MAIN, Stores};
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue, write_block};
use crate::vocabulary::yaml::{self, YamlEntry, YamlKind, YamlNode};
use crate::world::files;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct AddAppArguments {
    /// The `client_id` of the app
    name: String,
    /// An address to which people return; it may be given several times
    #[arg(long, value_name = "URI")]
    redirect: Vec<String>,
    /// An address to which people may be sent after signing out; it may be given several times
    #[arg(long, value_name = "URI")]
    after_logout: Vec<String>,
    /// The name that people read
    #[arg(long, value_name = "NAME")]
    title: Option<String>,
    /// A public client, which can keep no secret, such as a mobile app
    #[arg(long, conflicts_with = "keys")]
    public: bool,
    /// Where the keys of an app are that signs: the address of its JWKS, or `file:` and a path
    #[arg(long, value_name = "ADDRESS")]
    keys: Option<String>,
    /// A grant; it may be given several times [default: authorizationCode]
    #[arg(long, value_name = "GRANT")]
    grant: Vec<String>,
    /// A scope; it may be given several times [default: openid, email, profile]
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// The store to which the app belongs
    #[arg(long, value_name = "NAME", default_value = MAIN)]
    store: String,
    /// Put the block into the settings file
    #[arg(long)]
    write: bool,
}

impl AddAppArguments {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<(), CommandFailure> {
        check_client_id(&self.name)?;
        let settings = global.settings()?;
        let stores = Stores::new(&settings);
        other_stores(&self.store, &stores)?;
        let store = stores.by_name(&self.store).unwrap_or_else(|| stores.main());
        if store.apps.iter().any(|(known, _)| **known == *self.name) {
            let help = format!("`portaria apps secret {}` makes a new secret for it", self.name);
            return Err(CommandFailure::Usage(format!("there is an app `{}` already", self.name), help));
        }
        let (secret, digest) = if self.public || self.keys.is_some() {
            (None, None)
        } else {
            let (secret, digest) = new_secret();
            (Some(secret), Some(digest.setting()))
        };
        let app = YamlLine::new(&self.name, YamlValue::Block(self.lines(digest)));
        let block = block_text(&self.store, &app);
        check_block(&block, &self.store, &store.public_url)?;
        let file = global.settings_file().unwrap_or_else(|| PathBuf::from("portaria.yaml"));
        if self.write {
            write_into(&file, &self.store, &app)?;
        }
        if global.json {
            let written = self.write.then(|| file.display().to_string());
            let answer = json!({
                "store": store.name, "issuer": store.public_url, "clientId": self.name, "secret": secret, "settings": block, "written": written,
            });
            print_json(&answer.to_string());
            return Ok(());
        }
        if self.write {
            print_line(&format!("the app `{}` stands in {}:\n", self.name, file.display()));
        } else {
            print_line(&format!("the block for {}; --write puts it there:\n", file.display()));
        }
        print_line(&block);
        print_line("what the developer of the app needs:\n");
        print_line(&format!("  issuer         {}\n  client id      {}", store.public_url, self.name));
        if let Some(secret) = secret {
            print_line(&format!("  client secret  {secret}    (shown only now)"));
        }
        Ok(())
    }

    fn lines(&self, secret: Option<String>) -> Vec<YamlLine> {
        let list = |texts: &[String]| (!texts.is_empty()).then(|| YamlValue::List(texts.iter().map(YamlValue::text).collect()));
        let text = |text: &Option<String>| text.as_ref().map(YamlValue::text);
        let secret = if self.public { Some("none".to_owned()) } else { secret };
        let lines = [
            ("name", text(&self.title)),
            ("secret", text(&secret)),
            ("keys", text(&self.keys)),
            ("redirectUris", list(&self.redirect)),
            ("afterLogout", list(&self.after_logout)),
            ("grants", list(&self.grant)),
            ("scopes", list(&self.scope)),
        ];
        lines.into_iter().filter_map(|(key, value)| Some(YamlLine::new(key, value?))).collect()
    }
}

/// The lines of a settings file that add an app to a store.
fn block_text(store: &str, app: &YamlLine) -> String {
    let apps = YamlLine::new("apps", YamlValue::Block(vec![app.clone()]));
    let line = if store == MAIN {
        apps
    } else {
        YamlLine::new("stores", YamlValue::Block(vec![YamlLine::new(store, YamlValue::Block(vec![apps]))]))
    };
    let mut text = String::new();
    write_block(&[line], 0, &mut text);
    text
}

/// Whether the block could stand in a settings file.
fn check_block(block: &str, store: &str, public_url: &str) -> Result<(), CommandFailure> {
    let text = if store == MAIN {
        format!("publicUrl: {public_url}\n{block}")
    } else {
        block.replacen("    apps:", &format!("    publicUrl: {public_url}\n    apps:"), 1)
    };
    let (settings, report) = Settings::read(&Source::new("the new app", text));
    if settings.is_some() {
        return Ok(());
    }
    let first = report.complaints.into_iter().next();
    let (message, help) = first.map_or_else(Default::default, |complaint| (complaint.message, complaint.help));
    Err(CommandFailure::Usage(message, help))
}

/// Puts the app into the settings file. Every line that stands there stays as it is.
fn write_into(file: &Path, store: &str, app: &YamlLine) -> Result<(), CommandFailure> {
    let by_hand = || {
        let message = format!("{} is written so that the app cannot be put into it without changing other lines", file.display());
        CommandFailure::No(format!("{message}\n  help: leave --write out, and paste the block"))
    };
    if !files::is_file(file) {
        return files::write(file, &block_text(store, app)).map_err(|error| CommandFailure::file_error(file, &error));
    }
    let source = files::read_source(file).map_err(|error| CommandFailure::file_error(file, &error))?;
    let text = with_app(&source, store, app).ok_or_else(by_hand)?;
    files::write(file, &text).map_err(|error| CommandFailure::file_error(file, &error))
}

/// The text of a settings file with one app more; `None` if that is not possible without changing other lines.
fn with_app(source: &Source, store: &str, app: &YamlLine) -> Option<String> {
    let text = &*source.text;
    let apps = || YamlLine::new("apps", YamlValue::Block(vec![app.clone()]));
    let new = if text.trim().is_empty() {
        block_text(store, app)
    } else {
        let (root, _) = yaml::parse(source).ok()?;
        if store == MAIN {
            match root.entry("apps") {
                Some(entry) => below(text, entry, app)?,
                None => at_the_end(text, &apps()),
            }
        } else {
            let of_store = root.get("stores")?.entry(store)?;
            match of_store.value.entry("apps") {
                Some(entry) => below(text, entry, app)?,
                None => below(text, of_store, &apps())?,
            }
        }
    };
    let (settings, _) = Settings::read(&Source::new(source.name.clone(), new.as_str()));
    let stores = Stores::new(&settings?);
    let is_there = stores.by_name(store)?.apps.iter().any(|(name, _)| **name == *app.key);
    is_there.then_some(new)
}

fn at_the_end(text: &str, line: &YamlLine) -> String {
    let mut new = text.to_owned();
    if !new.ends_with('\n') {
        new.push('\n');
    }
    write_block(std::slice::from_ref(line), 0, &mut new);
    new
}

/// Puts a line directly below a key, before the first line of its block, with the indent of that.
fn below(text: &str, entry: &YamlEntry, line: &YamlLine) -> Option<String> {
    let first = first_key(&entry.value)?;
    if first.line <= entry.key.place.line {
        return None;
    }
    let indent = usize::try_from(first.column).ok()?.checked_sub(1)?;
    let at = text.get(entry.key.place.start as usize..)?.find('\n')? + entry.key.place.start as usize + 1;
    let mut new = text.get(..at)?.to_owned();
    write_block(std::slice::from_ref(line), indent, &mut new);
    new.push_str(text.get(at..)?);
    Some(new)
}

fn first_key(node: &YamlNode) -> Option<Place> {
    match &node.kind {
        YamlKind::Map(entries) => entries.first().map(|entry| entry.key.place),
        YamlKind::List(_) | YamlKind::Scalar { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str, store: &str) -> Option<String> {
        let lines = vec![
            YamlLine::new("secret", YamlValue::text("none")),
            YamlLine::new("redirectUris", YamlValue::List(vec![YamlValue::text("https://novo.example/cb")])),
        ];
        with_app(&Source::new("portaria.yaml", text), store, &YamlLine::new("novo", YamlValue::Block(lines)))
    }

    const NEW: &str = "novo:\n    secret: none\n    redirectUris: [ \"https://novo.example/cb\" ]\n";

    #[test]
    fn an_app_is_put_into_the_file_and_every_other_line_stays() {
        let old = "a: { secret: none, redirectUris: 'https://a.example/cb' }";
        for (before, after) in [
            ("", format!("apps:\n  {NEW}")),
            ("# mine\nlimits: { login: 3 } # few", format!("# mine\nlimits: {{ login: 3 }} # few\napps:\n  {NEW}")),
            (
                &format!("apps: # ours\n  # the first\n  {old}\nlimits: {{ login: 3 }}\n"),
                format!("apps: # ours\n  {NEW}  # the first\n  {old}\nlimits: {{ login: 3 }}\n"),
            ),
        ] {
            assert_eq!(added(before, MAIN).as_deref(), Some(&*after), "{before}");
        }
    }

    #[test]
    fn an_app_is_put_into_its_store() {
        let text = "publicUrl: https://login.loja.example\nstores:\n  b: # the second\n    publicUrl: https://b.example\n  c: { publicUrl: 'https://c.example' }\n";

        let new = added(text, "b").unwrap();

        assert_eq!(
            new,
            text.replace(
                "  b: # the second\n",
                "  b: # the second\n    apps:\n      novo:\n        secret: none\n        redirectUris: [ \"https://novo.example/cb\" ]\n"
            )
        );
        assert_eq!(added(text, "c"), None);
        assert_eq!(added(text, "d"), None);
    }

    #[test]
    fn a_file_that_would_have_to_be_changed_stays_as_it_is() {
        for text in [
            "apps: {}\n",
            "apps: { a: { secret: none, redirectUris: 'https://a.example/cb' } }\n",
            "{ limits: off }\n",
            "limits: off\n...\n",
            "limtis: off\n",
        ] {
            assert_eq!(added(text, MAIN), None, "{text}");
        }
    }
}
