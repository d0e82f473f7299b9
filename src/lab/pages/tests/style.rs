//! The style and the script of the lab: small, whole, and without a class that nothing uses.

use crate::lab::pages::{LAB_SCRIPT, LAB_STYLE};
use crate::stores::catalogue::ProviderStatus;
use std::collections::BTreeSet;

#[test]
fn style_and_script_are_small_and_load_nothing_from_elsewhere() {
    assert!(LAB_STYLE.len() < 24 * 1024, "{} bytes", LAB_STYLE.len());
    assert!(LAB_SCRIPT.len() < 8 * 1024, "{} bytes", LAB_SCRIPT.len());
    for text in [LAB_STYLE, LAB_SCRIPT] {
        assert!(!text.contains("://") && !text.contains("@import") && !text.contains("innerHTML") && !text.contains("eval("), "{text}");
    }
    assert_eq!(LAB_STYLE.matches('{').count(), LAB_STYLE.matches('}').count());
}

/// The classes that the style names.
fn classes_of_style() -> BTreeSet<String> {
    let without_comments: String = LAB_STYLE.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest)).collect();
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let preludes = without_comments.split('{').map(|part| part.rsplit(['}', ';']).next().unwrap_or_default());
    let classes = preludes.flat_map(|selector| {
        selector.split('.').skip(1).map(|part| part.chars().take_while(|letter| is_of_name(*letter)).collect::<String>())
    });
    classes.filter(|class| class.starts_with(|first: char| first.is_ascii_alphabetic())).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the files are read as they stand beside the code")]
fn every_class_of_the_style_stands_in_a_template_or_is_written_by_code() {
    let texts = |folder: &str, ending: &str| -> Vec<String> {
        let folder = std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let paths = folder.flatten().map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(ending));
        paths.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    };
    let templates = [texts("src/lab/templates", ".html"), texts("src/pages/templates", "provider_icon.html")].concat();
    let attributes = templates.iter().flat_map(|text| text.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next()));
    let mut used: BTreeSet<&str> =
        attributes.flat_map(|classes| classes.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')).collect();
    used.extend(ProviderStatus::ALL.map(ProviderStatus::word));
    let code = [texts("src/lab/pages", ".rs"), vec![LAB_SCRIPT.to_owned()]].concat().concat();

    let is_written =
        |class: &str| [format!("\"{class}\""), format!("\" {class}\""), format!("'{class}'")].iter().any(|text| code.contains(text));
    let unused: Vec<String> = classes_of_style().into_iter().filter(|class| !used.contains(&**class) && !is_written(class)).collect();

    assert!(classes_of_style().len() > 60, "the style is read");
    assert!(unused.is_empty(), "{unused:?}");
}
