//! What may go wrong at a provider: in the browser, in the token call, or in the call for the person.

use crate::choice;
use crate::simulated::playground::phrases::PlaygroundLanguage;
use std::time::Duration;

choice! {
    /// What goes wrong at the playground.
    pub enum PlaygroundFault {
        /// The shopper presses Cancel, and the redirect carries `access_denied`.
        Cancel = "cancel",
        /// The callback carries another state than the one that was sent.
        WrongState = "wrong-state",
        /// Nothing is wrong: the callback is a POST of a form.
        FormPost = "form-post",
        /// The ticket is refused, with status 200.
        Refuse = "refuse",
        /// The ticket in the callback was used before.
        SpentTicket = "spent-ticket",
        /// The token call is answered with a web page in place of JSON.
        WebPage = "web-page",
        /// The token call takes five seconds.
        Slow = "slow",
        /// The token call takes half a minute.
        Silent = "silent",
        /// The person has no e-mail address.
        NoEmail = "no-email",
        /// The person has no id.
        NoId = "no-id",
        /// The answer about the person is larger than the broker reads.
        Oversize = "oversize",
    }
}

impl PlaygroundFault {
    /// Every fault, in the order of a login.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// How long the token call takes.
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

    /// Its title, and what can be seen of it.
    pub(super) fn title_and_effect(self, language: PlaygroundLanguage) -> (&'static str, &'static str) {
        let (english, portuguese) = match self {
            Self::Cancel => (
                ("Press Cancel", "You go back with a refusal, as if you had changed your mind."),
                ("Apertar Cancelar", "Você volta com um não, como quem mudou de ideia."),
            ),
            Self::WrongState => (
                ("A wrong state", "The callback carries another state than the one that was sent."),
                ("A resposta de outra pessoa", "O state que volta não é o que foi enviado."),
            ),
            Self::FormPost => (
                ("Form post", "Nothing is wrong: the callback is a POST of a form instead of a redirect."),
                ("De volta por formulário", "Nada de errado: a resposta volta por POST em vez de um endereço."),
            ),
            Self::Refuse => (
                ("A polite refusal", "The token call is refused, with HTTP 200."),
                ("Um não educado", "A chamada do token é recusada, com HTTP 200."),
            ),
            Self::SpentTicket => (
                ("A used ticket", "The ticket in the callback was used before."),
                ("Um bilhete usado", "O bilhete que volta já foi usado."),
            ),
            Self::WebPage => (
                ("HTML instead of JSON", "The token call is answered with a web page."),
                ("HTML em vez de JSON", "A chamada do token responde com uma página."),
            ),
            Self::Slow => (("Five seconds late", "The token call takes five seconds."), ("Cinco segundos", "A chamada do token demora.")),
            Self::Silent => (
                ("No answer at all", "The token call is not answered for half a minute."),
                ("Resposta nenhuma", "A chamada do token fica meio minuto em silêncio."),
            ),
            Self::NoEmail => (
                ("No e-mail address", "The answer about the person holds no e-mail address."),
                ("Sem o e-mail", "A resposta sobre a pessoa não traz endereço."),
            ),
            Self::NoId => {
                (("No id", "The answer about the person holds no id."), ("Sem o id", "A resposta sobre a pessoa não traz número."))
            }
            Self::Oversize => (
                ("An oversize answer", "The answer about the person is 100 KiB long."),
                ("Coisa demais", "A resposta sobre a pessoa tem 100 KiB."),
            ),
        };
        match language {
            PlaygroundLanguage::English => english,
            PlaygroundLanguage::Portuguese => portuguese,
        }
    }
}
