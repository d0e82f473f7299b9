//! A line of an import as a person: its fields, checked as those of a login are.

use crate::commands::providers::find_target;
use crate::directory::user_import::{ImportedIdentity, ImportedPerson};
use crate::provider::identity::{is_placeholder_domain, is_usable_id, is_usable_picture, shortened};
use crate::stores::Stores;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::vocabulary::email::Email;
use crate::world::random;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The fields of a line.
pub(crate) const FIELDS: [&str; 9] =
    ["email", "emailVerified", "name", "picture", "locale", "store", "provider", "providerId", "identities"];

/// Where the file of a provider points, and its name; or why identities of it cannot be imported.
type ProviderPlace = Result<(Arc<str>, Arc<str>), String>;

/// What was found of each provider, by store and key; the first part is the key once for all its identities.
type FoundPlaces = HashMap<(Box<str>, Box<str>), (Arc<str>, ProviderPlace)>;

/// Reads lines.
pub(crate) struct LineReader<'a> {
    settings: &'a Settings,
    stores: &'a Stores,
    store: &'a str,
    places: FoundPlaces,
}

impl<'a> LineReader<'a> {
    pub(crate) fn new(settings: &'a Settings, stores: &'a Stores, store: &'a str) -> Self {
        Self { settings, stores, store, places: FoundPlaces::new() }
    }

    /// The store of a line, and the person once for each identity.
    pub(crate) fn people_of(&mut self, fields: &Map<String, Value>) -> Result<(Box<str>, Vec<ImportedPerson>), String> {
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let near = did_you_mean(unknown, FIELDS).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!("`{}` is not a field{near}", printable(unknown)));
        }
        let store = text(fields, "store")?.unwrap_or(self.store);
        if self.stores.by_name(store).is_none() {
            return Err(format!("there is no store `{}`", printable(store)));
        }
        let address = text(fields, "email")?.ok_or("there is no `email`")?;
        let email = Email::parse(address).map_err(|why| format!("`{}` is not an address: {why}", printable(address)))?;
        let verified = flag(fields, "emailVerified")?;
        if verified && is_placeholder_domain(email.domain()) {
            return Err("an address in `.invalid` belongs to no person, so it cannot be proven".to_owned());
        }
        let picture = text(fields, "picture")?.map(Box::<str>::from);
        if picture.as_deref().is_some_and(|picture| !is_usable_picture(picture)) {
            return Err("`picture` is not an https address of at most 2048 characters".to_owned());
        }
        let name = text(fields, "name")?.and_then(|name| shortened(name, 200)).map(Into::into);
        let locale = text(fields, "locale")?.and_then(|locale| shortened(locale, 35)).map(Into::into);
        let mut identities = self.identities_of(fields, store)?;
        let last = identities.pop();
        let uid = random::id();
        let person = |identity| {
            let (uid, email, name) = (uid.clone(), email.clone(), Option::<Box<str>>::clone(&name));
            ImportedPerson { uid, email, verified, name, picture: picture.clone(), locale: Option::<Box<str>>::clone(&locale), identity }
        };
        let people = identities.into_iter().map(Some).chain([last]).map(person).collect();
        Ok((store.into(), people))
    }

    fn identities_of(&mut self, fields: &Map<String, Value>, store: &str) -> Result<Vec<ImportedIdentity>, String> {
        let mut found = Vec::new();
        found.extend(self.identity_of(fields, store)?);
        match fields.get("identities") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for one in list {
                    let one = one.as_object().ok_or("`identities` is not a list of objects with `provider` and `providerId`")?;
                    if let Some(odd) = one.keys().find(|name| !["provider", "providerId"].contains(&name.as_str())) {
                        return Err(format!("`{}` is not a field of an identity", printable(odd)));
                    }
                    found.push(self.identity_of(one, store)?.ok_or("an entry of `identities` is empty")?);
                }
            }
            Some(_) => return Err("`identities` is not a list".to_owned()),
        }
        Ok(found)
    }

    fn identity_of(&mut self, fields: &Map<String, Value>, store: &str) -> Result<Option<ImportedIdentity>, String> {
        let (key, id) = match (text(fields, "provider")?, text(fields, "providerId")?) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err("there is a `provider` and no `providerId`".to_owned()),
            (None, Some(_)) => return Err("there is a `providerId` and no `provider`".to_owned()),
            (Some(key), Some(id)) => (key, id),
        };
        if !is_usable_id(id) {
            return Err(format!("`{}` cannot be the id of a person", printable(id)));
        }
        let (settings, stores) = (self.settings, self.stores);
        let place = self.places.entry((store.into(), key.into())).or_insert_with(|| (key.into(), place_of(settings, stores, store, key)));
        let (provider, (fingerprint, file)) = (Arc::clone(&place.0), place.1.clone()?);
        Ok(Some(ImportedIdentity { provider, file, fingerprint, id: id.into() }))
    }
}

/// Where the file of a provider points with the settings of this machine.
fn place_of(settings: &Settings, stores: &Stores, store: &str, key: &str) -> ProviderPlace {
    let store = stores.by_name(store).unwrap_or_else(|| stores.main());
    let target = find_target(key, store, &ReadPolicy::for_store(settings, stores, store)).map_err(|failure| {
        let message = failure.message();
        message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })?;
    Ok(((&*target.place).into(), (&*target.provider.name).into()))
}

/// A text without blanks around it; `None` if it is empty.
fn text<'f>(fields: &'f Map<String, Value>, name: &str) -> Result<Option<&'f str>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(Value::Number(_)) => Err(format!("`{name}` is a number, and a text is expected: write it in quotes")),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(format!("`{name}` is not a text")),
    }
}

fn flag(fields: &Map<String, Value>, name: &str) -> Result<bool, String> {
    match fields.get(name) {
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other @ (Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            Err(format!("`{name}` is `{}`; write `true` or `false`", printable(&other.to_string())))
        }
        _ => match text(fields, name)?.map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "1") => Ok(true),
            None | Some("false" | "no" | "0") => Ok(false),
            Some(other) => Err(format!("`{name}` is `{}`; write `true` or `false`", printable(other))),
        },
    }
}
