//! `portaria check --upgrade`: the lines of a provider file that stay legal and mean something else than in an earlier
//! version. What is no longer legal is a complaint of `portaria check`, and has no row.
//!
//! To add a change of meaning, write a function that finds its lines, and a row in [`CHANGES`]. A row is deleted when the version after
//! the one in which the meaning changed is released.

use crate::provider::facts::FROM_DISCOVERY;
use crate::provider::step::StepKind;
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::yaml::{self, YamlEntry, YamlKind, YamlNode};

/// One line whose meaning changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLine {
    pub(crate) place: Place,
    /// What the line meant.
    pub(crate) meant: &'static str,
    /// What it means now.
    pub(crate) means: &'static str,
    /// What to write for the earlier meaning.
    pub(crate) write: &'static str,
}

/// A change of meaning: the lines that it is about, and what is said of each.
struct MeaningChange {
    find: fn(&UpgradedFile<'_>) -> Vec<Place>,
    meant: &'static str,
    means: &'static str,
    write: &'static str,
}

const CHANGES: &[MeaningChange] = &[
    MeaningChange {
        find: lists_under_refused,
        meant: "this list refused when all of its conditions held",
        means: "it refuses when any of them holds",
        write: "put the conditions into one entry: `refused: { all: [ …, … ], code: …, message: … }`",
    },
    MeaningChange {
        find: accepted_without_status,
        meant: "this alone said which answers are accepted, whatever their status",
        means: "an answer with a status outside 2xx is refused as well",
        write: "`status: any` in it; or better a list of the statuses that a yes may have",
    },
    MeaningChange {
        find: error_member_of_a_judged_token_answer,
        meant: "a member `error` of the token answer did not count beside this",
        means: "a token answer with a meaningful `error` is refused as well",
        write: "`errorMember: allowed` in an entry of `accepted`, if a yes may have such a member",
    },
    MeaningChange {
        find: issuer_without_user_info,
        meant: "without getUserInfo only the ID token said who the person is",
        means: "the issuer's userinfo is asked when the ID token lacks the address, or whether it is verified",
        write: "nothing: a login that needed no more than the token still asks for nothing more",
    },
    MeaningChange {
        find: issuer_without_credentials,
        meant: "the client id and secret were sent in the form of the token request",
        means: "they are sent as the issuer's document says, or in the form first and then in the header",
        write: "`getAccessCode: { credentials: form }`",
    },
    MeaningChange {
        find: nonce_outside_of_the_token_answer,
        meant: "a nonce that was sent had to stand in this token",
        means: "the nonce is demanded by default only of a token in the token answer",
        write: "`nonce: required` in it",
    },
    MeaningChange {
        find: placeholders,
        meant: "an id that is no part of an address, or that has 32 hexadecimal digits, became 32 hexadecimal digits",
        means: "an id that can stand in an address is kept, and any other becomes `hash+` and 40 hexadecimal digits",
        write: "nothing: users who exist keep their address",
    },
    MeaningChange {
        find: relative_files,
        meant: "this path began at the folder in which the program was started",
        means: "it begins at the folder of the settings file",
        write: "the whole path, from `/` on",
    },
    MeaningChange {
        find: listed_calls_without_read,
        meant: "this call read OpenID's standard places",
        means: "a call of a list without `read` reads nothing",
        write: "what it reads: `read: { id: $.sub, email: $.email, emailVerified: $.email_verified }`",
    },
    MeaningChange {
        find: bearer_beside_a_part,
        meant: "the bearer header was sent beside this part of the access token",
        means: "no bearer header is sent, because the request itself places the token",
        write: "`bearer: ${accessToken}`, if the provider wants both",
    },
    MeaningChange {
        find: holes_for_scheme_and_host,
        meant: "the value of the first hole could bring a path or a query along",
        means: "it takes scheme, host and port and nothing else; any other value ends the login",
        write: "the path behind the hole, or in a setting of its own: `${base}/${folder}/token`",
    },
];

/// The lines of a file whose meaning changed since version 0.1, in their order. A file that is no YAML has none.
pub fn changed_lines(source: &Source) -> Vec<ChangedLine> {
    let Ok((root, _)) = yaml::parse(source) else { return Vec::new() };
    let file = UpgradedFile { root: &root };
    let lines_of = |change: &MeaningChange| {
        let MeaningChange { find, meant, means, write } = *change;
        find(&file).into_iter().map(move |place| ChangedLine { place, meant, means, write }).collect::<Vec<_>>()
    };
    let mut lines: Vec<ChangedLine> = CHANGES.iter().flat_map(lines_of).collect();
    lines.sort_by_key(|line| line.place);
    lines
}

/// A provider file as it is written.
struct UpgradedFile<'a> {
    root: &'a YamlNode,
}

