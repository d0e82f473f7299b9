//! What each check says of values of every kind, and of what is not there.

use crate::provider::condition::Conditions;
use crate::provider::fact_expression::{FoundInstead, MissingValue};
use crate::provider::facts::Facts;
use crate::provider::json_path::ValueKind;
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{Reader, WordValue as _};
use crate::vocabulary::yaml;
use serde_json::json;

#[test]
fn each_verb_asks_what_its_name_says_and_nothing_holds_of_what_is_not_there() {
    const NOW: i64 = 1_767_323_045; // 2026-01-02T03:04:05Z
    let answer = json!({"s": "ok", "n": 0, "t": true, "e": "", "z": null, "l": ["a", "b"], "o": {},
        "now": NOW, "millis": (NOW - 299) * 1000, "date": "2026-01-02T03:00:00Z", "soon": NOW + 60, "later": NOW + 61});
    for (text, expected) in [
        ("{ at: $.s, is: ok }", true),
        ("{ at: $.s, is: [ no, ok ] }", true),
        ("{ at: $.s, is: no }", false),
        ("{ at: $.s, isNot: no }", true),
        ("{ at: $.s, isNot: [ ok, no ] }", false),
        ("{ at: $.n, is: 0 }", true),
        ("{ at: $.t, is: true }", true),
        ("{ at: $.s, matches: ^o }", true),
        ("{ at: $.s, matches: ^k }", false),
        ("{ at: $.s, present: true }", true),
        ("{ at: $.s, is: \"${fact}\" }", true),
        ("{ at: \"${fact}\", is: ok, matches: k$ }", true),
        ("{ at: \"${nofact}\", isNot: ok }", false),
        ("{ at: $.s, isNot: \"${nofact}\" }", false),
        ("{ at: $.e, isNot: x }", false),
        ("{ at: $.z, isNot: x }", false),
        ("{ at: $.o, present: true }", false),
        ("{ at: $.l, present: true }", true),
        ("{ at: $.l, isNot: x }", false),
        ("{ at: $.missing, isNot: x }", false),
        ("{ at: \"$.l[*]\", is: b }", true),
        ("{ at: \"$.l[*]\", isNot: b }", false),
        ("{ at: $.l, contains: b }", true),
        ("{ at: $.l, contains: [ x, \"${letter}\" ] }", true),
        ("{ at: $.l, contains: x }", false),
        ("{ at: $.s, contains: ok }", true),
        ("{ at: $.s, contains: o }", false),
        ("{ at: \"$.l[*]\", contains: b }", true),
        ("{ at: $.missing, contains: x }", false),
        ("{ at: $.n, is: 0, contains: 0 }", true),
        ("{ at: $.missing, present: false }", true),
        ("{ at: $.e, present: false }", true),
        ("{ at: $.z, present: false }", true),
        ("{ at: $.o, present: false }", true),
        ("{ at: $.n, present: false }", false),
        ("{ at: \"${nofact}\", present: false }", true),
        ("{ at: \"${fact}\", present: false }", false),
        ("{ all: [ { at: $.s, is: ok }, { at: $.n, is: 0 } ] }", true),
        ("{ all: [ { at: $.s, is: ok }, { at: $.n, is: 1 } ] }", false),
        ("{ any: [ { at: $.s, is: no }, { at: $.n, is: 0 } ] }", true),
        ("{ any: [ { at: $.s, is: no }, { at: $.missing, isNot: 0 } ] }", false),
        ("{ all: [ { at: $.s, is: ok }, { any: [ { at: $.n, is: 1 }, { at: $.l, contains: a } ] } ] }", true),
        ("[ { any: [ { at: $.s, is: no }, { at: $.n, is: 0 } ] }, { at: $.t, is: false } ]", false),
        ("{ at: $.now, within: 5m }", true),
        ("{ at: $.millis, within: 5m }", true),
        ("{ at: $.date, within: 5m }", true),
        ("{ at: $.date, within: 3m }", false),
        ("{ at: $.soon, within: 5m }", true),
        ("{ at: $.later, within: 5m }", false),
        ("{ at: $.s, within: 5m }", false),
        ("{ at: $.missing, within: 5m }", false),
    ] {
        let mut reader = Reader::default();
        let node = yaml::parse(&Source::new("c.yaml", text)).unwrap().0;
        let conditions = Conditions::read(&node, &mut reader).unwrap();
        let mut facts = Facts::empty(&reader.names);
        facts.set(reader.names.intern("fact"), Text::plain("ok"));
        facts.set(reader.names.intern("letter"), Text::plain("b"));
        facts.set(reader.names.intern("now"), Text::plain(NOW.to_string()));

        assert_eq!(conditions.verdict(Some(&answer), &facts) == Some(true), expected, "{text}");
        assert!(reader.complaints.is_empty(), "{text}");
    }
}

