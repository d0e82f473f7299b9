//! The initials that are shown for a name without a picture.

/// One or two initials of a name in any script: of its first two words, of its capitals, or its first letter.
pub(crate) fn initials(title: &str) -> String {
    let mut words = title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    // A particle between two names, for example `do` or `da`, has no initial.
    let second = words.find(|word| !word.starts_with(char::is_lowercase) || first.starts_with(char::is_lowercase)).unwrap_or_default();
    let capitals = || first.chars().skip(1).find(|letter| letter.is_uppercase()).filter(|_| first.chars().any(char::is_lowercase));
    let second = if second.is_empty() { capitals() } else { second.chars().next() };
    first.chars().next().into_iter().chain(second).flat_map(char::to_uppercase).take(2).collect()
}

/// The initial of a person.
pub(crate) fn initial(name: Option<&str>, email: &str) -> String {
    initials(name.unwrap_or(email)).chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_initials_in_any_script() {
        for (title, expected) in [
            ("Vitrine", "V"),
            ("Clube Acme", "CA"),
            ("Clube de Acme", "CA"),
            ("Zé da Esquina", "ZE"),
            ("clube acme", "CA"),
            ("minhaLoja", "ML"),
            ("ACME", "A"),
            ("élan", "É"),
            ("Новый Мир", "НМ"),
            ("書店登入", "書"),
            ("ログイン クラブ", "ロク"),
            ("7-Onze", "7O"),
            ("<b>", "B"),
            ("  ", ""),
            ("ßtraße", "SS"),
        ] {
            assert_eq!(initials(title), expected, "{title}");
        }
    }
}
