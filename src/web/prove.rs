//! `/prove`: somebody has shown who they are, and an address is still to be proven: a code goes there by mail and comes back.

use crate::directory::audit::{Event, What};
use crate::directory::proofs::{Begin, GOOD_FOR, Look, Proof, Send, Sending, TakeBack, Tried, Try};
use crate::email::Email;
use crate::pages::frame::address;
use crate::pages::{Cause, Frame, ProvePage, Stage, Why, Wrong, code_letter};
use crate::provider::functions::hex;
use crate::provider::identity::{Identity, Mailbox};
use crate::provider::trust::Evidence;
use crate::roster::Offer;
use crate::web::asked::Asked;
use crate::web::attempts::spent;
use crate::web::callback::{self, Finished};
use crate::web::limits::Kind;
use crate::web::refused::{Refused, leads_to};
use crate::web::{cookies, failed, forms, headers};
use crate::world::dice;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the page is.
const PAGE: &str = "/prove";
/// How many digits a code has.
const DIGITS: usize = 6;

/// Who came, as it is kept sealed until the address is proven.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    provider: Box<str>,
    version: Box<str>,
    id: Box<str>,
    name: Option<String>,
    picture: Option<String>,
    locale: Option<String>,
    more: Vec<(Box<str>, String)>,
    /// The address: first as the provider suggests it, then as it was typed.
    email: Option<String>,
    /// An address that the provider has proven, and that is somebody's already.
    #[serde(default)]
    known: Option<String>,
    return_to: Option<String>,
}

/// A proof that this browser is about to bring to its end.
struct Underway {
    handle: String,
    proof: Proof,
    kept: Kept,
    offer: Arc<Offer>,
}

/// Begins a proof instead of a session.
pub async fn begin(asked: &Asked, identity: &Identity, version: &str, return_to: Option<String>) -> Result<Finished, Refused> {
    let handle = dice::name();
    let Identity { provider, id, address, name, picture, locale, more } = identity.clone();
    let (email, known) = match &address {
        Mailbox::Proven(email, _) => (Some(email.key().to_owned()), Some(email.key().to_owned())),
        Mailbox::Ask(Some(email)) => (Some(email.key().to_owned()), None),
        Mailbox::Placeholder(_) | Mailbox::Ask(None) => (None, None),
    };
    let kept = Kept { provider, version: version.into(), id, name, picture, locale, more, email, known, return_to };
    let (store, until) = (asked.front().store.name.clone(), asked.now() + GOOD_FOR);
    let id = spent(&handle);
    let who = hashed(&asked.app().proof_key, &["who", &store, &kept.provider, &kept.id]);
    asked.app().directory.write(Begin { sealed: sealed(asked, &id, &kept), id: id.into(), store, who, until }).await?;
    let cookie = cookies::set_proof(&handle, GOOD_FOR, &asked.front().store);
    Ok((leads_to(PAGE), vec![cookie]))
}

fn sealed(asked: &Asked, id: &str, kept: &Kept) -> String {
    let text = serde_json::to_vec(kept).expect("texts can be written");
    asked.app().proofs.seal(&[&asked.front().store.public_url, id], &text, dice::bytes())
}

fn opened(asked: &Asked, id: &str, proof: &Proof) -> Option<Kept> {
    let text = asked.app().proofs.open(&[&asked.front().store.public_url, id], &proof.sealed)?;
    serde_json::from_slice(&text).ok()
}

/// The proof of this browser, if it is still one.
async fn underway(asked: &Asked) -> Result<Underway, Refused> {
    let handle = asked.jar().proof(&asked.front().store).ok_or_else(|| nothing(asked))?.to_owned();
    let id = spent(&handle);
    let proof = asked.app().directory.read(Look { id: id.clone().into(), now: asked.now() }).await?.ok_or_else(|| nothing(asked))?;
    let kept = opened(asked, &id, &proof).ok_or_else(|| nothing(asked))?;
    let offer = asked.front().roster.now().offer(&kept.provider).cloned().ok_or(Cause::NoSuchProvider)?;
    Ok(Underway { handle, proof, kept, offer })
}

/// There is nothing to prove. Who has come in a moment ago has most likely done so, and goes on.
fn nothing(asked: &Asked) -> Refused {
    let lately = asked.session().filter(|session| asked.now() - session.since <= GOOD_FOR);
    let instead = lately.map(|_| callback::landing(asked));
    Refused { instead, ..Cause::ProofOver.into() }
}

