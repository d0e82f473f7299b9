//! Chooses the language of a page from the `lang` parameter, the `ui_locales` of an app, or the `Accept-Language` header.

use crate::pages::languages::{FALLBACK, PageLanguage, PageLanguages};
use crate::vocabulary::localized_text::is_language_tag;

impl PageLanguages {
    /// The language that the visitor chose (`?lang=`), the first of the app's (`ui_locales`, separated by blanks) that the store
    /// offers, or the one that the browser prefers (`Accept-Language`, RFC 9110 §12.5.4); otherwise the store's first language,
    /// otherwise English.
    pub(crate) fn choose(&self, allowed: &[String], chosen: Option<&str>, ui_locales: &str, accept_language: &str) -> &PageLanguage {
        let offered = self.offered_languages(allowed);
        let mut of_app = ui_locales.split(' ').filter(|tag| is_language_tag(tag)).take(MOST_RANGES);
        let (ranges, unwanted) = language_ranges(accept_language);
        let wanted: Vec<&PageLanguage> =
            offered.iter().copied().filter(|language| !unwanted.iter().any(|range| match_quality(range, &language.code) > 1)).collect();
        let first = if allowed.is_empty() { self.get(FALLBACK) } else { None };
        let first = first.or_else(|| offered.first().copied());

        chosen
            .and_then(|code| best_match(code, &offered))
            .or_else(|| of_app.find_map(|tag| best_match(tag, &offered)))
            .or_else(|| ranges.iter().find_map(|range| if *range == "*" { wanted.first().copied() } else { best_match(range, &wanted) }))
            .or(first)
            .expect("some languages are embedded")
    }
}

/// How many languages of a request are read.
const MOST_RANGES: usize = 32;

/// The language ranges of a header: the wanted ones, best first, and the unwanted ones.
fn language_ranges(header: &str) -> (Vec<&str>, Vec<&str>) {
    let mut wanted: Vec<(f32, &str)> = Vec::new();
    let mut unwanted = Vec::new();
    for part in header.split(',').take(MOST_RANGES) {
        let (range, quality) = part.split_once(';').map_or((part, None), |(range, rest)| (range, rest.trim().strip_prefix("q=")));
        let range = range.trim();
        let quality = quality.map_or(Some(1.0), |text| text.trim().parse::<f32>().ok().filter(|quality| (0.0..=1.0).contains(quality)));
        let Some(quality) = quality.filter(|_| range == "*" || is_language_tag(range)) else { continue };
        if quality > 0.0 {
            wanted.push((quality, range));
        } else {
            unwanted.push(range);
        }
    }
    wanted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    (wanted.into_iter().map(|(_, range)| range).collect(), unwanted)
}

fn best_match<'a>(range: &str, among: &[&'a PageLanguage]) -> Option<&'a PageLanguage> {
    let mut best: Option<(u8, &PageLanguage)> = None;
    for language in among {
        let fit = match_quality(range, &language.code);
        if fit > best.map_or(0, |(fit, _)| fit) {
            best = Some((fit, language));
        }
    }
    best.map(|(_, language)| language)
}

/// How well a language fits a range: 3 for the same tag, 2 if one tag extends the other or both share a script, 1 for the
/// same language of another country, 0 otherwise.
fn match_quality(range: &str, code: &str) -> u8 {
    let (range, code) = (range.to_ascii_lowercase(), code.to_ascii_lowercase());
    let begins = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'));
    if range == code {
        return 3;
    }
    if begins(&range, &code) || begins(&code, &range) {
        return 2;
    }
    match (is_traditional_chinese(&range), is_traditional_chinese(&code)) {
        (Some(one), Some(other)) => {
            if one == other {
                2
            } else {
                1
            }
        }
        _ => u8::from(range.split('-').next() == code.split('-').next()),
    }
}

/// Whether a tag of Chinese means the traditional script; `None` for other languages.
fn is_traditional_chinese(tag: &str) -> Option<bool> {
    let mut parts = tag.split('-');
    (parts.next() == Some("zh")).then(|| parts.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_first_that_fits() {
        let languages = PageLanguages::embedded();
        let store: Vec<String> = ["es", "pt-BR", "en"].map(str::to_owned).to_vec();
        for (allowed, chosen, header, expected) in [
            (&store[..], None, "", "es"),
            (&store, None, "fr", "es"),
            (&store, None, "ja, ru;q=0.9", "es"),
            (&store, None, "pt", "pt-BR"),
            (&store, None, "pt-PT,en;q=0.5", "pt-BR"),
            (&store, None, "en;q=0.5, pt-BR;q=0.501", "pt-BR"),
            (&store, None, "fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "en"),
            (&store, None, "*", "es"),
            (&store, None, "es;q=0, *", "pt-BR"),
            (&store, None, "en;q=2, pt;q=x, es-MX;q=0.1", "es"),
            (&store, Some("EN"), "pt", "en"),
            (&store, Some("pt"), "en", "pt-BR"),
            (&store, Some("ja"), "en", "en"),
            (&[], None, "", "en"),
            (&[], None, "fr", "en"),
            (&[], None, "zh-Hant", "zh-TW"),
            (&[], None, "zh-HK", "zh-TW"),
            (&[], None, "zh-Hant-HK", "zh-TW"),
            (&[], None, "zh", "zh-TW"),
            (&[], None, "zh-CN, en;q=0.5", "zh-TW"),
            (&[], None, "es-419", "es"),
            (&[], None, "RU-ru", "ru"),
            (&[], Some("<script>"), "ja-JP", "ja"),
        ] {
            assert_eq!(languages.choose(allowed, chosen, "", header).code, expected, "{chosen:?} {header:?}");
        }
    }

    #[test]
    fn what_an_app_asks_for_counts_more_than_the_browser_and_less_than_the_person() {
        let languages = PageLanguages::embedded();
        let store: Vec<String> = ["es", "pt-BR", "en"].map(str::to_owned).to_vec();
        for (chosen, ui_locales, header, expected) in [
            (None, "pt-BR", "en", "pt-BR"),
            (None, "ja fr pt es", "en", "pt-BR"),
            (None, "ja", "en", "en"),
            (None, "ja", "", "es"),
            (None, "pt", "pt;q=0, en", "pt-BR"),
            (None, "* en;q=1 <script> en,pt", "pt", "pt-BR"),
            (Some("en"), "pt-BR", "es", "en"),
            (Some("ja"), "pt-BR", "es", "pt-BR"),
        ] {
            assert_eq!(languages.choose(&store, chosen, ui_locales, header).code, expected, "{chosen:?} {ui_locales:?} {header:?}");
        }
    }

    #[test]
    fn a_hostile_header_is_as_good_as_none() {
        let languages = PageLanguages::embedded();
        for header in [",".repeat(100_000), "ja;q=".repeat(50_000), "-".repeat(100_000), "x-".repeat(9000), "\u{130}\0;;q=NaN,;".repeat(99)]
        {
            assert_eq!(languages.choose(&[], Some(&header), &header, &header).code, "en");
        }
    }

    #[test]
    fn a_simplified_chinese_of_an_operator_goes_to_its_readers() {
        let languages = PageLanguages::with_overrides(&[("zh-CN".to_owned(), "{ name: 简体中文, brief: 简 }".to_owned())]).unwrap();
        for (header, expected) in [("zh-Hans", "zh-CN"), ("zh-SG", "zh-CN"), ("zh-Hant", "zh-TW"), ("zh-MO", "zh-TW"), ("zh-cn", "zh-CN")] {
            assert_eq!(languages.choose(&[], None, "", header).code, expected, "{header}");
        }
    }
}
