//! The word `catalogue`: what the catalogue says about a provider. No login reads it.

use crate::choice;
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::vocabulary::localized_text::{LocalizedText, LocalizedTextSpec};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use crate::words;
use chrono::NaiveDate;
use url::Url;

choice! {
    /// What kind of provider it is.
    pub(crate) enum ProviderKind {
        Government = "government",
        /// Identity platforms, and servers that organisations run themselves.
        Identity = "identity",
        Social = "social",
        Work = "work",
        Developers = "developers",
        Shops = "shops",
        Money = "money",
        Games = "games",
        Media = "media",
        Learning = "learning",
        Sport = "sport",
    }
}

choice! {
    /// How sure the facts of a file are.
    pub(crate) enum EvidenceGrade {
        /// Two witnesses that are independent of each other agree.
        A = "A",
        /// There is one witness, or they leave something open.
        B = "B",
    }
}

choice! {
    /// A kind of source for what a file says about its provider.
    pub(crate) enum Witness {
        Manual = "manual",
        /// A document for programs: a discovery document, or a specification of the interface.
        Document = "document",
        /// The program of the provider itself.
        Source = "source",
        /// Another project's program that signs people in at the provider.
        Library = "library",
        /// A login that was made there.
        Login = "login",
    }
}

words! {
    /// What the catalogue says about the provider: whom it is for, what has to be set up there, and how sure the file is. No login reads it.
    /// `portaria catalogue show` and the lab show it.
    pub(crate) struct ListingSpec ("catalogue entry", elsewhere = other_word_of_listing) {
        /// The kind of provider: `government`, `identity` (platforms, and servers that an organisation runs itself), `social` (networks and
        /// messengers), `work` (business software), `developers`, `shops`, `money` (payments, accounts, banks), `games`, `media` (music, video,
        /// pictures), `learning` (schools, universities, research) or `sport` (and health).
        /// Example: `kind: government`
        kind: ProviderKind = "kind",
        /// The countries whose people the provider is for: one code of two letters (ISO 3166), or a list of them.
        /// Default: any country
        /// Example: `countries: [ BR ]`
        countries: Option<OneOrMany<Country>> = "countries",
        /// The page of the provider that describes its login.
        /// Example: `manual: https://sso.acme.example/docs/oauth`
        manual: Located<String> = "manual",
        /// The page where an application is registered.
        /// Default: none, for a server of one's own
        /// Example: `register: https://sso.acme.example/apps`
        register: Option<Located<String>> = "register",
        /// What has to be set up there, in one text or one for each language. `${redirectUri}` becomes the redirect address, `${publicUrl}` the
        /// broker's address and `${host}` its host.
        /// Example: `setUp: Create an application with ${redirectUri} as its redirect address.`
        set_up: LocalizedTextSpec = "setUp",
        /// What the file does not show and people should know: one text or a list, each in one text or one for each language.
        /// Default: none
        /// Example: `notes: [ Only accounts with a verified address can sign in. ]`
        notes: Option<OneOrMany<LocalizedTextSpec>> = "notes",
        /// The file of the catalogue that takes the place of this one. This file is then for applications that are registered already, and its ids
        /// may be other ones; a new application takes the other file. What both mean for people who have signed in stands in `notes`.
        /// Default: none; a new application takes this file
        /// Example: `supersededBy: box`
        superseded_by: Option<Located<String>> = "supersededBy",
        /// How sure the file is.
        /// Example: `evidence: { grade: B, confirmed: 2026-11-30, witnesses: [ manual ] }`
        evidence: EvidenceSpec = "evidence",
    }
}

