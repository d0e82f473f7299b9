//! The pages of `docs/providers`: one about each provider of the catalogue, and an index by kind and by country in each language that
//! has pages.

use crate::pages::phrases::fill;
use crate::provider::listing::{Country, EvidenceGrade, ProviderKind};
use crate::workbench::catalogue::gallery_page::GalleryPage;
use crate::workbench::catalogue::gallery_phrases::{GalleryLanguage, GalleryPhrases, gallery_language};
use crate::workbench::catalogue::page_block::{PageBlock, PageSpan, as_markdown, joined, spans};
use crate::workbench::catalogue::sheet::CatalogueSheet;
use crate::workbench::catalogue::summary::{CatalogueSummary, catalogue_summaries};
use std::collections::BTreeMap;

/// The broker of the pages.
const PUBLIC_URL: &str = "https://login.loja.example";

/// The folders of the pages, and the language of each. The first one has a page about every provider, the others have pages about those
/// whose files are written in the language as well.
pub(crate) const FOLDERS: [(&str, &str); 2] = [("docs/providers", "en"), ("docs/pt-BR/providers", "pt-BR")];

/// All pages: the path below the root of a checkout, and the text.
pub fn gallery_pages() -> Vec<(String, String)> {
    let sheets: Vec<(&CatalogueSummary, CatalogueSheet)> =
        catalogue_summaries().iter().filter_map(|summary| Some((summary, CatalogueSheet::open(summary.name)?))).collect();
    let mut pages = Vec::new();
    for (folder, code) in FOLDERS {
        let language = gallery_language(code);
        let has_page = |sheet: &CatalogueSheet| has_page(sheet, code);
        let own: Vec<&str> = sheets.iter().filter(|(_, sheet)| has_page(sheet)).map(|(summary, _)| summary.name).collect();
        pages.push((format!("{folder}/README.md"), index(language, folder, &own)));
        for (_, sheet) in sheets.iter().filter(|(_, sheet)| has_page(sheet)) {
            pages.push((format!("{folder}/{}.md", sheet.file.name), page(sheet, language, folder)));
        }
    }
    pages
}

fn has_page(sheet: &CatalogueSheet, code: &str) -> bool {
    code == "en" || sheet.listing.set_up.has_own(code)
}

/// The page about a provider.
fn page(sheet: &CatalogueSheet, language: &GalleryLanguage, folder: &str) -> String {
    let (name, phrases) = (sheet.file.name, &language.phrases);
    let mut blocks = GalleryPage { sheet, language, public_url: PUBLIC_URL, in_use: None }.blocks();
    let (root, documents) = (up_to_root(folder), up_to_documents(folder));
    let mut links = vec![
        PageSpan::link(&phrases.file, format!("{root}providers.d/{name}.yaml")),
        PageSpan::link(&phrases.examples_file, format!("{root}providers.d/{name}.examples.yaml")),
        PageSpan::link(&phrases.all, "README.md".to_owned()),
    ];
    let others = FOLDERS.iter().filter(|(other, code)| *other != folder && has_page(sheet, code));
    links.extend(
        others.map(|(other, _)| PageSpan::link(&phrases.other_language, format!("{documents}{}/{name}.md", below_documents(other)))),
    );
    blocks.push(PageBlock::Paragraph(joined(links, " · ")));
    as_markdown(&sheet.provider.title, &blocks)
}

/// The index in a language; `own` are the names that have a page in it.
fn index(language: &GalleryLanguage, folder: &str, own: &[&str]) -> String {
    let (phrases, summaries) = (&language.phrases, catalogue_summaries());
    let documents = up_to_documents(folder);
    let to_page = |summary: &CatalogueSummary| {
        let [(first, _), ..] = FOLDERS;
        let name = summary.name;
        if own.contains(&name) {
            return PageSpan::link(&summary.title, format!("{name}.md"));
        }
        PageSpan::link(&format!("{} (en)", summary.title), format!("{documents}{}/{name}.md", below_documents(first)))
    };
    let of_grade = |grade| summaries.iter().filter(|summary| summary.grade == grade).count().to_string();
    let lead = fill(
        &phrases.lead,
        &[
            ("count", &summaries.len().to_string()),
            ("gradeA", &phrases.grade_a),
            ("countA", &of_grade(EvidenceGrade::A)),
            ("gradeB", &phrases.grade_b),
            ("countB", &of_grade(EvidenceGrade::B)),
        ],
    );
    let to_index = |other| PageSpan::link(&phrases.other_language, format!("{documents}{}/README.md", below_documents(other)));
    let others = FOLDERS.iter().filter(|(other, _)| *other != folder).map(|(other, _)| to_index(other));
    let links = std::iter::once(PageSpan::link(&phrases.first_provider, "../first-provider.md".to_owned())).chain(others);
    let mut blocks = vec![PageBlock::Paragraph(spans(&lead)), PageBlock::Paragraph(joined(links, " · "))];
    blocks.push(PageBlock::Heading(phrases.by_country.clone()));
    let mut by_country: BTreeMap<Country, Vec<&CatalogueSummary>> = BTreeMap::new();
    for summary in summaries {
        summary.countries.iter().for_each(|country| by_country.entry(*country).or_default().push(summary));
    }
    let mut rows: Vec<_> = by_country.into_iter().map(|(country, summaries)| (phrases.country(country), summaries)).collect();
    rows.sort_by_key(|(name, _)| name.to_lowercase());
    let rows = rows.into_iter().map(|(name, summaries)| vec![spans(&name), joined(summaries.into_iter().map(to_page), ", ")]);
    blocks.push(PageBlock::Table { heads: vec![phrases.country.clone(), phrases.provider.clone()], rows: rows.collect() });
    for kind in ProviderKind::ALL {
        let of_kind: Vec<&CatalogueSummary> = summaries.iter().filter(|summary| summary.kind == *kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        blocks.push(PageBlock::Heading(phrases.kind(*kind).to_owned()));
        let row = |summary: &&CatalogueSummary| {
            vec![
                with_successor(to_page(summary), summary, phrases),
                vec![PageSpan::Code(summary.name.to_owned())],
                spans(&phrases.countries(&summary.countries)),
                spans(summary.grade.word()),
            ]
        };
        let heads = [&phrases.provider, &phrases.name, &phrases.country, &phrases.grade].map(String::clone).to_vec();
        blocks.push(PageBlock::Table { heads, rows: of_kind.iter().map(row).collect() });
    }
    as_markdown(&phrases.title, &blocks)
}

/// The link to a provider, with the file that takes the place of its own.
fn with_successor(link: PageSpan, summary: &CatalogueSummary, phrases: &GalleryPhrases) -> Vec<PageSpan> {
    let successor = summary.superseded_by.as_ref().map(|name| spans(&format!(" ({})", phrases.superseded_by(name))));
    std::iter::once(link).chain(successor.into_iter().flatten()).collect()
}

/// The path from a folder up to the root of the checkout, and up to its documents.
fn up_to_root(folder: &str) -> String {
    "../".repeat(folder.split('/').count())
}

fn up_to_documents(folder: &str) -> String {
    "../".repeat(below_documents(folder).split('/').count())
}

fn below_documents(folder: &str) -> &str {
    folder.strip_prefix("docs/").unwrap_or(folder)
}
