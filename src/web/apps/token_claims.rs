//! What ID tokens and `/userinfo` say of a person, by the granted scopes.

use crate::apps::scope::{self, EMAIL, PROFILE};
use crate::directory::app_grants::AppUser;
use crate::session::further_facts::FurtherFacts;
use serde_json::{Map, Value};

/// The claims of a person. `further` are the facts that the settings of the store hand out.
pub(crate) fn claims_of_person(user: &AppUser, scopes: &str, further: &FurtherFacts) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value.into());
        }
    };
    if scope::has(scopes, PROFILE) {
        for (claim, fact) in &further.claims {
            add(claim, user.facts.iter().find(|(name, _)| name == fact).map(|(_, value)| &**value));
        }
        add("name", user.name.as_deref());
        add("preferred_username", Some(user.email.key()));
        add("picture", user.picture.as_deref());
        add("locale", user.locale.as_deref());
    }
    if scope::has(scopes, EMAIL) {
        add("email", Some(user.email.key()));
        claims.insert("email_verified".to_owned(), user.email_verified.into());
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::email::Email;

    /// Attack V-08
    #[test]
    fn an_app_reads_what_its_scopes_name_and_the_truth_about_the_address() {
        let user = AppUser {
            uid: "u1".into(),
            email: Email::parse("Ana@loja.example").expect("an address"),
            email_verified: false,
            name: Some("Ana".into()),
            picture: None,
            locale: Some("pt-BR".into()),
            facts: vec![("cpf".into(), "123".into()), ("tier".into(), "gold".into())],
        };
        let further = FurtherFacts { claims: vec![("customer_tier".into(), "tier".into())], headers: Vec::new() };
        let claims = |scopes: &str| Value::Object(claims_of_person(&user, scopes, &further));

        assert_eq!(claims("openid"), serde_json::json!({}));
        assert_eq!(claims("openid email"), serde_json::json!({ "email": "ana@loja.example", "email_verified": false }));
        let profile =
            serde_json::json!({ "customer_tier": "gold", "name": "Ana", "preferred_username": "ana@loja.example", "locale": "pt-BR" });
        assert_eq!(claims("openid profile"), profile);
    }
}
