//! The checklist about a provider, and the file that its answers give. The compiler of the language checks each answer.

pub(crate) mod pairs; //     parameters and conditions on one line
pub(crate) mod question; //  what a question is, and what earlier answers mean for it
pub(crate) mod questions; // the table

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::diagnostic::{Severity, quoted_alternatives};
use crate::vocabulary::place::Source;
use crate::vocabulary::secret_names::is_secret_setting;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::path::{PathSegment, parse_path, write_path};
use crate::workbench::checklist::pairs::{RequestMoment, condition_entries, name_entries, pairs, parameter_entries, with_commas};
use crate::workbench::checklist::question::{ChecklistAnswers, ChecklistQuestion, PUSHED, PUSHED_READ, usual_hosts, usual_settings};
use crate::workbench::draft::ProviderDraft;
use crate::workbench::learn::provider_file::push_reads;

/// Why an answer is not accepted: the choices, or the complaint of the compiler.
pub(crate) fn check_answer(
    question: &ChecklistQuestion,
    answer: &str,
    given: &ChecklistAnswers,
    context: InstallationContext,
) -> Option<String> {
    if question.name == "trust" && answer == "claim" && lacks_claim(given) {
        return Some("`claim` needs the place where the answer says it: `--email-verified PATH`; otherwise `always` or `never`".to_owned());
    }
    if !question.choices.is_empty() {
        let fits = question.choices.contains(&answer);
        return (!fits).then(|| format!("write {}", quoted_alternatives(question.choices.iter().copied())));
    }
    if question.value_name() == "PAIRS"
        && let Some(meant) = with_commas(answer)
    {
        return Some(format!("the pairs are not separated; write commas between them, and facts in `${{…}}`: `{meant}`"));
    }
    if let Some(entry) = given.get("email").filter(|_| question.name == "email-verified").and_then(|email| other_entry(email, answer)) {
        return Some(format!(
            "the address is read from the entry `{entry}` of a list, and this may be another entry; \
             write where the claim stands in that entry, such as `{entry}.verified`, or `none`"
        ));
    }
    let text = draft_from_answers(&answers_for_check(question.name, answer, given)).to_yaml();
    let (_, report) = compile(&Source::new("answer.yaml", text), context);
    let error = report.complaints.iter().find(|complaint| complaint.severity == Severity::Error)?;
    let flag = if error.help.contains("stateIn") { " (the flag `--state-in`)" } else { "" };
    Some(format!("{}; {}{flag}", error.message, error.help))
}

/// Whether nothing says that the address is proven, by the answers that are there and the defaults of the others.
fn lacks_claim(given: &ChecklistAnswers) -> bool {
    let is_default = || given.get("id").is_none_or(|id| id == "$.sub");
    let has_claim = given.get("email-verified").map_or_else(is_default, |claim| claim != "none");
    let by_hand = given.get("discovery").is_none_or(|issuer| issuer == "none");
    by_hand && !has_claim && given.get("email").is_none_or(|email| email != "none")
}

/// The entry of a list from which the address is read, if the claim is read from an entry that is chosen otherwise.
fn other_entry(email: &str, claim: &str) -> Option<String> {
    let (email, claim) = (parse_path(email)?, parse_path(claim)?);
    let entry = email.get(..=email.iter().rposition(PathSegment::is_filter)?)?;
    (claim.iter().any(PathSegment::is_filter) && !claim.starts_with(entry)).then(|| write_path(entry))
}

