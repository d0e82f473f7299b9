//! The client apps of a store: what the settings say, with the secrets and keys that they name.

use crate::apps::client_app::{AppAuthentication, AppGrantKinds, AppKeys, ClientApp, SecretDigest};
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::stores::settings::apps::{AppKeysPlace, AppSecretSpec, AppSpec, ConsentRule, PkceRule};
use crate::vocabulary::diagnostic::{Complaint, Severity, did_you_mean};
use crate::vocabulary::place::Located;
use crate::world::{files, secrets};
use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

/// The largest file of keys.
const LARGEST_KEYS: usize = 64 * 1024;
/// A shorter secret can be guessed.
const SHORTEST_SECRET: usize = 16;

/// The apps of a store by their client ids.
#[derive(Debug, Default)]
pub struct ClientApps(BTreeMap<Box<str>, Arc<ClientApp>>);

impl ClientApps {
    /// The apps of these settings. `authenticate` reads the secret or the keys of an app.
    pub(crate) fn new(written: &[(Box<str>, AppSpec)], mut authenticate: impl FnMut(&str, &AppSpec) -> AppAuthentication) -> Self {
        Self(written.iter().map(|(name, spec)| (name.clone(), Arc::new(compile(name, spec, authenticate(name, spec))))).collect())
    }

    /// The app of a client id.
    pub fn find(&self, client_id: &str) -> Option<&Arc<ClientApp>> {
        self.0.get(client_id)
    }

    /// All apps, in the order of their client ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ClientApp>> {
        self.0.values()
    }

    /// Whether the tokens of an app are signed with RSA.
    pub fn needs_rsa(&self) -> bool {
        self.iter().any(|app| app.signing == TokenAlgorithm::Rs256)
    }
}

fn compile(name: &str, spec: &AppSpec, authentication: AppAuthentication) -> ClientApp {
    let text = |text: &Located<String>| -> Box<str> { text.as_str().into() };
    let texts = |list: &[Located<String>]| -> Vec<Box<str>> { list.iter().map(text).collect() };
    let scopes = spec.scopes.as_ref().map(|scopes| texts(&scopes.0));
    ClientApp {
        name: name.into(),
        title: spec.name.as_ref().map(|title| title.trim().into()),
        authentication,
        redirect_uris: spec.redirect_uris.as_ref().map(|list| texts(&list.0)).unwrap_or_default(),
        after_logout: spec.after_logout.as_ref().map(|list| texts(&list.0)).unwrap_or_default(),
        back_channel_logout: spec.back_channel_logout.as_ref().map(text),
        grants: AppGrantKinds(spec.grant_kinds()),
        scopes: scopes.unwrap_or_else(|| ["openid", "email", "profile"].map(Into::into).into()),
        audiences: spec.audience.as_ref().map_or_else(|| vec![name.into()], |list| texts(&list.0)),
        serves: spec.serves.as_ref().map(|list| texts(&list.0)).unwrap_or_default(),
        providers: spec.providers.as_ref().map(|list| texts(&list.0)),
        signing: spec.signing.map_or(TokenAlgorithm::Rs256, |signing| signing.value),
        requires_pkce: spec.is_public() || spec.pkce.is_some_and(|rule| rule.value == PkceRule::Required),
        asks_consent: spec.consent.is_some_and(|rule| rule.value == ConsentRule::Ask),
        token_providers: spec.tokens.as_ref().map(|list| texts(&list.0)).unwrap_or_default(),
    }
}

/// Why an app cannot prove who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnreadAuthentication {
    /// The variable or the file is not there, or empty.
    NotSet(String),
    /// The file of keys holds something else.
    NoKeys { file: String, why: &'static str },
}

impl fmt::Display for UnreadAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet(location) => write!(f, "`{location}` is not set"),
            Self::NoKeys { file, why } => write!(f, "`file:{file}` is no JWKS: {why}"),
        }
    }
}

