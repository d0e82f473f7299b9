//! A picture that the broker serves. It is read with the settings or the provider file that name it, never for a request: the disk
//! of one store may not answer.

use crate::provider::logo::ProviderLogo;
use crate::vocabulary::picture_type::picture_type;
use crate::world::files;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::path::Path;
use std::sync::Arc;

/// The largest picture that is served.
const LARGEST: usize = 256 * 1024;
/// From this proportion of width to height on a logo is a wordmark.
const WIDE: f64 = 1.6;

#[derive(Clone)]
pub(crate) struct Picture {
    /// The media type.
    pub(crate) kind: &'static str,
    pub(crate) bytes: Arc<[u8]>,
    /// Whether it fills its square, so that nothing shows through it.
    pub(crate) has_ground: bool,
}

impl Picture {
    /// Reads a picture, if the file is one.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let kind = picture_type(path.file_name()?.to_str()?)?;
        let bytes = files::read_bytes(path, LARGEST + 1).ok().filter(|bytes| bytes.len() <= LARGEST)?;
        Some(Self::new(kind, &bytes))
    }

    /// The picture of a provider file, whose own pictures are in its folder.
    pub(crate) fn of(logo: &ProviderLogo, folder: &Path) -> Option<Self> {
        match logo {
            ProviderLogo::File(name) => Self::read(&folder.join(&**name)),
            ProviderLogo::Mark(mark) => Some(Self { kind: "image/svg+xml", bytes: mark.svg().into_bytes().into(), has_ground: true }),
        }
    }

    fn new(kind: &'static str, bytes: &[u8]) -> Self {
        let has_ground = match kind {
            "image/jpeg" => true,
            "image/svg+xml" => svg_has_ground(bytes),
            // The kind of colours of a PNG (ISO 15948): grey or coloured, without transparency.
            "image/png" => matches!(bytes.get(25), Some(0 | 2)),
            _ => false,
        };
        Self { kind, bytes: bytes.into(), has_ground }
    }

    /// Whether it is much wider than high. A picture whose size cannot be read is not.
    pub(crate) fn is_wide(&self) -> bool {
        let size = if self.kind == "image/svg+xml" { svg_size(&self.bytes) } else { raster_size(&self.bytes) };
        size.is_some_and(|(width, height)| height > 0.0 && width / height >= WIDE)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no picture of 256 KiB is that large")]
fn raster_size(bytes: &[u8]) -> Option<(f64, f64)> {
    let size = imagesize::blob_size(bytes).ok()?;
    Some((size.width as f64, size.height as f64))
}

/// Whether the first shape of a drawing is a rectangle.
fn svg_has_ground(bytes: &[u8]) -> bool {
    let mut reader = Reader::from_reader(bytes);
    loop {
        let element = match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => element,
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => continue,
        };
        let attribute = |name: &str| element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name);
        match element.name().as_ref() {
            "svg" | "g" | "title" | "desc" | "defs" => {}
            "rect" => return attribute("fill").is_none_or(|fill| fill.value != "none"),
            "path" => {
                let lines = attribute("d").map(|lines| lines.value.into_owned()).unwrap_or_default();
                let is_straight = |letter: char| !letter.is_alphabetic() || "MHhVvZz".contains(letter);
                return lines.contains(['H', 'h']) && lines.contains(['V', 'v']) && lines.chars().all(is_straight);
            }
            _ => return false,
        }
    }
}

/// The size of a drawing: of its `viewBox`, otherwise its width and height.
fn svg_size(bytes: &[u8]) -> Option<(f64, f64)> {
    let mut reader = Reader::from_reader(bytes);
    let root = loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => break element,
            Event::Eof => return None,
            _ => {}
        }
    };
    let attribute = |name: &str| {
        let found = root.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
        Some(found.value.into_owned())
    };
    let number = |text: &str| text.trim().trim_end_matches("px").parse::<f64>().ok();
    let of_box = attribute("viewBox").and_then(|text| {
        let parts: Vec<f64> = text.split([' ', ',']).filter(|part| !part.is_empty()).filter_map(number).collect();
        match *parts.as_slice() {
            [_, _, width, height] => Some((width, height)),
            _ => None,
        }
    });
    of_box.or_else(|| Some((number(&attribute("width")?)?, number(&attribute("height")?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wordmark_is_told_from_a_sign() {
        let svg = |attributes: &str| format!("<?xml version=\"1.0\"?>\n<!-- a logo --><svg {attributes}><path d=\"M0 0\"/></svg>");
        for (text, expected) in [
            (svg("viewBox=\"0 0 208 40\" width=\"40\" height=\"40\""), true),
            (svg("viewBox=\"0,0,40,40\""), false),
            (svg("width=\"208px\" height=\"40px\""), true),
            (svg("width=\"100%\" height=\"40\""), false),
            (svg("viewBox=\"0 0 9 0\""), false),
            ("<svg".to_owned(), false),
            (String::new(), false),
        ] {
            let picture = Picture::new("image/svg+xml", text.as_bytes());
            assert_eq!(picture.is_wide(), expected, "{text}");
        }
        let gif = |width: u8, height: u8| Picture::new("image/gif", &[b"GIF89a".as_slice(), &[width, 0, height, 0, 0, 0, 0]].concat());
        assert!(gif(200, 40).is_wide() && !gif(40, 40).is_wide());
    }

    #[test]
    fn a_picture_that_fills_its_square_needs_no_plate() {
        let svg = |inside: &str| format!("<svg viewBox=\"0 0 32 32\"><title>Acme</title><g>{inside}</g></svg>").into_bytes();
        for (kind, bytes, expected) in [
            ("image/svg+xml", svg("<path fill=\"#123\" d=\"M0 0h32v32H0z\"/><circle r=\"3\"/>"), true),
            ("image/svg+xml", svg("<rect width=\"32\" height=\"32\"/>"), true),
            ("image/svg+xml", svg("<rect fill=\"none\" width=\"32\" height=\"32\"/>"), false),
            ("image/svg+xml", svg("<path d=\"M16 4l4 8-4 4z\"/>"), false),
            ("image/svg+xml", svg("<circle r=\"3\"/>"), false),
            ("image/svg+xml", b"<svg".to_vec(), false),
            ("image/jpeg", Vec::new(), true),
            ("image/png", [&[0; 25][..], &[2]].concat(), true),
            ("image/png", [&[0; 25][..], &[6]].concat(), false),
            ("image/webp", Vec::new(), false),
        ] {
            assert_eq!(Picture::new(kind, &bytes).has_ground, expected, "{kind} {}", String::from_utf8_lossy(&bytes));
        }
    }
}