/// One answer and correct answers to the other questions, so that every complaint is about this one.
fn answers_for_check(name: &'static str, answer: &str, given: &ChecklistAnswers) -> ChecklistAnswers {
    let mut answers: ChecklistAnswers =
        [("authorize", "https://a.example/a"), ("token", "https://a.example/t"), ("userinfo", "https://a.example/u")]
            .into_iter()
            .chain([("trust", "never"), ("pkce", "off"), ("email-verified", "none"), ("title", "Acme")])
            .map(|(name, answer)| (name, answer.to_owned()))
            .collect();
    match name {
        "bearer" => drop(answers.insert("userinfo-parameters", "token=${accessToken}".to_owned())),
        "missing-email" => drop(answers.insert("trust", "always".to_owned())),
        "rename" | "token-rename" => drop(answers.insert("pkce", "S256".to_owned())),
        "email-verified" if answer != "none" => {
            answers.insert("trust", "claim".to_owned());
            // The claim is judged together with the address that it is about.
            answers.extend(given.get("email").filter(|email| *email != "none").map(|email| ("email", email.clone())));
        }
        "discovery" if answer != "none" => drop(answers.remove("userinfo")),
        "prepare" | "prepare-read" => {
            let read = if name == "prepare" { PUSHED_READ } else { answer };
            let sent = pairs(read).into_iter().map(|(fact, _)| format!("{fact}=${{{fact}}}"));
            let sent = sent.chain(["client_id=${clientId}".to_owned()]).collect::<Vec<_>>().join(", ");
            answers.extend([
                ("prepare", "https://a.example/par".to_owned()),
                ("prepare-read", read.to_owned()),
                ("authorize-parameters", sent),
            ]);
        }
        "authorize-parameters" => {
            let others = ["prepare", "prepare-read", "state-in", "session-swap"].into_iter();
            answers.extend(others.filter_map(|other| Some((other, given.get(other)?.clone()))));
            answers.extend([("trust", "always".to_owned()), ("missing-email", "refuse".to_owned())]);
            if answer.contains("codeChallenge") {
                answers.insert("pkce", "S256".to_owned());
            }
        }
        "refused-code" | "refused-message" => drop(answers.insert("refused", "$.ok = false".to_owned())),
        "signed-issuer" | "signed-keys" => {
            answers.extend([
                ("signed", "idToken".to_owned()),
                ("signed-issuer", "https://a.example".to_owned()),
                ("signed-keys", "https://a.example/k".to_owned()),
            ]);
        }
        // Values of the shop itself are requested later.
        "hosts" => drop(answers.insert("authorize", "https://${tenant}.example/a".to_owned())),
        _ => {}
    }
    answers.insert(name, answer.to_owned());
    let settings = usual_settings(&answers);
    if !settings.is_empty() {
        let further = answers.get("settings").map_or_else(String::new, |list| format!("{list}, "));
        answers.insert("settings", further + &settings);
    }
    if let Some(hosts) = usual_hosts(&answers).filter(|_| !answers.contains_key("hosts")) {
        answers.insert("hosts", hosts);
    }
    answers
}

/// The file that the answers give. It holds only what differs from the standard.
pub(crate) fn draft_from_answers(answers: &ChecklistAnswers) -> ProviderDraft {
    let get = |name: &str| answers.get(name).map(String::as_str).filter(|answer| !answer.is_empty());
    let answers = AnswerLookup { get: &get };
    let mut draft = ProviderDraft::default();
    push_installation_entries(&answers, &mut draft);
    push_email_trust(&answers, &mut draft);
    if let Some(entry) = answers.refusal_entry("refused", "a refusal that comes as a success") {
        draft.push(entry);
    }
    if let Some(entry) = answers.refusal_entry("accepted", "everything else is a refusal") {
        draft.push(entry);
    }
    let person = person_entries(&answers);
    let steps = [
        ("getAuthorizationCode", authorization_entries(&answers)),
        ("getAccessCode", token_request_entries(&answers, &person)),
        ("getUserInfo", person_request_entries(&answers, person)),
    ];
    for (step, entries) in steps.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        draft.push(YamlLine::new(step, YamlValue::Block(entries)));
    }
    draft
}

/// The answers by the names of their questions.
struct AnswerLookup<'a> {
    get: &'a dyn Fn(&str) -> Option<&'a str>,
}

