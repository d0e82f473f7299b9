//! The fewest words for a request: the standard parameter where it fits, with `rename` and `extra` where it nearly fits, and
//! otherwise every parameter.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};

/// A parameter that was sent, with its value as the file writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentParameter {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) comment: Option<String>,
}

pub(crate) enum RequestShape {
    Standard { rename: Vec<YamlLine>, extra: Vec<YamlLine> },
    Written(Vec<YamlLine>),
}

pub(crate) fn shortest_shape(standard: &[(&str, String)], sent: &[SentParameter]) -> RequestShape {
    let written = || RequestShape::Written(parameter_entries(sent));
    let Some((rename, extra)) = standard_shape(standard, sent) else { return written() };
    if rename.len() + extra.len() >= sent.len().max(2) { written() } else { RequestShape::Standard { rename, extra } }
}

/// One line for each name; values of the same name become a list.
pub(crate) fn parameter_entries(sent: &[SentParameter]) -> Vec<YamlLine> {
    let mut all: Vec<YamlLine> = Vec::new();
    for parameter in sent {
        let text = YamlValue::Text(parameter.value.clone());
        if let Some(known) = all.iter_mut().find(|known| known.key == parameter.name) {
            known.value = match std::mem::replace(&mut known.value, YamlValue::List(Vec::new())) {
                YamlValue::List(mut list) => {
                    list.push(text);
                    YamlValue::List(list)
                }
                first => YamlValue::List(vec![first, text]),
            };
        } else {
            all.push(YamlLine { key: parameter.name.clone(), value: text, comment: parameter.comment.clone() });
        }
    }
    all
}

fn standard_shape(standard: &[(&str, String)], sent: &[SentParameter]) -> Option<(Vec<YamlLine>, Vec<YamlLine>)> {
    let mut used = vec![false; sent.len()];
    let mut partner: Vec<Option<usize>> = vec![None; standard.len()];
    // The same name and value first, then the same value under another name, then the same name with another value.
    for (at, (name, value)) in standard.iter().enumerate() {
        partner[at] = take_unused(&mut used, sent, |parameter| parameter.name == *name && parameter.value == *value);
    }
    for (at, (_, value)) in standard.iter().enumerate() {
        if partner[at].is_none() {
            partner[at] = take_unused(&mut used, sent, |parameter| {
                parameter.value == *value && !standard.iter().any(|(name, _)| *name == parameter.name)
            });
        }
    }
    for (at, (name, _)) in standard.iter().enumerate() {
        if partner[at].is_none() {
            partner[at] = take_unused(&mut used, sent, |parameter| parameter.name == *name);
        }
    }
    let (mut rename, mut extra) = (Vec::new(), Vec::new());
    let mut order = Vec::new();
    for (at, (name, value)) in standard.iter().enumerate() {
        match partner[at] {
            None => extra.push(YamlLine::with_comment(*name, YamlValue::Bare("null".to_owned()), "this request does not carry it")),
            Some(with) => {
                let parameter = &sent[with];
                order.push(with);
                if parameter.name != *name {
                    rename.push(YamlLine {
                        key: (*name).to_owned(),
                        value: YamlValue::Text(parameter.name.clone()),
                        comment: parameter.comment.clone(),
                    });
                } else if parameter.value != *value {
                    extra.push(YamlLine {
                        key: parameter.name.clone(),
                        value: YamlValue::Text(parameter.value.clone()),
                        comment: parameter.comment.clone(),
                    });
                }
            }
        }
    }
    let rest: Vec<SentParameter> = sent.iter().enumerate().filter(|(at, _)| !used[*at]).map(|(_, parameter)| parameter.clone()).collect();
    order.extend((0..sent.len()).filter(|at| !used[*at]));
    let in_order = order.windows(2).all(|pair| pair[0] < pair[1]);
    let clashes = rest.iter().any(|parameter| standard.iter().any(|(name, _)| *name == parameter.name));
    extra.extend(parameter_entries(&rest));
    let repeats = parameter_entries(&rest).len() != rest.len();
    (in_order && !clashes && !repeats).then_some((rename, extra))
}

fn take_unused(used: &mut [bool], sent: &[SentParameter], fits: impl Fn(&SentParameter) -> bool) -> Option<usize> {
    let at = sent.iter().enumerate().position(|(at, parameter)| !used[at] && fits(parameter))?;
    used[at] = true;
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(list: &[(&str, &str)]) -> Vec<SentParameter> {
        list.iter().map(|(name, value)| SentParameter { name: (*name).to_owned(), value: (*value).to_owned(), comment: None }).collect()
    }

    #[test]
    fn the_standard_is_left_out_shaped_or_written() {
        let standard = [("response_type", "code".to_owned()), ("client_id", "${clientId}".to_owned()), ("state", "${state}".to_owned())];

        let shape = |list: &[(&str, &str)]| match shortest_shape(&standard, &sent(list)) {
            RequestShape::Written(all) => format!("written {}", all.len()),
            RequestShape::Standard { rename, extra } => format!("renamed {} extra {}", rename.len(), extra.len()),
        };

        assert_eq!(shape(&[("response_type", "code"), ("client_id", "${clientId}"), ("state", "${state}")]), "renamed 0 extra 0");
        assert_eq!(shape(&[("app", "${clientId}"), ("state", "${state}"), ("x", "1")]), "written 3");
        assert_eq!(shape(&[("response_type", "code"), ("app", "${clientId}"), ("state", "${state}"), ("x", "1")]), "renamed 1 extra 1");
        assert_eq!(shape(&[("state", "${state}"), ("client_id", "${clientId}"), ("response_type", "code")]), "written 3");
    }
}
