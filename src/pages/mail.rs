//! What is written to shoppers: a code that proves an address, and the news that a way in was added. Text, and HTML without pictures.

use crate::pages::branding::StoreBranding;
use crate::pages::languages::PageLanguage;
use crate::pages::phrases::{Phrases, fill};
use crate::world::mail::MailMessage;
use askama::Template;

/// A letter, before it is written as text and as HTML.
#[derive(Template)]
#[template(path = "mail.html")]
struct MailTemplate<'a> {
    language: &'a PageLanguage,
    look: &'a StoreBranding,
    title: &'a str,
    /// The code in two halves.
    code: Option<(&'a str, &'a str)>,
    said: Vec<String>,
    help: Option<String>,
}

/// The letter with the code that proves an address. It holds no links: nothing in it has to be followed, so nothing can be imitated.
pub(crate) fn code_mail(language: &PageLanguage, look: &StoreBranding, code: &str, minutes: u32) -> MailMessage {
    let words = &language.phrases.mail;
    let time = fill(&language.phrases.error.minutes, &[("count", &minutes.to_string())]);
    // The code begins the subject: phones show it there and offer it, and alone it opens nothing.
    let subject = fill(&words.code_subject, &[("code", code), ("store", &look.title)]);
    let sheet = MailTemplate {
        language,
        look,
        title: &words.code_title,
        code: Some(code.split_at_checked(3).unwrap_or((code, ""))),
        said: vec![fill(&words.code_use, &[("time", &time)]), words.code_secret.clone(), words.code_not_you.clone()],
        help: None,
    };
    sheet.to_mail(subject)
}

/// The letter that tells of a way in that was added.
pub(crate) fn identity_linked_mail(language: &PageLanguage, look: &StoreBranding, provider_title: &str) -> MailMessage {
    let words = &language.phrases.mail;
    let subject = fill(&words.way_subject, &[("store", &look.title)]);
    let sheet = MailTemplate {
        language,
        look,
        title: &words.way_title,
        code: None,
        said: vec![fill(&words.way_what, &[("provider", provider_title)]), words.way_not_you.clone()],
        help: look.help_for(None),
    };
    sheet.to_mail(subject)
}

impl MailTemplate<'_> {
    fn to_mail(&self, subject: String) -> MailMessage {
        MailMessage { subject, text: self.text(), html: self.render().expect("writing to memory works") }
    }

    fn words(&self) -> &Phrases {
        &self.language.phrases
    }

    fn text(&self) -> String {
        let code = self.code.map(|(first, second)| format!("{first} {second}"));
        let help = self.look.help.as_deref().filter(|_| self.help.is_some());
        let said = self.said.iter().map(String::as_str);
        let parts: Vec<&str> = [self.title].into_iter().chain(code.as_deref()).chain(said).chain(help).chain([&*self.look.title]).collect();
        parts.join("\n\n") + "\n"
    }
}
