//! What a page of the gallery says about a provider.

use crate::pages::phrases::fill;
use crate::provider::Provider;
use crate::provider::listing::{BrokerAddresses, ListingText};
use crate::provider::pkce::Pkce;
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::workbench::catalogue::gallery_phrases::{GalleryLanguage, GalleryPhrases};
use crate::workbench::catalogue::page_block::{PageBlock, PageSpan, joined, spans};
use crate::workbench::catalogue::sheet::{CatalogueSheet, NeededValue};

/// A page about a provider, in one language and for one broker.
#[derive(Clone, Copy)]
pub(crate) struct GalleryPage<'a> {
    pub(crate) sheet: &'a CatalogueSheet,
    pub(crate) language: &'a GalleryLanguage,
    /// The address of the broker that it names.
    pub(crate) public_url: &'a str,
    /// The provider's file in use, where that is another one than the catalogue's: it says which address is registered.
    pub(crate) in_use: Option<&'a Provider>,
}

impl GalleryPage<'_> {
    fn phrases(&self) -> &GalleryPhrases {
        &self.language.phrases
    }

    /// The address to register at the provider.
    pub(crate) fn redirect_address(&self) -> String {
        self.in_use.unwrap_or(&self.sheet.provider).address_to_register(self.public_url)
    }

    /// All parts of the page.
    pub(crate) fn blocks(&self) -> Vec<PageBlock> {
        let mut blocks = self.head();
        blocks.push(PageBlock::Heading(self.phrases().set_up.clone()));
        blocks.extend(self.set_up());
        blocks.extend(self.requests());
        blocks.extend(self.result());
        blocks.extend(self.notes());
        blocks.extend(self.examples());
        blocks
    }

    /// Whom the provider is for, how sure the file is, and where the provider describes its login.
    pub(crate) fn head(&self) -> Vec<PageBlock> {
        let (listing, phrases) = (&self.sheet.listing, self.phrases());
        let link = |text: &str, to: &str| vec![PageSpan::link(text, to)];
        let mut links = vec![link(&phrases.manual, &listing.manual)];
        links.extend(listing.register.iter().map(|register| link(&phrases.register, register)));
        let superseded = self.superseded().map(|sentence| PageBlock::Paragraph(spans(&sentence)));
        let head = [PageBlock::Paragraph(spans(&self.kind())), PageBlock::Paragraph(spans(&self.how_sure())), PageBlock::Items(links)];
        superseded.into_iter().chain(head).collect()
    }

    /// What takes the place of the file.
    pub(crate) fn superseded(&self) -> Option<String> {
        self.sheet.listing.superseded_by.as_ref().map(|name| self.phrases().superseded(name))
    }

    /// Its kind, and whose people it is for.
    pub(crate) fn kind(&self) -> String {
        let (listing, phrases) = (&self.sheet.listing, self.phrases());
        format!("{} · {}", phrases.kind(listing.kind), phrases.countries(&listing.countries))
    }

    /// How sure the file is, since when, and by whom.
    pub(crate) fn how_sure(&self) -> String {
        let (evidence, phrases) = (&self.sheet.listing.evidence, self.phrases());
        fill(
            &phrases.how_sure,
            &[
                ("grade", evidence.grade.word()),
                ("meaning", phrases.grade_meaning(evidence.grade)),
                ("day", &evidence.confirmed.to_string()),
                ("witnesses", &phrases.witnesses(&evidence.witnesses)),
            ],
        )
    }

    /// What is done before the first login.
    pub(crate) fn set_up(&self) -> Vec<PageBlock> {
        let (sheet, phrases) = (self.sheet, self.phrases());
        let add = fill(&phrases.add, &[("name", sheet.file.name)]);
        let mut steps = vec![spans(&add), spans(&self.set_up_text())];
        let needed = sheet.needed_values();
        if !needed.is_empty() {
            let names: Vec<String> = needed.iter().map(|value| format!("`{}`", value.location)).collect();
            steps.push(spans(&fill(&phrases.variables, &[("names", &names.join(", "))])));
        }
        steps.push(spans(&fill(&phrases.try_it, &[("name", sheet.file.name)])));
        let mut blocks = vec![PageBlock::Steps(steps), PageBlock::Paragraph(self.redirect_sentence())];
        if !needed.is_empty() {
            let rows = needed.iter().map(|value| vec![vec![PageSpan::Code(value.location.clone())], spans(&self.meaning(value))]);
            blocks.push(PageBlock::Table { heads: vec![phrases.variable.clone(), phrases.holds.clone()], rows: rows.collect() });
        }
        if !sheet.provider.inputs.is_empty() {
            blocks.push(PageBlock::Paragraph(spans(&self.asked())));
        }
        blocks
    }

    /// What a person is asked before the login.
    pub(crate) fn asked(&self) -> String {
        let inputs = &self.sheet.provider.inputs;
        let labels: Vec<&str> = inputs.iter().map(|input| input.label.in_language(self.language.code)).collect();
        fill(&self.phrases().asked, &[("labels", &labels.join("; "))])
    }

    /// What is done at the provider alone.
    pub(crate) fn set_up_at_provider(&self) -> Vec<PageBlock> {
        let register = self.sheet.listing.register.as_ref();
        let register = register.map(|page| PageSpan::link(&self.phrases().register, &**page));
        let mut blocks = vec![PageBlock::Paragraph(spans(&self.set_up_text()))];
        blocks.extend(register.map(|link| PageBlock::Paragraph(vec![link])));
        blocks
    }

    fn redirect_sentence(&self) -> Vec<PageSpan> {
        spans(&fill(&self.phrases().redirect, &[("address", &self.redirect_address()), ("url", self.public_url)]))
    }

    /// What is set up at the provider, with the addresses of the broker as code.
    pub(crate) fn set_up_text(&self) -> String {
        with_code(&self.filled(&self.sheet.listing.set_up))
    }

    /// A text of the file in the language of the page.
    pub(crate) fn filled(&self, text: &ListingText) -> String {
        let redirect_uri = self.redirect_address();
        text.filled(self.language.code, BrokerAddresses { public_url: self.public_url, redirect_uri: &redirect_uri })
    }

    /// The same as spans, which say where it is in English and the page is not.
    fn text_of_file(&self, text: &ListingText) -> Vec<PageSpan> {
        let line = spans(&with_code(&self.filled(text)));
        let is_foreign = self.language.code != "en" && !text.has_own(self.language.code);
        let in_english = |span: PageSpan| match span {
            PageSpan::Text(text) if is_foreign => PageSpan::English(text),
            PageSpan::Text(_) | PageSpan::English(_) | PageSpan::Code(_) | PageSpan::Link { .. } => span,
        };
        line.into_iter().map(in_english).collect()
    }

    /// What a variable holds.
    pub(crate) fn meaning(&self, value: &NeededValue) -> String {
        let phrases = self.phrases();
        match (value.fact.as_str(), value.is_secret) {
            ("clientId", _) => phrases.client_id.clone(),
            ("clientSecret", _) => phrases.client_secret.clone(),
            (fact, true) => fill(&phrases.secret, &[("fact", fact)]),
            (fact, false) => fill(&phrases.setting, &[("fact", fact)]),
        }
    }

    /// The requests of a login.
    pub(crate) fn requests(&self) -> Vec<PageBlock> {
        let (provider, phrases) = (&self.sheet.provider, self.phrases());
        let mut lines = Vec::new();
        if let Some(discovery) = &provider.discovery {
            let issuer = discovery.issuer_address(&provider.empty_facts());
            lines.push(spans(&fill(&phrases.discovered, &[("issuer", &issuer)])));
        }
        for step in self.sheet.steps().iter().filter(|step| !step.is_refresh) {
            let address = step.request.address.masked();
            let address = address.split(['?', '#']).next().unwrap_or_default();
            let line = if step.is_redirect {
                let scope =
                    provider.scope.as_deref().map_or_else(|| phrases.no_scope.clone(), |scope| fill(&phrases.scope, &[("scope", scope)]));
                let pkce = if provider.pkce == Pkce::Off { format!(" {}", phrases.pkce_off) } else { String::new() };
                format!("{} {scope}{pkce}", fill(&phrases.browser, &[("address", address)]))
            } else {
                format!("`{} {address}`", step.request.method)
            };
            lines.push(spans(&line));
        }
        vec![PageBlock::Heading(phrases.requests.clone()), PageBlock::Items(lines)]
    }

    /// What comes out of a login.
    pub(crate) fn result(&self) -> Vec<PageBlock> {
        let (provider, phrases) = (&self.sheet.provider, self.phrases());
        let sources = self.sheet.identity_sources();
        let has_address = sources.iter().any(|source| source.part == "email");
        let rows = sources.into_iter().map(|source| vec![vec![PageSpan::Code(source.part)], self.places(&source.from)]).collect();
        let table = PageBlock::Table { heads: vec![phrases.fact.clone(), phrases.from.clone()], rows };
        let trust = match provider.identity.trust() {
            _ if !has_address => phrases.no_email.clone(),
            EmailTrustPolicy::Claim => phrases.trust_claim.clone(),
            EmailTrustPolicy::Always => phrases.trust_always.clone(),
            EmailTrustPolicy::Never => phrases.trust_never.clone(),
            EmailTrustPolicy::Domains(domains) => {
                let domains: Vec<&str> = domains.iter().map(|domain| domain.value.as_str()).collect();
                fill(&phrases.trust_domains, &[("domains", &domains.join("`, `"))])
            }
        };
        let missing = match provider.identity.missing() {
            MissingEmailPolicy::Refuse => &phrases.missing_refuse,
            MissingEmailPolicy::Ask => &phrases.missing_ask,
            MissingEmailPolicy::Placeholder(_) => &phrases.missing_placeholder,
        };
        let condition = provider.require.as_ref().map(|_| format!(" {}", phrases.condition)).unwrap_or_default();
        let sentence = spans(&format!("{trust} {missing}{condition}"));
        vec![PageBlock::Heading(phrases.result.clone()), table, PageBlock::Paragraph(sentence)]
    }

    /// The places from which a part of the identity is read.
    fn places(&self, from: &[String]) -> Vec<PageSpan> {
        let phrases = self.phrases();
        let (signed, otherwise) = (format!("{} ", phrases.signed_token), format!(", {} ", phrases.otherwise));
        let place = |from: &String| PageSpan::Code(from.replace("signed token ", &signed).replace(", else ", &otherwise));
        joined(from.iter().map(place), ", ")
    }

    pub(crate) fn notes(&self) -> Vec<PageBlock> {
        let (listing, phrases) = (&self.sheet.listing, self.phrases());
        let mut lines: Vec<_> = listing.notes.iter().map(|note| self.text_of_file(note)).collect();
        if let Some(doubts) = &listing.evidence.doubts {
            let (before, after) = phrases.doubts.split_once("{doubts}").unwrap_or((&phrases.doubts, ""));
            lines.push([spans(before), self.text_of_file(doubts), spans(after)].concat());
        }
        if lines.is_empty() { Vec::new() } else { vec![PageBlock::Heading(phrases.notes.clone()), PageBlock::Items(lines)] }
    }

    /// What its examples show. Their titles are in English.
    fn examples(&self) -> Vec<PageBlock> {
        if self.language.code != "en" {
            return Vec::new();
        }
        let phrases = self.phrases();
        let line = |what: &str, refused: Option<&str>| match refused {
            None => spans(what),
            Some(code) => spans(&fill(&phrases.refused, &[("what", what), ("code", code)])),
        };
        let lines: Vec<_> = self.sheet.examples().iter().map(|example| line(&example.what, example.refused.as_deref())).collect();
        vec![PageBlock::Heading(phrases.examples.clone()), PageBlock::Items(lines)]
    }
}

/// The text with addresses and variables as code.
fn with_code(text: &str) -> String {
    let is_code = |word: &str| {
        let is_variable = word.contains('_') && word.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
        is_variable || word.starts_with("https://") || word.starts_with("http://")
    };
    let marked = |word: &str| {
        let core = word.trim_matches(|letter: char| matches!(letter, '.' | ',' | ';' | ':' | '(' | ')' | '"' | '\'' | '!' | '?'));
        if is_code(core) { word.replacen(core, &format!("`{core}`"), 1) } else { word.to_owned() }
    };
    let outside = |part: &str| part.split(' ').map(marked).collect::<Vec<_>>().join(" ");
    // What stands between backticks is code already.
    let parts = text.split('`').enumerate().map(|(at, part)| if at % 2 == 0 { outside(part) } else { format!("`{part}`") });
    parts.collect()
}
