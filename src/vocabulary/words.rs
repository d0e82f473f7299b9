//! How the words of a file are read, and how they are documented.
//!
//! A block of words is declared once, with the macro `words!`: the doc comments, the fields and their names
//! in the file. From this declaration the reader (all complaints at once, with "did you mean"), the JSON schema
//! and the reference for operators are made. serde is not used, because it stops at the first mistake.

mod reader;

pub use crate::vocabulary::words::reader::Reader;
pub(crate) use crate::vocabulary::words::reader::with_article;

use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::yaml::{YamlEntry, YamlKind, YamlNode};

/// Something that can be written as the value of a word.
pub(crate) trait WordValue: Sized {
    /// Reads the value. An unusable value gives a complaint and `None`.
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self>;
    /// What it looks like, for the schema and the reference.
    fn shape() -> ValueShape;
}

/// A word that a block asks for.
pub(crate) struct RequiredWord {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    /// What its block is called.
    pub(crate) title: &'static str,
}

/// A field of a block: a word, or an optional one.
pub(crate) trait BlockField: Sized {
    /// Whether a block without the field is an error.
    const REQUIRED: bool;
    /// The value of the field in an empty block; `None` if the field is required.
    fn absent() -> Option<Self>;
    /// Takes the field out of its block.
    fn take(entries: &[YamlEntry], word: &RequiredWord, block: Place, reader: &mut Reader) -> Option<Self>;
    /// What the value looks like.
    fn shape() -> ValueShape;
}

impl<T: WordValue> BlockField for T {
    const REQUIRED: bool = true;
    fn absent() -> Option<Self> {
        None
    }
    fn take(entries: &[YamlEntry], word: &RequiredWord, block: Place, reader: &mut Reader) -> Option<Self> {
        if let Some(entry) = find_entry(entries, word.name) {
            return T::read(&entry.value, reader);
        }
        let example = word.doc.lines().find_map(|line| line.trim().strip_prefix("Example:")).unwrap_or("").trim();
        reader.complain_missing(block, format!("this {} has no `{}`", word.title, word.name), format!("add it, such as {example}"));
        None
    }
    fn shape() -> ValueShape {
        <T as WordValue>::shape()
    }
}

impl<T: WordValue> BlockField for Option<T> {
    const REQUIRED: bool = false;
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn take(entries: &[YamlEntry], word: &RequiredWord, block: Place, reader: &mut Reader) -> Option<Self> {
        let Some(entry) = find_entry(entries, word.name) else { return Some(None) };
        let value = T::read(&entry.value, reader);
        if value.is_none() {
            reader.spoiled_words.push((block, word.name));
        }
        Some(value)
    }
    fn shape() -> ValueShape {
        <T as WordValue>::shape()
    }
}

fn find_entry<'n>(entries: &'n [YamlEntry], name: &str) -> Option<&'n YamlEntry> {
    entries.iter().find(|entry| entry.key.value == name)
}

