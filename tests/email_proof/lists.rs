//! The address and the claim in the entries of a list.

use crate::email_proof::address;
use crate::support::{STRICT, provider};
use portaria::provider::compile;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use proptest::prelude::*;

/// How a file reads from the list of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListPath {
    /// `choose` with a condition.
    Chosen,
    /// The entry with this number.
    Numbered(usize),
    /// The entries that a filter finds.
    Filtered(&'static str),
    /// A path to any entry.
    Any,
    /// A path that searches the whole answer.
    Searched,
}

const ENTRY_MEMBERS: [&str; 2] = ["primary", "home"];

fn list_path() -> impl Strategy<Value = ListPath> {
    prop_oneof![
        Just(ListPath::Chosen),
        (0..2_usize).prop_map(ListPath::Numbered),
        (0..2_usize).prop_map(|member| ListPath::Filtered(ENTRY_MEMBERS[member])),
        Just(ListPath::Any),
        Just(ListPath::Searched),
    ]
}

/// One entry of the list: its two marks, whether it has an address, and its claim.
type ListEntry = (bool, bool, bool, Option<bool>);

#[derive(Clone, Debug)]
struct ListShape {
    address: ListPath,
    claim: ListPath,
    is_condition: bool,
    is_composed: bool,
    in_token: bool,
    entries: Vec<ListEntry>,
}

impl ListShape {
    fn path(read: ListPath, key: &str) -> String {
        match read {
            ListPath::Chosen => format!("$.{key}"),
            ListPath::Numbered(at) => format!("$.list[{at}].{key}"),
            ListPath::Filtered(member) => format!("$.list[?@.{member} == true].{key}"),
            ListPath::Any => format!("$.list[*].{key}"),
            ListPath::Searched => format!("$..{key}"),
        }
    }

