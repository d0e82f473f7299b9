//! The form in which a number is written, such as `000.000.000-00`: its digits, and marks between them.
//!
//! Digits are read only where the whole text has this form. Two texts that give the same digits differ only in the marks that the form names.

use crate::vocabulary::diagnostic::printable;

/// The form of a number: `0` is a digit, every other character a mark that may be missing.
#[derive(Clone, Debug)]
pub(crate) struct NumberForm(Box<str>);

impl NumberForm {
    /// The longest number.
    const MOST_DIGITS: usize = 40;

    /// A form, or what is wrong with it and what to do.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, String)> {
        let digits = text.chars().filter(|letter| *letter == '0').count();
        let is_mark = |letter: char| letter == ' ' || letter.is_ascii_punctuation();
        if (1..=Self::MOST_DIGITS).contains(&digits) && text.chars().all(|letter| letter == '0' || is_mark(letter)) {
            return Ok(Self(text.into()));
        }
        let help = format!("write `0` for each digit, at most {} of them, and the marks between them: `000.000.000-00`", Self::MOST_DIGITS);
        Err((format!("`{}` is not the form of a number", printable(text)), help))
    }

    /// The digits of a text, if it is written in this form.
    pub(crate) fn digits(&self, text: &str) -> Option<String> {
        let mut rest = text.chars().peekable();
        let mut digits = String::new();
        for letter in self.0.chars() {
            if letter == '0' {
                digits.push(rest.next().filter(char::is_ascii_digit)?);
            } else {
                rest.next_if_eq(&letter);
            }
        }
        rest.next().is_none().then_some(digits)
    }

    /// An invented number with the last digits of a text, so that the numbers of two texts that differ at their end differ. What is missing before
    /// them is filled with `1`.
    pub(crate) fn invented(&self, text: &str) -> String {
        let known: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        let length = self.0.matches('0').count();
        let missing = length.saturating_sub(known.len());
        std::iter::repeat_n('1', missing).chain(known.into_iter().rev().take(length).rev()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_only_of_a_text_in_the_form() {
        let form = NumberForm::parse("000.000-0").unwrap();
        for (text, expected) in [
            ("123.456-7", Some("1234567")),
            ("1234567", Some("1234567")),
            ("123456-7", Some("1234567")),
            ("0000000", Some("0000000")),
            ("123.456-K", None),
            ("123.456", None),
            ("123.456-78", None),
            ("12.3456-7", None),
            ("12345-67", None),
            ("123..456-7", None),
            ("123 456-7", None),
            (" 1234567", None),
            ("1234567 ", None),
            ("x1234567", None),
            ("١٢٣٤٥٦٧", None),
            ("", None),
        ] {
            assert_eq!(form.digits(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_form_has_digits_and_marks_alone() {
        for (form, is_fine) in
            [("00", true), ("00/0 0", true), ("", false), ("-", false), ("11", false), ("0K", false), ("###", false), ("0é", false)]
        {
            assert_eq!(NumberForm::parse(form).is_ok(), is_fine, "{form}");
        }
        assert!(NumberForm::parse(&"0".repeat(41)).is_err());
    }

    #[test]
    fn an_invented_number_has_as_many_digits_as_the_form() {
        let form = NumberForm::parse("000-00").unwrap();

        assert_eq!([form.invented("7310558"), form.invented("a12"), form.invented("ana")], ["10558", "11112", "11111"]);
    }
}