/// Reads the secret or the keys of an app.
pub(crate) fn read_authentication(spec: &AppSpec) -> Result<AppAuthentication, UnreadAuthentication> {
    match (&spec.secret, spec.keys_place()) {
        (Some(AppSecretSpec::Public), None) => Ok(AppAuthentication::Public),
        (Some(AppSecretSpec::Hash(digest)), None) => Ok(AppAuthentication::Secret(*digest)),
        (Some(AppSecretSpec::Kept(reference)), None) => secrets::read_secret(&reference.0, "secret of an app")
            .map(|secret| AppAuthentication::Secret(secret.judged(SecretDigest::of)))
            .ok_or_else(|| UnreadAuthentication::NotSet(reference.0.location())),
        (None, Some(AppKeysPlace::Address(address))) => Ok(AppAuthentication::Keys(AppKeys::Address(address.into()))),
        (None, Some(AppKeysPlace::File(path))) => {
            let file = path.display().to_string();
            let text = match files::read_bytes(&path, LARGEST_KEYS) {
                Ok(text) => text,
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(UnreadAuthentication::NotSet(format!("file:{file}"))),
                Err(_) => return Err(UnreadAuthentication::NoKeys { file, why: "it cannot be read" }),
            };
            AppKeys::read(&text).map(AppAuthentication::Keys).map_err(|why| UnreadAuthentication::NoKeys { file, why })
        }
        // Settings that say this are not used.
        (Some(_), Some(_)) | (None, None) => Ok(AppAuthentication::Missing),
    }
}

/// The provider files that an app names and that are not among `known`.
pub(crate) fn unknown_providers<'s>(spec: &'s AppSpec, known: &[String]) -> Vec<&'s Located<String>> {
    let is_unknown = |name: &&Located<String>| !known.contains(&name.value);
    // A code by e-mail and a passkey give no tokens.
    let gives_none = |name: &&Located<String>| matches!(name.as_str(), EMAIL_CODE | PASSKEY);
    let of_tokens = spec.tokens.iter().flat_map(|list| &list.0).filter(|name| is_unknown(name) || gives_none(name));
    spec.providers.iter().flat_map(|list| &list.0).filter(is_unknown).chain(of_tokens).collect()
}

