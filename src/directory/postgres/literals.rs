//! Statements with their values written into them, so that several go to the server as one message.
//!
//! The extended protocol takes one statement for each message and names prepared statements for each connection, which a pooler that
//! shares connections breaks. Values are quoted as `PQescapeLiteral` of libpq does it, which is right for every setting of the server.

use crate::directory::sql::{SqlValue, StorageFault};
use std::fmt::Write as _;

/// Appends a statement with its values in place of `$1`, `$2`, ….
pub(crate) fn append_statement(sql: &str, with: &[SqlValue<'_>], into: &mut String) -> Result<(), StorageFault> {
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = after.split_at(digits);
        let value = number.parse::<usize>().ok().and_then(|number| with.get(number.checked_sub(1)?)).ok_or(StorageFault::Unavailable)?;
        into.push_str(before);
        append_value(*value, into)?;
        rest = behind;
    }
    into.push_str(rest);
    Ok(())
}

/// A value with its type, so that a statement means what it would mean with a parameter.
fn append_value(value: SqlValue<'_>, into: &mut String) -> Result<(), StorageFault> {
    match value {
        SqlValue::Number(number) => {
            let _ = write!(into, "'{number}'::bigint");
        }
        SqlValue::Text(None) => into.push_str("NULL::text"),
        SqlValue::Text(Some(text)) => {
            append_quoted(text, into)?;
            into.push_str("::text");
        }
    }
    Ok(())
}

/// A text in quotes. PostgreSQL cannot store the character zero, which would also end the message early.
fn append_quoted(text: &str, into: &mut String) -> Result<(), StorageFault> {
    if text.contains('\0') {
        tracing::error!("a text holds the character zero, which the storage cannot keep");
        return Err(StorageFault::Unavailable);
    }
    // Behind an `E` a backslash is an escape in every server; without one it depends on `standard_conforming_strings`.
    into.push_str(if text.contains('\\') { " E'" } else { "'" });
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            into.push(character);
        }
        into.push(character);
    }
    into.push('\'');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sql::with;

    fn written(sql: &str, with: &[SqlValue<'_>]) -> Result<String, StorageFault> {
        let mut text = String::new();
        append_statement(sql, with, &mut text).map(|()| text)
    }

    #[test]
    fn values_stand_where_their_numbers_stood() {
        let values = with!["a", 2_i64, "c", "d", "e", "f", "g", "h", "i", "j"];

        assert_eq!(written("SELECT $10, $1, $2 FROM t", values).as_deref(), Ok("SELECT 'j'::text, 'a'::text, '2'::bigint FROM t"));
        assert_eq!(written("SELECT 1", &[]).as_deref(), Ok("SELECT 1"));
        assert_eq!(written("SELECT $2", with!["a"]), Err(StorageFault::Unavailable));
    }

    #[test]
    fn no_text_ends_its_own_quotes() {
        for (text, quoted) in [
            ("", "''::text"),
            ("ana", "'ana'::text"),
            ("o'neill", "'o''neill'::text"),
            ("'; DROP TABLE users; --", "'''; DROP TABLE users; --'::text"),
            (r"a\b", r" E'a\\b'::text"),
            (r"\'; SELECT 1; --", r" E'\\''; SELECT 1; --'::text"),
            ("$1", "'$1'::text"),
        ] {
            assert_eq!(written("$1", with![text]).as_deref(), Ok(quoted));
        }
        assert_eq!(written("$1", with!["a\0b"]), Err(StorageFault::Unavailable));
        assert_eq!(written("$1, $2", with![None::<&str>, i64::MIN]).as_deref(), Ok("NULL::text, '-9223372036854775808'::bigint"));
    }
}
