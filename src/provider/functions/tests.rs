//! What each function gives.

use crate::provider::facts::Facts;
use crate::provider::functions::{Function, TextOrBytes};
use crate::provider::hole::HoleToken;
use crate::provider::json_path::ValueKind;
use crate::vocabulary::hash::hex;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;

fn run(functions: &[&[&str]], text: &str) -> Result<Option<String>, ValueKind> {
    let mut reader = Reader::default();
    let facts = Facts::default();
    let mut flow = Ok(Some(TextOrBytes::Text(text.to_owned())));
    for words in functions {
        let (name, arguments) = words.split_first().unwrap();
        let quoted = arguments.iter().map(|argument| HoleToken::Quoted((*argument).to_owned()));
        let tokens: Vec<HoleToken> = std::iter::once(HoleToken::Word((*name).to_owned())).chain(quoted).collect();
        flow = Function::parse(&tokens, Place::default(), &mut reader).unwrap().apply(flow, &facts);
    }
    flow.map(|flow| flow.map(|flow| String::from_utf8(flow.bytes().to_vec()).unwrap()))
}

#[test]
fn each_function_gives_what_its_name_says() {
    type Chain = &'static [&'static [&'static str]];
    let cases: &[(Chain, &str, Option<&str>)] = &[
        (&[&["base64"]], "a?>", Some("YT8+")),
        (&[&["base64url"]], "a?>", Some("YT8-")),
        (&[&["md5"], &["hex"]], "abc", Some("900150983cd24fb0d6963f7d28e17f72")),
        (&[&["sha1"], &["hex"]], "abc", Some("a9993e364706816aba3e25717850c26c9cd0d89d")),
        (&[&["sha256"], &["base64"]], "abc", Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")),
        (&[&["base64Decode"]], "YT8+", Some("a?>")),
        (&[&["base64Decode"]], "YT8-", Some("a?>")),
        (&[&["base64Decode"]], "w6c=", Some("ç")),
        (&[&["base64Decode"]], "w6c", Some("ç")),
        (&[&["base64Decode"]], "/w==", None),
        (&[&["base64Decode"]], "not base64!", None),
        (&[&["base64Decode"], &["json", "$.id"]], "eyJpZCI6N30", Some("7")),
        (&[&["number"]], " 12.50 ", Some("12.50")),
        (&[&["number"]], "-3", Some("-3")),
        (&[&["number"]], "007", None),
        (&[&["number"]], "1,5", None),
        (&[&["number"]], "12]", None),
        (&[&["boolean"]], "1", Some("true")),
        (&[&["boolean"]], "false", Some("false")),
        (&[&["boolean"]], "yes", None),
        (&[&["base64Decode"]], "w6\nc=\r\n", Some("ç")),
        (&[&["append", "!"]], "abc", Some("abc!")),
        (&[&["prepend", "!"]], "abc", Some("!abc")),
        (&[&["form", "b"]], "a=1&b=x%26y+z", Some("x&y z")),
        (&[&["form", "a b"]], "b=2&a%20b=1", Some("1")),
        (&[&["form", "b"]], "bb=1&a=b", None),
        (&[&["form", "b"]], "b=1&b=1", None),
        (&[&["form", "b"]], "b=", None),
        (&[&["upper"], &["lower"]], "aBç", Some("abç")),
        (&[&["trim"]], " a b ", Some("a b")),
        (&[&["urlEncode"]], "a b/ç", Some("a%20b%2F%C3%A7")),
        (&[&["urlDecode"]], "a%20b", Some("a b")),
        (&[&["xmlEscape"]], "x</a> & \"é'\n", Some("x&lt;/a&gt; &amp; &quot;é&apos;&#10;")),
        (&[&["xmlEscape"]], "a\u{1}", None),
        (&[&["before", "@"]], "ana@loja", Some("ana")),
        (&[&["after", "@"]], "ana@loja", Some("loja")),
        (&[&["after", "@"]], "ana", None),
        (&[&["after", "@"], &["default", "none"]], "ana", Some("none")),
        (&[&["json", "$.a[1]"]], r#"{"a":[1,20]}"#, Some("20")),
        (&[&["json", "$.a"]], "no json", None),
        (&[&["date", "%Y-%m-%d", "Z"]], "86400", Some("1970-01-02")),
        (&[&["digits", "000.000.000-00"]], "123.456.789-09", Some("12345678909")),
        (&[&["digits", "000.000.000-00"]], "12345678909", Some("12345678909")),
        (&[&["join", ", "]], "Ana", Some("Ana")),
    ];
    for (functions, text, expected) in cases {
        assert_eq!(run(functions, text).ok().flatten().as_deref(), *expected, "{functions:?}");
    }
}

#[test]
fn a_value_that_is_there_and_cannot_be_read_is_not_missing() {
    type Chain = &'static [&'static [&'static str]];
    let cases: &[(Chain, &str, Option<ValueKind>)] = &[
        (&[&["form", "b"]], "a=1", None),
        (&[&["form", "b"]], "b=", None),
        (&[&["form", "b"]], "b=1&b=1", Some(ValueKind::UnreadableText)),
        (&[&["form", "b"]], "b=&b=1", Some(ValueKind::UnreadableText)),
        (&[&["form", "b"], &["default", "0"]], "b=1&b=1", Some(ValueKind::UnreadableText)),
        (&[&["after", "x="]], "a=1", None),
        (&[&["before", "x="]], "a=1", None),
        (&[&["base64Decode"]], "not base64!", Some(ValueKind::UnreadableText)),
        (&[&["base64Decode"], &["form", "b"]], "not base64!", Some(ValueKind::UnreadableText)),
        (&[&["urlDecode"]], "%ff", Some(ValueKind::UnreadableText)),
        (&[&["number"]], "many", Some(ValueKind::UnreadableText)),
        (&[&["digits", "00-0"]], "12-K", Some(ValueKind::UnreadableText)),
        (&[&["digits", "00-0"], &["default", "0"]], "1-23", Some(ValueKind::UnreadableText)),
        (&[&["boolean"]], "yes", Some(ValueKind::UnreadableText)),
        (&[&["date", "%Y", "Z"]], "soon", Some(ValueKind::UnreadableText)),
        (&[&["json", "$.a"]], "no json", Some(ValueKind::UnreadableText)),
        (&[&["json", "$.a"]], r#"{"b": 1}"#, None),
        (&[&["json", "$.a"]], r#"{"a": []}"#, None),
        (&[&["json", "$.a"]], r#"{"a": ["x"]}"#, Some(ValueKind::List)),
    ];
    for (functions, text, expected) in cases {
        assert_eq!(run(functions, text), expected.map_or(Ok(None), Err), "{functions:?} {text}");
    }
}

#[test]
fn a_keyed_hash_takes_its_key_from_a_fact() {
    for (name, expected) in [
        ("hmacSha1", "4fd0b215276ef12f2b3e4c8ecac2811498b656fc"),
        (
            "hmacSha512",
            "3926a207c8c42b0c41792cbd3e1a1aaaf5f7a25704f62dfc939c4987dd7ce060009c5bb1c2447355b3216f10b537e9afa7b64a4e5391b0d631172d07939e087a",
        ),
        ("hmacSha256", "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"),
    ] {
        let mut reader = Reader::default();
        let words = [HoleToken::Word(name.to_owned()), HoleToken::Word("secret".to_owned())];
        let function = Function::parse(&words, Place::default(), &mut reader).unwrap();
        let mut facts = Facts::empty(&reader.names);
        facts.set(reader.names.intern("secret"), Text::plain("key"));

        let hash = function.apply(Ok(Some(TextOrBytes::Text("abc".to_owned()))), &facts).unwrap().unwrap();

        assert_eq!(hex(hash.bytes()), expected);
    }
}

#[test]
fn what_is_undone_is_made_again() {
    for (words, wanted) in [
        (&["base64Decode"][..], "a=1"),
        (&["urlDecode"], "a b&c"),
        (&["after", "user:"], "42"),
        (&["before", "@"], "ana"),
        (&["append", "-x"], "42-x"),
        (&["prepend", "u:"], "u:42"),
        (&["form", "email"], "ana@loja.example"),
        (&["moment", "%Y%m%d%H%M%S", "+08:00"], "1767323045"),
        (&["trim"], "ana"),
    ] {
        let (name, arguments) = words.split_first().unwrap();
        let quoted = arguments.iter().map(|argument| HoleToken::Quoted((*argument).to_owned()));
        let tokens: Vec<HoleToken> = std::iter::once(HoleToken::Word((*name).to_owned())).chain(quoted).collect();
        let function = Function::parse(&tokens, Place::default(), &mut Reader::default()).unwrap();

        let before = function.undo(wanted).unwrap();

        assert_eq!(run(&[words], &before), Ok(Some(wanted.to_owned())), "{words:?}");
    }
}
