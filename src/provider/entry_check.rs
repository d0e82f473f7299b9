//! Checks that a claim about an address cannot come from another entry of a list than the address.
//!
//! Every expression is followed down to the paths that find its values. Two paths that part at a list may find their
//! values in two entries of it, whatever their filters say: the answers decide that, and not the file.

use crate::provider::choice::EntryChoice;
use crate::provider::condition::{Condition, ConditionSubject, ValueCheck};
use crate::provider::fact_expression::FactExpression;
use crate::provider::fact_origin::FactOrigin;
use crate::provider::identity::IdentityMapping;
use crate::provider::json_path::{JsonPath, RouteStep, may_meet};
use crate::provider::step::Step;
use crate::provider::template::Template;
use crate::vocabulary::names::Slot;

/// At most this many routes of one expression are followed; no file needs as many.
const MOST: usize = 200;

/// The way to a value: the document in which it is found, and the steps from its root.
#[derive(Clone, Debug, PartialEq)]
struct ValueRoute {
    /// The document, or the chosen entry of a list in it.
    document: FactOrigin,
    /// The steps from the root of the document, or from the entry.
    steps: Vec<RouteStep>,
    /// The path as the file writes it.
    source: Box<str>,
}

/// What is wrong with a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryMismatch {
    /// The claim and the address may stand in two entries of one list. The text is the `choose` to write, if it can be said.
    OtherEntry(Option<String>),
    /// The claim stands in an entry of a list, and the address does not stand in that list.
    BesideTheList,
    /// The address stands in an entry of a list, and the claim does not stand in that entry.
    AddressInList,
    /// The claim compares the address with the address.
    Itself,
}

/// The state of following an expression down to its paths.
#[derive(Default)]
struct Walk<'a> {
    /// The facts on the way down.
    open: Vec<Slot>,
    /// The routes to the address, if the expression is a claim about it.
    addresses: &'a [ValueRoute],
    compares_address_with_itself: bool,
}

/// Finds the routes of a file's values.
pub(crate) struct EntryCheck<'a> {
    pub(crate) steps: Vec<&'a Step>,
    pub(crate) identity: &'a IdentityMapping,
    /// The fact of the address: a claim that compares with it is about this address wherever it stands.
    pub(crate) email: Slot,
}

