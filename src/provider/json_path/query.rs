//! Paths that the library evaluates: refused where it would misread them, or where they find nothing in any answer.

use crate::provider::condition::Pattern;
use crate::provider::json_path::{RouteStep, is_name, written_key};
use jsonpath_rust::parser::model::{Comparable, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, Test, TestFunction};
use jsonpath_rust::parser::parse_json_path;

/// Parses a path with the library, after checks that it is cheap and unambiguous.
pub(crate) fn parse_query(text: &str) -> Result<JpQuery, (String, String)> {
    if text.contains("${") {
        let help = "holes stand in texts, not in paths; a filter (`$[?@.id == 'x']`) or `.*` finds what has no fixed name";
        return Err((format!("`{text}` is a path with a hole in it"), help.to_owned()));
    }
    if let Some(name) = text.strip_prefix('$').filter(|rest| rest.starts_with(|first: char| is_name(first, true))) {
        return Err((format!("`{text}` is not a path"), format!("did you mean `$.{name}`?")));
    }
    if !text.starts_with('$') {
        return Err((format!("`{text}` is not a path"), format!("paths begin with `$`: write `{}`", suggestion(text))));
    }
    check_query(text)?;
    let query = parse_json_path(text).map_err(|_| (format!("`{text}` is not a path of RFC 9535"), help_for_unreadable(text)))?;
    query.segments.iter().try_for_each(check_segment)?;
    Ok(query)
}

fn help_for_unreadable(text: &str) -> String {
    let compares_several = text.split_once('?').is_some_and(|(_, filter)| {
        let filter = filter.split("==").next().unwrap_or_default();
        filter.contains("[*]") || filter.contains(".*")
    });
    if compares_several {
        let help =
            "a comparison looks at one value; whether a list holds a text is checked by a condition: `{ at: $.roles, contains: admin }`";
        return help.to_owned();
    }
    if text.contains('?') && text.contains('(') {
        let help = "the functions of a path are `length`, `value`, `match` and `search`; others follow in a hole: `${$.a | lower}`";
        return help.to_owned();
    }
    "a path looks like `$.data.user.id`, `$.list[0].id`, `$['odd-key']` or `$[?@.primary == true].email`".to_owned()
}

/// Refuses a segment that would find nothing in any answer.
fn check_segment(segment: &Segment) -> Result<(), (String, String)> {
    let selectors = match segment {
        Segment::Descendant(inner) => return check_segment(inner),
        Segment::Selector(selector) => std::slice::from_ref(selector),
        Segment::Selectors(selectors) => selectors.as_slice(),
    };
    for selector in selectors {
        match selector {
            Selector::Filter(filter) => check_filter(filter)?,
            Selector::Slice(start, end, step) => {
                let (start, step) = (start.unwrap_or(0), step.unwrap_or(1));
                let is_empty = end.is_some_and(|end| step > 0 && start >= end && (start >= 0) == (end >= 0));
                if step == 0 || is_empty {
                    return Err((
                        "this part of a list is always empty".into(),
                        "write `[0:2]` for the first two entries, `[0]` for the first".into(),
                    ));
                }
            }
            Selector::Name(_) | Selector::Wildcard | Selector::Index(_) => {}
        }
    }
    Ok(())
}

fn check_filter(filter: &Filter) -> Result<(), (String, String)> {
    match filter {
        Filter::Or(all) | Filter::And(all) => all.iter().try_for_each(check_filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => check_filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
            Test::Function(function) => check_function(function),
            Test::RelQuery(_) | Test::AbsQuery(_) => Ok(()),
        },
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right].into_iter().try_for_each(|side| match side {
                Comparable::Function(function) => check_function(function),
                Comparable::Literal(_) | Comparable::SingularQuery(_) => Ok(()),
            })
        }
    }
}