impl<'a> UpgradedFile<'a> {
    /// The blocks of the steps: the first step, and each call.
    fn steps(&self) -> Vec<(StepKind, &'a YamlNode)> {
        let steps = [StepKind::GetAuthorizationCode, StepKind::GetAccessCode, StepKind::GetUserInfo];
        let written = steps.into_iter().filter_map(|kind| Some((kind, self.root.get(kind.word())?)));
        written.flat_map(|(kind, node)| items(node).into_iter().map(move |block| (kind, block))).collect()
    }

    /// The top of the file and the steps whose answers a word at that place judges: a word at the top judges all calls.
    fn judging_blocks(&self) -> Vec<(Option<StepKind>, &'a YamlNode)> {
        std::iter::once((None, self.root)).chain(self.steps().into_iter().map(|(kind, block)| (Some(kind), block))).collect()
    }
}

/// The items of a list, or the one value.
fn items(node: &YamlNode) -> Vec<&YamlNode> {
    match &node.kind {
        YamlKind::List(items) => items.iter().collect(),
        YamlKind::Map(_) | YamlKind::Scalar { .. } => vec![node],
    }
}

fn lists_under_refused(file: &UpgradedFile<'_>) -> Vec<Place> {
    let written = file.judging_blocks().into_iter().filter_map(|(_, block)| block.entry("refused"));
    written.filter(|entry| items(&entry.value).len() > 1).map(|entry| entry.key.place).collect()
}

fn accepted_without_status(file: &UpgradedFile<'_>) -> Vec<Place> {
    let calls = file.judging_blocks().into_iter().filter(|(kind, _)| *kind != Some(StepKind::GetAuthorizationCode));
    let written = calls.filter_map(|(_, block)| block.entry("accepted"));
    let without_status = written.filter(|entry| items(&entry.value).iter().all(|rule| rule.get("status").is_none()));
    without_status.map(|entry| entry.key.place).collect()
}

/// Before, a member `error` did not count where `accepted` stood, or where `refused` looked at it.
fn error_member_of_a_judged_token_answer(file: &UpgradedFile<'_>) -> Vec<Place> {
    let tokens: Vec<&YamlNode> = file
        .judging_blocks()
        .into_iter()
        .filter(|(kind, _)| matches!(kind, None | Some(StepKind::GetAccessCode)))
        .map(|(_, block)| block)
        .collect();
    let accepted =
        |block: &YamlNode| block.entry("accepted").map_or_else(Vec::new, |entry| items(&entry.value).into_iter().cloned().collect());
    if tokens.iter().any(|block| accepted(block).iter().any(|rule| rule.get("errorMember").is_some())) {
        return Vec::new();
    }
    let looks_at_error = |rule: &YamlNode| match rule.get("at").map(|at| &at.kind) {
        Some(YamlKind::Scalar { text, .. }) => ["$.error", "$['error']", "$[\"error\"]"]
            .iter()
            .any(|start| text.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))),
        Some(YamlKind::List(_) | YamlKind::Map(_)) | None => false,
    };
    let tests_error = |entry: &&YamlEntry| items(&entry.value).into_iter().any(looks_at_error);
    let entries =
        tokens.into_iter().flat_map(|block| block.entry("refused").filter(tests_error).into_iter().chain(block.entry("accepted")));
    entries.map(|entry| entry.key.place).collect()
}

fn issuer_without_user_info(file: &UpgradedFile<'_>) -> Vec<Place> {
    let issuer = file.root.entry("discovery").filter(|_| file.root.entry(StepKind::GetUserInfo.word()).is_none());
    issuer.map(|entry| entry.key.place).into_iter().collect()
}