impl EntryCheck<'_> {
    /// What is wrong with a claim about an address, if anything. Both are alternatives with the origin of what their paths find.
    pub(crate) fn mismatch(&self, address: (&FactExpression, FactOrigin), claim: (&FactExpression, FactOrigin)) -> Option<EntryMismatch> {
        let addresses = self.routes(address.0, address.1);
        let mut walk = Walk { addresses: &addresses, ..Walk::default() };
        let mut claims = Vec::new();
        self.follow(claim.0, claim.1, &mut walk, &mut claims);
        if walk.compares_address_with_itself {
            return Some(EntryMismatch::Itself);
        }
        if compares_with(claim.0, self.email) {
            return None;
        }
        let is_exact = gives_no_address(claim.0);
        let pairs = addresses.iter().flat_map(|address| claims.iter().map(move |claim| (address, claim)));
        pairs.into_iter().find_map(|(address, claim)| self.compare(address, claim, is_exact))
    }

    /// Whether a check compares the address with the value that is the address, or with values among which it was found.
    fn is_about_itself(&self, check: &ValueCheck, subject: &[ValueRoute], values: &[ValueRoute], addresses: &[ValueRoute]) -> bool {
        let is_address = |found: &ValueRoute, address: &ValueRoute| {
            address.document.document() == found.document.document()
                && may_meet(&self.route_from_root(found), &self.route_from_root(address))
        };
        let mut named = check.values_that_it_wants().flat_map(Template::uses);
        let is_fixed = subject.is_empty() && named.any(|used| used.fact == self.email);
        let are_both = |address| [subject, values].into_iter().all(|found| found.iter().any(|found| is_address(found, address)));
        is_fixed || addresses.iter().any(are_both)
    }

    fn compare(&self, address: &ValueRoute, claim: &ValueRoute, is_exact: bool) -> Option<EntryMismatch> {
        if address.document.document() != claim.document.document() {
            return None;
        }
        let (address_steps, claim_steps) = if address.document == claim.document {
            (address.steps.clone(), claim.steps.clone())
        } else {
            (self.route_from_root(address), self.route_from_root(claim))
        };
        let shared = address_steps.iter().zip(&claim_steps).take_while(|(one, other)| one == other && one.is_single()).count();
        let ([to_address, address_rest @ ..], [to_claim, claim_rest @ ..]) = (&address_steps[shared..], &claim_steps[shared..]) else {
            // One of them is above the other: a claim about a whole list is about none of its entries.
            return address_steps[shared..].iter().any(RouteStep::takes_an_entry).then_some(EntryMismatch::AddressInList);
        };
        match (to_address, to_claim) {
            (RouteStep::Key(_), RouteStep::Key(_)) if are_parallel(address_rest, claim_rest) => None,
            (RouteStep::Key(_), RouteStep::Key(_)) if address_rest.iter().any(RouteStep::takes_an_entry) => {
                Some(EntryMismatch::AddressInList)
            }
            (RouteStep::Key(_), RouteStep::Key(_)) => (!entries(claim_rest).is_empty()).then_some(EntryMismatch::BesideTheList),
            // A value is not both a list and an object with these keys, nor a text.
            (RouteStep::Key(_), RouteStep::Index(_) | RouteStep::Entry | RouteStep::Text)
            | (RouteStep::Index(_) | RouteStep::Entry | RouteStep::Text, RouteStep::Key(_))
            | (RouteStep::Text, _)
            | (_, RouteStep::Text) => None,
            // Where one entry gives an address in the place in which the other gives a claim, the list is one of names and
            // values: each of its entries says another thing about the person.
            (one, other)
                if is_exact
                    && address_rest == claim_rest
                    && one.takes_an_entry()
                    && other.takes_an_entry()
                    && !one.is_open()
                    && !other.is_open() =>
            {
                None
            }
            (RouteStep::Key(_) | RouteStep::Index(_) | RouteStep::Several(_) | RouteStep::Descent(_) | RouteStep::Entry, _) => {
                Some(EntryMismatch::OtherEntry(suggested_choice(address, claim, shared)))
            }
        }
    }

    fn route_from_root(&self, route: &ValueRoute) -> Vec<RouteStep> {
        let Some(choice) = self.choice(route.document) else { return route.steps.clone() };
        choice.from.route().into_iter().chain([RouteStep::Entry]).chain(route.steps.iter().cloned()).collect()
    }

    fn choice(&self, document: FactOrigin) -> Option<&EntryChoice> {
        let of_step = |call: Option<u16>| self.steps.iter().find(move |step| step.call == call);
        match document {
            FactOrigin::AnswerEntry(call, at) => of_step(call)?.choices.get(usize::from(at)),
            FactOrigin::SignedTokenEntry(call, at) => of_step(call)?.signed_choices.get(usize::from(at)),
            FactOrigin::Answer(_) | FactOrigin::SignedToken(_) | FactOrigin::Broker | FactOrigin::Shopper | FactOrigin::Several => None,
        }
    }

    /// The routes to all values of which an expression is made.
    fn routes(&self, reading: &FactExpression, document: FactOrigin) -> Vec<ValueRoute> {
        let mut routes = Vec::new();
        self.follow(reading, document, &mut Walk::default(), &mut routes);
        routes
    }

    fn follow(&self, reading: &FactExpression, document: FactOrigin, walk: &mut Walk<'_>, routes: &mut Vec<ValueRoute>) {
        match reading {
            FactExpression::Path(path) => add(routes, document, path, &[]),
            FactExpression::Text(template) => self.follow_text(template, document, walk, routes),
            FactExpression::Condition(condition) => self.follow_condition(condition, document, walk, routes),
            FactExpression::Conditions(conditions, _) => {
                conditions.0.iter().for_each(|condition| self.follow_condition(condition, document, walk, routes));
            }
            FactExpression::FirstOf(all, _) => all.iter().for_each(|one| self.follow(one, document, walk, routes)),
        }
    }

    fn follow_condition(&self, condition: &Condition, document: FactOrigin, walk: &mut Walk<'_>, routes: &mut Vec<ValueRoute>) {
        for check in condition.checks() {
            let (mut subject, mut values) = (Vec::new(), Vec::new());
            match &check.at {
                ConditionSubject::Path(path) => add(&mut subject, document, path, &[]),
                ConditionSubject::Text(text) => self.follow_text(text, document, walk, &mut subject),
            }
            check.values_that_it_wants().for_each(|value| self.follow_text(value, document, walk, &mut values));
            walk.compares_address_with_itself |= self.is_about_itself(check, &subject, &values, walk.addresses);
            routes.append(&mut subject);
            routes.append(&mut values);
            check.is_not.iter().flatten().for_each(|value| self.follow_text(value, document, walk, routes));
        }
    }

    fn follow_text(&self, template: &Template, document: FactOrigin, walk: &mut Walk<'_>, routes: &mut Vec<ValueRoute>) {
        for hole in template.holes() {
            let inner: Vec<&JsonPath> = hole.functions().iter().filter_map(|function| function.inner_path()).collect();
            if let Some(path) = hole.path() {
                add(routes, document, path, &inner);
            }
            for used in hole.uses() {
                let is_own = hole.fact() == Some(used.fact);
                for mut route in self.routes_of_fact(used.fact, walk) {
                    if is_own {
                        extend(&mut route.steps, &inner);
                    }
                    routes.push(route);
                }
            }
        }
        routes.truncate(MOST);
    }

    fn routes_of_fact(&self, fact: Slot, walk: &mut Walk<'_>) -> Vec<ValueRoute> {
        let mut routes = Vec::new();
        if walk.open.contains(&fact) {
            return routes;
        }
        walk.open.push(fact);
        if let Some(composed) = self.identity.composition(fact) {
            self.follow(composed, FactOrigin::Broker, walk, &mut routes);
        }
        for (read, document) in self.steps.iter().flat_map(|step| step.reads_with_origin()).filter(|(read, _)| read.fact == fact) {
            self.follow(&read.reading, document, walk, &mut routes);
        }
        walk.open.pop();
        routes.truncate(MOST);
        routes
    }
}