impl<'a> AnswerLookup<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        (self.get)(name)
    }

    /// The answer, unless it is `none`.
    fn given(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|answer| *answer != "none")
    }

    /// Whether there is no document from which addresses and keys come.
    fn by_hand(&self) -> bool {
        self.given("discovery").is_none()
    }

    fn refusal_entry(&self, name: &'static str, reason: &str) -> Option<YamlLine> {
        let conditions = self.given(name)?;
        let places = [("code", "refused-code"), ("message", "refused-message")];
        let places = places.into_iter().filter_map(|(word, question)| Some(YamlLine::new(word, YamlValue::text(self.given(question)?))));
        Some(YamlLine::with_comment(name, condition_entries(conditions, &places.collect::<Vec<_>>()), reason))
    }

    /// The words of `signed`, if a token of this place says who the person is.
    fn signed_entry(&self, place: &str, person: &[YamlLine]) -> Option<YamlLine> {
        self.given("signed").filter(|answer| *answer == place && self.by_hand())?;
        let mut words = Vec::new();
        if place == "answer" {
            words.push(YamlLine::with_comment("token", YamlValue::text("answer"), "the whole answer is the token"));
        }
        for (word, question) in [("issuer", "signed-issuer"), ("keys", "signed-keys")] {
            words.extend(self.get(question).map(|answer| YamlLine::new(word, YamlValue::text(answer))));
        }
        push_reads(or_standard(person), &mut words);
        Some(YamlLine::with_comment("signed", YamlValue::Block(words), "verified before anything is read from it"))
    }
}

fn push_installation_entries(answers: &AnswerLookup<'_>, draft: &mut ProviderDraft) {
    let text = |text: &str| YamlValue::text(text);
    draft.push(YamlLine::with_comment("name", text(answers.get("title").unwrap_or("Provider")), "what the button says"));
    if let Some(id) = answers.get("client-id").filter(|id| *id != "env") {
        draft.push(YamlLine::new("clientId", text(id)));
    }
    if let Some(secret) = answers.get("client-secret").filter(|secret| *secret != "env") {
        draft.push(YamlLine::with_comment("clientSecret", text(secret), "a secret is never written here, only a reference to it"));
    }
    let (secrets, settings): (Vec<YamlLine>, Vec<YamlLine>) =
        answers.given("settings").map_or_else(Vec::new, name_entries).into_iter().partition(|entry| is_secret_setting(&entry.key));
    for (word, entries) in [("settings", settings), ("secrets", secrets)] {
        if !entries.is_empty() {
            draft.push(YamlLine::with_comment(word, YamlValue::Block(entries), "further values of this shop"));
        }
    }
    if let Some(hosts) = answers.given("hosts") {
        let hosts = hosts.split(',').map(|host| text(host.trim())).collect();
        draft.push(YamlLine::with_comment("hosts", YamlValue::List(hosts), "no request goes anywhere else"));
    }
    if let Some(issuer) = answers.given("discovery") {
        draft.push(YamlLine::with_comment("discovery", text(issuer), "addresses, keys and issuer come from its document"));
    }
    if let Some(issuer) = answers.given("issuer").filter(|_| answers.by_hand()) {
        draft.push(YamlLine::with_comment("issuer", text(issuer), "the callback's iss must be this"));
    }
    if let Some(pkce) = answers.get("pkce").filter(|pkce| *pkce != "S256") {
        draft.push(YamlLine::with_comment("pkce", YamlValue::Bare(pkce.to_owned()), "the default is S256"));
    }
    if let Some(accepted) = answers.get("session-swap") {
        draft.push(YamlLine::with_comment("sessionSwap", YamlValue::text(accepted), "nothing ties the callback to the login"));
    }
}

fn push_email_trust(answers: &AnswerLookup<'_>, draft: &mut ProviderDraft) {
    let reads_email = !answers.by_hand() || answers.get("email") != Some("none");
    let trust = answers.get("trust").filter(|_| reads_email);
    match trust {
        Some("always") => {
            draft.push(YamlLine::with_comment(
                "trustEmail",
                YamlValue::text("always"),
                "it only returns addresses that it has proven itself",
            ));
        }
        Some("never") => {
            draft.push(YamlLine::with_comment("trustEmail", YamlValue::text("never"), "nothing says that its addresses are proven"));
        }
        _ => {}
    }
    let usual = if trust == Some("never") || !reads_email { "ask" } else { "refuse" };
    let reason = match answers.get("missing-email").unwrap_or(usual) {
        "refuse" => return,
        "ask" => "shoppers type and prove an address; `refuse` keeps them out",
        _ => "an address to which no mail can be sent",
    };
    draft.push(YamlLine::with_comment("missingEmail", YamlValue::text(answers.get("missing-email").unwrap_or(usual)), reason));
}

