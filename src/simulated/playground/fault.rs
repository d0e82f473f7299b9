//! What may go wrong at a provider, each by its word: in the browser, when the ticket is changed, or when the person is asked for.

use crate::choice;
use crate::simulated::playground::phrases::PlaygroundLanguage;
use std::time::Duration;

choice! {
    /// What goes wrong.
    pub enum PlaygroundFault {
        /// The shopper presses Cancel, and the redirect says so.
        Cancel = "cancel",
        /// Another state comes back than the one that was sent.
        WrongState = "wrong-state",
        /// Nothing is wrong: the answer comes back by a form.
        FormPost = "form-post",
        /// The ticket is refused, with status 200.
        Refuse = "refuse",
        /// The ticket that comes back was used before.
        SpentTicket = "spent-ticket",
        /// A web page comes where JSON was expected.
        WebPage = "web-page",
        /// The answer takes five seconds.
        Slow = "slow",
        /// The answer takes half a minute.
        Silent = "silent",
        /// The person has no address.
        NoEmail = "no-email",
        /// The person has no number.
        NoId = "no-id",
        /// The answer is larger than anybody needs.
        Oversize = "oversize",
    }
}

impl PlaygroundFault {
    /// Every fault, in the order of a login.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::WORDS.iter().filter_map(|word| Self::named(word))
    }

    /// How long the answer about the ticket takes.
    pub(super) fn delay(self) -> Duration {
        Duration::from_secs(match self {
            Self::Slow => 5,
            Self::Silent => 30,
            Self::Cancel
            | Self::WrongState
            | Self::FormPost
            | Self::Refuse
            | Self::SpentTicket
            | Self::WebPage
            | Self::NoEmail
            | Self::NoId
            | Self::Oversize => 0,
        })
    }

    /// What it is called, and what can be seen.
    pub(super) fn title_and_effect(self, language: PlaygroundLanguage) -> (&'static str, &'static str) {
        let (english, portuguese) = match self {
            Self::Cancel => (
                ("Press Cancel", "You come back with a no, as if you had changed your mind."),
                ("Apertar Cancelar", "Você volta com um não, como quem mudou de ideia."),
            ),
            Self::WrongState => (
                ("Somebody else's answer", "The state that comes back is not the one that was sent."),
                ("A resposta de outra pessoa", "O state que volta não é o que foi enviado."),
            ),
            Self::FormPost => (
                ("Back by a form", "Nothing is wrong: the answer comes back by POST instead of an address."),
                ("De volta por formulário", "Nada de errado: a resposta volta por POST em vez de um endereço."),
            ),
            Self::Refuse => (
                ("A polite no", "The token call is refused, with HTTP 200."),
                ("Um não educado", "A chamada do token é recusada, com HTTP 200."),
            ),
            Self::SpentTicket => (
                ("A used ticket", "The ticket that comes back was used before."),
                ("Um bilhete usado", "O bilhete que volta já foi usado."),
            ),
            Self::WebPage => (
                ("HTML instead of JSON", "The token call answers with a web page."),
                ("HTML em vez de JSON", "A chamada do token responde com uma página."),
            ),
            Self::Slow => (("Five seconds late", "The token call takes its time."), ("Cinco segundos", "A chamada do token demora.")),
            Self::Silent => (
                ("No answer at all", "The token call is silent for half a minute."),
                ("Resposta nenhuma", "A chamada do token fica meio minuto em silêncio."),
            ),
            Self::NoEmail => (
                ("The e-mail is missing", "The answer about the person holds no address."),
                ("Sem o e-mail", "A resposta sobre a pessoa não traz endereço."),
            ),
            Self::NoId => (
                ("The id is missing", "The answer about the person holds no number."),
                ("Sem o id", "A resposta sobre a pessoa não traz número."),
            ),
            Self::Oversize => (
                ("Far too much", "The answer about the person is 100 KiB long."),
                ("Coisa demais", "A resposta sobre a pessoa tem 100 KiB."),
            ),
        };
        match language {
            PlaygroundLanguage::English => english,
            PlaygroundLanguage::Portuguese => portuguese,
        }
    }
}
