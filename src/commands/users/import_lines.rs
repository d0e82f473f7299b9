//! The lines of a file of people: CSV with a head, one JSON object a line, or one JSON list. The file is read in parts, however long it is.

mod csv_records; // the lines that belong together

use crate::commands::users::import_lines::csv_records::CsvRecords;
use crate::commands::users::imported_person::FIELDS;
use crate::vocabulary::diagnostic::{did_you_mean, printable, quoted};
use serde::de::{DeserializeSeed, Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::io::{self, BufRead, Read};

/// A line that was read: its number, and its fields by name, or why it cannot be read. Entries of a JSON list are numbered from 1.
pub(crate) type ReadLine = (u64, Result<Map<String, Value>, String>);

/// The mark at the beginning of a file that says that it is UTF-8; some programs write it.
const MARK: &str = "\u{feff}";

/// The longest line.
const LONGEST: u64 = 1024 * 1024;

/// The layout of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportLayout {
    Csv,
    JsonLines,
    JsonList,
}

/// Finds out the layout by the first character that is no blank. It must be an ordinary one, so nothing is guessed.
pub(crate) fn layout_of(file: &mut impl BufRead) -> io::Result<ImportLayout> {
    loop {
        let begin = file.fill_buf()?;
        let begin = begin.strip_prefix(MARK.as_bytes()).unwrap_or(begin);
        match begin.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => return Ok(ImportLayout::JsonLines),
            Some(b'[') => return Ok(ImportLayout::JsonList),
            Some(_) => return Ok(ImportLayout::Csv),
            None if begin.is_empty() => return Ok(ImportLayout::Csv),
            None => {
                let many = begin.len();
                file.consume(many);
            }
        }
    }
}

/// Reads all lines and hands them on, until there is no one who takes them. The answer is why the rest cannot be read.
pub(crate) fn read(mut file: impl BufRead, layout: ImportLayout, take: &mut dyn FnMut(ReadLine) -> bool) -> Result<(), String> {
    match layout {
        ImportLayout::Csv => read_csv(&mut file, take),
        ImportLayout::JsonLines => read_json_lines(&mut file, take),
        ImportLayout::JsonList => {
            let begin = file.fill_buf().map_err(|error| error.to_string())?;
            let mark = if begin.starts_with(MARK.as_bytes()) { MARK.len() } else { 0 };
            file.consume(mark);
            let mut from = serde_json::Deserializer::from_reader(file);
            from.deserialize_seq(JsonEntries(take)).and_then(|()| from.end()).map_err(|error| error.to_string())
        }
    }
}

fn read_json_lines(file: &mut impl BufRead, take: &mut dyn FnMut(ReadLine) -> bool) -> Result<(), String> {
    let (mut number, mut line) = (0, Vec::new());
    while next_line(file, &mut line)? {
        number += 1;
        let text = line.strip_prefix(MARK.as_bytes()).unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = serde_json::from_slice(text).map_err(|error| format!("this is not a JSON object: {error}"));
        if !take((number, read)) {
            break;
        }
    }
    Ok(())
}

fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, String> {
    line.clear();
    let read = file.take(LONGEST).read_until(b'\n', line).map_err(|error| error.to_string())?;
    if read as u64 == LONGEST { Err("a line is longer than a megabyte".to_owned()) } else { Ok(read > 0) }
}

fn read_csv(file: &mut impl BufRead, take: &mut dyn FnMut(ReadLine) -> bool) -> Result<(), String> {
    let mut head: Vec<String> = Vec::new();
    let mut records = CsvRecords::new(file);
    while let Some((first, record)) = records.next_record()? {
        let Ok(text) = std::str::from_utf8(&record) else {
            let at: u64 = lines_before_fault(&record).saturating_add(first);
            if head.is_empty() {
                return Err(format!("line {at} is not UTF-8"));
            }
            // A quote that is never closed has taken in further lines.
            if record.split(|byte| *byte == b'"').count().is_multiple_of(2) {
                records.read_again_after_first_line();
            }
            if !take((first, Err(format!("line {at} is not UTF-8: save the file as UTF-8, and import it again")))) {
                break;
            }
            continue;
        };
        let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']);
        if text.trim().is_empty() {
            continue;
        }
        let values = fields_of(text);
        if values.is_err() {
            records.read_again_after_first_line();
        }
        if head.is_empty() {
            head = head_of(&values.map_err(|why| format!("line {first}: {why}"))?)?;
            continue;
        }
        let record = values.and_then(|values| {
            if values.len() != head.len() {
                return Err(format!("it has {} fields, and the head has {}", values.len(), head.len()));
            }
            let set = head.iter().cloned().zip(values).filter(|(_, value)| !value.is_empty());
            Ok(set.map(|(name, value)| (name, Value::String(value))).collect())
        });
        if !take((first, record)) {
            break;
        }
    }
    Ok(())
}

