//! What holds where a file is silent, and what follows from what it says. The words that the file writes need nothing
//! here; a word with a default has one row in [`TABLE`].

mod table;

use crate::provider::Provider;
use crate::provider::callback::StateLocation;
use crate::provider::placeholder::PlaceholderForm;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::signature::ParameterSignature;
use crate::provider::signed_token::{SignedToken, SignedTokenSpec};
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::token_type::AcceptedTokenType;
use crate::provider::value_reference::ValueReference;
use crate::vocabulary::names::Slot;
use crate::vocabulary::wire::Method;
use crate::vocabulary::words::{WordBlock, WordDoc};
use crate::vocabulary::yaml::{YamlEntry, YamlNode};
use crate::workbench::explain::defaults::table::{TABLE, WordDefault, list, source};
use crate::workbench::explain::description::{DescriptionRow, is_step};
use crate::workbench::explain::written::value_rows;

/// A part of a file that is described: a step, or what stands beside the steps.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    pub(crate) provider: &'a Provider,
    /// The step; `None` for the words at the top.
    pub(crate) step: Option<&'a Step>,
    /// Where the file writes it, unless it is there by default.
    pub(crate) node: Option<&'a YamlNode>,
    /// The whole file.
    pub(crate) file: Option<&'a YamlNode>,
    /// The text that `sign` signs, with masks.
    pub(crate) signed_text: Option<&'a str>,
}

impl<'a> Section<'a> {
    /// The rows of a block, in the order in which its words are documented. `prefix` stands before each word.
    pub(crate) fn rows(&self, block: &'static WordBlock, prefix: &str) -> Vec<DescriptionRow> {
        let has_section = |word: &str| is_step(word) || word == "refresh" && self.writes("refresh");
        // No login reads what the catalogue says.
        let is_left_out = |word: &str| self.step.is_none() && has_section(word) || matches!(word, "prepare" | "catalogue");
        let words = block.words.iter().filter(|word| !is_left_out(word.name));
        words.flat_map(|word| self.word_rows(word, block.title, prefix)).collect()
    }

    /// The rows of a word of the block with this title.
    fn word_rows(&self, word: &WordDoc, title: &str, prefix: &str) -> Vec<DescriptionRow> {
        let mut rows = Vec::new();
        let name = format!("{prefix}{}", word.name);
        let written = self.entry(word.name);
        if let Some(entry) = written {
            // The one call that is described among the words around it.
            let step = if word.name == "ask" { self.provider.call(self.provider.calls.len()) } else { self.step };
            let inner =
                |node: &YamlNode, block: &'static WordBlock, prefix: &str| Section { node: Some(node), step, ..*self }.rows(block, prefix);
            value_rows(&entry.value, entry.key.place.line, &word.shape, &name, &inner, &mut rows);
        }
        let row = |value: String, line: Option<u32>| DescriptionRow { word: name.clone(), value, line };
        for (_, _, default) in TABLE.iter().filter(|(block, known, _)| *block == title && *known == word.name) {
            match (default, written) {
                (WordDefault::Unless(value), None) => rows.extend(value(self).map(|value| row(value, None))),
                (WordDefault::Unless(_), Some(_)) | (WordDefault::Then(_), None) => {}
                (WordDefault::Also(more), _) => rows.extend(more(self).into_iter().map(|value| row(value, None))),
                (WordDefault::Then(more), Some(entry)) => {
                    rows.extend(more(self).into_iter().map(|value| row(value, Some(entry.key.place.line))));
                }
                (WordDefault::Rows(more), _) => {
                    let more = more(self).into_iter().map(|other| DescriptionRow { word: format!("{prefix}{}", other.word), ..other });
                    rows.extend(more);
                }
            }
        }
        rows
    }

