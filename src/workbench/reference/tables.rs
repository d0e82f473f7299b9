//! The tables of the reference whose rows the program knows.

use crate::directory::linking::SignInRefusalReason;
use crate::directory::reasons::describe_refusal;
use crate::login::cancellation::CANCELLED;
use crate::login::error::LoginErrorCode;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START};
use crate::provider::functions::table as functions;
use crate::provider::standard;
use crate::stores::variable_pattern::MACHINE_VARIABLES;
use crate::web::login_failure::BrokerFailure;

/// The table of this name.
pub(crate) fn table(name: &str) -> Option<String> {
    Some(match name {
        "facts" => facts(),
        "standard places" => standard_places(),
        "functions" => rows(
            "function | what it does",
            functions::TABLE.iter().map(|row| format!("`{}` | {}", row.usage(), row.meaning.replace(" | ", " \\| "))),
        ),
        "codes" => {
            let own = LoginErrorCode::ALL.iter().map(|code| (code.word(), describe_code(*code)));
            let own = own.map(|(code, (step, meaning))| format!("`{code}` | {step} | {meaning}"));
            let of_broker = BrokerFailure::ALL.iter().filter(|failure| LoginErrorCode::named(failure.word()).is_none());
            let of_broker = of_broker.map(|failure| format!("`{}` | none | {failure}", failure.word()));
            let of_sign_in = SignInRefusalReason::ALL.iter().map(|why| (why.word(), describe_refusal(why.word())));
            let of_sign_in = of_sign_in.map(|(code, meaning)| format!("`{code}` | none | {meaning}"));
            rows("code | step | meaning", own.chain(of_broker).chain(of_sign_in))
        }
        "machine variables" => {
            let names: Vec<String> = MACHINE_VARIABLES.iter().map(|name| format!("`{name}`")).collect();
            format!("Variables that other programs of a machine commonly use for their own credentials: {}.\n", names.join(", "))
        }
        "cancellations" => {
            let codes: Vec<String> = CANCELLED.iter().map(|code| format!("`{code}`")).collect();
            format!(
                "When the callback is a refusal with one of these codes, in small or capital letters, the shopper reads that the login was cancelled, and not that it failed: {}.\n",
                codes.join(", ")
            )
        }
        _ => return None,
    })
}

/// A table with this head. Cells are separated by ` | `.
fn rows(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rule = "---|".repeat(head.split(" | ").count());
    let rows: String = rows.map(|row| format!("| {row} |\n")).collect();
    format!("| {head} |\n|{rule}\n{rows}")
}

fn facts() -> String {
    let known = FROM_THE_START.iter().map(|(name, meaning)| format!("`{name}` | {meaning}"));
    let declared = "every name under `settings`, `secrets`, `inputs` | its value".to_owned();
    let published = FROM_DISCOVERY.iter().map(|(name, key)| {
        let otherwise = if *name == "issuer" { "; otherwise the `issuer` of this file" } else { "" };
        format!("`{name}` | with `discovery`: `{key}` in the discovery document{otherwise}")
    });
    let made = "`clientAssertion` | in a step with `assertion`: the token that portaria made".to_owned();
    rows("fact | what it is", known.chain([declared]).chain(published).chain([made]))
}

fn standard_places() -> String {
    let answers = [
        ("callback", standard::CALLBACK),
        ("getAccessCode", standard::TOKEN),
        ("getUserInfo without `read`", standard::PERSON),
        ("getClientToken", standard::CLIENT_TOKEN),
    ];
    let places = answers.iter().flat_map(|(answer, places)| {
        let where_used = |fact: &str| if fact == standard::LIFETIME { ", where tokens are kept or the file names it" } else { "" };
        places.iter().map(move |(fact, key)| format!("{answer} | `{fact}` | `{key}`{}", where_used(fact)))
    });
    rows("answer | fact | place", places)
}

/// The step in which a login is refused with one of our own codes, and what the code means.
fn describe_code(code: LoginErrorCode) -> (&'static str, &'static str) {
    match code {
        LoginErrorCode::BadInput => ("getAuthorizationCode", "what was typed does not match its pattern"),
        LoginErrorCode::NoDocument => {
            ("getAuthorizationCode", "the issuer's discovery document could not be fetched, or names another issuer")
        }
        LoginErrorCode::TooLong => ("getAuthorizationCode", "what `prepare` has read for the later steps is longer than 2048 bytes"),
        LoginErrorCode::BadState => ("getAuthorizationCode", "the state in the callback is not the one that was sent"),
        LoginErrorCode::Expired => ("getAuthorizationCode", "the login took longer than ten minutes"),
        LoginErrorCode::BadCallback => ("getAuthorizationCode", "the callback repeats a parameter, or has none or more than 100"),
        LoginErrorCode::NoCode => {
            ("getAuthorizationCode", "the callback has neither an error nor the code, or what the file reads in its place")
        }
        LoginErrorCode::BadIssuer => {
            ("getAuthorizationCode", "the callback's `iss` is another issuer, or is missing although the provider promises it")
        }
        LoginErrorCode::BadSignature => ("getAuthorizationCode", "the callback is not signed as `verify` says"),
        LoginErrorCode::MissingFact => ("the step that needs it", "a required fact was in no answer"),
        LoginErrorCode::BadAddress => {
            ("the step", "the request would go to an address that is not allowed, such as a host that `hosts` does not name")
        }
        LoginErrorCode::BadHeader => ("the step", "a value holds characters that no header can carry"),
        LoginErrorCode::BadKey => ("the step", "a key cannot be used"),
        LoginErrorCode::NoAnswer => ("the step", "the provider could not be reached, or did not answer in time"),
        LoginErrorCode::Redirected => ("the step", "the answer redirects (status 3xx), and redirects are not followed"),
        LoginErrorCode::Unreadable => ("the step", "the answer is not in the format that `answer` says"),
        LoginErrorCode::BadToken => ("the step", "a signed token was not accepted"),
        LoginErrorCode::MissingId => ("none", "no answer holds an id"),
        LoginErrorCode::MissingEmail => {
            ("none", "no answer holds an e-mail address, or what was read as one is none (see [Proven addresses](#proven-addresses))")
        }
        LoginErrorCode::UnprovenEmail => ("none", "the e-mail address is not proven under `trustEmail`"),
        LoginErrorCode::NotAllowed => ("none", "`require` does not allow this person to sign in"),
        LoginErrorCode::Changed => ("none", "the provider file was changed during the login"),
        LoginErrorCode::TooSlow => {
            ("none", "the calls of the login took too long together (see `timeout`), or too many logins waited for this provider")
        }
        LoginErrorCode::NotExchangeable => (
            "none",
            "a token was handed in that the file cannot accept (see [Tokens that programs hand in](#tokens-that-programs-hand-in))",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_with_which_a_login_ends_stands_in_the_table() {
        let table = table("codes").expect("there is one");
        let own = LoginErrorCode::WORDS.iter().chain(BrokerFailure::WORDS).copied();
        for code in own.chain(SignInRefusalReason::ALL.iter().map(|why| why.word())) {
            assert_eq!(table.matches(&format!("| `{code}` |")).count(), 1, "{code}");
        }
    }
}
