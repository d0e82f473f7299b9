//! The style.

use crate::pages::Accent;
use crate::pages::branding::STYLE;

/// The colours of a scheme: those after the word that begins it.
fn scheme(begin: &str) -> impl Fn(&str) -> String {
    let block = STYLE.split(begin).nth(1).and_then(|rest| rest.split('}').next()).expect("the style has both schemes");
    move |name: &str| {
        let colour = block.split(&format!("--{name}: ")).nth(1).and_then(|rest| rest.split(';').next());
        Accent::parse(colour.expect("a scheme has every colour")).expect("a colour is written in digits").css()
    }
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.2).
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let part = |from: usize| f64::from(u8::from_str_radix(&colour[from..from + 2], 16).unwrap()) / 255.0;
        let light = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        0.2126 * light(part(1)) + 0.7152 * light(part(3)) + 0.0722 * light(part(5))
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_of_colours_can_be_told_apart() {
    for colour in [scheme("color-scheme: light dark;"), scheme("@media (prefers-color-scheme: dark) { :root {")] {
        for (front, back, least) in [
            ("ink", "card", 7.0),
            ("ink", "wash", 7.0),
            ("ink", "page", 7.0),
            ("ink-2", "page", 4.5),
            ("ink-2", "card", 4.5),
            ("ink-2", "wash", 4.5),
            ("good", "card", 4.5),
            ("bad", "card", 4.5),
            ("edge", "card", 3.0),
        ] {
            let reached = contrast(&colour(front), &colour(back));
            assert!(reached >= least, "{front} on {back}: {reached:.2}");
        }
    }
}

#[test]
fn the_style_loads_nothing_from_elsewhere() {
    assert!(!STYLE.contains("://") && !STYLE.contains("@import") && !STYLE.contains("url("));
}
