//! How alike two keys are, and which keys speak of the same thing in the languages in which answers are written.

/// What a fact is about, as far as the program can tell from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactMeaning {
    Id,
    Email,
    Verified,
    Name,
    First,
    Last,
    Picture,
    Locale,
    Access,
    Identity,
    Refresh,
    Seconds,
    Code,
    Other,
}

/// Words for each meaning, joined and in small letters; the surest first.
const WORDS: &[(FactMeaning, &[&str])] = &[
    (
        FactMeaning::Id,
        &[
            "id",
            "sub",
            "uid",
            "userid",
            "openid",
            "unionid",
            "accountid",
            "subject",
            "identifier",
            "memberid",
            "personid",
            "profileid",
            "customerid",
            "uuid",
            "guid",
            "loginid",
            "userno",
            "number",
            "identificador",
            "usuarioid",
            "idusuario",
            "codigo",
            "numero",
            "matricula",
            "idpersona",
            "account",
            "user",
            "pk",
        ],
    ),
    (
        FactMeaning::Email,
        &[
            "email",
            "mail",
            "emailaddress",
            "useremail",
            "primaryemail",
            "defaultemail",
            "accountemail",
            "mailaddress",
            "correo",
            "correoelectronico",
            "emailprincipal",
            "preferredemail",
            "confirmedemail",
            "userprincipalname",
            "upn",
            "courriel",
            "eposta",
            "mailbox",
            "emails",
            "enderecodeemail",
            "login",
            "username",
            "user",
        ],
    ),
    (
        FactMeaning::Verified,
        &[
            "emailverified",
            "verified",
            "isverified",
            "verifiedemail",
            "isemailverified",
            "emailconfirmed",
            "confirmed",
            "isconfirmed",
            "emailvalidated",
            "mailverified",
            "checked",
            "emailverificado",
            "verificado",
            "confirmado",
            "correoverificado",
            "validated",
            "isemailvalid",
            "emailisverified",
            "verificada",
        ],
    ),
    (
        FactMeaning::Name,
        &[
            "name",
            "displayname",
            "fullname",
            "nome",
            "nombre",
            "realname",
            "nickname",
            "nick",
            "globalname",
            "screenname",
            "nomecompleto",
            "nombrecompleto",
            "username",
            "formattedname",
            "loginname",
            "login",
            "handle",
            "vanity",
            "apelido",
            "title",
        ],
    ),
    (FactMeaning::First, &["firstname", "givenname", "given", "first", "forename", "nome", "nombre", "primeironome", "primernombre"]),
    (FactMeaning::Last, &["lastname", "familyname", "family", "surname", "last", "sobrenome", "apellido", "apellidos"]),
    (
        FactMeaning::Picture,
        &[
            "picture",
            "avatar",
            "avatarurl",
            "pictureurl",
            "photo",
            "photourl",
            "image",
            "imageurl",
            "profileimageurl",
            "profileimage",
            "profilepicture",
            "profilepictureurl",
            "profilephoto",
            "pic",
            "picurl",
            "headimgurl",
            "thumbnail",
            "foto",
            "fotourl",
            "imagem",
            "imagen",
            "icon",
            "url",
            "href",
        ],
    ),
    (FactMeaning::Locale, &["locale", "language", "lang", "preferredlanguage", "languagecode", "idioma", "lingua", "preferredlocale"]),
    (
        FactMeaning::Access,
        &["accesstoken", "token", "authtoken", "accesskey", "bearertoken", "usertoken", "entry", "access", "jeton", "tokendeacesso"],
    ),
    (FactMeaning::Identity, &["idtoken", "identitytoken", "jwt", "openidtoken"]),
    (FactMeaning::Refresh, &["refreshtoken", "refresh"]),
    (FactMeaning::Seconds, &["expiresin", "expires", "expire", "ttl", "lifetime", "expiration", "expiry", "validfor"]),
    (FactMeaning::Code, &["code", "authcode", "authorizationcode", "oauthcode", "ticket", "codigo"]),
];

/// Keys of addresses that are not the person's own, or not for this.
const NOT_THEIRS: &[&str] = &[
    "recovery",
    "backup",
    "alternate",
    "alternative",
    "secondary",
    "support",
    "billing",
    "manager",
    "parent",
    "friend",
    "sender",
    "boss",
    "invited",
    "inviter",
    "referrer",
    "unverified",
    "old",
    "team",
    "organization",
    "organisation",
    "org",
    "workspace",
    "group",
    "previous",
    "pending",
    "new",
    "owner",
    "company",
    "employer",
    "creator",
    "supervisor",
    "guardian",
    "sponsor",
];