/// The names of the fields, which stand in the first line.
fn head_of(names: &[String]) -> Result<Vec<String>, String> {
    let head: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    // Spreadsheets write empty names behind the last one; a value below one is refused.
    let unknown = head.iter().find(|name| !name.is_empty() && !FIELDS.contains(&name.as_str()));
    match unknown {
        None => Ok(head),
        Some(name) if name.contains(';') => {
            Err("the first line separates the fields with `;`: separate with commas, in all lines".to_owned())
        }
        Some(name) => {
            let names = || format!("; there are {}", quoted(FIELDS, ", "));
            let near = did_you_mean(name, FIELDS).map_or_else(names, |near| format!("; did you mean `{near}`?"));
            Err(format!("the first line names the fields, and `{}` is not one{near}", printable(name)))
        }
    }
}

/// How many lines of a record end before its first byte that is not UTF-8.
fn lines_before_fault(record: &[u8]) -> u64 {
    let valid = std::str::from_utf8(record).map_or_else(|fault| fault.valid_up_to(), str::len);
    record.iter().take(valid).filter(|byte| **byte == b'\n').count() as u64
}

/// The fields of a line: with commas between them; one in quotes may hold commas, line breaks and doubled quotes.
fn fields_of(line: &str) -> Result<Vec<String>, String> {
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut letters = line.chars().peekable();
    loop {
        if letters.next_if_eq(&'"').is_some() {
            loop {
                match letters.next() {
                    Some('"') if letters.next_if_eq(&'"').is_some() => field.push('"'),
                    Some('"') => break,
                    Some(letter) => field.push(letter),
                    None => return Err("a quote is not closed".to_owned()),
                }
            }
            if letters.peek().is_some_and(|letter| *letter != ',') {
                return Err("a comma is expected behind a closing quote".to_owned());
            }
        }
        while let Some(letter) = letters.next_if(|letter| *letter != ',') {
            if letter == '"' {
                return Err("a quote stands inside of a field that does not begin with one".to_owned());
            }
            field.push(letter);
        }
        fields.push(std::mem::take(&mut field));
        if letters.next().is_none() {
            return Ok(fields);
        }
    }
}

/// Hands on the entries of a list one by one.
struct JsonEntries<'t>(&'t mut dyn FnMut(ReadLine) -> bool);

impl<'de> Visitor<'de> for JsonEntries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of people")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(entry) = entries.next_element_seed(AnyEntry)? {
            number += 1;
            let read = match entry {
                Value::Object(fields) => Ok(fields),
                _ => Err("this is not a JSON object".to_owned()),
            };
            if !(self.0)((number, read)) {
                return Err(A::Error::custom("no further entry was taken"));
            }
        }
        Ok(())
    }
}

struct AnyEntry;

impl<'de> DeserializeSeed<'de> for AnyEntry {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        serde::Deserialize::deserialize(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &(impl AsRef<[u8]> + ?Sized)) -> (Vec<String>, Result<(), String>) {
        let mut file = io::Cursor::new(text);
        let layout = layout_of(&mut file).expect("it is in memory");
        let mut found = Vec::new();
        let ended = read(file, layout, &mut |(number, read)| {
            found.push(match read {
                Ok(fields) => format!("{number}: {}", Value::Object(fields)),
                Err(why) => format!("{number}! {why}"),
            });
            true
        });
        (found, ended)
    }

