//! The people of the playground. All are invented; some have names and addresses that are hard to handle.

use crate::simulated::playground::phrases::PlaygroundLanguage;
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaygroundPerson {
    /// The id. It is too large for floating-point arithmetic to represent exactly.
    pub(crate) number: u64,
    /// The given name; it may be empty.
    pub(crate) given: String,
    /// The family name; it may be empty.
    pub(crate) family: String,
    pub(crate) email: Option<String>,
    /// Whether the e-mail address was checked.
    pub(crate) checked: bool,
}

/// A person to choose, with the word that chooses it.
pub(crate) struct PlaygroundSamplePerson {
    pub(crate) word: &'static str,
    given: &'static str,
    family: &'static str,
    email: &'static str,
    checked: bool,
    description: (&'static str, &'static str),
}

const fn sample_person(
    word: &'static str,
    (given, family): (&'static str, &'static str),
    email: &'static str,
    description: (&'static str, &'static str),
) -> PlaygroundSamplePerson {
    PlaygroundSamplePerson { word, given, family, email, checked: true, description }
}

/// How many of the people are ordinary; they come first.
pub(crate) const ORDINARY_PEOPLE: usize = 3;

/// The people to choose from. The first is an ordinary login.
pub(crate) static SAMPLE_PEOPLE: [PlaygroundSamplePerson; 10] = [
    sample_person("ana", ("Ana", "Prova"), "ana@loja.example", ("An ordinary login", "Um login comum")),
    PlaygroundSamplePerson {
        checked: false,
        ..sample_person(
            "bruno",
            ("Bruno", "Incerto"),
            "bruno@loja.example",
            ("The address was never checked", "O endereço nunca foi conferido"),
        )
    },
    PlaygroundSamplePerson {
        checked: false,
        ..sample_person("chen", ("Chen", "Sem E-mail"), "", ("Has only a telephone", "Só tem telefone"))
    },
    sample_person("lia", ("🦊 Lia", "Raposa 🎈"), "lia@loja.example", ("Emoji in the name", "Emoji no nome")),
    sample_person("layla", ("ليلى", "المثال"), "layla@loja.example", ("Written from right to left", "Escrito da direita para a esquerda")),
    sample_person("markup", ("<b>Bia</b>", "&amp; <i>Filhos</i>"), "bia@loja.example", ("Markup in the name", "Marcação no nome")),
    sample_person("pedro", ("Pedro", LONG), "pedro@loja.example", ("A name of 300 letters", "Um nome de 300 letras")),
    sample_person("nakamura", ("", "Nakamura"), "nakamura@loja.example", ("Only a family name", "Só sobrenome")),
    sample_person("oneil", ("Tess", "O'Neil \"Quote\""), "tess.o'neil@loja.example", ("Quotation marks", "Aspas e apóstrofo")),
    sample_person("maria", ("Maria", "Silva"), "Maria.Silva+Compras@Loja.Example", ("Capitals and a plus", "Maiúsculas e um mais")),
];

/// With `Pedro ` in front it has 300 letters.
const LONG: &str = "da Ladeira do Moinho Velho e da Ribeira das Laranjeiras do Campo Aberto da Encosta do Sol Nascente e dos Montes Azuis \
                    de Além do Rio que Nunca Seca nem no Verão Comprido da Serra das Sete Fontes e do Vale das Pedras Brancas da Fazenda \
                    dos Três Portões e do Pomar sem Cerca da Avó Jacinta Flores";

/// From this number on, floating-point arithmetic cannot distinguish neighbouring integers.
const FIRST_NUMBER: u64 = 9_007_199_254_740_993;

impl PlaygroundSamplePerson {
    pub(crate) fn named(word: &str) -> Option<&'static Self> {
        SAMPLE_PEOPLE.iter().find(|sample| sample.word == word)
    }

    /// What is special about the person.
    pub(super) fn description(&self, language: PlaygroundLanguage) -> &'static str {
        match language {
            PlaygroundLanguage::English => self.description.0,
            PlaygroundLanguage::Portuguese => self.description.1,
        }
    }

    pub(crate) fn person(&self) -> PlaygroundPerson {
        let index = SAMPLE_PEOPLE.iter().position(|sample| sample.word == self.word).unwrap_or_default();
        PlaygroundPerson {
            number: FIRST_NUMBER + index as u64,
            given: self.given.to_owned(),
            family: self.family.to_owned(),
            email: Some(self.email.to_owned()).filter(|email| !email.is_empty()),
            checked: self.checked,
        }
    }
}

impl PlaygroundPerson {
    /// A person whom the visitor typed. The same e-mail address, or without one the same name, is the same person.
    pub(super) fn from_typed(name: &str, email: Option<&str>, checked: bool) -> Self {
        let key = email.map_or_else(|| format!("name {name}"), |email| format!("email {}", email.to_lowercase()));
        let hash = digest::digest(&digest::SHA256, key.as_bytes());
        let number = hash.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // The highest bit stays unset, and the number differs from those of the people to choose from.
        let number = number >> 1 | 1 << 62;
        Self { number, given: name.to_owned(), family: String::new(), email: email.map(str::to_owned), checked: checked && email.is_some() }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.given, self.family).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_name_has_300_letters_and_no_two_people_share_a_word_or_a_number() {
        let people: Vec<PlaygroundPerson> = SAMPLE_PEOPLE.iter().map(PlaygroundSamplePerson::person).collect();

        assert_eq!(PlaygroundSamplePerson::named("pedro").unwrap().person().name().chars().count(), 300);
        for (index, person) in people.iter().enumerate() {
            assert_eq!(PlaygroundSamplePerson::named(SAMPLE_PEOPLE[index].word).unwrap().person(), *person);
            assert!(people[..index].iter().all(|other| other.number != person.number));
        }
    }

    #[test]
    fn a_typed_person_is_the_same_person_next_time() {
        let nora = PlaygroundPerson::from_typed("Nora", Some("Nora@loja.example"), true);

        assert_eq!(nora.number, PlaygroundPerson::from_typed("N.", Some("nora@loja.example"), false).number);
        assert_ne!(nora.number, PlaygroundPerson::from_typed("Nora", None, true).number);
        assert!(!PlaygroundPerson::from_typed("Nora", None, true).checked);
        assert!(nora.number > FIRST_NUMBER + 1000);
    }
}
