//! Changes of a file's text, as an operator would see them.

use crate::vocabulary::place::{Place, Source};
use crate::workbench::answers::path::parse_path;
use crate::workbench::repair::edit::{EditableFile, EntryChange, FileEdit, changed_lines, closing_bracket};

const FILE: &str =
    "name: Acme   # ours\ngetUserInfo:\n  get: https://a.example\n  read: { id: $.id, mail: '$.a[?@.b == \"x\"].v' }   # see\n";

fn edit(text: &str, edits: &[FileEdit]) -> String {
    EditableFile::open(&Source::new("acme.yaml", text)).unwrap().apply(edits).unwrap()
}

fn at(text: &str, part: &str) -> Place {
    let start = u32::try_from(text.find(part).unwrap()).unwrap();
    Place { start, end: start + u32::try_from(part.len()).unwrap(), ..Place::default() }
}

#[test]
fn a_path_within_brackets_gets_quotes_only_where_it_needs_them() {
    let path = |old: &str, new: &str| FileEdit::Path { place: at(FILE, old), old: old.to_owned(), new: parse_path(new).unwrap() };

    assert!(edit(FILE, &[path("$.id", "$.user.id")]).contains("{ id: $.user.id, mail"));
    assert!(edit(FILE, &[path("$.id", "$.list[0].id")]).contains("{ id: \"$.list[0].id\", mail"));
    assert!(edit(FILE, &[path("$.id", "$['e-id']")]).contains("{ id: \"$['e-id']\", mail"));
    assert!(edit(FILE, &[path("$.a[?@.b == \"x\"].v", "$.d['e-a'].v")]).contains("mail: '$.d[\"e-a\"].v' }   # see"));
}

#[test]
fn words_are_added_in_the_style_of_their_block() {
    let step = at(FILE, "get: https");
    let block = edit(FILE, &[FileEdit::Word { step, word: "getUserInfo", key: "answer", value: "jsonp".to_owned() }]);
    assert!(block.ends_with("# see\n  answer: jsonp\n"), "{block}");

    let flow = "name: Acme\ngetUserInfo: { get: https://a.example }\n";
    let added = FileEdit::Read {
        step: at(flow, "{ get"),
        word: "getUserInfo",
        signed: false,
        facts: vec![("id".to_owned(), parse_path("$.a[0].id").unwrap())],
    };
    assert_eq!(edit(flow, &[added]), "name: Acme\ngetUserInfo: { get: https://a.example, read: { id: \"$.a[0].id\" } }\n");

    let top = FileEdit::Top { key: "missingEmail", value: "ask".to_owned(), behind: &["trustEmail", "name"] };
    assert!(edit(FILE, &[top]).starts_with("name: Acme   # ours\nmissingEmail: ask\ngetUserInfo:"));
}

#[test]
fn a_bracket_in_quotes_or_in_a_comment_closes_nothing() {
    let step =
        |text: &str| FileEdit::Word { step: at(text, "{ post"), word: "getAccessCode", key: "credentials", value: "basic".to_owned() };
    let file = "name: Acme\ngetAccessCode: { post: https://a.example, extra: { x: \"a \\\" { b\" } } # café";
    assert!(edit(file, &[step(file)]).ends_with("{ x: \"a \\\" { b\" }, credentials: basic } # café"), "{}", edit(file, &[step(file)]));

    let file = "name: Acme\ngetAccessCode: { post: https://a.example, # } é\n  extra: { x: 'it''s }' } }\n";
    assert!(edit(file, &[step(file)]).ends_with("{ x: 'it''s }' }, credentials: basic }\n"));

    assert_eq!(closing_bracket("{ a: \"é", 0), None);
    assert_eq!(closing_bracket("é", 1), None);
}

#[test]
fn a_change_holds_only_the_lines_that_differ() {
    let change = changed_lines("a\nb\nc\n", "a\nx\ny\nc\n").unwrap();
    assert_eq!((change.line, change.removed.len(), change.added.len()), (2, 1, 2));
    assert_eq!(change.apply("a\nb\nc\n").as_deref(), Some("a\nx\ny\nc\n"));
    assert!(changed_lines("a\n", "a\n").is_none());
}

#[test]
fn an_entry_is_changed_in_the_style_of_its_block() {
    let flow = "name: Acme\ngetAccessCode: { post: https://a.example, rename: { client_id: app, code: c } }   # see\n";
    let change = |text: &str, part: &str, word: &'static str, change: EntryChange| {
        edit(text, &[FileEdit::Entry { step: at(text, part), word, change }])
    };
    let key = |key: &str| EntryChange::Drop { key: key.to_owned() };
    let set = |key: &str, value: &str| EntryChange::Set { key: key.to_owned(), value: value.to_owned() };

    assert!(change(flow, "{ post", "rename", key("client_id")).contains("rename: { code: c } }   # see"));
    assert!(change(flow, "{ post", "rename", key("code")).contains("rename: { client_id: app } }   # see"));
    assert!(change(flow, "{ post", "rename", set("code", "d")).contains("{ client_id: app, code: d }"));
    assert!(change(flow, "{ post", "extra", set("a", "b")).contains("code: c }, extra: { a: b } }   # see"));
    let one = "name: Acme\ngetAccessCode:\n  post: https://a.example\n  rename: { code: c }\n  extra:\n    a: b   # ours\n    d: e\n";
    assert!(change(one, "post", "rename", key("code")).contains("example\n  extra:"));
    assert!(change(one, "post", "extra", key("a")).ends_with("  extra:\n    d: e\n"));
    let renamed = EntryChange::Rename { from: "a".to_owned(), to: "f".to_owned() };
    assert!(change(one, "post", "extra", renamed).contains("    f: b   # ours\n"));
}