    fn entry(&self, word: &str) -> Option<&'a YamlEntry> {
        self.node?.entry(word)
    }

    fn writes(&self, word: &str) -> bool {
        self.entry(word).is_some()
    }

    /// Where this installation keeps a value, or the value when the file writes it.
    fn kept_at(&self, fact: Slot) -> Option<String> {
        self.provider.needed.iter().find(|needed| needed.fact == fact).map(|needed| match &needed.reference {
            ValueReference::Variable(name) => format!("env:{name}"),
            kept @ (ValueReference::File(_) | ValueReference::JudgedFile { .. } | ValueReference::Literal(_)) => kept.location(),
        })
    }

    fn document_member(&self, endpoint: &str) -> Option<String> {
        self.provider.discovery.as_ref().map(|_| format!("`{endpoint}` of the issuer's document"))
    }

    /// The parameters that ask for a login anew.
    fn default_reauthenticate(&self) -> String {
        let added: Vec<String> = self
            .provider
            .steps()
            .flat_map(|step| &step.reauthenticate)
            .map(|parameter| format!("{}={}", parameter.name, list(&parameter.values)))
            .collect();
        if added.is_empty() { "none: a login with `reauthenticate=true` is refused".to_owned() } else { added.join("&") }
    }

    /// Which type of access token is accepted, in the calls that give one.
    fn default_token_type(&self) -> Option<String> {
        let step = self.step.filter(|step| step.token_type == AcceptedTokenType::Bearer)?;
        (!step.paths_of(step.known.token_type).is_empty()).then(|| "bearer, or none".to_owned())
    }

    fn default_trust(&self) -> &'static str {
        let email = self.provider.known.email;
        let is_read = self.provider.steps().any(|step| step.learned_facts().any(|(fact, ..)| fact == email));
        if is_read || self.provider.identity.composition(email).is_some() {
            "claim: an address is proven when `emailVerified` is true"
        } else {
            "nothing is proven: no address is read"
        }
    }

    /// Which address two ids would get, and by which half of the rule.
    fn placeholders(&self) -> Vec<String> {
        let Some(placeholder) = self.provider.identity.placeholder() else { return Vec::new() };
        let mut facts = self.provider.empty_facts().for_preview();
        for (slot, text) in self.provider.literals() {
            facts.set(slot, text);
        }
        let example = |id: &str| {
            let (email, form) = placeholder.of_id(id, &facts)?;
            let done = match form {
                PlaceholderForm::Kept => "is kept",
                PlaceholderForm::Hashed => "is hashed, because it cannot stand in an address",
            };
            Some(format!("the id `{id}` {done}: {}", email.key()))
        };
        ["1234", "Ana 1234"].iter().filter_map(|id| example(id)).collect()
    }

    /// What ties a callback without a state to its login.
    fn default_session_swap(&self) -> Option<String> {
        self.provider.begins_by_form().then(|| "not needed: the nonce or PKCE ties the callback to the login".to_owned())
    }

    /// How a login begins whose callback brings no state.
    fn beginning(&self) -> Vec<String> {
        let by_form = || "a login begins with the button of a page of portaria, not with a link".to_owned();
        self.provider.begins_by_form().then(by_form).into_iter().collect()
    }

    /// Where the state comes back, unless the file itself reads it.
    fn state_row(&self) -> Vec<DescriptionRow> {
        let provider = self.provider;
        let value = match provider.state_in {
            StateLocation::Query if self.entry("read").is_some_and(|read| read.value.get("state").is_some()) => return Vec::new(),
            StateLocation::Query | StateLocation::RedirectQuery => provider.state.source(),
            StateLocation::Path => "the last part of the callback's address".to_owned(),
            StateLocation::Cookie => "the browser's cookie alone".to_owned(),
        };
        vec![DescriptionRow { word: "read.state".to_owned(), value, line: None }]
    }

    /// The standard places that are read and used.
    fn standard_reads(&self) -> Vec<DescriptionRow> {
        self.default_reads(|step| &step.reads)
    }

    fn standard_claims(&self) -> Vec<DescriptionRow> {
        self.default_reads(|step| &step.signed_reads)
    }

    fn default_reads(&self, reads: fn(&Step) -> &[ReadRule]) -> Vec<DescriptionRow> {
        let used = self.provider.used_facts();
        let standard = self.step.into_iter().flat_map(reads).filter(|read| !read.written && used.contains(&read.fact));
        let row = |read: &ReadRule| DescriptionRow {
            word: format!("read.{}", self.provider.names.name(read.fact)),
            value: read.reading.source(),
            line: None,
        };
        standard.map(row).collect()
    }

    /// The token that `discovery` implies.
    fn implied_token(&self) -> Vec<DescriptionRow> {
        let is_implied = !self.writes("signed") && self.step.is_some_and(|step| step.signed.is_some());
        if is_implied { Section { node: None, ..*self }.rows(SignedTokenSpec::block(), "signed.") } else { Vec::new() }
    }

    /// What an answer must be that turns out to be a signed token.
    fn signed_answer(&self) -> Option<String> {
        let is_known = self.step.is_some_and(|step| step.signed_answer.is_some());
        is_known.then(|| "an answer that is a signed token must come from the issuer, for this client".to_owned())
    }

    /// What ties an ID token to the answer in which it comes.
    fn compared_hashes(&self) -> Vec<String> {
        let signed = self.step.and_then(|step| step.signed.as_ref()).filter(|signed| signed.is_id_token);
        let rule = |signed: &SignedToken| match (signed.requires_code_hash, signed.requires_token_hash) {
            (true, true) => "the token must have a `c_hash` that fits the code beside it, and an `at_hash` that fits the access token",
            (true, false) => {
                "the token must have a `c_hash` that fits the code beside it; an `at_hash`, where it has one, must fit the access token"
            }
            (false, _) => "`at_hash` and `c_hash`, where the token has them, must fit the access token and the code",
        };
        signed.map(|signed| rule(signed).to_owned()).into_iter().collect()
    }

    fn token(&self, describe: impl Fn(&SignedToken) -> String) -> Option<String> {
        self.step?.signed.as_ref().map(describe)
    }

    fn signature(&self) -> Option<&'a ParameterSignature> {
        let step = self.step?;
        [step.sign.as_ref(), step.verify.as_ref()]
            .into_iter()
            .flatten()
            .find(|signature| self.node.is_none_or(|node| signature.place == node.place))
    }

    fn signed_text(&self) -> Vec<String> {
        self.signed_text.map(|text| format!("signs the text {text}")).into_iter().collect()
    }

    /// The text whose signature the callback has to carry.
    fn verified_text(&self) -> Vec<String> {
        let verify = self.step.and_then(|step| step.verify.as_ref());
        verify.map(|verify| format!("verifies the text {}", verify.callback_pattern())).into_iter().collect()
    }

    fn default_get(&self) -> Option<String> {
        let is_it = !self.writes("post") && self.step?.method == Method::Get;
        is_it.then(|| self.document_member("userinfo_endpoint")).flatten()
    }

    fn default_post(&self) -> Option<String> {
        let is_it = !self.writes("get") && self.step?.method == Method::Post;
        is_it.then(|| self.document_member("token_endpoint")).flatten()
    }

    fn credentials(&self) -> Option<String> {
        let step = self.step?;
        let is_written = ["query", "form", "json", "text"].iter().any(|word| self.writes(word));
        if step.negotiated.is_some() {
            return Some(
                "form, or basicEncoded where the issuer's document names only that or the provider answers `invalid_client`".to_owned(),
            );
        }
        Some(
            match step.method {
                _ if step.kind == StepKind::GetUserInfo || is_written => "none",
                Method::Post => "form",
                Method::Get => "query",
            }
            .to_owned(),
        )
    }

    fn bearer(&self) -> Option<String> {
        Some(self.step?.bearer.as_ref().map_or_else(|| "none".to_owned(), source))
    }

    fn callback_refusals(&self) -> Vec<String> {
        let names_issuer = self.provider.issuer.is_some() || self.provider.discovery.is_some();
        let other = "if the callback's `iss` is not the issuer, or is missing although the issuer's document promises it";
        ["if the callback has a parameter `error`"].into_iter().chain(names_issuer.then_some(other)).map(str::to_owned).collect()
    }

    /// What refuses an answer besides the entries of `refused`. A status that `accepted` allows moves the limit, with its line.
    fn default_refusals(&self) -> Vec<DescriptionRow> {
        let Some(step) = self.step else { return Vec::new() };
        let row = |value: String, line: Option<u32>| DescriptionRow { word: "refused".to_owned(), value, line };
        let rules = step.refusal_rules();
        let status = rules
            .allowed_statuses()
            .map(|allowed| row(format!("if the status is outside {allowed}"), rules.place_of_allowed_statuses().map(|place| place.line)));
        let error = step.refuses_error_member.then_some("if the answer has a member `error` that is neither empty, `0` nor `false`");
        let subject = self.compared_subject();
        status.into_iter().chain(error.into_iter().chain(subject).map(|value| row(value.to_owned(), None))).collect()
    }

    /// How the `sub` of an answer is compared with that of an ID token that an earlier step has verified.
    fn compared_subject(&self) -> Option<&'static str> {
        let step = self.step.filter(|step| step.kind == StepKind::GetUserInfo)?;
        let mut earlier = self.provider.steps().take_while(|other| !std::ptr::eq(*other, step));
        if !earlier.any(|other| other.signed.as_ref().is_some_and(|signed| signed.is_id_token)) {
            return None;
        }
        Some(if step.reads.iter().any(|read| read.fact == self.provider.known.id && !read.written) {
            "if the answer's `sub` is missing or is not that of the ID token"
        } else {
            "if the answer has a `sub` that is not that of the ID token"
        })
    }

    /// The format of an answer that the file does not name; one that is a token has none.
    fn default_answer(&self) -> Option<String> {
        let is_token = self.step.and_then(|step| step.signed.as_ref()).is_some_and(|signed| signed.token.is_none());
        (!is_token).then(|| "auto: JSON, otherwise a form".to_owned())
    }

    /// The rules of the whole file, which stand beside those of a call.
    fn rows_of_file(&self, word: &str) -> Vec<DescriptionRow> {
        let top = Section { node: self.file, step: None, ..*self };
        let block = ProviderSpec::block();
        let word = block.words.iter().find(|known| known.name == word);
        word.map_or_else(Vec::new, |word| top.word_rows(word, block.title, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;
    use crate::vocabulary::words::ValueShape;
    use crate::vocabulary::yaml;

    fn collect(block: &'static WordBlock, found: &mut Vec<&'static WordBlock>) {
        fn blocks_in(shape: &ValueShape, found: &mut Vec<&'static WordBlock>) {
            match shape {
                ValueShape::Block(block) => collect(block(), found),
                ValueShape::List(inner) | ValueShape::Map(inner) => blocks_in(inner, found),
                ValueShape::Either(shapes) => shapes.iter().for_each(|shape| blocks_in(shape, found)),
                ValueShape::Text(_)
                | ValueShape::Flag
                | ValueShape::Number
                | ValueShape::Choice(_)
                | ValueShape::Json
                | ValueShape::Nothing => {}
            }
        }
        if !found.iter().any(|known| known.title == block.title) {
            found.push(block);
            block.words.iter().for_each(|word| blocks_in(&word.shape, found));
        }
    }

    fn blocks() -> Vec<&'static WordBlock> {
        let mut found = Vec::new();
        collect(ProviderSpec::block(), &mut found);
        found
    }

    /// The example of a word, from its documentation.
    fn example(word: &WordDoc) -> String {
        let line = word.doc.lines().find_map(|line| line.trim().strip_prefix("Example:"));
        line.and_then(|line| line.trim().strip_prefix('`')?.strip_suffix('`')).map_or_else(|| format!("{}: {{}}", word.name), str::to_owned)
    }

    #[test]
    fn every_word_of_the_language_has_a_row_where_a_file_writes_it() {
        let file = Source::new("acme.yaml", "name: Acme\ndiscovery: https://idp.example\n");
        let provider = compile(&file, InstallationContext { loopback: false }).0.unwrap();
        let all = blocks();

        for block in &all {
            // The calls of `prepare` and `refresh` have sections of their own, as the steps have; `portaria catalogue show` shows `catalogue`.
            let has_own_place = |name: &str| is_step(name) || ["prepare", "refresh", "catalogue"].contains(&name);
            for word in block.words.iter().filter(|word| !has_own_place(word.name)) {
                let text = format!("\n{}", example(word));
                let node = yaml::parse(&Source::new("word.yaml", text.clone())).unwrap().0;
                let section = Section { provider: &provider, step: None, node: Some(&node), file: None, signed_text: None };
                let rows = section.rows(block, "");
                let is_its_row = |row: &DescriptionRow| {
                    row.line == Some(2)
                        && row.word.strip_prefix(word.name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                };
                assert!(rows.iter().any(is_its_row), "{}: {text}\n{rows:?}", block.title);
            }
        }
        assert!(all.len() >= 10);
    }

    #[test]
    fn every_default_is_one_of_a_word_that_exists() {
        let all = blocks();

        for (title, word, _) in TABLE {
            let block = all.iter().find(|block| block.title == *title).unwrap_or_else(|| panic!("{title}"));
            assert!(block.words.iter().any(|known| known.name == *word), "{title}: {word}");
        }
    }
}