/// What a value may look like.
#[derive(Clone)]
pub enum ValueShape {
    /// A text; the note says which.
    Text(&'static str),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of values of one shape.
    List(Box<ValueShape>),
    /// Names that the file chooses, each with such a value.
    Map(Box<ValueShape>),
    /// A value of one of these shapes.
    Either(Vec<ValueShape>),
    /// Any JSON, with holes in its texts.
    Json,
    /// `null`.
    Nothing,
    /// A block of words below the word.
    Block(fn() -> &'static WordBlock),
}

/// The documentation of a block of words.
pub struct WordBlock {
    /// The name of the block in complaints.
    pub title: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// The words that the block knows, in the order in which they are documented.
    pub words: Vec<WordDoc>,
    /// Says where an unknown word belongs, or what to write instead.
    pub(crate) elsewhere: fn(&str) -> Option<&'static str>,
}

/// The documentation of one word. Its doc comment ends in lines `Default: …` and `Example: …`.
pub struct WordDoc {
    /// The word as files write it, in `camelCase`.
    pub name: &'static str,
    /// Meaning, default and example.
    pub doc: &'static str,
    /// Whether a block without it is an error.
    pub required: bool,
    /// What its value looks like.
    pub shape: ValueShape,
}

/// Declares a block of words: the struct, how it is read, and how it describes itself.
///
/// A word that is declared and never read does not compile: `dead_code` is denied in `Cargo.toml`. This works because the
/// macro itself only writes fields, because the derived `Clone` and `Debug` do not count as reading, and because blocks
/// are `pub(crate)`; the compiler cannot know who reads a `pub` field. Only the blocks of example files are `pub`, since
/// tests look at them; `tests/architecture.rs` holds that. To see it, add a line such as
/// `probe: Option<bool> = "probe",` to a block and run `cargo check`: the answer is "field `probe` is never read". A
/// pattern that takes a block apart and names every field has a variable that is not used, which `.ci/run` refuses.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $block:ident ($title:literal $(, elsewhere = $elsewhere:path)?) {
            $( $(#[doc = $word_doc:literal])* $field:ident : $type:ty = $word:literal ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        $vis struct $block {
            /// The place of the block.
            #[allow(dead_code, reason = "not every block is complained about as a whole")]
            $vis place: $crate::vocabulary::place::Place,
            $( $(#[doc = $word_doc])* $vis $field: $type, )*
        }

        impl $block {
            /// The block without any word; `None` if a word is required.
            #[allow(dead_code, reason = "few blocks are implied by others")]
            pub(crate) fn empty(place: $crate::vocabulary::place::Place) -> Option<Self> {
                Some(Self { place, $( $field: <$type as $crate::vocabulary::words::BlockField>::absent()?, )* })
            }

            pub(crate) fn block() -> &'static $crate::vocabulary::words::WordBlock {
                static BLOCK: std::sync::LazyLock<$crate::vocabulary::words::WordBlock> = std::sync::LazyLock::new(|| $crate::vocabulary::words::WordBlock {
                    title: $title,
                    doc: concat!($($doc, "\n"),*),
                    words: vec![ $( $crate::vocabulary::words::WordDoc {
                        name: $word,
                        doc: concat!($($word_doc, "\n"),*),
                        required: <$type as $crate::vocabulary::words::BlockField>::REQUIRED,
                        shape: <$type as $crate::vocabulary::words::BlockField>::shape(),
                    } ),* ],
                    elsewhere: {
                        let known: &[fn(&str) -> Option<&'static str>] = &[$($elsewhere,)? |_| None];
                        *known.first().expect("the list is never empty")
                    },
                });
                &BLOCK
            }
        }

        impl $crate::vocabulary::words::WordValue for $block {
            fn read(node: &$crate::vocabulary::yaml::YamlNode, reader: &mut $crate::vocabulary::words::Reader) -> Option<Self> {
                let block = Self::block();
                let entries = reader.block_entries(node, block)?;
                $(
                    let wanted = $crate::vocabulary::words::RequiredWord { name: $word, doc: concat!($($word_doc, "\n"),*), title: block.title };
                    let $field = <$type as $crate::vocabulary::words::BlockField>::take(entries, &wanted, node.place, reader);
                )*
                Some(Self { place: node.place, $( $field: $field?, )* })
            }
            fn shape() -> $crate::vocabulary::words::ValueShape {
                $crate::vocabulary::words::ValueShape::Block(Self::block)
            }
        }
    };
}

/// A choice of words: declares the enum, its reading and its description.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $choice:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $choice { $( $(#[doc = $variant_doc])* $variant ),* }

        impl $choice {
            pub(crate) const WORDS: &'static [&'static str] = &[$($word),*];

            /// Every choice, in the order in which they are declared.
            #[allow(dead_code, reason = "not every choice is listed")]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it.
            #[allow(dead_code, reason = "not every choice is written again")]
            $vis fn word(self) -> &'static str {
                match self { $( Self::$variant => $word ),* }
            }

            /// What a word means.
            pub(crate) fn named(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$variant), )* _ => None }
            }
        }

        impl $crate::vocabulary::words::WordValue for $choice {
            fn read(node: &$crate::vocabulary::yaml::YamlNode, reader: &mut $crate::vocabulary::words::Reader) -> Option<Self> {
                let text = $crate::vocabulary::words::read_scalar(node, reader)?;
                let found = Self::named(&text);
                if found.is_none() {
                    $crate::vocabulary::words::complain_not_among(&text, Self::WORDS, reader);
                }
                found
            }
            fn shape() -> $crate::vocabulary::words::ValueShape {
                $crate::vocabulary::words::ValueShape::Choice(Self::WORDS)
            }
        }

        impl $crate::vocabulary::words::WordValue for $crate::vocabulary::place::Located<$choice> {
            fn read(node: &$crate::vocabulary::yaml::YamlNode, reader: &mut $crate::vocabulary::words::Reader) -> Option<Self> {
                $choice::read(node, reader).map(|value| Self::new(value, node.place))
            }
            fn shape() -> $crate::vocabulary::words::ValueShape {
                $choice::shape()
            }
        }
    };
}