words! {
    /// How sure a file is, and since when.
    pub(crate) struct EvidenceSpec ("evidence", elsewhere = unknown_word_hint) {
        /// `A` when two independent witnesses agree about the addresses and the fields of the identity, `B` when there is one, or when they leave
        /// something open.
        /// Example: `grade: A`
        grade: Located<EvidenceGrade> = "grade",
        /// The day on which the file was compared with its witnesses. `portaria providers stale` lists the files that were not confirmed for a year.
        /// Example: `confirmed: 2026-11-30`
        confirmed: Day = "confirmed",
        /// The witnesses: `manual` (the provider's own manual), `document` (a discovery document, or another description for programs), `source`
        /// (the provider's own program), `library` (another project's program that signs people in at the provider) or `login` (a login that was made there).
        /// Each is listed as often as there are such witnesses.
        /// Example: `witnesses: [ manual, library ]`
        witnesses: OneOrMany<Witness> = "witnesses",
        /// What is not sure.
        /// Default: nothing
        /// Example: `doubts: Whether the address is verified could not be found out.`
        doubts: Option<LocalizedTextSpec> = "doubts",
    }
}

fn other_word_of_listing(word: &str) -> Option<&'static str> {
    match word {
        "deprecated" | "retired" | "replacedBy" | "obsolete" | "successor" => {
            Some("write `supersededBy: NAME`, the name of the file for new applications")
        }
        _ => None,
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "on" | "date" | "day" | "checked" | "seen" => Some("write `confirmed: 2026-11-30`"),
        "by" | "sources" | "from" => Some("write `witnesses: [ manual, library ]`"),
        _ => None,
    }
}

/// The code of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Country([u8; 2]);

impl Country {
    /// The country of two capital letters.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        <[u8; 2]>::try_from(code.as_bytes()).ok().filter(|code| code.iter().all(u8::is_ascii_uppercase)).map(Self)
    }

    pub(crate) fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl WordValue for Country {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let country = Self::parse(&text);
        if country.is_none() {
            let message = format!("`{}` is not the code of a country", printable(&text));
            reader.complain(text.place, message, "write the two capital letters of ISO 3166, such as `BR`");
        }
        country
    }
    fn shape() -> ValueShape {
        ValueShape::Text("the code of a country")
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(NaiveDate);

impl Day {
    /// Its last second, in UTC.
    pub(crate) fn end(self) -> i64 {
        self.0.and_hms_opt(23, 59, 59).map_or(i64::MIN, |time| time.and_utc().timestamp())
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl WordValue for Day {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|day| day.to_string() == text.value);
        if day.is_none() {
            reader.complain(text.place, format!("`{}` is not a day", printable(&text)), "write the day as `2026-11-30`");
        }
        day.map(Self)
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a day: `2026-11-30`")
    }
}

/// What the catalogue says about a provider.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) kind: ProviderKind,
    /// The countries it is for; none if it is for all.
    pub(crate) countries: Vec<Country>,
    /// The provider's page about its login.
    pub(crate) manual: Box<str>,
    /// The page where an application is registered.
    pub(crate) register: Option<Box<str>>,
    pub(crate) set_up: ListingText,
    pub(crate) notes: Vec<ListingText>,
    /// The file of the catalogue that a new application takes in place of this one.
    pub(crate) superseded_by: Option<Box<str>>,
    pub(crate) evidence: Evidence,
}

/// How sure a file is, and since when.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) grade: EvidenceGrade,
    pub(crate) confirmed: Day,
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) doubts: Option<ListingText>,
}

/// The addresses that fill the holes of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrokerAddresses<'a> {
    pub(crate) public_url: &'a str,
    pub(crate) redirect_uri: &'a str,
}

/// A text in its languages, with holes for the addresses of the broker.
#[derive(Clone, Debug)]
pub(crate) struct ListingText(LocalizedText);

/// The holes of a text.
const HOLES: [&str; 3] = ["${redirectUri}", "${publicUrl}", "${host}"];
/// The longest text, in characters.
const LONGEST_TEXT: usize = 1000;

/// The names of the files of the catalogue.
const CATALOGUE_NAMES: &[&str] = include!(concat!(env!("OUT_DIR"), "/catalogue_names.rs"));