/// Refuses a function of a filter that cannot work: `search` and `match` look at one text, not at a list.
fn check_function(function: &TestFunction) -> Result<(), (String, String)> {
    let (name, subject, pattern) = match function {
        TestFunction::Search(subject, pattern) => ("search", subject, pattern),
        TestFunction::Match(subject, pattern) => ("match", subject, pattern),
        TestFunction::Custom(name, _) => {
            return Err((
                format!("`{name}()` is not a function of a path"),
                "the functions are `length`, `value`, `match` and `search`; others follow in a hole: `${$.a | lower}`".into(),
            ));
        }
        TestFunction::Count(_) => {
            return Err((
                "`count()` has no result here where there is nothing to count".into(),
                "write `[?!@.list[0]]` for an entry whose list is empty, and `[?@.list[1]]` for one that has two".into(),
            ));
        }
        TestFunction::Length(_) | TestFunction::Value(_) => return Ok(()),
    };
    let segments = match subject {
        FnArg::Test(test) => match &**test {
            Test::RelQuery(segments) => segments.as_slice(),
            Test::AbsQuery(query) => query.segments.as_slice(),
            Test::Function(_) => &[],
        },
        FnArg::Literal(_) | FnArg::Filter(_) => &[],
    };
    if !segments.iter().map(RouteStep::from_segment).all(|step| step.is_single()) {
        return Err((
            format!("`{name}()` looks at one text, and this path finds several"),
            "whether a list holds a text is checked by a condition: `{ at: $.roles, contains: admin }`".into(),
        ));
    }
    if let FnArg::Literal(Literal::String(pattern)) = pattern {
        Pattern::compile_regex(pattern)?;
    }
    Ok(())
}

fn suggestion(text: &str) -> String {
    let names = text.trim_start_matches('.').split('.');
    names.fold("$".to_owned(), |path, name| path + &written_key(name, '\''))
}

/// Refuses a path that the library would silently misread, or that could cost more than one pass over the answer.
fn check_query(text: &str) -> Result<(), (String, String)> {
    let mut quote = None;
    let mut depth = 0_usize;
    let mut filter_depth = None;
    let (mut descents, mut choices) = (0, 0);
    let (mut before, mut escaped) = ('$', false);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if letter == open => {
                quote = None;
            }
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => {
                depth = depth.saturating_sub(1);
                if filter_depth.is_some_and(|at| depth < at) {
                    filter_depth = None;
                }
            }
            (None, '?') if filter_depth.is_some() => {
                return Err((
                    "a filter inside a filter finds nothing".into(),
                    "read the inner list by a step of its own, or use one filter with `&&`".into(),
                ));
            }
            (None, '?') if depth > 0 => filter_depth = Some(depth),
            (None, '.') if before == '.' => descents += if filter_depth.is_some() { 2 } else { 1 },
            (None, ',') if filter_depth.is_none() => choices += 1,
            (None, '|' | ',') if depth == 0 => {
                let help = "alternatives are a list (`[ $.a, $.b ]`); functions need a hole (`\"${$.a | lower}\"`)";
                return Err((format!("`{letter}` has no place in a path"), help.to_owned()));
            }
            (None, ' ') if depth == 0 && text.contains(['|', ',']) => {}
            (None, letter) if depth == 0 && !is_name(letter, false) && !matches!(letter, '.' | '*' | '$') => {
                return Err((
                    format!("`{letter}` in a path needs brackets and quotes around the key"),
                    "write the key as `['…']`, for example `$['e-mail']`".into(),
                ));
            }
            _ => {}
        }
        before = letter;
    }
    if descents > 1 {
        return Err((
            "this path searches the answer more than once (`..`)".into(),
            "write the path of the value; one `..` outside of filters is allowed".into(),
        ));
    }
    if choices > 4 {
        return Err((
            "this path chooses between more than five keys".into(),
            "write alternatives as a list of paths: `[ $.a, $.b ]`".into(),
        ));
    }
    Ok(())
}
