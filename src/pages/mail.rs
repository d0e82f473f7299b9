//! The e-mails to shoppers: the code that proves an address, and the notice that an identity was linked. Each has a text and
//! an HTML part without pictures.

use crate::pages::branding::StoreBranding;
use crate::pages::languages::PageLanguage;
use crate::pages::phrases::{Phrases, fill};
use crate::world::mail::MailMessage;
use askama::Template;

#[derive(Template)]
#[template(path = "mail.html")]
struct MailTemplate<'a> {
    language: &'a PageLanguage,
    look: &'a StoreBranding,
    title: &'a str,
    /// The code in groups that can be read at a glance.
    code: Vec<String>,
    paragraphs: Vec<String>,
    help: Option<String>,
}

/// The e-mail with the code that proves an address. It holds no links, so that shoppers learn to distrust any link in one.
pub(crate) fn code_mail(language: &PageLanguage, look: &StoreBranding, code: &str, minutes: u32) -> MailMessage {
    let words = &language.phrases.mail;
    let time = fill(&language.phrases.error.minutes, &[("count", &minutes.to_string())]);
    // The subject begins with the code because phones show and offer it from there. Alone, the code opens nothing.
    let subject = fill(&words.code_subject, &[("code", code), ("store", &look.title)]);
    let mail = MailTemplate {
        language,
        look,
        title: &words.code_title,
        code: code_groups(code),
        paragraphs: vec![fill(&words.code_use, &[("time", &time)]), words.code_secret.clone(), words.code_not_you.clone()],
        help: None,
    };
    mail.to_mail(subject)
}

/// The e-mail that reports a newly linked identity.
pub(crate) fn identity_linked_mail(language: &PageLanguage, look: &StoreBranding, provider_title: &str) -> MailMessage {
    let words = &language.phrases.mail;
    let subject = fill(&words.way_subject, &[("store", &look.title)]);
    let mail = MailTemplate {
        language,
        look,
        title: &words.way_title,
        code: Vec::new(),
        paragraphs: vec![fill(&words.way_what, &[("provider", provider_title)]), words.way_not_you.clone()],
        help: look.help_for(None),
    };
    mail.to_mail(subject)
}

/// A short code in groups of three, a long one in groups of four.
fn code_groups(code: &str) -> Vec<String> {
    let digits: Vec<char> = code.chars().collect();
    digits.chunks(if digits.len() > 6 { 4 } else { 3 }).map(|group| group.iter().collect()).collect()
}

impl MailTemplate<'_> {
    fn to_mail(&self, subject: String) -> MailMessage {
        MailMessage { subject, text: self.text(), html: self.render().expect("writing to memory works") }
    }

    fn words(&self) -> &Phrases {
        &self.language.phrases
    }

    fn text(&self) -> String {
        let code = Some(self.code.join(" ")).filter(|code| !code.is_empty());
        let help = self.look.help.as_deref().filter(|_| self.help.is_some());
        let said = self.paragraphs.iter().map(String::as_str);
        let parts: Vec<&str> = [self.title].into_iter().chain(code.as_deref()).chain(said).chain(help).chain([&*self.look.title]).collect();
        parts.join("\n\n") + "\n"
    }
}
