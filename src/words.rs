//! How words are read from a file, and how they describe themselves.
//!
//! A block of words is declared once, with [`words!`](crate::words!): the doc comments, the fields and their names
//! in the file. From that one place come the reading (all complaints at once, with "did you mean"), the JSON schema
//! and the reference for operators. serde would stop at the first mistake; that is why it is not used for this.
//!
//! It stays one file because the macro, the traits and the desk are one mechanism.

use crate::diagnostic::{Complaint, Severity, did_you_mean, one_of};
use crate::names::{Names, Slot};
use crate::place::{At, Place, Source};
use crate::yaml::{self, Entry, Kind, Node, Unreadable};

/// The desk at which a file is read: complaints are laid down here, and names of facts get their numbers.
#[derive(Debug, Default)]
pub struct Desk {
    /// What there is to complain about so far.
    pub complaints: Vec<Complaint>,
    /// The names of the facts that the file speaks of.
    pub names: Names,
    /// Names whose values could not be used: complained about once, not again wherever they are missed.
    spoiled: Vec<String>,
    /// Words whose values could not be used, with where their blocks begin; the empty word for a block with unknown words.
    spoiled_words: Vec<(Place, &'static str)>,
}

impl Desk {
    /// Lays down an error.
    pub fn complain(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.lay_down(Severity::Error, Some(place), message, help);
    }

    /// Lays down an error, unless the very same sentence was laid down already: for what a whole file lacks.
    pub fn complain_once(&mut self, place: Place, message: &str, help: &str) {
        if !self.complaints.iter().any(|complaint| complaint.message == message) {
            self.complain(place, message, help);
        }
    }

    /// Lays down a warning.
    pub fn warn(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.lay_down(Severity::Warning, Some(place), message, help);
    }

    /// Lays down an error about the file as a whole.
    pub fn complain_about_file(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.lay_down(Severity::Error, None, message, help);
    }

    fn lay_down(&mut self, severity: Severity, place: Option<Place>, message: impl Into<String>, help: impl Into<String>) {
        // A file full of mistakes is not helped by the thousandth complaint.
        if !self.has_enough() {
            self.complaints.push(Complaint { severity, place, message: message.into(), help: help.into() });
        }
    }

    /// Opens a file: its tree, or a complaint about why there is none; `when_empty` says what to do about an empty one.
    pub fn open(&mut self, source: &Source, when_empty: &str) -> Option<Node> {
        match yaml::parse(source) {
            Ok((node, twice)) => {
                twice.into_iter().for_each(|twice| self.unreadable(twice));
                Some(node)
            }
            Err(unreadable) => {
                let help = if unreadable.is_empty { when_empty.to_owned() } else { unreadable.help };
                self.unreadable(Unreadable { help, ..unreadable });
                None
            }
        }
    }

    fn unreadable(&mut self, unreadable: Unreadable) {
        self.lay_down(Severity::Error, unreadable.place, unreadable.message, unreadable.help);
    }

    /// Whether there are so many complaints that no further one is worth its work.
    pub fn has_enough(&self) -> bool {
        self.complaints.len() >= 200
    }

    /// Whether a fact is missed only because of something that is complained about already.
    pub fn is_spoiled(&self, fact: Slot) -> bool {
        self.spoiled.iter().any(|name| **name == **self.names.name(fact))
    }

    /// Whether a word stands in a block and could not be used, so that it is not missing.
    pub fn is_spoiled_word(&self, block: Place, word: &str) -> bool {
        self.spoiled_words.iter().any(|(place, spoiled)| *place == block && *spoiled == word)
    }

    /// Whether anything could not be used, so that what seems to be missing may only be hidden.
    pub fn hides_something(&self) -> bool {
        !self.spoiled_words.is_empty() || !self.spoiled.is_empty()
    }

    /// Whether a block holds words that are none, so that what seems to be missing may be what was meant.
    pub fn is_misspelt(&self, block: Place) -> bool {
        self.is_spoiled_word(block, "")
    }

    /// The lines of a block, with a complaint for every key that is none of its words.
    pub fn block<'n>(&mut self, node: &'n Node, block: &Block) -> Option<&'n [Entry]> {
        let Kind::Map(entries) = &node.kind else {
            let words: Vec<&str> = block.words.iter().map(|word| word.name).take(8).collect();
            let help = match &node.kind {
                Kind::Scalar { text, .. } if text.starts_with("http") => format!("write `{{ get: \"{text}\" }}`"),
                Kind::Scalar { .. } if node.is_null() => format!("write its lines below it, indented: {} …", one_of(words)),
                Kind::List(_) => format!("take the dashes away: this is one block of `key: value` lines with {} …", one_of(words)),
                Kind::Scalar { .. } | Kind::Map(_) => format!("write `key: value` lines with {} …", one_of(words)),
            };
            self.complain(node.place, format!("{} stands where {} is expected", node.what(), a(block.title)), help);
            return None;
        };
        for entry in entries {
            if !self.has_enough() && !block.words.iter().any(|word| word.name == entry.key.value) {
                self.unknown_word(&entry.key, block);
                self.spoiled_words.push((node.place, ""));
                if let Kind::Map(inner) = &entry.value.kind {
                    self.spoiled.extend(inner.iter().map(|entry| entry.key.value.clone()));
                }
            }
        }
        Some(entries)
    }

    fn unknown_word(&mut self, key: &At<String>, block: &Block) {
        let names = block.words.iter().map(|word| word.name);
        let help = match ((block.elsewhere)(key), did_you_mean(key, names.clone())) {
            (Some(help), _) => help.to_owned(),
            (None, Some(word)) => format!("did you mean `{word}`?"),
            (None, None) => format!("the words of {} are {}", a(block.title), one_of(names)),
        };
        self.complain(key.place, format!("`{}` is not a word of {}", key.value, a(block.title)), help);
    }
}

