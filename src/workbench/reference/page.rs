//! Makes a page of the reference from its topics.
//!
//! A topic is Markdown. A line in double braces, outside of code, stands for what the program knows itself:
//!
//! - `{{contents}}`: the table of contents, made of the headings `##` (topics) and `###`
//! - `{{index}}`: every block, with its words by topic
//! - `{{block call}}`: the heading and the meaning of a block
//! - `{{words call, assertion: key claims}}`: these words of these blocks; words that mean the same in several blocks stand
//!   there once. `*` stands for every word that stands nowhere else.
//! - `{{table functions}}`: a table of `tables`
//!
//! Every word stands in exactly one topic. What no topic names is written at the end, and is a problem of the page.

use crate::vocabulary::words::{ValueShape, WordBlock, WordDoc, with_article};
use crate::workbench::reference::tables::table;
use crate::workbench::reference::word_doc::{ParsedWordDoc, one_line};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A page of the reference.
pub struct ReferencePage {
    /// The text, in Markdown.
    pub text: String,
    /// What is wrong with its topics: a word that stands nowhere, or twice.
    pub problems: Vec<String>,
}

/// A heading, for the contents.
struct Heading {
    text: String,
    is_topic: bool,
}

struct PageWriter {
    /// All blocks of the page, in the order in which their words lead to them.
    blocks: Vec<&'static WordBlock>,
    /// The topic of each word that is written, by its block and its name.
    placed: BTreeMap<(&'static str, &'static str), String>,
    described: Vec<&'static str>,
    /// The words that some topic names.
    named: Vec<(&'static str, &'static str)>,
    headings: Vec<Heading>,
    text: String,
    problems: Vec<String>,
}

impl ReferencePage {
    /// Writes the page about these blocks, and the blocks that they lead to.
    pub(crate) fn write(topics: &[&str], roots: &[&'static WordBlock]) -> Self {
        let mut blocks = Vec::new();
        roots.iter().for_each(|block| collect_blocks(block, &mut blocks));
        let mut writer = PageWriter {
            blocks,
            placed: BTreeMap::new(),
            described: Vec::new(),
            named: Vec::new(),
            headings: Vec::new(),
            text: String::new(),
            problems: Vec::new(),
        };
        writer.collect_named_words(topics);
        for topic in topics {
            writer.write_topic(topic);
        }
        writer.write_what_is_left();
        let text = writer.text.replace("{{contents}}\n", &writer.contents()).replace("{{index}}\n", &writer.index());
        Self { text: text.trim_end().to_owned() + "\n", problems: writer.problems }
    }
}

/// The lines of Markdown, each with whether it stands outside of code.
fn lines_outside_code(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut in_code = false;
    text.lines().map(move |line| {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        (line, !in_code && !is_fence)
    })
}

/// The command of a line in double braces, and what it is about.
fn directive(line: &str) -> Option<(&str, &str)> {
    let inner = line.strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inner.split_once(' ').unwrap_or((inner, "")))
}

impl PageWriter {
    fn collect_named_words(&mut self, topics: &[&str]) {
        let commands = topics.iter().flat_map(|topic| lines_outside_code(topic)).filter(|(_, outside)| *outside);
        for list in commands.filter_map(|(line, _)| directive(line)).filter(|(command, _)| *command == "words").map(|(_, list)| list) {
            let (blocks, names) = list.split_once(": ").unwrap_or((list, ""));
            let blocks: Vec<&'static WordBlock> = blocks.split(", ").filter_map(|title| self.block(title)).collect();
            for block in blocks {
                let is_named = |word: &&WordDoc| names.split(' ').any(|name| name == word.name);
                self.named.extend(block.words.iter().filter(is_named).map(|word| (block.title, word.name)));
            }
        }
    }

