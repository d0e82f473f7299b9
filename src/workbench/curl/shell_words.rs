//! Splits and quotes words as a shell does.

/// A text as one word for a shell.
pub(crate) fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The words of one command as a shell splits them, and the number of bytes that they take.
pub(crate) fn shell_words(text: &str) -> Result<(Vec<String>, usize), String> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut at = 0;
    let rest_of = |at: usize| text[at..].chars().next().unwrap_or_default();
    while at < bytes.len() {
        let letter = rest_of(at);
        match letter {
            '\n' => {
                at += 1;
                break;
            }
            '\\' | '^' if text[at + 1..].starts_with('\n') => at += 2,
            '\\' | '^' if text[at + 1..].starts_with("\r\n") => at += 3,
            '\\' => {
                let Some(next) = text[at + 1..].chars().next() else {
                    // A line that was cut off ends here.
                    at += 1;
                    continue;
                };
                word.get_or_insert_default().push(next);
                at += 1 + next.len_utf8();
            }
            '\'' => {
                let end = text[at + 1..].find('\'').ok_or("a quotation mark is never closed")?;
                word.get_or_insert_default().push_str(&text[at + 1..at + 1 + end]);
                at += end + 2;
            }
            '$' if text[at + 1..].starts_with('\'') => at = read_ansi_c_quoted(text, at + 2, word.get_or_insert_default())?,
            '"' => at = read_double_quoted(text, at + 1, word.get_or_insert_default())?,
            letter if letter.is_whitespace() => {
                words.extend(word.take());
                at += letter.len_utf8();
            }
            letter => {
                word.get_or_insert_default().push(letter);
                at += letter.len_utf8();
            }
        }
    }
    words.extend(word);
    Ok((words, at))
}

fn read_double_quoted(text: &str, from: usize, word: &mut String) -> Result<usize, String> {
    let mut letters = text[from..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok(from + at + 1),
            '\\' => match letters.next() {
                Some((_, next @ ('"' | '\\' | '$' | '`'))) => word.push(next),
                Some((_, '\n')) => {}
                Some((_, next)) => word.extend(['\\', next]),
                None => break,
            },
            letter => word.push(letter),
        }
    }
    Err("a quotation mark is never closed".to_owned())
}

/// Reads `$'…'`, which has the escapes of C.
fn read_ansi_c_quoted(text: &str, from: usize, word: &mut String) -> Result<usize, String> {
    let mut letters = text[from..].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Ok(from + at + 1),
            '\\' => match letters.next().map(|(_, letter)| letter) {
                Some('n') => word.push('\n'),
                Some('r') => word.push('\r'),
                Some('t') => word.push('\t'),
                Some(kind @ ('u' | 'x')) => {
                    let mut digits = String::new();
                    while digits.len() < if kind == 'u' { 4 } else { 2 } {
                        let Some((_, digit)) = letters.next_if(|(_, digit)| digit.is_ascii_hexdigit()) else { break };
                        digits.push(digit);
                    }
                    word.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(other) => word.push(other),
                None => break,
            },
            letter => word.push(letter),
        }
    }
    Err("a quotation mark is never closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_at_its_end_is_read_as_far_as_it_goes() {
        for text in ["curl https://a.example \\", "curl 'https://a.example' \\", "^", "\\"] {
            let (words, read) = shell_words(text).expect("words");

            assert!(read <= text.len() && words.first().is_none_or(|word| word == "curl" || word == "^"), "{text}: {words:?}");
        }
    }
}
