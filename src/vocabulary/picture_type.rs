//! The kinds of pictures that are shown.

use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;

/// The media type of a picture, by the ending of its file's name.
pub(crate) fn picture_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        _ => return None,
    })
}

/// Complains about a file that is no picture by its ending.
pub(crate) fn check_picture_ending(file: &Located<String>, reader: &mut Reader) {
    if picture_type(file).is_none() {
        let help = "name a file that ends in `.svg`, `.png`, `.webp`, `.jpg`, `.gif` or `.ico`";
        reader.complain(file.place, format!("`{}` is not the file of a picture", file.value), help);
    }
}