/// A title with its article.
fn a(title: &str) -> String {
    let article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {title}")
}

/// Something that can be written as the value of a word.
pub trait Word: Sized {
    /// Reads it; what cannot be used is complained about and gives `None`.
    fn read(node: &Node, desk: &mut Desk) -> Option<Self>;
    /// What it looks like, for the schema and the reference.
    fn shape() -> Shape;
}

/// A word that a block asks for.
pub struct Wanted {
    /// The word.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// What its block is called.
    pub title: &'static str,
}

/// A field of a block: a word, or an optional one.
pub trait Field: Sized {
    /// Whether the block cannot do without.
    const REQUIRED: bool;
    /// Takes the field out of its block.
    fn take(entries: &[Entry], word: &Wanted, block: Place, desk: &mut Desk) -> Option<Self>;
    /// What the value looks like.
    fn shape() -> Shape;
}

impl<T: Word> Field for T {
    const REQUIRED: bool = true;
    fn take(entries: &[Entry], word: &Wanted, block: Place, desk: &mut Desk) -> Option<Self> {
        if let Some(entry) = find(entries, word.name) {
            return T::read(&entry.value, desk);
        }
        let example = word.doc.lines().find_map(|line| line.trim().strip_prefix("Example:")).unwrap_or("").trim();
        desk.complain(block, format!("this {} has no `{}`", word.title, word.name), format!("add it, such as {example}"));
        None
    }
    fn shape() -> Shape {
        <T as Word>::shape()
    }
}

impl<T: Word> Field for Option<T> {
    const REQUIRED: bool = false;
    fn take(entries: &[Entry], word: &Wanted, block: Place, desk: &mut Desk) -> Option<Self> {
        let Some(entry) = find(entries, word.name) else { return Some(None) };
        let value = T::read(&entry.value, desk);
        if value.is_none() {
            desk.spoiled_words.push((block, word.name));
        }
        Some(value)
    }
    fn shape() -> Shape {
        <T as Word>::shape()
    }
}

fn find<'n>(entries: &'n [Entry], name: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| entry.key.value == name)
}

/// What a value may look like.
#[derive(Clone)]
pub enum Shape {
    /// A text; the note says which.
    Text(&'static str),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list.
    List(Box<Shape>),
    /// Names of one's own, each with such a value.
    Map(Box<Shape>),
    /// Any of these.
    Either(Vec<Shape>),
    /// Any JSON, with holes in its texts.
    Json,
    /// `null`.
    Nothing,
    /// A block of words of its own.
    Block(fn() -> &'static Block),
}

/// A block of words, described.
pub struct Block {
    /// What it is called in sentences.
    pub title: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its words.
    pub words: Vec<WordDoc>,
    /// Where a word that is none of this block's belongs, or what to write instead.
    pub elsewhere: fn(&str) -> Option<&'static str>,
}

/// One word, described. Its doc comment ends in lines `Default: …` and `Example: …`.
pub struct WordDoc {
    /// The word.
    pub name: &'static str,
    /// Meaning, default and example.
    pub doc: &'static str,
    /// Whether its block cannot do without.
    pub required: bool,
    /// What its value looks like.
    pub shape: Shape,
}

/// Declares a block of words: the struct, how it is read, and how it describes itself.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub struct $block:ident ($title:literal $(, elsewhere = $elsewhere:path)?) {
            $( $(#[doc = $word_doc:literal])* $field:ident : $type:ty = $word:literal ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct $block {
            /// Where the block stands.
            pub place: $crate::place::Place,
            $( $(#[doc = $word_doc])* pub $field: $type, )*
        }

        impl $block {
            /// The block's description.
            pub fn block() -> &'static $crate::words::Block {
                static BLOCK: std::sync::LazyLock<$crate::words::Block> = std::sync::LazyLock::new(|| $crate::words::Block {
                    title: $title,
                    doc: concat!($($doc, "\n"),*),
                    words: vec![ $( $crate::words::WordDoc {
                        name: $word,
                        doc: concat!($($word_doc, "\n"),*),
                        required: <$type as $crate::words::Field>::REQUIRED,
                        shape: <$type as $crate::words::Field>::shape(),
                    } ),* ],
                    elsewhere: {
                        let known: &[fn(&str) -> Option<&'static str>] = &[$($elsewhere,)? |_| None];
                        known[0]
                    },
                });
                &BLOCK
            }
        }

        impl $crate::words::Word for $block {
            fn read(node: &$crate::yaml::Node, desk: &mut $crate::words::Desk) -> Option<Self> {
                let block = Self::block();
                let entries = desk.block(node, block)?;
                $(
                    let wanted = $crate::words::Wanted { name: $word, doc: concat!($($word_doc, "\n"),*), title: block.title };
                    let $field = <$type as $crate::words::Field>::take(entries, &wanted, node.place, desk);
                )*
                Some(Self { place: node.place, $( $field: $field?, )* })
            }
            fn shape() -> $crate::words::Shape {
                $crate::words::Shape::Block(Self::block)
            }
        }
    };
}

/// A choice of words: declares the enum, its reading and its description.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        pub enum $choice:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $choice { $( $(#[doc = $variant_doc])* $variant ),* }

        impl $choice {
            /// All its words.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word for it.
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word ),* }
            }

