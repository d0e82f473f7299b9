//! The pages of the catalogue: their words, and how they are written.

use crate::workbench::catalogue::gallery_phrases::GALLERY_LANGUAGES;
use crate::workbench::catalogue::page_block::{PageBlock, PageSpan, as_markdown, as_terminal_text, spans};
use crate::workbench::catalogue::sheet::CatalogueSheet;
use crate::workbench::catalogue::summary::catalogue_summaries;

#[test]
fn every_kind_country_and_witness_of_a_file_has_a_name_in_every_language() {
    for summary in catalogue_summaries() {
        let listing = CatalogueSheet::open(summary.name).expect("it is listed").listing;
        for language in GALLERY_LANGUAGES.iter() {
            let phrases = &language.phrases;
            for country in &listing.countries {
                assert_ne!(phrases.country(*country), country.code(), "{}: {}", summary.name, language.code);
            }
            assert_ne!(phrases.kind(listing.kind), listing.kind.word(), "{}: {}", summary.name, language.code);
            let witnesses = phrases.witnesses(&listing.evidence.witnesses);
            assert!(!listing.evidence.witnesses.iter().any(|witness| witnesses.starts_with(witness.word())), "{witnesses}");
        }
    }
}

#[test]
fn a_text_writes_no_markdown_of_its_own() {
    let line = spans("a_b *c* <d> [e](f) &amp; _g_ `h*i`");

    let page = as_markdown(
        "A|B <x>",
        &[PageBlock::Paragraph(line.clone()), PageBlock::Table { heads: vec!["H".to_owned()], rows: vec![vec![spans("x|y")]] }],
    );

    assert_eq!(page, "# A|B \\<x>\n\na_b \\*c\\* \\<d> \\[e\\](f) \\&amp; \\_g\\_ `h*i`\n\n| H |\n|---|\n| x\\|y |\n");
    assert_eq!(line.last(), Some(&PageSpan::Code("h*i".to_owned())));
}

#[test]
fn a_terminal_shows_lines_of_its_width_and_no_marks() {
    let blocks = [PageBlock::Items(vec![spans("one two three `four` five"), spans("sixsixsixsixsix")])];

    let text = as_terminal_text(&blocks, 16, str::to_owned);

    assert_eq!(text, "  - one two\n    three four\n    five\n  - sixsixsixsixsix\n");
}
