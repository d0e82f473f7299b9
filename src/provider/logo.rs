//! The picture on a provider's button: a file, or a mark of the collection Simple Icons, whose marks are in the public domain (CC0).

use crate::vocabulary::picture_type::picture_type;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;
use simpleicons_rs::{Icon, slug};

/// What stands before the name of a mark.
const PREFIX: &str = "simple:";
/// The characters that names of marks have.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// The longest name for which a near one is looked for.
const LONGEST: usize = 40;

#[derive(Clone, Debug)]
pub(crate) enum ProviderLogo {
    /// A file in the folder of the provider files.
    File(Box<str>),
    Mark(BrandMark),
}

/// The mark of a brand, in its own colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrandMark(&'static Icon);

impl ProviderLogo {
    pub(crate) fn compile(written: &Located<String>, reader: &mut Reader) -> Option<Self> {
        let Some(name) = written.strip_prefix(PREFIX) else {
            return is_file_name(written, reader).then(|| Self::File(written.as_str().into()));
        };
        let found = slug(name).map(|icon| Self::Mark(BrandMark(icon)));
        if found.is_none() {
            let help = nearest(name).map_or_else(
                || "write the name as Simple Icons has it, or put a picture into the folder: `acme.svg`".to_owned(),
                |near| format!("did you mean `{PREFIX}{near}`?"),
            );
            reader.complain(written.place, format!("Simple Icons has no mark `{name}`"), help);
        }
        found
    }
}

/// Checks that the logo is the name of a picture's file in the folder of the providers, and no path.
fn is_file_name(logo: &Located<String>, reader: &mut Reader) -> bool {
    let letters = logo.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let fine = !logo.starts_with('.') && logo.len() <= 100 && letters && picture_type(logo).is_some();
    if !fine {
        reader.complain(
            logo.place,
            format!("`{}` is not the name of a picture's file", logo.value),
            "write a name of letters, digits, `-`, `_` and the ending `.svg`, `.png`, `.webp`, `.jpg`, `.gif` or `.ico`: `acme.svg`",
        );
    }
    fine
}

/// The name of a mark that differs by one letter, or by its spelling: the collection can be asked for a name, and has no list.
fn nearest(written: &str) -> Option<&'static str> {
    let plain: Vec<u8> = written.to_lowercase().bytes().filter(u8::is_ascii_alphanumeric).collect();
    if plain.len() > LONGEST {
        return None;
    }
    let known = |name: &[u8]| slug(std::str::from_utf8(name).ok()?).map(|icon| icon.slug);
    let with = |before: &[u8], middle: &[u8], after: &[u8]| known(&[before, middle, after].concat());
    let at = |place: usize| {
        let (before, rest) = plain.split_at_checked(place)?;
        let changed = rest.split_first().and_then(|(first, after)| {
            let swapped = after.split_first().and_then(|(second, after)| with(before, &[*second, *first], after));
            let replaced = || LETTERS.iter().find_map(|letter| with(before, &[*letter], after));
            swapped.or_else(|| with(before, b"", after)).or_else(replaced)
        });
        changed.or_else(|| LETTERS.iter().find_map(|letter| with(before, &[*letter], rest)))
    };
    // The first letter is hardly ever wrong.
    known(&plain).or_else(|| (1..=plain.len()).find_map(at))
}

impl BrandMark {
    /// The mark as a drawing with a ground of its own, so that it can be seen on light and on dark pages.
    pub(crate) fn svg(self) -> String {
        let drawing = self.0.svg.split_once("</title>").map_or(self.0.svg, |(_, drawing)| drawing);
        let drawing = drawing.strip_suffix("</svg>").unwrap_or(drawing);
        let ground = if is_bright(self.0.hex) { "#14171c" } else { "#fff" };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 32 32\" width=\"32\" height=\"32\"><path fill=\"{ground}\" \
             d=\"M-4-4h32v32h-32z\"/><g fill=\"#{}\">{drawing}</g></svg>",
            self.0.hex
        )
    }
}

/// Whether a colour can hardly be seen on white.
fn is_bright(hex: &str) -> bool {
    let part = |from: usize| hex.get(from..).and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok()).map_or(0.0, f64::from) / 255.0;
    let light = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    0.2126 * light(part(0)) + 0.7152 * light(part(2)) + 0.0722 * light(part(4)) > 0.6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found() {
        for (written, expected) in [
            ("openidd", Some("openid")),
            ("opneid", Some("openid")),
            ("opnid", Some("openid")),
            ("opanid", Some("openid")),
            ("Open-ID", Some("openid")),
            ("nothing-is-called-like-this", None),
            ("", None),
        ] {
            assert_eq!(nearest(written), expected, "{written}");
        }
        assert_eq!(nearest(&"é".repeat(50)), None);
        assert_eq!(nearest(&"x".repeat(50)), None);
    }

    #[test]
    fn a_mark_has_its_own_colour_on_a_ground_on_which_it_is_seen() {
        let icon = |hex| Icon { hex, ..*slug("openid").unwrap() };
        for (hex, ground) in [("F78C40", "#fff"), ("000000", "#fff"), ("FFFC00", "#14171c"), ("FFFFFF", "#14171c")] {
            let drawn = BrandMark(Box::leak(Box::new(icon(hex)))).svg();

            assert!(
                drawn.contains(&format!("<path fill=\"{ground}\"")) && drawn.contains(&format!("<g fill=\"#{hex}\"><path d=\"")),
                "{drawn}"
            );
            assert!(drawn.ends_with("/></g></svg>") && !drawn.contains("<title>"), "{drawn}");
        }
    }
}
