//! The lines of a CSV file that belong together: a quote that is open at the end of a line goes on in the next one. Where that leads nowhere, the
//! first line is refused alone and the others are read again, within bounds.

use crate::commands::users::import_lines::{LONGEST, next_line};
use std::collections::VecDeque;
use std::io::BufRead;

/// How often lines are searched for the end of a quote and read again, before each of the lines that wait to be read again is one record.
const MOST_SEARCHES: u32 = 8;

/// The records of a file.
pub(super) struct CsvRecords<'f, F> {
    file: &'f mut F,
    /// Lines that are read again.
    again: VecDeque<Vec<u8>>,
    /// How many searches have led nowhere since the last line that was not read again.
    searches: u32,
    /// The lines of the present record, and the number of the first.
    lines: Vec<Vec<u8>>,
    first: u64,
}

impl<'f, F: BufRead> CsvRecords<'f, F> {
    pub(super) fn new(file: &'f mut F) -> Self {
        Self { file, again: VecDeque::new(), searches: 0, lines: Vec::new(), first: 1 }
    }

    /// The next record and the number of its first line. A quote that is not closed is in it, and only its own line.
    pub(super) fn next_record(&mut self) -> Result<Option<(u64, Vec<u8>)>, String> {
        self.first += self.lines.len() as u64;
        self.lines.clear();
        if self.again.is_empty() {
            self.searches = 0;
        }
        let (mut quotes, mut bytes) = (QuoteState::default(), 0);
        while let Some(line) = self.next_line()? {
            bytes += line.len() as u64;
            quotes.read(&line);
            self.lines.push(line);
            if !quotes.is_open {
                return Ok(Some((self.first, self.lines.concat())));
            }
            if bytes > LONGEST || (self.searches >= MOST_SEARCHES && !self.again.is_empty()) {
                break;
            }
        }
        if self.lines.is_empty() {
            return Ok(None);
        }
        self.read_again_after_first_line();
        Ok(Some((self.first, self.lines.concat())))
    }

    /// Leaves the first line of the present record alone, and reads the others again: what seemed to be inside of a quote was not.
    pub(super) fn read_again_after_first_line(&mut self) {
        if self.lines.len() > 1 {
            self.searches += 1;
            self.lines.drain(1..).rev().for_each(|line| self.again.push_front(line));
        }
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, String> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        Ok(next_line(self.file, &mut line)?.then_some(line))
    }
}

/// Whether a line ends inside of a field in quotes. A quote inside of another field opens none, so that a stray one takes no further lines.
struct QuoteState {
    is_open: bool,
    is_begin: bool,
}

impl Default for QuoteState {
    fn default() -> Self {
        Self { is_open: false, is_begin: true }
    }
}

impl QuoteState {
    fn read(&mut self, line: &[u8]) {
        for byte in line {
            match (self.is_open, byte) {
                // A doubled quote closes and opens again.
                (true, b'"') => (self.is_open, self.is_begin) = (false, true),
                (true, _) => {}
                (false, b'"') if self.is_begin => self.is_open = true,
                (false, b',') => self.is_begin = true,
                (false, _) => self.is_begin = false,
            }
        }
    }
}