/// How keys end that are about the record, not the person.
const RECORDS: &[&str] =
    &["iss", "aud", "azp", "nonce", "jti", "scope", "type", "status", "kind", "object", "state", "version", "msg", "message"];

/// The words of a key, in small letters: `avatarUrl` and `avatar_url` have the same.
pub(crate) fn key_words(key: &str) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in key.chars().take(64) {
        if letter.is_alphanumeric() {
            let begins = !before.is_alphanumeric()
                || (letter.is_uppercase() && !before.is_uppercase())
                || (letter.is_numeric() != before.is_numeric());
            if begins {
                list.push(String::new());
            }
            if let Some(word) = list.last_mut() {
                word.extend(without_diacritic(letter).to_lowercase());
            }
        }
        before = letter;
    }
    list
}

/// A letter without its mark.
fn without_diacritic(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

/// A key in small letters without anything between its words.
pub(crate) fn joined_key_words(key: &str) -> String {
    key_words(key).concat()
}

/// What a fact or a key is about.
pub(crate) fn meaning_of_key(name: &str) -> FactMeaning {
    let name = joined_key_words(name);
    let exact = WORDS.iter().find(|(_, words)| words.iter().take(12).any(|word| *word == name));
    exact.or_else(|| WORDS.iter().find(|(_, words)| words.contains(&name.as_str()))).map_or(FactMeaning::Other, |(meaning, _)| *meaning)
}

/// How well a key speaks of a meaning, from 0 to 1.
pub(crate) fn meaning_score(meaning: FactMeaning, key: &str) -> f32 {
    let Some((_, list)) = WORDS.iter().find(|(known, _)| *known == meaning) else { return 0.0 };
    let whole = joined_key_words(key);
    if let Some(at) = list.iter().position(|word| *word == whole) {
        #[expect(clippy::cast_precision_loss, reason = "a list of some thirty words")]
        return 0.9 - 0.3 * at as f32 / list.len() as f32;
    }
    let parts = key_words(key);
    let spoken = list
        .iter()
        .take(14)
        .any(|word| word.len() > 1 && (parts.iter().any(|part| part == word) || (word.len() > 3 && whole.contains(word))));
    if spoken { 0.5 } else { 0.0 }
}

/// Whether a key speaks of how a token or a record is made, or of a no, and so of nobody.
pub(crate) fn is_about_token_or_error(key: &str) -> bool {
    key_words(key).last().is_some_and(|word| RECORDS.contains(&word.as_str())) || joined_key_words(key).starts_with("err")
}

/// Stems of words that say that something was proven.
const PROOFS: &[&str] = &["verif", "confirm", "valid", "checked"];
/// How these words end, in the languages in which answers are written.
const PROOF_ENDINGS: &[&str] = &[
    "", "y", "ied", "ication", "ed", "ation", "ated", "icado", "icada", "icad", "icato", "icata", "iziert", "ie", "ado", "ada", "ato",
    "ata", "e",
];

/// Whether a key speaks of a proof of anything.
pub(crate) fn mentions_proof(key: &str) -> bool {
    let whole = joined_key_words(key);
    PROOFS.iter().any(|stem| whole.contains(stem))
}

/// Whether a key is about a proof of an address: it names the address, or nothing but the proof. What proves a phone, an
/// age or an account is another thing.
pub(crate) fn is_email_proof_key(key: &str) -> bool {
    let whole = joined_key_words(key);
    let denies = ["unverif", "invalid", "unconfirm", "notverif", "unvalid"].iter().any(|stem| whole.contains(stem));
    let is_post = whole.contains("mailing");
    let says_only_that = key_words(key).iter().all(|word| matches!(word.as_str(), "is" | "has" | "at") || is_proof_word(word));
    mentions_proof(key) && !denies && !is_post && (is_email_key(key) || says_only_that)
}

/// Whether a word says that something was proven, and nothing else.
fn is_proof_word(word: &str) -> bool {
    let bare = word.strip_prefix("is").or_else(|| word.strip_prefix("has")).unwrap_or(word);
    PROOFS.iter().filter_map(|stem| bare.strip_prefix(stem)).any(|ending| PROOF_ENDINGS.contains(&ending))
}

/// Whether a key says by its own word that an address stands there.
pub(crate) fn is_email_key(key: &str) -> bool {
    let whole = joined_key_words(key);
    ["mail", "correo", "courriel", "eposta"].iter().any(|stem| whole.contains(stem))
}

/// Whether a key says that what stands below it is somebody else's, or not to be relied upon.
pub(crate) fn is_about_others(key: &str) -> bool {
    let is_known = |word: &str| NOT_THEIRS.contains(&word);
    key_words(key).iter().any(|word| is_known(word) || word.strip_suffix('s').is_some_and(|one| one.len() > 3 && is_known(one)))
}

/// How alike two keys are, from 0 to 1: by their letters, or because they speak of the same.
pub(crate) fn key_similarity(one: &str, other: &str) -> f32 {
    let about = meaning_of_key(one);
    let same_meaning = if about == FactMeaning::Other { 0.0 } else { meaning_score(about, other) };
    same_meaning.max(spelling_similarity(one, other))
}

/// How alike two keys are written, from 0 to 1.
pub(crate) fn spelling_similarity(one: &str, other: &str) -> f32 {
    if one == other {
        return 1.0;
    }
    let (first, second) = (joined_key_words(one), joined_key_words(other));
    if first.is_empty() || second.is_empty() {
        return 0.0;
    }
    if first == second {
        return 0.97;
    }
    let (ours, theirs) = (key_words(one), key_words(other));
    let same_end = if (ours.len() == 1 || theirs.len() == 1) && ours.last() == theirs.last() { 0.6 } else { 0.0 };
    let (shorter, longer) = if first.len() < second.len() { (&first, &second) } else { (&second, &first) };
    #[expect(clippy::cast_precision_loss, reason = "keys are short")]
    let share = shorter.len() as f32 / longer.len() as f32;
    let inside = if shorter.len() > 2 && longer.contains(shorter.as_str()) { 0.55 + 0.35 * share } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
    let letters = strsim::normalized_damerau_levenshtein(&first, &second) as f32;
    let slip = if is_transposition(&first, &second) { 0.85 } else { 0.0 };
    inside.max(same_end).max(slip).max(if letters > 0.6 { 0.9 * letters } else { 0.0 })
}

/// Whether two neighbouring letters only changed places: in a short key too that is nothing but a slip.
fn is_transposition(one: &str, other: &str) -> bool {
    let differ: Vec<(char, char)> = one.chars().zip(other.chars()).filter(|(ours, theirs)| ours != theirs).collect();
    let [(first, second), (third, fourth)] = differ[..] else { return false };
    let at = one.chars().zip(other.chars()).position(|(ours, theirs)| ours != theirs).unwrap_or_default();
    let beside = one.chars().zip(other.chars()).nth(at + 1).is_some_and(|(ours, theirs)| ours != theirs);
    one.chars().count() == other.chars().count() && beside && first == fourth && second == third
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_in_another_case_are_nearly_the_same_key() {
        assert_eq!(key_words("avatarUrl"), ["avatar", "url"]);
        assert_eq!(key_words("AVATAR_URL"), ["avatar", "url"]);
        assert!(key_similarity("avatarUrl", "avatar_url") > 0.95);
        assert!(key_similarity("e-mail", "email") > 0.95);
        assert!(key_similarity("correo_electrónico", "correoElectronico") > 0.95);
    }

    #[test]
    fn synonyms_are_more_alike_than_strangers() {
        for (one, other) in
            [("email", "mail"), ("id", "sub"), ("id", "uid"), ("name", "nome"), ("access_token", "token"), ("picture", "avatar")]
        {
            assert!(key_similarity(one, other) > 0.6, "{one} {other}: {}", key_similarity(one, other));
        }
        assert!(key_similarity("di", "id") > 0.8 && key_similarity("ko", "ok") > 0.8 && key_similarity("ab", "cd") < 0.1);
        for (one, other) in [("email", "phone"), ("id", "created"), ("name", "plan"), ("picture", "score")] {
            assert!(key_similarity(one, other) < 0.5, "{one} {other}: {}", key_similarity(one, other));
        }
    }

    #[test]
    fn a_mark_of_another_kind_is_no_proof_of_an_address() {
        assert!(is_email_proof_key("email_verified") && is_email_proof_key("isConfirmed") && is_email_proof_key("correoVerificado"));
        assert!(!is_email_proof_key("is_unverified") && !is_email_proof_key("active") && !is_email_proof_key("primary"));
        for key in ["verified", "is_verified", "isverified", "verified_at", "verificado", "emailConfirmado", "e-mail_validated"] {
            assert!(is_email_proof_key(key), "{key}");
        }
        for key in
            ["phone_verified", "phoneverified", "verifiedPhone", "verifiedphone", "identity_verified", "verified_account", "valid_until"]
        {
            assert!(!is_email_proof_key(key), "{key}");
        }
        assert!(!is_email_proof_key("mailing_address_verified") && !is_email_proof_key("email_not_verified"));
        assert!(is_about_others("friends") && is_about_others("inviter") && !is_about_others("news"));
        assert!(is_about_others("recovery_email") && is_about_others("managerEmail") && !is_about_others("primary_email"));
    }
}