    #[test]
    fn each_layout_gives_the_same_people() {
        let csv = "\u{feff}email,name\r\nana@loja.example,\"Silva, \"\"Ana\"\"\nSilva\"\r\n\r\nbia@loja.example,\n";
        assert_eq!(
            lines(csv).0,
            [r#"2: {"email":"ana@loja.example","name":"Silva, \"Ana\"\nSilva"}"#, r#"5: {"email":"bia@loja.example"}"#]
        );
        assert_eq!(lines("{\"email\":\"a@b.example\"}\n\n{}").0, [r#"1: {"email":"a@b.example"}"#, "3: {}"]);
        assert_eq!(lines(" \n[{\"email\":\"a@b.example\"}, {}]").0, [r#"1: {"email":"a@b.example"}"#, "2: {}"]);
        assert_eq!(lines(""), (Vec::new(), Ok(())));
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_own_line_alone() {
        let open = "a quote is not closed";
        let (found, ended) = lines("email,name\na@b.example,\"Ana\nb@b.example,Bia\nc@b.example,\"Silva, C\"\nd@b.example,\"D\nD\"\n");
        let comma = "a comma is expected behind a closing quote";
        let of = |number: u64, email: &str, name: &str| format!(r#"{number}: {{"email":"{email}@b.example","name":"{name}"}}"#);
        assert_eq!(found, [format!("2! {comma}"), of(3, "b", "Bia"), of(4, "c", "Silva, C"), of(5, "d", r"D\nD")]);
        assert_eq!(ended, Ok(()));
        assert_eq!(lines("email,name\na,\"Ana\nb,Bia\n").0, [format!("2! {open}"), r#"3: {"email":"b","name":"Bia"}"#.to_owned()]);
    }

    #[test]
    fn many_quotes_that_are_not_closed_are_read_in_bounded_time() {
        let many = 400_000;
        let text = format!("email,name\na,\"x\n{}", "b,y\n".repeat(many));
        let (found, _) = lines(&text);
        assert_eq!((found.len(), found[0].as_str()), (many + 1, "2! a quote is not closed"));
        // Each of them opens a quote, and the next one closes it.
        let text = format!("email,name\n{}", "a,\"x\n".repeat(many));
        assert_eq!(lines(&text).0.len(), many);
    }

    #[test]
    fn a_head_is_judged_once_and_a_byte_order_mark_is_no_part_of_a_list() {
        assert_eq!(
            lines("email;name\na;b\nc;d\n"),
            (Vec::new(), Err("the first line separates the fields with `;`: separate with commas, in all lines".to_owned()))
        );
        let near = "the first line names the fields, and `emial` is not one; did you mean `email`?";
        assert_eq!(lines("emial,name\na,b\nc,d\n"), (Vec::new(), Err(near.to_owned())));
        assert_eq!(lines("\u{feff}[{\"email\":\"a@b.example\"}]"), (vec![r#"1: {"email":"a@b.example"}"#.to_owned()], Ok(())));
    }

    #[test]
    fn what_cannot_be_read_is_said_of_its_line_and_the_others_are_read() {
        assert_eq!(
            lines("email,name\na,b,c\nd,\"e\"f\ng,h\"i\nj,k").0,
            [
                "2! it has 3 fields, and the head has 2",
                "3! a comma is expected behind a closing quote",
                "4! a quote stands inside of a field that does not begin with one",
                r#"5: {"email":"j","name":"k"}"#
            ]
        );
        let odd = "is not UTF-8: save the file as UTF-8, and import it again";
        assert_eq!(
            lines(b"email,name\na,Jos\xe9\nb,\"x\nJos\xe9\"\nc,Ana\n").0,
            [format!("2! line 2 {odd}"), format!("3! line 4 {odd}"), r#"5: {"email":"c","name":"Ana"}"#.to_owned()]
        );
        assert_eq!(lines(b"email,n\xe3me\n").1, Err("line 1 is not UTF-8".to_owned()));
        let (found, _) = lines("{\"email\":\"a\"}\nhello\n{}\n");
        assert_eq!((found.len(), found[1].starts_with("2! this is not a JSON object")), (3, true));
        assert_eq!(lines("[1, {}]").0, ["1! this is not a JSON object", "2: {}"]);
        assert!(lines("[{}, ").1.is_err() && lines("[] x").1.is_err());
    }
}