/// Warns of a file that takes the place of this one and that is not there. No login reads it, so it is no error.
fn check_successor(successor: &Located<String>, own_name: &str, reader: &mut Reader) {
    let name = successor.as_str();
    if name == own_name {
        let help = "name the file that a new application takes, or take this line out";
        reader.warn(successor.place, "a file does not take its own place", help);
    } else if !CATALOGUE_NAMES.contains(&name) {
        let near = did_you_mean(name, CATALOGUE_NAMES.iter().copied()).filter(|near| *near != own_name);
        let help = near.map_or_else(
            || "`portaria catalogue list` shows the names; take this line out if none takes the place of this file".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        reader.warn(successor.place, format!("the catalogue has no file `{}`", printable(name)), help);
    }
}

impl Listing {
    pub(crate) fn compile(spec: ListingSpec, own_name: &str, reader: &mut Reader) -> Self {
        if let Some(successor) = &spec.superseded_by {
            check_successor(successor, own_name, reader);
        }
        let EvidenceSpec { grade, confirmed, witnesses: OneOrMany(witnesses), doubts, .. } = spec.evidence;
        if grade.value == EvidenceGrade::A && witnesses.len() < 2 {
            let help = "name both witnesses, or write `grade: B`";
            reader.complain(grade.place, "grade `A` means that two witnesses agree, and one is named", help);
        }
        for (name, page) in [("manual", Some(&spec.manual)), ("register", spec.register.as_ref())] {
            if let Some(page) = page.filter(|page| !is_page(page)) {
                let message = format!("`{}` is not the address of a page", printable(page));
                reader.complain(page.place, message, format!("write the whole address: `{name}: https://…`"));
            }
        }
        Self {
            kind: spec.kind,
            countries: spec.countries.map(|countries| countries.0).unwrap_or_default(),
            manual: spec.manual.value.into(),
            register: spec.register.map(|page| page.value.into()),
            set_up: ListingText::compile(&spec.set_up, reader),
            notes: spec.notes.iter().flat_map(|notes| &notes.0).map(|note| ListingText::compile(note, reader)).collect(),
            superseded_by: spec.superseded_by.map(|name| name.value.into()),
            evidence: Evidence { grade: grade.value, confirmed, witnesses, doubts: doubts.map(|text| ListingText::compile(&text, reader)) },
        }
    }
}

fn is_page(address: &str) -> bool {
    address.starts_with("https://") && Url::parse(address).is_ok_and(|url| url.has_host()) && printable(address) == address
}

impl ListingText {
    fn compile(spec: &LocalizedTextSpec, reader: &mut Reader) -> Self {
        for text in spec.texts() {
            if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT || printable(text) != text.value {
                let help = format!("write 1 to {LONGEST_TEXT} visible characters, in one paragraph");
                reader.complain(text.place, "this text cannot be shown", help);
            }
            complain_about_holes(text, text.place, reader);
        }
        Self(spec.compile())
    }

    /// The text in a language, with the addresses of a broker in its holes.
    pub(crate) fn filled(&self, language: &str, addresses: BrokerAddresses<'_>) -> String {
        let BrokerAddresses { public_url, redirect_uri } = addresses;
        let [redirect_hole, url_hole, host_hole] = HOLES;
        let host = Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let text = self.0.in_language(language).replace(redirect_hole, redirect_uri).replace(url_hole, public_url);
        text.replace(host_hole, host.as_deref().unwrap_or(public_url))
    }

    /// Whether it is written in a language, rather than in one text for all.
    pub(crate) fn has_own(&self, language: &str) -> bool {
        self.0.languages().any(|own| own == language)
    }
}

fn complain_about_holes(text: &str, place: Place, reader: &mut Reader) {
    let begins = text.match_indices("${").filter_map(|(at, _)| text.get(at..));
    if begins.into_iter().any(|rest| !HOLES.iter().any(|hole| rest.starts_with(hole))) {
        reader.complain(place, "this hole is not filled here", "write `${redirectUri}`, `${publicUrl}` or `${host}`");
    }
}

#[cfg(test)]
mod tests;