fn issuer_without_credentials(file: &UpgradedFile<'_>) -> Vec<Place> {
    let Some(issuer) = file.root.entry("discovery") else { return Vec::new() };
    let access = file.root.entry(StepKind::GetAccessCode.word());
    let calls = access.map_or_else(Vec::new, |entry| items(&entry.value));
    let says_it =
        |block: &&YamlNode| ["credentials", "query", "form", "json", "text", "assertion"].iter().any(|word| block.get(word).is_some());
    if calls.iter().any(says_it) {
        return Vec::new();
    }
    vec![access.unwrap_or(issuer).key.place]
}

/// Before, a nonce that was sent had to stand in every signed token.
fn nonce_outside_of_the_token_answer(file: &UpgradedFile<'_>) -> Vec<Place> {
    let first = file.root.entry(StepKind::GetAuthorizationCode.word());
    let is_sent = file.root.entry("discovery").is_some() || first.is_some_and(|step| !holes_with(&step.value, "nonce").is_empty());
    let is_of_token_answer = |kind: StepKind, signed: &YamlNode| {
        let is_access_token = signed.get("token").is_some_and(|token| !holes_with(token, "accessToken").is_empty());
        kind == StepKind::GetAccessCode && !is_access_token
    };
    let written = file.steps().into_iter().filter_map(|(kind, block)| Some((kind, block.entry("signed")?)));
    let without_nonce =
        written.filter(|(kind, signed)| is_sent && signed.value.get("nonce").is_none() && !is_of_token_answer(*kind, &signed.value));
    without_nonce.map(|(_, signed)| signed.key.place).collect()
}

fn placeholders(file: &UpgradedFile<'_>) -> Vec<Place> {
    let is_placeholder = |entry: &&YamlEntry| matches!(&entry.value.kind, YamlKind::Scalar { text, .. } if text.contains('@'));
    file.root.entry("missingEmail").filter(is_placeholder).map(|entry| entry.key.place).into_iter().collect()
}

fn relative_files(file: &UpgradedFile<'_>) -> Vec<Place> {
    let mut lines = Vec::new();
    let mut open = vec![file.root];
    while let Some(node) = open.pop() {
        match &node.kind {
            YamlKind::Map(entries) => open.extend(entries.iter().map(|entry| &entry.value)),
            YamlKind::List(items) => open.extend(items),
            YamlKind::Scalar { text, .. } if text.strip_prefix("file:").is_some_and(|path| !path.starts_with('/')) => {
                lines.push(node.place);
            }
            YamlKind::Scalar { .. } => {}
        }
    }
    lines
}

/// Before, each call of a list in getUserInfo read OpenID's standard places when it had no `read`.
fn listed_calls_without_read(file: &UpgradedFile<'_>) -> Vec<Place> {
    let Some(YamlKind::List(calls)) = file.root.get("getUserInfo").map(|node| &node.kind) else { return Vec::new() };
    let reads = |call: &YamlNode| ["read", "signed"].iter().any(|word| call.get(word).is_some());
    calls.iter().filter(|call| calls.len() > 1 && !reads(call)).map(|call| call.place).collect()
}

/// Before, the bearer header was sent beside a part of the access token, such as its hash.
fn bearer_beside_a_part(file: &UpgradedFile<'_>) -> Vec<Place> {
    let calls = file.steps().into_iter().filter(|(kind, _)| *kind == StepKind::GetUserInfo).map(|(_, call)| call);
    let without_header = calls.filter(|call| {
        let basic =
            matches!(call.get("credentials").map(|node| &node.kind), Some(YamlKind::Scalar { text, .. }) if text.starts_with("basic"));
        let has_header = call.get("headers").is_some_and(|headers| match &headers.kind {
            YamlKind::Map(entries) => entries.iter().any(|entry| entry.key.eq_ignore_ascii_case("authorization")),
            YamlKind::List(_) | YamlKind::Scalar { .. } => false,
        });
        call.get("bearer").is_none() && !basic && !has_header
    });
    let hides = |hole: &str| ["md5", "sha1", "sha256", "hmac"].iter().any(|word| hole.contains(word));
    let changed = without_header.filter_map(|call| {
        let sent = ["get", "post", "extra", "query", "form", "json", "text", "headers"].iter().filter_map(|word| call.get(word));
        let made = ["sign", "assertion"].iter().filter_map(|word| call.get(word));
        let holes = |nodes: Vec<&YamlNode>| nodes.into_iter().flat_map(|node| holes_with(node, "accessToken")).collect::<Vec<_>>();
        let (sent, made) = (holes(sent.collect()), holes(made.collect()));
        let is_part = !sent.iter().any(|(_, hole)| !hides(hole));
        sent.iter().chain(&made).next().filter(|_| is_part).map(|(place, _)| *place)
    });
    changed.collect()
}