/// What is wrong with an app on this machine: a secret or a file that is missing, and names of providers that are none. `known` are the
/// names of the provider files of its store, where they can be listed.
pub(crate) fn app_complaints(name: &str, spec: &AppSpec, known: Option<&[String]>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if let (Err(unread), Some((_, place))) = (read_authentication(spec), spec.kept_at()) {
        let severity = match unread {
            UnreadAuthentication::NotSet(_) => Severity::Warning,
            UnreadAuthentication::NoKeys { .. } => Severity::Error,
        };
        let help = "set the variable or create the file on the machine of the broker";
        complaints.push(Complaint::new(severity, Some(place), format!("{unread}, so the app `{name}` cannot sign anyone in"), help));
    }
    if let Some(reference) = spec.secret_reference()
        && secrets::read_secret(&reference.0, "secret of an app").is_some_and(|secret| secret.judged(str::len) < SHORTEST_SECRET)
    {
        let help = format!("make a random one: `portaria apps secret {name}`");
        complaints.push(Complaint::new(
            Severity::Warning,
            Some(reference.1),
            format!("the secret of the app `{name}` is short enough to be guessed"),
            help,
        ));
    }
    for provider in known.map(|known| unknown_providers(spec, known)).unwrap_or_default() {
        let help = match did_you_mean(provider, known.into_iter().flatten().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the name of a provider file of this store, without `.yaml`".to_owned(),
        };
        let message = format!("there is no provider file `{}` in this store", provider.value);
        complaints.push(Complaint::new(Severity::Error, Some(provider.place), message, help));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::client_app::AppGrantKind;
    use crate::stores::Stores;
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;
    use crate::world::random;

    fn specs(text: &str) -> Vec<(Box<str>, AppSpec)> {
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let stores = Stores::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))));
        stores.main().apps.clone()
    }

    fn apps(text: &str) -> ClientApps {
        ClientApps::new(&specs(text), |_, spec| read_authentication(spec).unwrap_or(AppAuthentication::Missing))
    }

    #[test]
    fn what_an_app_does_not_say_has_a_default_that_is_safe() {
        let apps = apps(
            "apps:\n  celular: { secret: none, redirectUris: 'http://127.0.0.1/cb' }\n  \
             tarefa: { keys: 'https://tarefa.example/jwks.json', grants: clientCredentials, signing: ES256, audience: [ a, b ] }\n",
        );
        let (phone, job) = (apps.find("celular").unwrap(), apps.find("tarefa").unwrap());

        assert!(phone.is_public() && phone.requires_pkce && !phone.asks_consent && phone.token_providers.is_empty());
        assert_eq!(phone.scopes, ["openid", "email", "profile"].map(Into::into));
        assert_eq!((phone.grants.0.as_slice(), phone.signing), (&[AppGrantKind::AuthorizationCode][..], TokenAlgorithm::Rs256));
        assert_eq!((&*phone.audiences, phone.shown_name()), (&["celular".into()][..], "celular"));
        assert_eq!(job.audiences, ["a", "b"].map(Into::into));
        assert!(!job.requires_pkce && matches!(&job.authentication, AppAuthentication::Keys(AppKeys::Address(_))));
        assert!(apps.needs_rsa() && apps.find("Celular").is_none() && apps.iter().count() == 2);
    }

    #[test]
    fn a_store_signs_with_rsa_only_for_apps_that_want_it() {
        let app = "redirectUris: 'https://a.example/cb', secret: none";

        assert!(!apps("apps: {}\n").needs_rsa());
        assert!(!apps(&format!("apps: {{ a: {{ {app}, signing: ES256 }} }}\n")).needs_rsa());
        assert!(apps(&format!("apps: {{ a: {{ {app} }} }}\n")).needs_rsa());
    }

    #[test]
    fn an_app_belongs_to_the_store_under_which_it_is_written() {
        let app = "redirectUris: 'https://a.example/cb', secret: none";
        let text = format!(
            "publicUrl: https://login.loja.example\napps: {{ a: {{ {app} }} }}\nstores:\n  b: {{ publicUrl: 'https://b.example', apps: {{ c: {{ {app} }} }} }}\n  \
             d: {{ publicUrl: 'https://d.example' }}\n"
        );
        let (settings, _) = Settings::read(&Source::new("portaria.yaml", text));
        let stores = Stores::new(&settings.unwrap());
        let names = |store: &str| -> Vec<String> { stores.by_name(store).unwrap().apps.iter().map(|(name, _)| name.to_string()).collect() };

        assert_eq!((names("main"), names("b"), names("d")), (vec!["a".into()], vec!["c".into()], vec![]));
    }

    #[test]
    fn a_secret_is_read_of_its_file_and_one_that_is_missing_lets_no_program_in() {
        let file = std::env::temp_dir().join(format!("portaria-app-{}", random::id()));
        let text = format!("apps: {{ a: {{ secret: 'file:{}', redirectUris: 'https://a.example/cb' }} }}\n", file.display());
        let complaints = |known: Option<&[String]>| app_complaints("a", &specs(&text)[0].1, known);

        assert!(matches!(apps(&text).find("a").unwrap().authentication, AppAuthentication::Missing));
        assert!(complaints(None)[0].message.ends_with("is not set, so the app `a` cannot sign anyone in"));
        files::write(&file, " \n").unwrap();
        assert!(matches!(apps(&text).find("a").unwrap().authentication, AppAuthentication::Missing));
        files::write(&file, "hush\n").unwrap();
        let found = complaints(None);
        let app = Arc::clone(apps(&text).find("a").unwrap());
        files::write(&file, &"0123456789abcdef".repeat(2)).unwrap();
        let later = complaints(None);
        std::fs::remove_file(&file).unwrap();

        assert!(matches!(app.authentication, AppAuthentication::Secret(digest) if digest.matches("hush")));
        assert!(found.len() == 1 && found[0].message.contains("short enough"), "{found:?}");
        assert!(later.is_empty(), "{later:?}");
    }

    #[test]
    fn keys_of_a_file_are_read_and_what_is_wrong_with_them_is_said() {
        let file = std::env::temp_dir().join(format!("portaria-keys-{}", random::id()));
        let text = format!("apps: {{ a: {{ keys: 'file:{}', grants: clientCredentials }} }}\n", file.display());
        let read = || read_authentication(&specs(&text)[0].1);

        assert!(matches!(read(), Err(UnreadAuthentication::NotSet(_))));
        files::write(&file, r#"{"keys":[{"kty":"oct","k":"aHVzaA"}]}"#).unwrap();
        let private = read().map(|_| ()).map_err(|unread| unread.to_string());
        std::fs::remove_file(&file).unwrap();

        assert!(private.is_err_and(|why| why.contains("is no JWKS: it holds a secret or private key")));
    }

    #[test]
    fn a_provider_that_an_app_names_has_a_file() {
        let text = "apps: { a: { secret: none, redirectUris: 'https://a.example/cb', providers: [ acme, acmee ], tokens: [ zeta ] } }\n";
        let known = ["acme".to_owned(), "beta".to_owned()];

        let found = app_complaints("a", &specs(text)[0].1, Some(&known));

        let found: Vec<_> = found.iter().map(|complaint| (complaint.message.as_str(), complaint.help.as_str())).collect();
        assert_eq!(
            found,
            [
                ("there is no provider file `acmee` in this store", "did you mean `acme`?"),
                ("there is no provider file `zeta` in this store", "write the name of a provider file of this store, without `.yaml`")
            ]
        );
        assert!(app_complaints("a", &specs(text)[0].1, None).is_empty());
    }
}