/// The page.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let underway = underway(&asked).await?;
    let change = asked.parameter("change")?.is_some();
    Ok(page(&asked, &underway, change, None, StatusCode::OK))
}

/// Where its forms are sent, opened as a page.
pub async fn back(_: Asked) -> Result<HttpResponse, Refused> {
    Ok(leads_to(PAGE))
}

fn page(asked: &Asked, underway: &Underway, change: bool, wrong: Option<Wrong>, status: StatusCode) -> HttpResponse {
    let Underway { proof, kept, offer, handle } = underway;
    let front = asked.front();
    let left = u32::try_from(proof.left).unwrap_or_default();
    let stage = match &kept.email {
        Some(address) if proof.is_sent && !change => Stage::Code { address, wrong, left },
        suggested => Stage::Address { suggested: suggested.as_deref(), wrong },
    };
    let offered = front.languages.offered(&front.store.languages);
    let offered = if status == StatusCode::OK { &*offered } else { &[] };
    let why = match &kept.known {
        None => Some(Why::NotConfirmed),
        known => (*known == kept.email).then_some(Why::Known),
    };
    let page = ProvePage {
        frame: Frame { look: &front.look, language: asked.language(), offered, version: &front.version },
        provider: &offer.provider.title,
        why,
        stage,
        others: &address(&["login"], &[("return_to", kept.return_to.as_deref())]),
        form: &forms::mark(asked, handle),
    };
    let mut response = HttpResponse::build(status);
    // The right code leads to where the shopper wanted to go; browsers hold that to the page's policy.
    let places: Vec<String> = front.store.return_to.iter().map(ToString::to_string).collect();
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(&places)));
    if let Some(Wrong::TooManyMails { seconds }) = wrong {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if asked.wished_language().is_some() {
        cookies::send(&mut response, [cookies::set_language(&asked.language().code, &front.store)]);
    }
    response.content_type("text/html; charset=utf-8").body(page.render())
}

/// An address was typed: a code goes there.
pub async fn address_typed(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Mail)?;
    let mut underway = underway(&asked).await?;
    let form = forms::ours(&asked, &underway.handle, PAGE)?;
    let typed = form.field("email")?.unwrap_or_default().trim().to_owned();
    // Placeholders are nobody's, so nothing can be proven of them.
    let Some(email) = Email::parse(&typed).ok().filter(|email| !email.domain().ends_with(".invalid")) else {
        underway.kept.email = Some(typed);
        return Ok(page(&asked, &underway, true, Some(Wrong::NotAnAddress), StatusCode::UNPROCESSABLE_ENTITY));
    };
    send(&asked, underway, &email, true).await
}

/// Another code is wanted.
pub async fn again(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Mail)?;
    let underway = underway(&asked).await?;
    forms::ours(&asked, &underway.handle, PAGE)?;
    let email = underway.kept.email.as_deref().and_then(|email| Email::parse(email).ok());
    let Some(email) = email.filter(|_| underway.proof.is_sent) else { return Ok(leads_to(PAGE)) };
    send(&asked, underway, &email, false).await
}

async fn send(asked: &Asked, mut underway: Underway, email: &Email, typed: bool) -> Result<HttpResponse, Refused> {
    let Some(post) = asked.front().post.clone() else { return Err(Cause::MissingEmail.into()) };
    let (app, id, code) = (asked.app(), spent(&underway.handle), code());
    let before = underway.kept.email.replace(email.key().to_owned());
    let sealed = sealed(asked, &id, &underway.kept);
    let hash = hashed(&app.proof_key, &["code", &id, &code]);
    let recipient = hashed(&app.proof_key, &["recipient", &asked.front().store.name, email.key()]);
    let (id, now): (Box<str>, _) = (id.into(), asked.now());
    let event = Event::new(now, &asked.front().store.name, What::Unproven).through(&underway.kept.provider);
    let send = Send { id: id.clone(), sealed, code: hash.clone(), recipient: recipient.clone(), event, now };
    match app.directory.write(send).await? {
        Sending::Go => {}
        Sending::Over => return Err(over(asked, &underway).await),
        Sending::Enough => {
            underway.kept.email = before;
            return Ok(page(asked, &underway, false, Some(Wrong::Enough), StatusCode::TOO_MANY_REQUESTS));
        }
        Sending::Wait(seconds) => {
            let wrong = Wrong::TooManyMails { seconds: u64::try_from(seconds).unwrap_or(1) };
            return Ok(page(asked, &underway, typed, Some(wrong), StatusCode::TOO_MANY_REQUESTS));
        }
    }
    let minutes = u32::try_from(GOOD_FOR / 60).unwrap_or_default();
    let letter = code_letter(asked.language(), &asked.front().look, &code, minutes);
    if let Err(reason) = post.send(email, &letter).await {
        tracing::error!(store = &*asked.front().store.name, %reason, "a mail could not be sent");
        // A letter that may have left counts, and so does its code.
        if reason.is_certain {
            app.directory.write(TakeBack { id, code: hash, recipient, at: now }).await?;
        }
        return Ok(page(asked, &underway, true, Some(Wrong::NotSent), StatusCode::SERVICE_UNAVAILABLE));
    }
    Ok(leads_to(PAGE))
}