fn authorization_entries(answers: &AnswerLookup<'_>) -> Vec<YamlLine> {
    let mut words = Vec::new();
    if let Some(address) = answers.get("authorize").filter(|_| answers.by_hand()) {
        words.push(YamlLine::new("get", YamlValue::text(address)));
    }
    let is_usual = |scope: &&str| !answers.by_hand() && *scope == "openid profile email";
    if let Some(scope) = answers.given("scope").filter(|scope| !is_usual(scope)) {
        words.push(YamlLine::new("scope", YamlValue::text(scope)));
    }
    let prepared = answers.given("prepare").map(|address| prepare_entries(answers, address));
    let pushed = prepared.is_some().then_some(PUSHED);
    if let Some(parameters) = answers.get("authorize-parameters").or(pushed).filter(|parameters| *parameters != "standard") {
        let entries = parameter_entries(parameters, RequestMoment::Redirect);
        words.push(YamlLine::with_comment("query", YamlValue::Block(entries), "exactly this is sent"));
    } else {
        words.extend(answers.given("rename").map(|names| YamlLine::new("rename", YamlValue::Flow(name_entries(names)))));
        if answers.given("signed") == Some("idToken") && answers.by_hand() {
            let nonce = vec![YamlLine::new("nonce", YamlValue::text("${nonce}"))];
            words.push(YamlLine::with_comment("extra", YamlValue::Flow(nonce), "the signed token repeats it"));
        }
    }
    if let Some(code) = answers.get("code").filter(|code| *code != "code") {
        let read = YamlLine::with_comment("code", YamlValue::Text(callback_path(code)), "the callback's parameters are this step's answer");
        words.push(YamlLine::new("read", YamlValue::Block(vec![read])));
    }
    for (word, question, usual) in [("callback", "callback", "get"), ("stateIn", "state-in", "query")] {
        words.extend(answers.get(question).filter(|answer| *answer != usual).map(|answer| YamlLine::new(word, YamlValue::text(answer))));
    }
    words.extend(answers.given("verify").map(|signature| YamlLine::new("verify", YamlValue::Block(name_entries(signature)))));
    words.extend(prepared.map(|call| YamlLine::with_comment("prepare", YamlValue::Block(call), "before the redirect")));
    words
}

/// The call before the redirect. It carries the standard parameters of the redirect, and the credentials as the token request does.
fn prepare_entries(answers: &AnswerLookup<'_>, address: &str) -> Vec<YamlLine> {
    let mut words = vec![YamlLine::new("post", YamlValue::text(address))];
    let credentials = answers.get("credentials").filter(|credentials| matches!(*credentials, "basic" | "basicEncoded"));
    words.extend(credentials.map(|credentials| YamlLine::new("credentials", YamlValue::text(credentials))));
    words.push(YamlLine::new("read", YamlValue::Flow(name_entries(answers.given("prepare-read").unwrap_or(PUSHED_READ)))));
    words
}

fn callback_path(code: &str) -> String {
    if code.starts_with('$') {
        return code.to_owned();
    }
    write_path(&[PathSegment::Key(code.to_owned())])
}