    fn file(&self) -> String {
        let (mail, ok) = if self.is_composed { ("mail", "ok") } else { ("email", "emailVerified") };
        let (address, claim) = (Self::path(self.address, "mail"), Self::path(self.claim, "ok"));
        let claim = if self.is_condition { format!("{{ at: '{claim}', is: true }}") } else { format!("'{claim}'") };
        let mut read = vec!["id: $.sub".to_owned()];
        let mut chosen = Vec::new();
        for (path, line) in [(self.address, format!("{mail}: '{address}'")), (self.claim, format!("{ok}: {claim}"))] {
            if path == ListPath::Chosen { chosen.push(line) } else { read.push(line) }
        }
        let choose = if chosen.is_empty() {
            String::new()
        } else {
            format!(
                "choose: {{ from: $.list, where: {{ at: $.primary, is: true }}, prefer: {{ at: $.home, is: true }}, read: {{ {} }} }}",
                chosen.join(", ")
            )
        };
        let comma = if choose.is_empty() { "" } else { ", " };
        let reads = format!("read: {{ {} }}{comma}{choose}", read.join(", "));
        let person = if self.in_token {
            format!("signed: {{ token: answer, issuer: acme, keys: \"${{clientSecret}}\", nonce: none, {reads} }}")
        } else {
            reads
        };
        let identity = if self.is_composed { "identity: { email: \"${mail}\", emailVerified: \"${ok}\" }" } else { "" };
        format!(
            "name: Acme
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode: {{ post: \"https://sso.acme.example/token\" }}
getUserInfo: {{ get: \"https://sso.acme.example/me\", {person} }}
{identity}
"
        )
    }

    /// Whether the file can only mean one entry.
    fn is_safe(&self) -> bool {
        match (self.address, self.claim) {
            (ListPath::Chosen, ListPath::Chosen) => true,
            (ListPath::Numbered(one), ListPath::Numbered(other)) => one == other,
            _ => false,
        }
    }

    /// The number of the entry that is read.
    fn entry(&self) -> Option<usize> {
        if let ListPath::Numbered(at) = self.address {
            return Some(at).filter(|at| *at < self.entries.len());
        }
        let fits = |at: &usize| self.entries[*at].0;
        let all = || (0..self.entries.len()).filter(fits);
        all().find(|at| self.entries[*at].1).or_else(|| all().next())
    }

    fn story(&self) -> String {
        let entries: Vec<String> = self
            .entries
            .iter()
            .enumerate()
            .map(|(at, (primary, home, has_address, claim))| {
                let mail = if *has_address { format!(", mail: {}", address(at)) } else { String::new() };
                let ok = claim.map_or_else(String::new, |claim| format!(", ok: {claim}"));
                format!("{{ primary: {primary}, home: {home}{mail}{ok} }}")
            })
            .collect();
        let members = format!("sub: \"7\", list: [ {} ]", entries.join(", "));
        let end = match self.entry().map(|at| (at, self.entries[at])) {
            None | Some((_, (_, _, false, _))) => "refused: { code: missingEmail }".to_owned(),
            Some((at, (_, _, true, Some(true)))) => {
                format!("identity: {{ id: \"7\", email: {}, emailVerified: true }}", address(at))
            }
            Some((_, (_, _, true, _))) => "refused: { code: unprovenEmail }".to_owned(),
        };
        let (tokens, answer) = if self.in_token {
            (format!("\n  tokens: {{ person: {{ claims: {{ iss: acme, aud: ‹clientId›, {members} }} }} }}"), "text: ‹person›".to_owned())
        } else {
            (String::new(), format!("json: {{ {members} }}"))
        };
        format!(
            "- what: a login{tokens}
  exchanges:
    - answer: {{ json: {{ access_token: at-1 }} }}
    - answer: {{ {answer} }}
  {end}
"
        )
    }
}

fn list_shapes() -> impl Strategy<Value = ListShape> {
    let entry = (any::<bool>(), any::<bool>(), any::<bool>(), proptest::option::of(any::<bool>()));
    let paths =
        (list_path(), list_path(), any::<bool>()).prop_map(|(address, claim, is_same)| (address, if is_same { address } else { claim }));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (paths, flags, proptest::collection::vec(entry, 0..4)).prop_map(|((address, claim), (is_condition, is_composed, in_token), entries)| {
        ListShape { address, claim, is_condition, is_composed, in_token, entries }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_address_is_never_proven_by_a_claim_from_another_entry_of_a_list(shape in list_shapes()) {
        let file = shape.file();
        let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
        prop_assert_eq!(compiled.is_some(), shape.is_safe(), "{}\n{}", file, report.draw(false));
        let Some(acme) = compiled else {
            let drawn = report.draw(false);
            prop_assert!(drawn.contains("another entry") || drawn.contains("not read from that entry"), "{}", drawn);
            return Ok(());
        };
        let story = shape.story();
        let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
        let differences: Vec<String> = replay(&acme, &stories[0]).differences.iter().map(ToString::to_string).collect();
        prop_assert!(differences.is_empty(), "{}\n{}\n{}", file, story, differences.join("\n"));
    }
}

fn list_file(person: &str) -> String {
    format!(
        "name: Acme
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode: {{ post: \"https://sso.acme.example/token\" }}
getUserInfo:
  get: https://sso.acme.example/me
  {person}
"
    )
}

#[test]
fn a_claim_of_an_entry_that_was_chosen_because_it_is_verified_is_fine() {
    for person in [
        "choose: { from: $.l, where: { at: $.verified, is: true }, read: { email: $.m, emailVerified: $.verified } }",
        "choose: { from: $.l, where: { at: $.verified, is: true }, read: { email: $.m, emailVerified: { at: $.verified, present: true } } }",
        "choose: { from: $.l, where: { all: [ { at: $.primary, is: true }, { at: $.verified, is: true } ] }, read: { email: $.m, emailVerified: $.verified } }",
        "choose: { from: $.l, where: [ { at: $.primary, is: true }, { at: $.verified, is: true } ], read: { email: $.m, emailVerified: $.verified } }",
    ] {
        for trust in ["", "trustEmail: claim\n", "trustEmail: always\n"] {
            let file = format!("{trust}{}", list_file(&format!("read: {{ id: $.id }}\n  {person}")));
            let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
            assert!(compiled.is_some() && report.complaints.is_empty(), "{file}\n{}", report.draw(false));
        }
    }
}

/// Attack U-05
#[test]
fn a_claim_that_may_stand_in_another_entry_of_a_list_is_refused() {
    for person in [
        "read: { id: $.id, email: '$.l[?@.a == true].m', emailVerified: '$.l[?@.a == true].ok' }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: '$.l[1].ok' }",
        "read: { id: $.id, email: '$.l[-1].m', emailVerified: '$.l[0].ok' }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: { at: '$.l[*].ok', is: true } }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: [ { at: $.any, is: true }, { at: '$.l[0:2].ok', is: true } ] }",
        "read: { id: $.id, email: '$..m', emailVerified: $.ok }",
        "read: { id: $.id, email: $.m, emailVerified: '$..ok' }",
        "read: { id: $.id, email: [ '$.l[0].m', '$.l[1].m' ], emailVerified: [ '$.l[0].ok', '$.l[1].ok' ] }",
        "read: { id: $.id, email: [ $.m, '$.l[?@.a == true].m' ], emailVerified: [ $.ok, '$.l[?@.a == true].ok' ] }",
        "read: { id: $.id, email: \"${$.l[0].user}@loja.example\", emailVerified: '$.l[1].ok' }",
        "read: { id: $.id, email: '${$.text | json \"$[0].m\"}', emailVerified: '${$.text | json \"$[1].ok\"}' }",
        "read: { id: $.id, text: $.text, email: '${text | json \"$.l[0].m\"}', emailVerified: '${text | json \"$.l[1].ok\"}' }",
        "read: { id: $.id, ok: '$.l[1].ok', email: '$.l[0].m', emailVerified: { at: \"${ok}\", is: yes } }",
        "read: { id: $.id, email: '$.l.e.m', emailVerified: '$.l[?@.a == true].ok' }",
        "read: { id: $.id, email: '$.l[?@.n == \"mail\"].v', emailVerified: { at: '$.l[?@.n == \"other\"].v', matches: '@' } }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: { at: '$.l[*].m', matches: '@loja' } }",
        "read: { id: $.id, emailVerified: '$.l[0].ok' }\n  choose: { from: $.l, read: { email: $.m } }",
        "read: { id: $.id, email: '$.l[0].m' }\n  choose: { from: $.l, read: { emailVerified: $.ok } }",
        "read: { id: $.id }\n  choose: [ { from: $.l, read: { email: $.m } }, { from: $.l, read: { emailVerified: $.ok } } ]",
        "read: { id: $.id }\n  choose: { from: $.l, read: { email: '$.n[0].m', emailVerified: '$.n[1].ok' } }",
    ] {
        let file = list_file(person);
        let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
        let drawn = report.draw(false);
        let says = ["another entry", "the address stands elsewhere", "not read from that entry"];
        assert!(compiled.is_none() && says.iter().any(|says| drawn.contains(says)), "{file}\n{drawn}");
    }
    for person in [
        "read: { id: $.id, email: $.m, emailVerified: '$.l[0].ok' }",
        "read: { id: $.id, email: $.m, emailVerified: '$.l[?@.primary == true].ok' }",
        "read: { id: $.id, email: $.m, emailVerified: '$.proofs[?@.of == \"email\"].ok' }",
        "read: { id: $.id, email: $.m, emailVerified: '$.verified[0]' }",
    ] {
        let file = list_file(person);
        let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
        let drawn = report.draw(false);
        assert!(compiled.is_none() && drawn.contains("the address stands elsewhere"), "{file}\n{drawn}");
    }
}

#[test]
fn a_claim_beside_a_list_proves_no_address_of_the_list() {
    for person in [
        "read: { id: $.id, email: '$.l[0].m', emailVerified: $.ok }",
        "read: { id: $.id, email: '$.l[?@.primary == true].m', emailVerified: $.ok }",
        "read: { id: $.id, email: '$.l[*].m', emailVerified: { at: $.ok, is: true } }",
        "read: { id: $.id, email: '$.data.l[-1].m', emailVerified: $.data.ok }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: { at: $.l, present: true } }",
        "read: { id: $.id, email: '$.mail[0]', emailVerified: '$.mailVerified[1]' }",
        "read: { id: $.id, email: '$.mail[0].m', emailVerified: '$.mailVerified[0]' }",
        "read: { id: $.id, email: '$.mail[0]', emailVerified: '$.mailVerified[0].ok' }",
        "read: { id: $.id, email: '$.mail[0]', emailVerified: '$.mailVerified[0][0]' }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: '$.proofs[?@.of == \"email\"].ok' }",
        "read: { id: $.id, email: [ '$.l[0].m', $.m ], emailVerified: [ $.ok, '$.l[0].ok' ] }",
        "read: { id: $.id, text: $.text, email: '${text | json \"$.l[0].m\"}', emailVerified: '${text | json \"$.ok\"}' }",
        "read: { id: $.id, emailVerified: $.ok }\n  choose: { from: $.l, read: { email: $.m } }",
        "read: { id: $.id, emailVerified: $.ok }\n  choose: { from: $.l, where: { at: $.kind, is: work }, read: { email: $.m } }",
    ] {
        let file = list_file(person);
        let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
        let drawn = report.draw(false);
        assert!(compiled.is_none() && drawn.contains("not read from that entry"), "{file}\n{drawn}");
    }
}

#[test]
fn a_claim_that_does_not_name_the_address_is_about_one_address() {
    for (person, is_warned) in [
        ("email: [ $.a, $.b ], emailVerified: $.ok", true),
        ("email: [ $.a, $.b ], emailVerified: { at: $.proven, contains: \"${email}\" }", false),
    ] {
        let (_, report) = compile(&Source::new("acme.yaml", list_file(&format!("read: {{ id: $.id, {person} }}"))), STRICT);
        assert_eq!(report.draw(false).contains("would prove this address too"), is_warned, "{person}");
    }
}

#[test]
fn a_claim_that_compares_the_address_with_itself_is_refused() {
    for (email, claim) in [
        ("$.m", "{ at: '$.m', is: \"${email}\" }"),
        ("$.m", "{ at: '$..m', is: \"${email}\" }"),
        ("$.a.b.m", "{ at: '$..b.m', is: \"${email}\" }"),
        ("$.l[0].m", "{ at: '$..m', is: \"${email}\" }"),
        ("$.l[0].m", "{ at: '$.l[*].m', is: \"${email}\" }"),
        ("$.l[-1].m", "{ at: '$.l[0].m', is: \"${email}\" }"),
        ("$.l[0].m", "{ at: '$..[0].m', is: \"${email}\" }"),
        ("$.l[0]", "{ at: $.l, contains: \"${email}\" }"),
        ("$.l[?@.main == true].m", "{ at: '$.l[0].m', is: \"${email}\" }"),
        ("$.l.main", "{ at: '$.l.*', is: \"${email}\" }"),
        ("$.l.main.m", "{ at: '$.l[*].m', is: \"${email}\" }"),
        ("$[\"m\",\"n\"]", "{ at: $.m, is: \"${email}\" }"),
        ("$.l.*", "{ at: $.l.main, is: \"${email}\" }"),
        ("$..m", "{ at: $.l.m, is: \"${email}\" }"),
        ("$..m", "{ at: '$..l.m', is: \"${email}\" }"),
        ("$..l.m", "{ at: $.l.m, is: \"${email}\" }"),
        ("$.l[?@.n == \"main\"].m", "{ at: $.l.main.m, is: \"${email}\" }"),
        ("$.m", "{ at: '$.m[\"#text\"]', is: \"${email}\" }"),
        ("$.l[0][\"#text\"]", "{ at: $.l, contains: \"${email}\" }"),
        ("${$.t | json \"$.m\"}", "{ at: '${$.t | json \"$.m\"}', is: \"${email}\" }"),
        ("$.m", "{ at: $.m, is: \"${email | lower}\" }"),
        ("$.m", "{ at: $.m, is: [ yes, \"${email}\" ] }"),
        ("$.m", "{ at: \"${email}\", is: \"${copy}\" }"),
        ("$.m", "\"${same}\""),
        ("$.m", "{ any: [ { at: $.ok, is: true }, { at: $.m, is: \"${email}\" } ] }"),
        ("$.m", "{ all: [ { at: $.proven, contains: \"${email}\" }, { at: $.m, is: \"${email}\" } ] }"),
    ] {
        let facts = "id: $.id, copy: $.m, same: { at: $.m, is: \"${email}\" }";
        let file = list_file(&format!("read: {{ {facts}, email: '{email}', emailVerified: {claim} }}"));
        let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
        let drawn = report.draw(false);
        assert!(compiled.is_none() && drawn.contains("compares the address with itself"), "{file}\n{drawn}");
    }
    for (email, claim) in [
        ("$.m", "{ at: '$..proven', is: \"${email}\" }"),
        ("$.m", "{ at: '$.m.proven', is: \"${email}\" }"),
        ("$.l.main", "{ at: '$.l.proven', is: \"${email}\" }"),
        ("$.l[0].m", "{ at: '$.l[0].proven', is: \"${email}\" }"),
        ("$.l[0].m", "{ at: '$.proven[*]', is: \"${email}\" }"),
        ("$.l[0].m", "{ at: $.l.proven, contains: \"${email}\" }"),
        ("$.l[?@.n == \"main\"].m", "{ at: '$.l[?@.n == \"proven\"].m', is: \"${email}\" }"),
        ("$..m", "{ at: $.l.proven, is: \"${email}\" }"),
        ("${$.t | json \"$.m\"}", "{ at: '${$.t | json \"$.proven\"}', is: \"${email}\" }"),
        ("${$.t | json \"$.m\"}", "{ at: $..m, is: \"${email}\" }"),
        ("$.m", "{ any: [ { at: $.ok, is: true }, { at: $.proven, contains: \"${email}\" } ] }"),
    ] {
        provider(&list_file(&format!("read: {{ id: $.id, email: '{email}', emailVerified: {claim} }}")));
    }
}

#[test]
fn a_claim_that_is_about_the_address_is_accepted_wherever_it_stands() {
    for person in [
        "read: { id: $.id, email: '$.l[0].m', emailVerified: '$.l[0].ok' }",
        "read: { id: $.id, email: '$.mail[0]', emailVerified: '$.mailVerified[0]' }",
        "read: { id: $.id, email: '$[2]', emailVerified: '$[3]' }",
        "read: { id: $.id, email: $.m, emailVerified: { at: '$.proven[*]', is: \"${email}\" } }",
        "read: { id: $.id, email: '$.l[0].m', emailVerified: { at: $.proven, contains: \"${email}\" } }",
        "read: { id: $.id, email: '$.l[?@.n == \"mail\"].v', emailVerified: '$.l[?@.n == \"mailOk\"].v' }",
        "read: { id: $.id, email: [ $.l.e.m, '$.l.e[0].m' ], emailVerified: [ $.l.e.ok, '$.l.e[0].ok' ] }",
        "read: { id: $.id, email: '$.users[0].m', emailVerified: '$.users[0].ok' }",
        "read: { id: $.id }\n  choose: { from: $.l, read: { email: $, emailVerified: { at: $, is: ana@loja.example } } }",
    ] {
        provider(&list_file(person));
    }
}
