//! Statements with their values written into them, so that several go to the server as one message, which the protocol with parameters
//! does not allow. Values are quoted as `PQescapeLiteral` of libpq does it, which is right for every setting of the server.

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

/// Appends values in brackets, for a statement that says which types they have; nothing if there are none.
pub(crate) fn append_plain_values(with: &[SqlValue<'_>], into: &mut String) -> Result<(), StorageFault> {
    let mut between = "(";
    for value in with {
        into.push_str(between);
        append_plain_value(*value, into)?;
        between = ", ";
    }
    if !with.is_empty() {
        into.push(')');
    }
    Ok(())
}

impl SqlValue<'_> {
    /// The type of the value in PostgreSQL.
    pub(crate) fn sql_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "bigint",
        }
    }
}

/// A value with its type, so that a statement means what it would mean with a parameter.
fn append_value(value: SqlValue<'_>, into: &mut String) -> Result<(), StorageFault> {
    append_plain_value(value, into)?;
    into.push_str("::");
    into.push_str(value.sql_type());
    Ok(())
}

fn append_plain_value(value: SqlValue<'_>, into: &mut String) -> Result<(), StorageFault> {
    match value {
        SqlValue::Number(number) => {
            let _ = write!(into, "'{number}'");
        }
        SqlValue::Text(None) => into.push_str("NULL"),
        SqlValue::Text(Some(text)) => append_quoted(text, into)?,
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