    fn block(&self, title: &str) -> Option<&'static WordBlock> {
        self.blocks.iter().copied().find(|block| block.title == title)
    }

    fn write_topic(&mut self, topic: &str) {
        for (line, outside) in lines_outside_code(topic.trim_end()) {
            match directive(line).filter(|_| outside) {
                None => {
                    if let Some(text) = line.strip_prefix("## ").filter(|text| outside && *text != "Contents") {
                        self.headings.push(Heading { text: text.to_owned(), is_topic: true });
                    } else if let Some(text) = line.strip_prefix("### ").filter(|_| outside) {
                        self.headings.push(Heading { text: text.to_owned(), is_topic: false });
                    }
                    self.text.push_str(line);
                    self.text.push('\n');
                }
                Some(("contents" | "index", _)) => {
                    self.text.push_str(line);
                    self.text.push('\n');
                }
                Some(("block", title)) => match self.block(title) {
                    Some(block) => self.write_block(block),
                    None => self.problems.push(format!("no block is called `{title}`")),
                },
                Some(("words", list)) => self.write_words(list),
                Some(("table", name)) => match table(name) {
                    Some(rows) => self.text.push_str(&rows),
                    None => self.problems.push(format!("no table is called `{name}`")),
                },
                Some((command, _)) => self.problems.push(format!("`{command}` is no command")),
            }
        }
        self.text.push('\n');
    }

    fn write_block(&mut self, block: &'static WordBlock) {
        if self.described.contains(&block.title) {
            self.problems.push(format!("the block `{}` is described twice", block.title));
        }
        self.described.push(block.title);
        let heading = heading(block.title);
        let _ = writeln!(self.text, "### {heading}\n\n{}", one_line(block.doc));
        self.headings.push(Heading { text: heading, is_topic: false });
    }

    fn write_words(&mut self, list: &str) {
        let (titles, names) = list.split_once(": ").unwrap_or((list, ""));
        let blocks: Vec<&'static WordBlock> = titles.split(", ").filter_map(|title| self.block(title)).collect();
        if blocks.len() != titles.split(", ").count() {
            self.problems.push(format!("not all of these are blocks: {titles}"));
        }
        let Some(first) = blocks.first() else { return };
        let names: Vec<&str> = if names == "*" {
            let is_left =
                |word: &&WordDoc| !self.named.contains(&(first.title, word.name)) && !self.placed.contains_key(&(first.title, word.name));
            first.words.iter().filter(is_left).map(|word| word.name).collect()
        } else {
            names.split(' ').collect()
        };
        let topic = self.headings.iter().rev().find(|heading| heading.is_topic).map_or_else(String::new, |heading| heading.text.clone());
        for name in names {
            let holders: Vec<(&'static WordBlock, &'static WordDoc)> =
                blocks.iter().filter_map(|block| Some((*block, block.words.iter().find(|word| word.name == name)?))).collect();
            let Some((_, word)) = holders.first() else {
                self.problems.push(format!("`{name}` is not a word of {titles}"));
                continue;
            };
            for (block, other) in &holders {
                if self.placed.insert((block.title, other.name), topic.clone()).is_some() {
                    self.problems.push(format!("`{name}` of `{}` stands twice", block.title));
                }
                let (word, other) = (ParsedWordDoc::parse(word), ParsedWordDoc::parse(other));
                if (word.meaning, word.default) != (other.meaning, other.default) {
                    self.problems.push(format!("`{name}` is described differently in {titles}"));
                }
            }
            let holders: Vec<String> = holders.iter().map(|(block, _)| self.holder(block)).collect();
            self.write_word(word, &holders.join(", "));
        }
    }

    /// Where the words of a block stand.
    fn holder(&self, block: &WordBlock) -> String {
        let is_first = self.blocks.first().is_some_and(|first| first.title == block.title);
        match block.title.strip_suffix(" step") {
            _ if is_first => "at the top".to_owned(),
            Some(step) => format!("in {step}"),
            None => format!("in {}", with_article(block.title)),
        }
    }

    fn write_word(&mut self, word: &WordDoc, holders: &str) {
        let doc = ParsedWordDoc::parse(word);
        let default = match doc.default {
            Some(default) => default,
            None if word.required => "required".to_owned(),
            None => "none".to_owned(),
        };
        let _ = write!(
            self.text,
            "{}**`{}`** ({holders}; {}): {}  \nDefault: {default}",
            if self.text.ends_with("\n\n") { "" } else { "\n" },
            word.name,
            shape_description(&word.shape),
            doc.meaning
        );
        if let Some(example) = doc.example {
            let _ = write!(self.text, "  \nExample: `{example}`");
        }
        self.text.push('\n');
    }

    /// Writes the words that no topic names.
    fn write_what_is_left(&mut self) {
        let is_left = |block: &&'static WordBlock| block.words.iter().any(|word| !self.placed.contains_key(&(block.title, word.name)));
        let left: Vec<&'static WordBlock> = self.blocks.iter().copied().filter(is_left).collect();
        let undescribed: Vec<&'static WordBlock> =
            self.blocks.iter().copied().filter(|block| !self.described.contains(&block.title)).collect();
        if !left.is_empty() || !undescribed.is_empty() {
            self.write_topic("## Further words\n");
        }
        for block in self.blocks.clone() {
            if undescribed.iter().any(|one| one.title == block.title) {
                self.problems.push(format!("the block `{}` is described nowhere", block.title));
                self.write_block(block);
            }
            if left.iter().any(|one| one.title == block.title) {
                let missing = block.words.iter().filter(|word| !self.placed.contains_key(&(block.title, word.name)));
                let missing = missing.map(|word| word.name).collect::<Vec<_>>().join(" ");
                self.problems.push(format!("no topic has these words of `{}`: {missing}", block.title));
                self.write_words(&format!("{}: {missing}", block.title));
            }
        }
    }

    fn contents(&self) -> String {
        let mut text = String::new();
        for heading in &self.headings {
            let link = format!("[{}](#{})", heading.text, anchor(&heading.text));
            if heading.is_topic {
                let _ = write!(text, "{}- {link}", if text.is_empty() { "" } else { "\n" });
            } else {
                let _ = write!(text, "{}{link}", if text.lines().last().is_some_and(|line| line.contains("): ")) { ", " } else { ": " });
            }
        }
        text + "\n"
    }

    fn index(&self) -> String {
        let mut text = String::from("| block | its words |\n|---|---|\n");
        for block in &self.blocks {
            let mut by_topic: Vec<(&str, Vec<String>)> = Vec::new();
            for word in &block.words {
                let topic = self.placed.get(&(block.title, word.name)).map_or("", String::as_str);
                let name = format!("`{}`", word.name);
                match by_topic.iter_mut().find(|(known, _)| *known == topic) {
                    Some((_, names)) => names.push(name),
                    None => by_topic.push((topic, vec![name])),
                }
            }
            let groups = by_topic.into_iter().map(|(topic, names)| format!("[{topic}](#{}): {}", anchor(topic), names.join(" ")));
            let _ = writeln!(text, "| [{}](#{}) | {} |", block.title, anchor(block.title), groups.collect::<Vec<_>>().join("; "));
        }
        text
    }
}

