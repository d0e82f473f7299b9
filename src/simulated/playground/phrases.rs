//! The words of the pages, in two languages, and which of them somebody reads.

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaygroundLanguage {
    English,
    Portuguese,
}

/// What the pages say.
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
    pub(crate) anybody: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) checked: &'static str,
    pub(crate) meanwhile: &'static str,
    pub(crate) nothing_odd: &'static str,
    pub(crate) come_in: &'static str,
    pub(crate) nobody: &'static str,
    pub(crate) faults: &'static str,
    pub(crate) faults_lead: &'static str,
    pub(crate) for_app: &'static str,
    pub(crate) hand_back: &'static str,
    pub(crate) hand_back_lead: &'static str,
    pub(crate) go_on: &'static str,
    pub(crate) welcome: &'static str,
    pub(crate) welcome_lead: &'static str,
    pub(crate) start: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) lost_lead: &'static str,
    pub(crate) wrong_method: &'static str,
    pub(crate) too_much: &'static str,
    pub(crate) bad_visit: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) elsewhere: &'static str,
    pub(crate) no_riddle: &'static str,
}

impl PlaygroundLanguage {
    /// The language for an `Accept-Language`: the better liked of the two, English for everybody else.
    pub(super) fn from_accept_language(accepted: &str) -> Self {
        let liking = |wanted: &str| accepted.split(',').filter_map(|part| quality(part, wanted)).fold(0_u32, u32::max);
        if liking("pt") > liking("en") { Self::Portuguese } else { Self::English }
    }

    pub(super) fn phrases(self) -> &'static PlaygroundPhrases {
        match self {
            Self::English => &ENGLISH,
            Self::Portuguese => &PORTUGUESE,
        }
    }
}

/// How well a language is liked by one part of an `Accept-Language`, in thousandths.
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
    anybody: "Make somebody up",
    name: "Name",
    email: "E-mail",
    checked: "The address has been checked",
    meanwhile: "And what goes wrong?",
    nothing_odd: "Nothing",
    come_in: "Take the ticket",
    nobody: "Type a name or an e-mail, of at most 320 letters.",
    faults: "Or let something go wrong",
    faults_lead: "Ana Prova goes in, and this happens on the way:",
    for_app: "The browser was sent here by",
    hand_back: "Back by a form",
    hand_back_lead: "The answer travels by a form that is sent back to the store. You go back as:",
    go_on: "Continue",
    welcome: "An odd provider, to try things out",
    welcome_lead: "It has its own names for everything, refuses with HTTP 200, and lets you choose who you are and what goes wrong.",
    start: "Start a login",
    lost: "There is nothing here",
    lost_lead: "The playground is entered through the login of the store.",
    wrong_method: "This is not how it is asked",
    too_much: "That is more than is read here",
    bad_visit: "The browser was not sent here properly",
    missing: "This parameter is missing, stands there twice, or is too long:",
    elsewhere: "The address in “back” leads elsewhere than to a callback of this broker.",
    no_riddle: "The parameter “riddle” has to be the SHA-256 of the proof, and “riddle_kind” S256.",
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
    anybody: "Invente alguém",
    name: "Nome",
    email: "E-mail",
    checked: "O endereço foi conferido",
    meanwhile: "E o que dá errado?",
    nothing_odd: "Nada",
    come_in: "Pegar o bilhete",
    nobody: "Digite um nome ou um e-mail, de no máximo 320 letras.",
    faults: "Ou deixe algo dar errado",
    faults_lead: "Ana Prova entra, e no caminho acontece isto:",
    for_app: "O navegador foi enviado por",
    hand_back: "De volta por formulário",
    hand_back_lead: "A resposta viaja num formulário enviado de volta à loja. Você volta como:",
    go_on: "Continuar",
    welcome: "Um provedor esquisito, para experimentar",
    welcome_lead: "Ele tem nomes próprios para tudo, recusa com HTTP 200 e deixa você escolher quem é e o que dá errado.",
    start: "Começar um login",
    lost: "Não há nada aqui",
    lost_lead: "A entrada do parquinho é pelo login da loja.",
    wrong_method: "Não é assim que se pede",
    too_much: "Isso é mais do que se lê aqui",
    bad_visit: "O navegador não foi enviado direito",
    missing: "Este parâmetro falta, aparece duas vezes ou é longo demais:",
    elsewhere: "O endereço em “back” não leva a um callback deste broker.",
    no_riddle: "O parâmetro “riddle” tem de ser o SHA-256 da prova, e “riddle_kind”, S256.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_liked_language_is_spoken() {
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