/// The text of a scalar with its place, or a complaint.
pub(crate) fn read_scalar(node: &YamlNode, reader: &mut Reader) -> Option<Located<String>> {
    if let YamlKind::Scalar { text, .. } = &node.kind
        && !node.is_null()
    {
        return Some(Located::new(text.clone(), node.place));
    }
    reader.complain(
        node.place,
        format!("{} stands where a text is expected", node.description()),
        "write a single value; in quotes where it begins with `{`, `[`, `*`, `&` or `#`",
    );
    None
}

/// Complains that a text is none of the allowed words.
pub(crate) fn complain_not_among(text: &Located<String>, words: &[&'static str], reader: &mut Reader) {
    let meant = did_you_mean(text, words.iter().copied());
    let help = match meant {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write {}", quoted_alternatives(words.iter().copied())),
    };
    reader.complain_about_word(text.place, format!("`{}` is none of the words that may stand here", text.value), help, meant);
}

impl WordValue for Located<String> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        read_scalar(node, reader)
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a text")
    }
}

impl WordValue for bool {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "yes" | "on" | "Yes" | "On" | "True" | "TRUE" => {
                reader.complain(text.place, format!("`{}` is a text, not a yes", text.value), "write `true`");
                None
            }
            "no" | "off" | "No" | "Off" | "False" | "FALSE" => {
                reader.complain(text.place, format!("`{}` is a text, not a no", text.value), "write `false`");
                None
            }
            _ => {
                reader.complain(text.place, format!("`{}` is neither `true` nor `false`", text.value), "write `true` or `false`");
                None
            }
        }
    }
    fn shape() -> ValueShape {
        ValueShape::Flag
    }
}

impl WordValue for Located<bool> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        bool::read(node, reader).map(|value| Located::new(value, node.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Flag
    }
}

impl WordValue for i32 {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let number = text.parse();
        if number.is_err() {
            reader.complain(text.place, format!("`{}` is not a whole number", text.value), "write digits only, such as `10`");
        }
        number.ok()
    }
    fn shape() -> ValueShape {
        ValueShape::Number
    }
}

/// One value or a list of them.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: WordValue> WordValue for OneOrMany<T> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let YamlKind::List(nodes) = &node.kind else { return T::read(node, reader).map(|one| Self(vec![one])) };
        if nodes.is_empty() {
            reader.complain(node.place, "this list is empty", "write at least one value, or leave the word out");
        }
        let items: Vec<T> = nodes.iter().filter_map(|node| T::read(node, reader)).collect();
        (items.len() == nodes.len()).then_some(Self(items))
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![T::shape(), ValueShape::List(Box::new(T::shape()))])
    }
}

/// Names that the file chooses, each with a value, in the order in which they were written.
#[derive(Clone, Debug)]
pub struct NamedValues<T>(pub Vec<(Located<String>, T)>);

impl<T> Default for NamedValues<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: WordValue> WordValue for NamedValues<T> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let YamlKind::Map(entries) = &node.kind else {
            reader.complain(
                node.place,
                format!("{} stands where `name: value` lines are expected", node.description()),
                "write one `name: value` a line, or `{ name: value }`",
            );
            return None;
        };
        let mut named = Vec::new();
        for entry in entries {
            match T::read(&entry.value, reader) {
                Some(value) => named.push((entry.key.clone(), value)),
                None => reader.spoiled.push(entry.key.value.clone()),
            }
        }
        Some(Self(named))
    }
    fn shape() -> ValueShape {
        ValueShape::Map(Box::new(T::shape()))
    }
}

impl<T: WordValue> WordValue for Box<T> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Self::new)
    }
    fn shape() -> ValueShape {
        T::shape()
    }
}