/// The anchor of a heading, as Markdown viewers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn heading(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters
        .next()
        .map_or_else(String::new, |first| if title.starts_with("get") { first.to_string() } else { first.to_uppercase().to_string() });
    first + letters.as_str()
}

/// A block, and the blocks that are values of its words.
fn collect_blocks(block: &'static WordBlock, found: &mut Vec<&'static WordBlock>) {
    if found.iter().any(|known| known.title == block.title) {
        return;
    }
    found.push(block);
    block.words.iter().for_each(|word| collect_blocks_of_shape(&word.shape, found));
}

fn collect_blocks_of_shape(shape: &ValueShape, found: &mut Vec<&'static WordBlock>) {
    match shape {
        ValueShape::Block(block) => collect_blocks(block(), found),
        ValueShape::List(inner) | ValueShape::Map(inner) => collect_blocks_of_shape(inner, found),
        ValueShape::Either(shapes) => shapes.iter().for_each(|shape| collect_blocks_of_shape(shape, found)),
        ValueShape::Text(_) | ValueShape::Flag | ValueShape::Number | ValueShape::Choice(_) | ValueShape::Json | ValueShape::Nothing => {}
    }
}

fn shape_description(shape: &ValueShape) -> String {
    match shape {
        ValueShape::Text(note) => (*note).to_owned(),
        ValueShape::Flag => "`true` or `false`".to_owned(),
        ValueShape::Number => "a whole number".to_owned(),
        ValueShape::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ValueShape::List(inner) => format!("a list of: {}", shape_description(inner)),
        ValueShape::Map(inner) => format!("names of your choice, each with: {}", shape_description(inner)),
        ValueShape::Either(shapes) => {
            let mut parts: Vec<String> = shapes.iter().map(shape_description).collect();
            if let Some((last, others)) = parts.split_last_mut()
                && *last == format!("a list of: {}", others.join("; or "))
            {
                "a list of these".clone_into(last);
            }
            parts.join("; or ")
        }
        ValueShape::Json => "any JSON".to_owned(),
        ValueShape::Nothing => "`null`".to_owned(),
        ValueShape::Block(block) => {
            let title = block().title;
            format!("[{title}](#{})", anchor(title))
        }
    }
}
