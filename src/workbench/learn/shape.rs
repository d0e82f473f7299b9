//! The shortest words for a request: the standard one where it fits, with `rename` and `extra` where it nearly does, else written out.

use crate::workbench::draft::{Entry, Piece};

/// A parameter: its name, its value as the file writes it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub name: String,
    /// Its value, with holes.
    pub value: String,
    /// Why.
    pub because: Option<String>,
}

/// Parameters as the words that send exactly them.
pub enum Shape {
    /// The standard request, shaped.
    Standard {
        /// Other names.
        rename: Vec<Entry>,
        /// More, and less.
        extra: Vec<Entry>,
    },
    /// All of it.
    Written(Vec<Entry>),
}

/// Finds the shortest words.
pub fn shape(standard: &[(&str, String)], sent: &[Sent]) -> Shape {
    let written = || Shape::Written(entries(sent));
    let Some((rename, extra)) = shaped(standard, sent) else { return written() };
    if rename.len() + extra.len() >= sent.len().max(2) { written() } else { Shape::Standard { rename, extra } }
}

/// Parameters as words, those of one name as a list.
pub fn entries(sent: &[Sent]) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for one in sent {
        let text = Piece::Text(one.value.clone());
        if let Some(known) = all.iter_mut().find(|known| known.key == one.name) {
            known.value = match std::mem::replace(&mut known.value, Piece::List(Vec::new())) {
                Piece::List(mut list) => {
                    list.push(text);
                    Piece::List(list)
                }
                first => Piece::List(vec![first, text]),
            };
        } else {
            all.push(Entry { key: one.name.clone(), value: text, because: one.because.clone() });
        }
    }
    all
}

fn shaped(standard: &[(&str, String)], sent: &[Sent]) -> Option<(Vec<Entry>, Vec<Entry>)> {
    let mut used = vec![false; sent.len()];
    let mut partner: Vec<Option<usize>> = vec![None; standard.len()];
    // The same name and value first, then the same value under another name, then the same name with another value.
    for (at, (name, value)) in standard.iter().enumerate() {
        partner[at] = take(&mut used, sent, |one| one.name == *name && one.value == *value);
    }
    for (at, (_, value)) in standard.iter().enumerate() {
        if partner[at].is_none() {
            partner[at] = take(&mut used, sent, |one| one.value == *value && !standard.iter().any(|(name, _)| *name == one.name));
        }
    }
    for (at, (name, _)) in standard.iter().enumerate() {
        if partner[at].is_none() {
            partner[at] = take(&mut used, sent, |one| one.name == *name);
        }
    }
    let (mut rename, mut extra) = (Vec::new(), Vec::new());
    let mut order = Vec::new();
    for (at, (name, value)) in standard.iter().enumerate() {
        match partner[at] {
            None => extra.push(Entry::because(*name, Piece::Bare("null".to_owned()), "this request does not carry it")),
            Some(with) => {
                let one = &sent[with];
                order.push(with);
                if one.name != *name {
                    rename.push(Entry { key: (*name).to_owned(), value: Piece::Text(one.name.clone()), because: one.because.clone() });
                } else if one.value != *value {
                    extra.push(Entry { key: one.name.clone(), value: Piece::Text(one.value.clone()), because: one.because.clone() });
                }
            }
        }
    }
    let rest: Vec<Sent> = sent.iter().enumerate().filter(|(at, _)| !used[*at]).map(|(_, one)| one.clone()).collect();
    order.extend((0..sent.len()).filter(|at| !used[*at]));
    let in_order = order.windows(2).all(|pair| pair[0] < pair[1]);
    let clashes = rest.iter().any(|one| standard.iter().any(|(name, _)| *name == one.name));
    extra.extend(entries(&rest));
    let repeats = entries(&rest).len() != rest.len();
    (in_order && !clashes && !repeats).then_some((rename, extra))
}

fn take(used: &mut [bool], sent: &[Sent], fits: impl Fn(&Sent) -> bool) -> Option<usize> {
    let at = sent.iter().enumerate().position(|(at, one)| !used[at] && fits(one))?;
    used[at] = true;
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(list: &[(&str, &str)]) -> Vec<Sent> {
        list.iter().map(|(name, value)| Sent { name: (*name).to_owned(), value: (*value).to_owned(), because: None }).collect()
    }

    #[test]
    fn the_standard_is_left_out_shaped_or_written() {
        let standard = [("response_type", "code".to_owned()), ("client_id", "${clientId}".to_owned()), ("state", "${state}".to_owned())];

        let told = |list: &[(&str, &str)]| match shape(&standard, &sent(list)) {
            Shape::Written(all) => format!("written {}", all.len()),
            Shape::Standard { rename, extra } => format!("renamed {} extra {}", rename.len(), extra.len()),
        };

        assert_eq!(told(&[("response_type", "code"), ("client_id", "${clientId}"), ("state", "${state}")]), "renamed 0 extra 0");
        assert_eq!(told(&[("app", "${clientId}"), ("state", "${state}"), ("x", "1")]), "written 3");
        assert_eq!(told(&[("response_type", "code"), ("app", "${clientId}"), ("state", "${state}"), ("x", "1")]), "renamed 1 extra 1");
        assert_eq!(told(&[("state", "${state}"), ("client_id", "${clientId}"), ("response_type", "code")]), "written 3");
    }
}