#[test]
fn a_condition_on_what_was_found_and_cannot_be_read_has_no_verdict() {
    let answer =
        json!({"s": "ok", "l": ["a"], "twice": "b=1&b=1", "inner": "{\"l\":true}", "none": [], "null": null, "blank": "", "object": {}});
    for (text, expected) in [
        ("{ at: \"${list}\", present: false }", None),
        ("{ at: \"${list}\", present: true }", None),
        ("{ at: \"${list}\", is: a }", None),
        ("{ at: \"${list}\", isNot: b }", None),
        ("{ at: \"${list}\", matches: a }", None),
        ("{ at: \"${list?}\", present: false }", None),
        ("{ at: '${list | default \"0\"}', is: 0 }", None),
        ("{ at: \"${$.l}\", isNot: x }", None),
        ("{ at: $.l, isNot: x }", None),
        ("{ at: $.l, is: a }", None),
        ("{ at: $.l, matches: a }", None),
        ("{ at: $.l, within: 5m }", None),
        ("{ at: $.l, present: true }", Some(true)),
        ("{ at: $.l, contains: a }", Some(true)),
        ("{ at: $.l, contains: b }", Some(false)),
        ("{ at: $, contains: b }", None),
        ("{ at: \"$['l','o']\", contains: a }", Some(true)),
        ("{ at: \"$['s','l']\", is: ok }", Some(true)),
        ("{ at: \"$['s','l']\", is: no }", None),
        ("{ at: \"$['s','l']\", isNot: ok }", Some(false)),
        ("{ at: \"$['s','l']\", isNot: no }", None),
        ("{ at: \"$['s','l']\", within: 5m }", None),
        ("{ at: $.s, within: 5m }", None),
        ("{ at: $.none, within: 5m }", Some(false)),
        ("{ at: $.none, empty: true }", Some(true)),
        ("{ at: \"$['none','none']\", empty: true }", Some(true)),
        ("{ at: \"$['none','l']\", empty: true }", Some(false)),
        ("{ at: $.l, empty: true }", Some(false)),
        ("{ at: $.s, empty: true }", Some(false)),
        ("{ at: $.null, empty: true }", Some(false)),
        ("{ at: $.blank, empty: true }", Some(false)),
        ("{ at: $.object, empty: true }", Some(false)),
        ("{ at: $.missing, empty: true }", Some(false)),
        ("{ at: \"$.s[0]\", present: true }", None),
        ("{ at: \"$.s[0]\", present: false }", None),
        ("{ at: \"$.s[0]\", is: ok }", None),
        ("{ at: \"$.s[0]\", is: no }", Some(false)),
        ("{ at: \"$.s[*]\", isNot: ok }", Some(false)),
        ("{ at: \"$.s[*]\", isNot: no }", None),
        ("{ at: \"$.s[?@ != 'ok']\", present: true }", Some(false)),
        ("{ at: \"$.s[?@ != 'no']\", present: true }", None),
        ("{ at: \"$.l[0]\", is: a }", Some(true)),
        ("{ at: \"${$.s[0]?}x\", is: x }", None),
        ("{ at: '${$.inner | json \"$.l[0]\" | default \"0\"}', is: \"0\" }", None),
        ("{ at: '${$.twice | form \"b\"}', present: false }", None),
        ("{ at: '${$.twice | form \"c\"}', present: false }", Some(true)),
        ("{ at: \"${empty}\", present: false }", Some(true)),
        ("{ at: $.s, is: \"${list}\" }", None),
        ("{ at: $.s, is: [ ok, \"${list}\" ] }", Some(true)),
        ("{ at: $.s, is: \"${nofact}\" }", Some(false)),
        ("{ at: $.s, isNot: \"${nofact}\" }", None),
        ("{ at: $.s, isNot: [ ok, \"${nofact}\" ] }", Some(false)),
        ("{ any: [ { at: \"${list}\", is: a }, { at: $.s, is: ok } ] }", Some(true)),
        ("{ any: [ { at: \"${list}\", is: a }, { at: $.s, is: no } ] }", None),
        ("{ all: [ { at: \"${list}\", is: a }, { at: $.s, is: ok } ] }", None),
        ("{ all: [ { at: \"${list}\", is: a }, { at: $.s, is: no } ] }", Some(false)),
    ] {
        let mut reader = Reader::default();
        let node = yaml::parse(&Source::new("c.yaml", text)).unwrap().0;
        let conditions = Conditions::read(&node, &mut reader).unwrap();
        let mut facts = Facts::empty(&reader.names);
        for (name, kind) in [("list", ValueKind::List), ("empty", ValueKind::EmptyList)] {
            facts.record_missing(
                reader.names.intern(name),
                MissingValue { place: Place::default(), instead: Some(FoundInstead::Value(kind)) },
            );
        }

        assert_eq!(conditions.verdict(Some(&answer), &facts), expected, "{text}");
    }
}