fn token_request_entries(answers: &AnswerLookup<'_>, person: &[YamlLine]) -> Vec<YamlLine> {
    let mut words = Vec::new();
    let by_hand = answers.by_hand();
    let encoding = answers.get("token-encoding").unwrap_or("form");
    if let Some(address) = answers.get("token").filter(|_| by_hand) {
        words.push(YamlLine::new(if encoding == "query" { "get" } else { "post" }, YamlValue::text(address)));
    }
    let parameters = answers.get("token-parameters").filter(|parameters| *parameters != "standard" && by_hand);
    let is_written = parameters.is_some() || encoding == "json" && by_hand;
    let usual = match (is_written, encoding) {
        (true, _) => "none",
        (false, "query") => "query",
        (false, _) => "form",
    };
    if let Some(credentials) = answers.get("credentials").filter(|credentials| *credentials != usual) {
        words.push(YamlLine::with_comment("credentials", YamlValue::text(credentials), "where the client's id and secret go"));
    }
    if is_written {
        // The standard parameters, written as JSON, where none are given.
        let verifier = if answers.get("pkce") == Some("off") { "" } else { ", code_verifier=codeVerifier" };
        let standard = format!("grant_type=authorization_code, code=code, redirect_uri=redirectUri{verifier}");
        let entries = parameter_entries(parameters.unwrap_or(&standard), RequestMoment::Token);
        words.push(YamlLine::with_comment(encoding, YamlValue::Block(entries), "exactly this is sent"));
    } else {
        words.extend(answers.given("token-rename").map(|names| YamlLine::new("rename", YamlValue::Flow(name_entries(names)))));
    }
    words.extend(
        answers.get("token-answer").filter(|format| *format != "auto").map(|format| YamlLine::new("answer", YamlValue::text(format))),
    );
    let mut read = Vec::new();
    if let Some(path) = answers.get("token-path").filter(|path| *path != "$.access_token" && by_hand) {
        read.push(YamlLine::new("accessToken", YamlValue::text(path)));
    }
    let signed = answers.signed_entry("idToken", person);
    if by_hand && answers.given("userinfo").is_none() && signed.is_none() {
        read.extend(or_standard(person));
    }
    push_reads(read, &mut words);
    words.extend(signed);
    words
}

fn person_request_entries(answers: &AnswerLookup<'_>, person: Vec<YamlLine>) -> Vec<YamlLine> {
    let is_asked = answers.by_hand() && answers.given("signed") != Some("idToken");
    let Some(address) = answers.given("userinfo").filter(|_| is_asked) else { return Vec::new() };
    let encoding = answers.get("userinfo-encoding").unwrap_or("query");
    let mut words = vec![YamlLine::new(if encoding == "query" { "get" } else { "post" }, YamlValue::text(address))];
    if let Some(parameters) = answers.given("userinfo-parameters") {
        words.push(YamlLine::new(encoding, YamlValue::Block(parameter_entries(parameters, RequestMoment::Person))));
    }
    if let Some(bearer) = answers.get("bearer").filter(|bearer| *bearer != "standard") {
        words.push(YamlLine::new("bearer", YamlValue::text(bearer)));
    }
    words.extend(answers.given("userinfo-sign").map(|signature| YamlLine::new("sign", YamlValue::Block(name_entries(signature)))));
    words.extend(
        answers.get("userinfo-answer").filter(|format| *format != "auto").map(|format| YamlLine::new("answer", YamlValue::text(format))),
    );
    match answers.signed_entry("answer", &person) {
        Some(signed) => words.push(signed),
        None => push_reads(person, &mut words),
    }
    words
}

/// What is read about the person; empty if the standard places are used.
fn person_entries(answers: &AnswerLookup<'_>) -> Vec<YamlLine> {
    let usual = [
        ("id", "id", "$.sub"),
        ("email", "email", "$.email"),
        ("email-verified", "emailVerified", "$.email_verified"),
        ("name-path", "name", "$.name"),
    ];
    // Only with `claim` does a flag decide anything.
    let is_ignored = |fact: &str| fact == "emailVerified" && answers.get("trust").is_some_and(|trust| trust != "claim");
    if usual.iter().all(|(question, fact, path)| !is_ignored(fact) && answers.get(question).is_none_or(|answer| answer == *path)) {
        return Vec::new();
    }
    let lines = usual.iter().filter(|(_, fact, _)| !is_ignored(fact)).filter_map(|(question, fact, path)| {
        let answer = if answers.get(question).is_none() && *fact != "emailVerified" { Some(*path) } else { answers.given(question) };
        Some(YamlLine::new(*fact, YamlValue::text(answer?)))
    });
    lines.collect()
}

/// The entries, or those of the standard places.
fn or_standard(person: &[YamlLine]) -> Vec<YamlLine> {
    if !person.is_empty() {
        return person.to_vec();
    }
    let standard = [("id", "$.sub"), ("email", "$.email"), ("emailVerified", "$.email_verified"), ("name", "$.name")];
    standard.iter().map(|(fact, path)| YamlLine::new(*fact, YamlValue::text(*path))).collect()
}