            /// What a word means.
            pub fn named(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$variant), )* _ => None }
            }
        }

        impl $crate::words::Word for $choice {
            fn read(node: &$crate::yaml::Node, desk: &mut $crate::words::Desk) -> Option<Self> {
                let text = $crate::words::scalar(node, desk)?;
                let found = Self::named(&text);
                if found.is_none() {
                    $crate::words::not_among(&text, Self::WORDS, desk);
                }
                found
            }
            fn shape() -> $crate::words::Shape {
                $crate::words::Shape::Choice(Self::WORDS)
            }
        }
    };
}

/// The text of a scalar with its place, or a complaint.
pub fn scalar(node: &Node, desk: &mut Desk) -> Option<At<String>> {
    if let Kind::Scalar { text, .. } = &node.kind
        && !node.is_null()
    {
        return Some(At::new(text.clone(), node.place));
    }
    desk.complain(
        node.place,
        format!("{} stands where a text is expected", node.what()),
        "write a single value; in quotes where it begins with `{`, `[`, `*`, `&` or `#`",
    );
    None
}

/// Complains that a text is none of the words that may stand there.
pub fn not_among(text: &At<String>, words: &[&'static str], desk: &mut Desk) {
    let help = match did_you_mean(text, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write {}", one_of(words.iter().copied())),
    };
    desk.complain(text.place, format!("`{}` is none of the words that may stand here", text.value), help);
}

impl Word for At<String> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        scalar(node, desk)
    }
    fn shape() -> Shape {
        Shape::Text("a text")
    }
}

impl Word for bool {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let text = scalar(node, desk)?;
        match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "yes" | "on" | "Yes" | "On" | "True" | "TRUE" => {
                desk.complain(text.place, format!("`{}` is a text, not a yes", text.value), "write `true`");
                None
            }
            "no" | "off" | "No" | "Off" | "False" | "FALSE" => {
                desk.complain(text.place, format!("`{}` is a text, not a no", text.value), "write `false`");
                None
            }
            _ => {
                desk.complain(text.place, format!("`{}` is neither `true` nor `false`", text.value), "write `true` or `false`");
                None
            }
        }
    }
    fn shape() -> Shape {
        Shape::Flag
    }
}

impl Word for i32 {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let text = scalar(node, desk)?;
        let number = text.parse();
        if number.is_err() {
            desk.complain(text.place, format!("`{}` is not a whole number", text.value), "write digits only, such as `10`");
        }
        number.ok()
    }
    fn shape() -> Shape {
        Shape::Number
    }
}

/// One value or a list of them.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: Word> Word for OneOrMany<T> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let Kind::List(nodes) = &node.kind else { return T::read(node, desk).map(|one| Self(vec![one])) };
        if nodes.is_empty() {
            desk.complain(node.place, "this list is empty", "write at least one value, or leave the word out");
        }
        let items: Vec<T> = nodes.iter().filter_map(|node| T::read(node, desk)).collect();
        (items.len() == nodes.len()).then_some(Self(items))
    }
    fn shape() -> Shape {
        Shape::Either(vec![T::shape(), Shape::List(Box::new(T::shape()))])
    }
}

/// Names of one's own, each with a value, in the order in which they were written.
#[derive(Clone, Debug)]
pub struct Named<T>(pub Vec<(At<String>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Word> Word for Named<T> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            desk.complain(
                node.place,
                format!("{} stands where `name: value` lines are expected", node.what()),
                "write one `name: value` a line, or `{ name: value }`",
            );
            return None;
        };
        let mut named = Vec::new();
        for entry in entries {
            match T::read(&entry.value, desk) {
                Some(value) => named.push((entry.key.clone(), value)),
                None => desk.spoiled.push(entry.key.value.clone()),
            }
        }
        Some(Self(named))
    }
    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }
}

impl<T: Word> Word for Box<T> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        T::read(node, desk).map(Self::new)
    }
    fn shape() -> Shape {
        T::shape()
    }
}
