//! The page that asks whether an app may have what it asks for. It works without a script.

use crate::pages::app_permissions::{AppPermission, app_permissions};
use crate::pages::frame::Frame;
use crate::pages::initials::initial;
use crate::pages::phrases::{ConsentPhrases, Phrases, fill};
use crate::session::SessionUser;
use askama::Template;

const PERSON: &str = "M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3.5 17c.8-3 3.3-4.5 6.5-4.5s5.7 1.5 6.5 4.5";
const LETTER: &str = "M3 5h14v10H3zM3 6l7 5 7-5";
const CARD: &str = "M3 4.5h14v11H3zM6 8.5h3M6 11.5h8";
const CLOCK: &str = "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l3 2";
const KEY: &str = "M12.5 2.5a5 5 0 1 1-1.8 9.7L9 14H7v2H5v2H2.5v-3l5.4-5.4a5 5 0 0 1 4.6-7.1zM13.5 6.5h.01";

#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The name of the app.
    pub(crate) app: &'a str,
    /// The host to which the person returns.
    pub(crate) host: String,
    pub(crate) person: &'a SessionUser,
    pub(crate) scope: &'a str,
    /// The further details of the person that the app gets with the profile, by their names.
    pub(crate) further: Vec<&'a str>,
    /// The titles of the providers whose own tokens the app may fetch.
    pub(crate) token_providers: Vec<String>,
    /// The address at which the person chooses another account.
    pub(crate) switch: &'a str,
    /// The token that protects the form against other sites.
    pub(crate) form: &'a str,
}

/// A line of what the app gets.
struct ConsentRow<'a> {
    /// The drawing in front of it, a path of SVG.
    icon: &'static str,
    title: &'a str,
    detail: Option<String>,
}

impl ConsentPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn page_phrases(&self) -> &ConsentPhrases {
        &self.words().consent
    }

    fn title(&self) -> String {
        fill(&self.page_phrases().title, &[("app", self.app)])
    }

    /// The sentence about the app and the store, before and after the host.
    fn sentence(&self) -> (String, String) {
        let phrase = &self.page_phrases().what;
        let (before, after) = phrase.split_once("{host}").unwrap_or((phrase, ""));
        let with_store = |text| fill(text, &[("store", &self.frame.look.title)]);
        (with_store(before), with_store(after))
    }

    fn gets(&self) -> String {
        fill(&self.page_phrases().gets, &[("app", self.app)])
    }

    fn rows(&self) -> Vec<ConsentRow<'_>> {
        let words = self.page_phrases();
        let mut rows = Vec::new();
        for permission in app_permissions(self.scope) {
            let (icon, title, detail) = match permission {
                AppPermission::Profile => (PERSON, &words.profile, self.person.name.as_deref()),
                AppPermission::Email => (LETTER, &words.email, Some(self.person.email.key())),
                AppPermission::Id => (CARD, &words.id, Some(&*words.id_what)),
                AppPermission::Lasting => (CLOCK, &words.lasting, Some(&*words.lasting_what)),
                AppPermission::Own(word) => (KEY, &words.own, Some(word)),
            };
            rows.push(ConsentRow { icon, title, detail: detail.map(str::to_owned) });
            if permission == AppPermission::Profile && !self.further.is_empty() {
                let detail = Some(self.further.join(&self.words().incident.between));
                rows.push(ConsentRow { icon: CARD, title: &words.further, detail });
            }
        }
        if !self.token_providers.is_empty() {
            let detail = Some(self.token_providers.join(&self.words().incident.between));
            rows.push(ConsentRow { icon: KEY, title: &words.token_providers, detail });
        }
        rows
    }

    /// The sentence about withdrawing, before and after the name of the page.
    fn later(&self) -> (&str, &str) {
        let phrase = &self.page_phrases().later;
        phrase.split_once("{account}").unwrap_or((phrase, ""))
    }

    fn initial(&self) -> String {
        initial(self.person.name.as_deref(), self.person.email.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;
    use crate::pages::branding::StoreBranding;
    use crate::pages::tests::{consent_page, session_user};

    /// Attack V-08
    #[test]
    fn the_page_says_who_asks_as_whom_and_for_what() {
        let languages = PageLanguages::embedded();
        let look = StoreBranding { title: "Loja Exemplo".to_owned(), ..StoreBranding::default() };
        let offered = languages.offered_languages(&[]);
        let language = languages.get("pt-BR").unwrap();
        let frame = Frame { look: &look, language, offered: &offered, here: "/authorize/0a1b2c3d", version: "1" };
        let person = session_user(Some("Ana Prova"));
        let page = ConsentPage { host: "painel.loja.example".to_owned(), form: "f0rm", ..consent_page(frame, "Painel da loja", &person) };

        let html = page.render();

        for expected in [
            "<h1>Painel da loja quer usar a sua conta</h1>",
            "<p>Você está entrando em <b translate=\"no\">painel.loja.example</b> com a sua conta de Loja Exemplo.</p>",
            "<b>Ana Prova</b><small translate=\"no\">ana@loja.example</small>",
            "<b>Acesso contínuo</b>",
            "<small>orders:read</small>",
            "<small>Painel da loja, tier</small>",
            "<b>Usar as suas contas nestes serviços</b>",
            "<small>Clube Acme, Outro Clube</small>",
            "<form class=\"row\" method=\"post\" action=\"/authorize/0a1b2c3d\">",
            "<input type=\"hidden\" name=\"form\" value=\"f0rm\">",
            "name=\"answer\" value=\"yes\">Permitir</button>",
            "name=\"answer\" value=\"no\">Não permitir</button>",
            "<a class=\"button fit\" href=\"/login?return_to=x\">Entrar com outra conta</a>",
            "<a href=\"/account#apps\">Sua conta</a>",
            "href=\"/authorize/0a1b2c3d?lang=es\"",
        ] {
            assert!(html.contains(expected), "{expected}: {html}");
        }
        let least = ConsentPage { scope: "openid", token_providers: Vec::new(), ..page }.render();
        assert!(!least.contains("nestes serviços"), "{least}");
        assert!(!least.contains("Acesso contínuo") && !least.contains("orders:read") && !least.contains("tier"), "{least}");
        assert!(least.contains("<b>Um identificador da sua conta</b>"), "{least}");
    }
}