/// A code was typed.
pub async fn code_typed(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Callback)?;
    let mut underway = underway(&asked).await?;
    let form = forms::ours(&asked, &underway.handle, PAGE)?;
    let typed: String = form.field("code")?.unwrap_or_default().chars().filter_map(digit).take(2 * DIGITS).collect();
    if !underway.proof.is_sent {
        return Ok(leads_to(PAGE));
    }
    let wrong = |underway: &Underway| page(&asked, underway, false, Some(Wrong::WrongCode), StatusCode::UNPROCESSABLE_ENTITY);
    // What no code looks like is a slip, and costs nothing.
    if typed.len() != DIGITS {
        return Ok(wrong(&underway));
    }
    let (app, id) = (asked.app(), spent(&underway.handle));
    let code = hashed(&app.proof_key, &["code", &id, &typed]);
    let event = Event::new(asked.now(), &asked.front().store.name, What::Unproven).through(&underway.kept.provider);
    let proof = match app.directory.write(Try { id: id.clone().into(), code, event, now: asked.now() }).await? {
        Tried::Right(proof) => proof,
        Tried::Wrong(0) | Tried::Over => return Err(over(&asked, &underway).await),
        Tried::Wrong(left) => {
            underway.proof.left = left;
            return Ok(wrong(&underway));
        }
    };
    // As it was when the code was sent: that address is proven, and no other.
    let kept = opened(&asked, &id, &proof).ok_or(Cause::ProofOver)?;
    let email = kept.email.as_deref().and_then(|email| Email::parse(email).ok()).ok_or(Cause::ProofOver)?;
    let Kept { provider, version, id, name, picture, locale, more, return_to, .. } = kept;
    let identity = Identity { provider, id, address: Mailbox::Proven(email, Evidence::Mail), name, picture, locale, more };
    let whole = callback::open(&asked, &underway.offer, &identity, &version, return_to).await;
    callback::answered(whole, Some(cookies::clear_proof(&asked.front().store)))
}

/// A digit, of either width.
fn digit(letter: char) -> Option<char> {
    let narrow = match letter {
        '０'..='９' => char::from_u32(u32::from(letter) - u32::from('０') + u32::from('0'))?,
        _ => letter,
    };
    narrow.is_ascii_digit().then_some(narrow)
}

async fn over(asked: &Asked, underway: &Underway) -> Refused {
    let mut refused = failed::without_a_conversation(asked, Cause::ProofOver, &underway.offer, underway.kept.return_to.as_deref()).await;
    refused.cookies.push(cookies::clear_proof(&asked.front().store));
    refused
}

/// Six digits, each as likely as any other.
fn code() -> String {
    loop {
        let number = u32::from_be_bytes(dice::bytes());
        // What is left over would make some codes likelier.
        if number < u32::MAX - u32::MAX % 1_000_000 {
            return format!("{:06}", number % 1_000_000);
        }
    }
}

/// What stands in storage for a code or an address: without the key, nothing can be tried out on it.
fn hashed(key: &hmac::Key, parts: &[&str]) -> Box<str> {
    hex(hmac::sign(key, parts.join("\n").as_bytes()).as_ref()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_six_digits_and_differ() {
        let codes: std::collections::BTreeSet<String> = (0..100).map(|_| code()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
        assert!(codes.len() > 90);
    }
}
