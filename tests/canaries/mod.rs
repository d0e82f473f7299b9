//! Canaries: secrets and people's data are planted wherever a provider may say them, and no output of the program may hold one.

mod bad_input;
mod broker;
mod programs;

use crate::web::test_provider::{answer, json};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portaria::world::random;

/// What a provider knows of a person and of a login, made for one run.
pub struct Canaries {
    pub email: String,
    pub id: String,
    pub name: String,
    pub phone: String,
    pub token: String,
}

/// Letters by chance.
fn letters<const MANY: usize>() -> String {
    random::bytes::<MANY>().iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

fn digits<const MANY: usize>() -> String {
    random::bytes::<MANY>().iter().map(|byte| char::from(b'1' + byte % 9)).collect()
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

impl Canaries {
    pub fn new() -> Self {
        let phone = digits::<8>();
        Self {
            email: format!("{}@clientes.example", letters::<9>()),
            id: digits::<14>(),
            name: format!("{} {}", capital(&letters::<8>()), capital(&letters::<9>())),
            phone: format!("+55 11 9{}-{}", &phone[..4], &phone[4..]),
            token: format!("{}{}", random::id(), digits::<6>()),
        }
    }

    /// Everything that must stand nowhere, under a name.
    pub fn forms(&self) -> Vec<(&'static str, String)> {
        let coded = |text: &str| STANDARD.encode(text).trim_end_matches('=').to_owned();
        let (given, family) = self.name.split_once(' ').expect("two words");
        let phone: String = self.phone.chars().filter(char::is_ascii_digit).skip(5).collect();
        vec![
            // The part before the `@` stands in each way of writing the address but base64.
            ("e-mail", self.email.split('@').next().expect("a mailbox").to_owned()),
            ("e-mail in base64", coded(&self.email)),
            ("id", self.id.clone()),
            ("id in base64", coded(&self.id)),
            ("name", given.to_owned()),
            ("name", family.to_owned()),
            ("phone", self.phone[self.phone.len() - 9..].to_owned()),
            ("phone", phone),
            ("token", self.token.clone()),
            ("token in base64", coded(&self.token)),
        ]
    }

    /// What of it stands in a text.
    pub fn found(&self, text: &str) -> Vec<&'static str> {
        let lower = text.to_lowercase();
        self.forms().into_iter().filter(|(_, form)| lower.contains(&form.to_lowercase())).map(|(name, _)| name).collect()
    }

    /// A person, with members of other names than the file reads.
    fn person(&self) -> String {
        let Self { email, id, name, phone, token } = self;
        format!(
            "{{\"profile\":{{\"mail\":\"{email}\",\"number\":{id},\"nick\":\"{name}\",\"phone\":\"{phone}\",\"key\":\"{token}\"}},\"all\":[\"{email}\"]}}"
        )
    }

    /// A person whose data are the keys.
    fn keys(&self) -> String {
        let percent = self.email.replace('@', "%40");
        let keys = [&self.email, &percent, &self.id, &self.name, &self.phone, &self.token, &STANDARD.encode(&self.email)];
        let members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":{{\"id\":1,\"email\":\"x\",\"{key}\":\"y\"}}")).collect();
        format!("{{\"by\":{{{}}},{}}}", members.join(","), members.join(","))
    }

    /// A signed token that no one believes.
    pub fn signed(&self) -> String {
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let Self { email, id, name, token, .. } = self;
        let claims = format!(
            "{{\"iss\":\"{email}\",\"aud\":\"{id}\",\"sub\":\"{id}\",\"email\":\"{email}\",\"name\":\"{name}\",\"nonce\":\"{token}\"}}"
        );
        format!("{}.{}.{}", part(format!("{{\"alg\":\"RS256\",\"kid\":\"{token}\"}}")), part(claims), part(token.clone()))
    }

    /// Everything in one sentence, as an error message may say it.
    fn sentence(&self) -> String {
        let Self { email, id, name, phone, token } = self;
        let percent = email.replace('@', "%40");
        let coded = STANDARD.encode(email);
        format!(
            "the account {email} ({percent}, {coded}) of {name}, {id}, {phone}, token {token}, may not; see https://acme.example/{percent}/{id}?for={email}#{token}"
        )
    }

    /// Answers of all bad kinds.
    pub fn answers(&self) -> Vec<(String, Vec<u8>)> {
        let (sentence, email) = (self.sentence(), &self.email);
        let percent = email.replace('@', "%40");
        let page = format!("<!doctype html><title>{email}</title><p>{sentence}<script>alert('{sentence}')</script>");
        let mut list = Vec::new();
        let mut put = |name: &str, bytes: Vec<u8>| list.push((name.to_owned(), bytes));
        put("a wrong path", json(200, &self.person()));
        put("keys", json(200, &self.keys()));
        for status in [200, 400, 401, 403, 429, 500] {
            put(
                &format!("refused, {status}"),
                json(status, &format!("{{\"error\":\"invalid_grant\",\"error_description\":\"{sentence}\",\"user\":{}}}", self.person())),
            );
        }
        for (name, word) in [
            ("e-mail", email),
            ("percent", &percent),
            ("base64", &STANDARD.encode(email)),
            ("id", &self.id),
            ("token", &self.token),
            ("name", &self.name),
        ] {
            put(&format!("{name} as the code"), json(400, &format!("{{\"error\":\"{word}\"}}")));
            put(&format!("{name} in the code"), json(400, &format!("{{\"error\":{{\"code\":\"bad {word}\",\"message\":\"{word}\"}}}}")));
        }
        // Every single value in the message by itself, where the cut of a long message does not help.
        for (name, value) in [("phone", &self.phone), ("name", &self.name), ("base64", &STANDARD.encode(&self.name)), ("percent", &percent)]
        {
            put(
                &format!("{name} in the message"),
                json(400, &format!("{{\"error\":\"no\",\"error_description\":\"not for {value} today\"}}")),
            );
        }
        put("HTML", answer(200, &format!("Content-Type: text/html; for={email}\r\n"), page.as_bytes()));
        put("HTML, 500", answer(500, "Content-Type: text/html\r\n", page.as_bytes()));
        put("a broken JSON", json(200, &format!("{{\"id\":\"{sentence}\",\"{email}\":{}", self.person())));
        put("a text", answer(200, "Content-Type: text/plain\r\n", sentence.as_bytes()));
        put(
            "a form",
            answer(200, "Content-Type: application/x-www-form-urlencoded\r\n", format!("{percent}={percent}&x={sentence}").as_bytes()),
        );
        let headers = format!(
            "Content-Type: application/json; for={percent}; of={}\r\nX-Who: {sentence}\r\nSet-Cookie: who={email}\r\nWWW-Authenticate: Bearer error=\"{email}\"\r\n",
            self.token
        );
        put("headers", answer(401, &headers, b"{}"));
        put("elsewhere", answer(302, &format!("Location: https://acme.example/{percent}?token={}\r\n", self.token), b""));
        put("too large", json(200, &format!("{{\"id\":\"{}\"}}", sentence.repeat(2000))));
        put("a token in place of an answer", answer(200, "Content-Type: application/jwt\r\n", self.signed().as_bytes()));
        put(
            "signed tokens",
            json(200, &format!("{{\"access_token\":\"{}\",\"id_token\":\"{}\",\"{}\":1}}", self.token, self.signed(), self.signed())),
        );
        list
    }
}

/// What was found, told at once.
#[derive(Default)]
pub struct Leaks(Vec<String>);

impl Leaks {
    /// Looks through an output.
    pub fn look(&mut self, canaries: &Canaries, case: &str, place: &str, text: &str) {
        for what in canaries.found(text) {
            let line = text.lines().find(|line| canaries.found(line).contains(&what)).unwrap_or_default();
            self.0.push(format!("{case}: {what} in {place}: {}", line.chars().take(600).collect::<String>()));
        }
    }

    /// There is none.
    pub fn none(self) {
        assert!(self.0.is_empty(), "{} canaries:\n{}", self.0.len(), self.0.join("\n"));
    }
}