/// Before, the value of such a hole could bring a path or a query along. The broker's own address and the whole
/// addresses of a discovery document are no such holes.
fn holes_for_scheme_and_host(file: &UpgradedFile<'_>) -> Vec<Place> {
    let requests = file.steps().into_iter().flat_map(|(_, block)| ["get", "post"].iter().filter_map(|word| block.get(word)));
    let addresses = requests.chain(file.root.get("logout"));
    let begins_with_a_hole = |node: &&YamlNode| {
        let YamlKind::Scalar { text, .. } = &node.kind else { return false };
        let Some((hole, rest)) = text.strip_prefix("${").and_then(|text| text.split_once('}')) else { return false };
        let fact = hole.split('|').next().unwrap_or_default().trim().trim_end_matches('?');
        let is_document_address = rest.starts_with(['?', '#']) && FROM_DISCOVERY.iter().any(|(known, _)| *known == fact);
        !rest.is_empty() && fact != "publicUrl" && !is_document_address
    };
    addresses.filter(begins_with_a_hole).map(|node| node.place).collect()
}

/// The holes that name this fact, each with its place.
fn holes_with(node: &YamlNode, fact: &str) -> Vec<(Place, String)> {
    match &node.kind {
        YamlKind::Scalar { text, .. } => {
            let holes = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
            holes.filter(|hole| hole.contains(fact)).map(|hole| (node.place, hole.to_owned())).collect()
        }
        YamlKind::List(items) => items.iter().flat_map(|item| holes_with(item, fact)).collect(),
        YamlKind::Map(entries) => entries.iter().flat_map(|entry| holes_with(&entry.value, fact)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        changed_lines(&Source::new("acme.yaml", text)).into_iter().map(|line| (line.place.line, line.means)).collect()
    }

    #[test]
    fn each_line_that_means_something_else_is_found_and_no_other() {
        const READS: &str = "a call of a list without `read` reads nothing";
        const BEARER: &str = "no bearer header is sent, because the request itself places the token";
        const ANY: &str = "it refuses when any of them holds";
        const STATUS: &str = "an answer with a status outside 2xx is refused as well";
        const ERROR: &str = "a token answer with a meaningful `error` is refused as well";
        const USERINFO: &str = "the issuer's userinfo is asked when the ID token lacks the address, or whether it is verified";
        const CREDENTIALS: &str = "they are sent as the issuer's document says, or in the form first and then in the header";
        const NONCE: &str = "the nonce is demanded by default only of a token in the token answer";
        const PLACEHOLDER: &str = "an id that can stand in an address is kept, and any other becomes `hash+` and 40 hexadecimal digits";
        const ORIGIN: &str = "it takes scheme, host and port and nothing else; any other value ends the login";
        const RELATIVE: &str = "it begins at the folder of the settings file";
        for (text, expected) in [
            ("getUserInfo:\n  - get: x\n  - get: y\n    read: { id: $.id }\n", vec![(2, READS)]),
            ("getUserInfo: { get: x }\n", vec![]),
            ("getUserInfo: { get: x, query: { p: \"${accessToken | sha256 | hex}\" } }\n", vec![(1, BEARER)]),
            ("getUserInfo: { get: x, query: { t: \"${accessToken}\", p: \"${accessToken | sha256 | hex}\" } }\n", vec![]),
            ("getUserInfo: { get: x, query: { p: \"${accessToken | sha256 | hex}\" }, bearer: \"${accessToken}\" }\n", vec![]),
            ("refused: { at: $.a, is: x }\n", vec![]),
            ("refused: [ { at: $.a, is: x } ]\n", vec![]),
            ("name: A\nrefused: [ { at: $.a, is: x }, { at: $.b, is: x } ]\n", vec![(2, ANY)]),
            (
                "getAccessCode:\n  - get: x\n  - get: y\n    refused:\n      - { at: $.a, is: x }\n      - { at: $.b, is: x }\n",
                vec![(4, ANY)],
            ),
            ("getAuthorizationCode:\n  refused: [ { at: $.a, is: x }, { at: $.b, is: x } ]\n", vec![(2, ANY)]),
            ("getUserInfo:\n  accepted: { at: $.ok, is: true }\n", vec![(2, STATUS)]),
            ("getUserInfo:\n  accepted: { at: $.ok, is: true, status: any }\n", vec![]),
            ("getAuthorizationCode:\n  accepted: { at: $.ok, is: true }\n", vec![]),
            ("accepted: { at: $.ok, is: true }\n", vec![(1, STATUS), (1, ERROR)]),
            ("getAccessCode:\n  refused: { at: $.error.code, isNot: ok }\n", vec![(2, ERROR)]),
            ("getAccessCode:\n  refused: { at: $.error_code, isNot: ok }\n", vec![]),
            ("getUserInfo:\n  refused: { at: $.error, isNot: ok }\n", vec![]),
            ("getAccessCode:\n  refused: { at: $.error, isNot: ok }\n  accepted: { errorMember: allowed, status: any }\n", vec![]),
            ("discovery: https://i\ngetAccessCode: { credentials: basic }\ngetUserInfo: {}\n", vec![]),
            ("discovery: https://i\n", vec![(1, USERINFO), (1, CREDENTIALS)]),
            ("discovery: https://i\ngetAccessCode: {}\ngetUserInfo: {}\n", vec![(2, CREDENTIALS)]),
            ("getAuthorizationCode:\n  extra: { n: \"${nonce}\" }\n  signed: { issuer: i }\n", vec![(3, NONCE)]),
            ("getAuthorizationCode:\n  extra: { n: \"${nonce}\" }\n  signed: { issuer: i, nonce: required }\n", vec![]),
            ("getAuthorizationCode:\n  signed: { issuer: i }\n", vec![]),
            ("getAuthorizationCode: { extra: { n: \"${nonce}\" } }\ngetUserInfo: { signed: { token: answer } }\n", vec![(2, NONCE)]),
            ("getAuthorizationCode: { extra: { n: \"${nonce}\" } }\ngetAccessCode: { signed: { issuer: i } }\n", vec![]),
            (
                "getAuthorizationCode: { extra: { n: \"${nonce}\" } }\ngetAccessCode: { signed: { token: \"${accessToken}\" } }\n",
                vec![(2, NONCE)],
            ),
            ("logout: ${publicUrl}/bye\ngetUserInfo: { get: \"${profile}\" }\n", vec![]),
            ("getUserInfo: { get: \"https://${shop}.acme.example/me\" }\n", vec![]),
            ("missingEmail: \"${id}@acme.invalid\"\n", vec![(1, PLACEHOLDER)]),
            ("missingEmail: ask\n", vec![]),
            ("getAccessCode: { post: \"${base}/token\" }\n", vec![(1, ORIGIN)]),
            ("getAccessCode:\n  - post: \"${base | trim}?v=2\"\n", vec![(2, ORIGIN)]),
            ("getAccessCode: { post: \"${tokenAddress}\" }\n", vec![]),
            ("getAccessCode: { post: \"https://${host}/token\" }\n", vec![]),
            ("getAccessCode: { post: \"${publicUrl}/acme/token\" }\n", vec![]),
            ("getAccessCode: { post: \"${issuer}/token\" }\n", vec![(1, ORIGIN)]),
            ("getAccessCode: { post: \"${tokenEndpoint}?v=2\" }\n", vec![]),
            ("logout: \"${base}/sair\"\n", vec![(1, ORIGIN)]),
            ("secrets:\n  key: file:secrets/key.pem\n  other: file:/run/secrets/other\n", vec![(2, RELATIVE)]),
            ("not: [ yaml\n", vec![]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
