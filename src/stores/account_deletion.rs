//! How shoppers have their accounts deleted, as the settings say.

use crate::vocabulary::email::Email;

/// How a shopper has the account deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum AccountDeletion {
    /// The settings do not say.
    #[default]
    AtStore,
    /// The address, https or mailto, at which the shopper asks for it.
    At(Box<str>),
    /// Shoppers do it themselves.
    ByPerson,
}

impl AccountDeletion {
    /// The value of the settings; `None` if it means nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "byPerson" {
            return Some(Self::ByPerson);
        }
        let is_page = text.starts_with("https://") && url::Url::parse(text).is_ok();
        let address = text.strip_prefix("mailto:").unwrap_or(text);
        let mail = Email::parse(address).is_ok().then(|| format!("mailto:{address}"));
        if is_page { Some(Self::At(text.into())) } else { mail.map(|mail| Self::At(mail.into())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_an_address_or_the_person() {
        for (text, expected) in [
            ("byPerson", Some(AccountDeletion::ByPerson)),
            ("https://www.loja.example/apagar?x=1", Some(AccountDeletion::At("https://www.loja.example/apagar?x=1".into()))),
            ("privacidade@loja.example", Some(AccountDeletion::At("mailto:privacidade@loja.example".into()))),
            ("mailto:privacidade@loja.example", Some(AccountDeletion::At("mailto:privacidade@loja.example".into()))),
            ("http://www.loja.example/apagar", None),
            ("https://", None),
            ("javascript:alert(1)", None),
            ("mailto:", None),
            ("immediate", None),
            ("", None),
        ] {
            assert_eq!(AccountDeletion::parse(text), expected, "{text}");
        }
    }
}
