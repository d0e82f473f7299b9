//! Places in files that people wrote.
//!
//! Values keep their place from the moment they are read until a login runs, so that even an error in a live
//! answer can point at the word that caused it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// How the name of the next version of a provider file ends.
pub(crate) const NEXT_VERSION: &str = ".next.yaml";

/// A file that a person wrote: its name for messages, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name as shown in messages, usually a path.
    pub name: Arc<str>,
    /// The whole text, into which places point by bytes.
    pub text: Arc<str>,
}

impl Source {
    /// A file that was read already; its name is used in messages and is not opened.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The file's name without its folder and ending: what a provider is called everywhere. The next version of a file has the name of
    /// the file.
    pub(crate) fn stem(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        file.strip_suffix(NEXT_VERSION).or_else(|| file.strip_suffix(".yaml")).unwrap_or(file)
    }

    /// Whether it is the next version of a provider file: `NAME.next.yaml` beside `NAME.yaml`.
    pub(crate) fn is_next_version(&self) -> bool {
        self.name.ends_with(NEXT_VERSION)
    }

    /// The column after the last character of `place` on its first line.
    pub(crate) fn end_column(&self, place: Place) -> u32 {
        let text = self.text.get(place.start as usize..place.end as usize).unwrap_or("");
        let width = text.lines().next().unwrap_or("").chars().count();
        place.column + u32::try_from(width).unwrap_or(u32::MAX).max(1)
    }
}

/// A stretch of a source: bytes for drawing, line and column (from 1, in characters) for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The offset of the first byte.
    pub(crate) start: u32,
    /// The offset of the byte after the last.
    pub(crate) end: u32,
    /// The line, from 1; 0 when the place is unknown.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// A part of this place's first line: `from` and `to` count bytes of `text`, which stands at this place.
    #[must_use]
    pub(crate) fn part(self, text: &str, from: usize, to: usize) -> Self {
        let before = text.get(..from).unwrap_or(text);
        if before.contains('\n') {
            return self;
        }
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: self.start + small(from),
            end: self.start + small(to.max(from)),
            line: self.line,
            column: self.column + small(before.chars().count()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What was read at the place.
    pub value: T,
    /// Where it was written.
    pub(crate) place: Place,
}

impl<T> Located<T> {
    /// A value with its place.
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}