fn add(routes: &mut Vec<ValueRoute>, document: FactOrigin, path: &JsonPath, inner: &[&JsonPath]) {
    let mut steps = path.route();
    extend(&mut steps, inner);
    routes.push(ValueRoute { document, steps, source: path.source.clone() });
}

/// Adds the steps into texts that are JSON themselves.
fn extend(steps: &mut Vec<RouteStep>, inner: &[&JsonPath]) {
    for path in inner {
        steps.push(RouteStep::Text);
        steps.extend(path.route());
    }
}

/// The steps that take an entry of a list.
fn entries(steps: &[RouteStep]) -> Vec<&RouteStep> {
    steps.iter().filter(|step| step.takes_an_entry()).collect()
}

/// Whether address and claim are themselves the entries of the same number of two lists that run side by side.
fn are_parallel(address_rest: &[RouteStep], claim_rest: &[RouteStep]) -> bool {
    let (of_addresses, of_claims) = (entries(address_rest), entries(claim_rest));
    let ([of_address], [of_claim]) = (of_addresses.as_slice(), of_claims.as_slice()) else { return false };
    of_address == of_claim && of_claim.is_single() && address_rest.last() == Some(of_address) && claim_rest.last() == Some(of_claim)
}

/// Whether a claim is a comparison with the address itself.
fn compares_with(claim: &FactExpression, email: Slot) -> bool {
    match claim {
        FactExpression::Condition(condition) => condition.compares_with(email),
        FactExpression::Conditions(conditions, _) => conditions.0.iter().any(|condition| condition.compares_with(email)),
        FactExpression::Path(_) | FactExpression::Text(_) | FactExpression::FirstOf(..) => false,
    }
}

