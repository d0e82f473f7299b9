//! Names that imitate others: a label of a domain, or the part of an address before the `@`, that mixes scripts, or consists of letters
//! that look like those of ASCII. It is for support to know, and refuses nothing.

/// Letters that look like small letters of ASCII, of Latin, Greek, Cyrillic and Armenian.
const LOOKALIKES: &str = "ıſɑɡʟοναριικυχасԁеһіјӏорԛѕѵԝхуүօսոհցք";

/// The script of a letter, as far as scripts are distinguished here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    /// Han, Kana, Hangul and Bopomofo, which are written together, and together with Latin.
    EastAsian,
    /// The block of 128 characters in which a letter stands, with the blocks of one script as one.
    Block(u32),
}

/// Whether an address imitates another: in one of its parts, read as Unicode.
pub(crate) fn is_imitation(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@').filter(|_| address.len() <= 320 && !address.contains(char::is_whitespace)) else {
        return false;
    };
    let (domain, _) = idna::domain_to_unicode(domain);
    std::iter::once(local).chain(domain.split('.')).any(imitates)
}

fn imitates(label: &str) -> bool {
    if label.is_ascii() {
        return false;
    }
    let mut scripts = label.chars().filter(|letter| letter.is_alphabetic()).map(script_of).filter(|script| *script != Script::EastAsian);
    let first = scripts.next();
    let mixes = scripts.any(|script| Some(script) != first);
    let is_east_asian = label.chars().any(|letter| letter.is_alphabetic() && script_of(letter) == Script::EastAsian);
    let is_alike =
        |letter: char| letter.is_ascii() || LOOKALIKES.contains(letter) || matches!(letter, '\u{212a}' | '\u{ff01}'..='\u{ff5e}');
    mixes || is_east_asian && first.is_some_and(|script| script != Script::Latin) || label.chars().all(is_alike)
}

fn script_of(letter: char) -> Script {
    match letter {
        'a'..='z' | 'A'..='Z' | '\u{aa}'..='\u{2af}' | '\u{1e00}'..='\u{1eff}' | '\u{212a}' | '\u{ff21}'..='\u{ff5a}' => Script::Latin,
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff65}'..='\u{ffdc}'
        | '\u{20000}'..='\u{3ffff}' => Script::EastAsian,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Block(0x370),
        '\u{400}'..='\u{52f}' => Script::Block(0x400),
        _ => Script::Block(u32::from(letter) & !0x7f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack E-02
    #[test]
    fn an_address_that_imitates_another_is_found_and_honest_ones_are_left_alone() {
        for (address, expected) in [
            ("ana@loja.example", false),
            ("ana@b\u{fc}cher.example", false),
            ("jos\u{e9}@loja.example", false),
            ("ana@\u{44f}\u{43d}\u{434}\u{435}\u{43a}\u{441}.example", false),
            ("ana@\u{3a7}\u{3ac}\u{3c1}\u{3b7}\u{3c2}.example", false),
            ("ana@tokyo\u{6771}\u{4eac}\u{30bf}\u{30ef}\u{30fc}.example", false),
            ("ana@l\u{43e}ja.example", true),
            ("ana@xn--lja-sed.example", true),
            ("ana@\u{430}\u{440}\u{440}\u{4cf}\u{435}.example", true),
            ("ana@\u{6771}\u{4eac}\u{43e}.example", true),
            ("v\u{131}ctim@loja.example", true),
            ("\u{430}na@loja.example", true),
            ("\u{ff41}na@loja.example", true),
            ("\u{212a}ana@loja.example", true),
            ("no address", false),
            ("\u{43f}\u{438}\u{448}\u{438} a@loja.example", false),
        ] {
            assert_eq!(is_imitation(address), expected, "{address}");
        }
    }
}
