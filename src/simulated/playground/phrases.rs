//! The words of the playground's pages in two languages, and the choice of the language.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaygroundLanguage {
    English,
    Portuguese,
}

pub(super) struct PlaygroundPhrases {
    pub(crate) lang: &'static str,
    pub(crate) title: &'static str,
    pub(crate) banner: &'static str,
    pub(crate) who: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) people: &'static str,
    pub(crate) odd_people: &'static str,
    pub(crate) proven: &'static str,
    pub(crate) unproven: &'static str,
    pub(crate) no_email: &'static str,
    pub(crate) typed_person: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) checked: &'static str,
    pub(crate) fault: &'static str,
    pub(crate) no_fault: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) person_missing: &'static str,
    pub(crate) faults: &'static str,
    pub(crate) faults_lead: &'static str,
    pub(crate) sent_by: &'static str,
    pub(crate) form_post: &'static str,
    pub(crate) form_post_lead: &'static str,
    pub(crate) go_on: &'static str,
    pub(crate) welcome: &'static str,
    pub(crate) welcome_lead: &'static str,
    pub(crate) start: &'static str,
    pub(crate) not_found: &'static str,
    pub(crate) not_found_lead: &'static str,
    pub(crate) wrong_method: &'static str,
    pub(crate) too_large: &'static str,
    pub(crate) bad_request: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) foreign_callback: &'static str,
    pub(crate) no_challenge: &'static str,
}

impl PlaygroundLanguage {
    /// The language that an `Accept-Language` prefers; English if it prefers neither.
    pub(super) fn from_accept_language(accepted: &str) -> Self {
        let preference = |wanted: &str| accepted.split(',').filter_map(|part| quality(part, wanted)).fold(0_u32, u32::max);
        if preference("pt") > preference("en") { Self::Portuguese } else { Self::English }
    }

    pub(super) fn phrases(self) -> &'static PlaygroundPhrases {
        match self {
            Self::English => &ENGLISH,
            Self::Portuguese => &PORTUGUESE,
        }
    }
}

/// The quality value of a language in one part of an `Accept-Language`, in thousandths.
fn quality(part: &str, wanted: &str) -> Option<u32> {
    let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
    let language = tag.trim().split('-').next()?;
    let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a weight between 0 and 1, in thousandths")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u32;
    language.eq_ignore_ascii_case(wanted).then_some(thousandths)
}

static ENGLISH: PlaygroundPhrases = PlaygroundPhrases {
    lang: "en",
    title: "Playground",
    banner: "This is a playground, not a real provider. Nobody here is who they say they are.",
    who: "Who do you want to be?",
    lead: "Take a ticket and you go back to the store as that person. Nothing is checked, and there are no passwords.",
    people: "The usual people",
    odd_people: "People who are hard to handle",
    proven: "proven address",
    unproven: "unproven address",
    no_email: "no e\u{2011}mail",
    typed_person: "Invent a person",
    name: "Name",
    email: "E-mail",
    checked: "The address has been checked",
    fault: "And what goes wrong?",
    no_fault: "Nothing",
    submit: "Take the ticket",
    person_missing: "Type a name or an e-mail address of at most 320 letters.",
    faults: "Or let something go wrong",
    faults_lead: "Ana Prova signs in, and this goes wrong:",
    sent_by: "The browser was sent here by",
    form_post: "Form post",
    form_post_lead: "This form carries the answer back to the store. You go back as:",
    go_on: "Continue",
    welcome: "An odd provider to try things out",
    welcome_lead: "It has its own names for everything, refuses with HTTP 200, and lets you choose who you are and what goes wrong.",
    start: "Start a login",
    not_found: "There is nothing here",
    not_found_lead: "The playground is reached through the login page of the store.",
    wrong_method: "This method is not supported here",
    too_large: "The request is too large",
    bad_request: "The request for a login is wrong",
    missing: "This parameter is missing, occurs twice, or is too long:",
    foreign_callback: "The address in “back” is not a callback of this broker.",
    no_challenge: "The parameter “riddle” has to be the SHA-256 of the proof, and “riddle_kind” has to be S256.",
};

static PORTUGUESE: PlaygroundPhrases = PlaygroundPhrases {
    lang: "pt-BR",
    title: "Parquinho",
    banner: "Isto é um parquinho, não um provedor de verdade. Ninguém aqui é quem diz ser.",
    who: "Quem você quer ser?",
    lead: "Pegue um bilhete e você volta para a loja como essa pessoa. Nada é conferido, e não há senhas.",
    people: "As pessoas de sempre",
    odd_people: "Pessoas difíceis de tratar",
    proven: "endereço conferido",
    unproven: "endereço não conferido",
    no_email: "sem e\u{2011}mail",
    typed_person: "Invente alguém",
    name: "Nome",
    email: "E-mail",
    checked: "O endereço foi conferido",
    fault: "E o que dá errado?",
    no_fault: "Nada",
    submit: "Pegar o bilhete",
    person_missing: "Digite um nome ou um e-mail, de no máximo 320 letras.",
    faults: "Ou deixe algo dar errado",
    faults_lead: "Ana Prova entra, e no caminho acontece isto:",
    sent_by: "O navegador foi enviado por",
    form_post: "De volta por formulário",
    form_post_lead: "A resposta viaja num formulário enviado de volta à loja. Você volta como:",
    go_on: "Continuar",
    welcome: "Um provedor esquisito, para experimentar",
    welcome_lead: "Ele tem nomes próprios para tudo, recusa com HTTP 200 e deixa você escolher quem é e o que dá errado.",
    start: "Começar um login",
    not_found: "Não há nada aqui",
    not_found_lead: "A entrada do parquinho é pelo login da loja.",
    wrong_method: "Não é assim que se pede",
    too_large: "Isso é mais do que se lê aqui",
    bad_request: "O navegador não foi enviado direito",
    missing: "Este parâmetro falta, aparece duas vezes ou é longo demais:",
    foreign_callback: "O endereço em “back” não leva a um callback deste broker.",
    no_challenge: "O parâmetro “riddle” tem de ser o SHA-256 da prova, e “riddle_kind”, S256.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_chosen() {
        for (accepted, expected) in [
            ("pt-BR,pt;q=0.9,en;q=0.8", PlaygroundLanguage::Portuguese),
            ("en-GB, pt;q=0.5", PlaygroundLanguage::English),
            ("de, pt-PT;q=0.3", PlaygroundLanguage::Portuguese),
            ("pt;q=0", PlaygroundLanguage::English),
            ("pt;q=abc, *", PlaygroundLanguage::English),
            ("PT-br", PlaygroundLanguage::Portuguese),
            ("", PlaygroundLanguage::English),
            ("ptx", PlaygroundLanguage::English),
        ] {
            assert_eq!(PlaygroundLanguage::from_accept_language(accepted), expected, "{accepted}");
        }
    }
}