/// Whether a claim can only hold of a value that is no e-mail address.
fn gives_no_address(claim: &FactExpression) -> bool {
    match claim {
        FactExpression::Path(_) => true,
        FactExpression::Condition(condition) => condition.wants_a_word(),
        FactExpression::Conditions(conditions, _) => conditions.0.iter().all(Condition::wants_a_word),
        FactExpression::Text(_) | FactExpression::FirstOf(..) => false,
    }
}

/// The `choose` that reads both values from one entry; `None` when the paths cannot be taken apart.
fn suggested_choice(address: &ValueRoute, claim: &ValueRoute, shared: usize) -> Option<String> {
    let (address, claim) = (path_segments(&address.source)?, path_segments(&claim.source)?);
    let (list, [filter, to_address @ ..]) = address.split_at_checked(shared)? else { return None };
    let [_, to_claim @ ..] = claim.get(shared..)? else { return None };
    if filter.starts_with("..") || !filter.starts_with('[') && *filter != ".*" {
        return None;
    }
    let conditions = filter.strip_prefix("[?").and_then(|filter| filter.strip_suffix(']')).and_then(conditions_of_filter);
    let wanted = match conditions.as_deref() {
        None => String::new(),
        Some([only]) => format!(" where: {only},"),
        Some(several) => format!(" where: [ {} ],", several.join(", ")),
    };
    let path = |segments: &[&str]| {
        let path = format!("${}", segments.concat());
        if path.contains(['[', '{', ',', '#', '"']) { format!("'{path}'") } else { path }
    };
    let (list, to_address, to_claim) = (path(list), path(to_address), path(to_claim));
    Some(format!("choose: {{ from: {list},{wanted} read: {{ email: {to_address}, emailVerified: {to_claim} }} }}"))
}

/// The conditions of a filter such as `@.primary == true && @.kind == "home"`.
fn conditions_of_filter(filter: &str) -> Option<Vec<String>> {
    let condition = |part: &str| {
        let (member, value) = part.split_once("==")?;
        let member = member.trim().strip_prefix("@.")?;
        let value = value.trim().trim_matches(['"', '\'']);
        let is_plain =
            |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-'));
        (is_plain(member) && is_plain(value)).then(|| format!("{{ at: $.{member}, is: {value} }}"))
    };
    filter.split("&&").map(condition).collect()
}

/// The segments of a path as they are written.
fn path_segments(source: &str) -> Option<Vec<&str>> {
    let text = source.strip_prefix('$')?;
    let (mut segments, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '.') if depth == 0 => {
                if at > start && &text[start..at] != "." {
                    segments.push(&text[start..at]);
                    start = at;
                }
                depth += usize::from(letter == '[');
            }
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.checked_sub(1)?,
            (Some(_) | None, _) => {}
        }
    }
    if start < text.len() {
        segments.push(&text[start..]);
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_taken_from_a_filter_that_compares_with_plain_values() {
        let (primary, home) = ("{ at: $.primary, is: true }".to_owned(), "{ at: $.kind, is: home }".to_owned());
        for (filter, conditions) in [
            ("@.primary == true", Some(vec![primary.clone()])),
            ("@.primary == true && @.kind == \"home\"", Some(vec![primary, home])),
            ("@.kind == \"at home\"", None),
            ("@.kind == \"\"", None),
            ("@.kinds[0] == true", None),
            ("@.kind", None),
        ] {
            assert_eq!(conditions_of_filter(filter), conditions, "{filter}");
        }
    }

    #[test]
    fn a_path_is_taken_apart_as_it_is_written() {
        for (path, segments) in [
            ("$", vec![]),
            ("$.a.b", vec![".a", ".b"]),
            ("$[?@.primary == true].email", vec!["[?@.primary == true]", ".email"]),
            ("$.a['b.c'][0]..d", vec![".a", "['b.c']", "[0]", "..d"]),
            ("$.a[?@.b[0].c == 1].d", vec![".a", "[?@.b[0].c == 1]", ".d"]),
        ] {
            assert_eq!(path_segments(path), Some(segments), "{path}");
        }
    }
}
