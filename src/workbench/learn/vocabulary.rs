//! What members of an answer are called in several languages; all names here are plain, as `look::plain` makes them.

const WHOLE: &[&str] = &[
    "fullname",
    "realname",
    "nomecompleto",
    "nome",
    "nombre",
    "nombrecompleto",
    "navn",
    "namn",
    "nimi",
    "nom",
    "nomcomplet",
    "visningsnavn",
    "anzeigename",
];
/// The name by which somebody is called.
const GIVEN: &[&str] = &[
    "givenname",
    "firstname",
    "given",
    "forename",
    "vorname",
    "prenom",
    "imie",
    "fornavn",
    "fornamn",
    "primeironome",
    "voornaam",
    "etunimi",
];
/// The name of a family.
const FAMILY: &[&str] = &[
    "familyname",
    "lastname",
    "surname",
    "family",
    "nachname",
    "sobrenome",
    "apellido",
    "apellidos",
    "apelido",
    "nomdefamille",
    "nazwisko",
    "etternavn",
    "efternamn",
    "achternaam",
    "cognome",
    "sukunimi",
];
/// Whole names that are only the first of two where a family's name stands beside them.
const FIRST_OF_TWO: &[&str] = &["nome", "nombre", "nom", "navn"];
/// Letters of an e-mail.
const MAIL: &[&str] = &["mail", "epost", "correo"];
/// Beginnings of words for what was looked at.
const PROVEN: &[&str] = &[
    "verif",
    "confirm",
    "valid",
    "bekreft",
    "bestat",
    "bestaet",
    "potwierdz",
    "zweryfik",
    "bekraft",
    "conferma",
    "checked",
    "geprueft",
    "gepruft",
];
/// Words that say yes.
const YES: &[&str] = &["yes", "y", "confirmed", "verified", "checked", "active", "s", "sim", "si", "ja", "j", "oui", "o", "tak"];
/// Words for what tells people apart.
const NUMBER: &[&str] =
    &["number", "nummer", "numero", "codigo", "code", "key", "ref", "reference", "referencia", "kennung", "identifier", "identificador"];
const PEOPLE: &[&str] = &[
    "user",
    "kund",
    "client",
    "customer",
    "member",
    "mitglied",
    "person",
    "bruker",
    "usuario",
    "uzytkownik",
    "socio",
    "buyer",
    "shopper",
    "account",
];

/// Whether this is the name of a whole name.
pub(crate) fn is_whole_name(plain: &str) -> bool {
    WHOLE.contains(&plain)
}

/// Whether this is the name of a given name; `beside_family` where a family's name stands beside it.
pub(crate) fn is_given_name(plain: &str, beside_family: bool) -> bool {
    GIVEN.contains(&plain) || beside_family && FIRST_OF_TWO.contains(&plain)
}

/// Whether this is the name of a family's name.
pub(crate) fn is_family_name(plain: &str) -> bool {
    FAMILY.contains(&plain)
}

/// Whether a name speaks of an e-mail.
pub(crate) fn mentions_email(plain: &str) -> bool {
    MAIL.iter().any(|word| plain.contains(word))
}

/// Whether a name says that something was proven.
pub(crate) fn means_proven(plain: &str) -> bool {
    PROVEN.iter().any(|word| plain.contains(word)) && !plain.contains("unverif") && !plain.contains("invalid")
}

/// Whether a text says yes, other than by `true` and `1`.
pub(crate) fn means_yes(text: &str) -> bool {
    YES.contains(&text.to_lowercase().as_str())
}

/// Whether this is an id, and by its name that of a person.
pub(crate) fn is_person_id(plain: &str) -> bool {
    plain.ends_with("id")
        && PEOPLE.iter().any(|word| plain.starts_with(word))
        && !plain.starts_with("client")
        && !plain.starts_with("account")
}

/// Whether a name speaks of a number, a code or a key by which somebody is known.
pub(crate) fn is_person_number(plain: &str) -> bool {
    NUMBER.contains(&plain) || NUMBER.iter().any(|word| plain.contains(word)) && PEOPLE.iter().any(|word| plain.contains(word))
}
