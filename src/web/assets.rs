//! What pages load: the style, the store's five lines of it, logos, and the script for storefronts; and the list for those that
//! draw their own buttons.

use crate::pages::frame::address;
use crate::pages::lab::{LAB_SCRIPT, LAB_STYLE};
use crate::pages::{Cause, STYLE, embed_js, store_css};
use crate::web::asked::Asked;
use crate::web::headers::for_everybody;
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use crate::web::serving::picture;
use crate::web::session::for_storefronts;
use crate::web::{login_page, start};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use serde_json::json;

/// Addresses of these carry a version, so they may be kept for long.
const KEEP: &str = "public, max-age=31536000, immutable";
const KEEP_SHORTLY: &str = "public, max-age=300";

/// The style of the pages.
pub async fn style(asked: Asked) -> Result<HttpResponse, Refused> {
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, kept(&asked))).body(STYLE))
}

/// The style of the lab.
pub async fn lab_style(asked: Asked) -> Result<HttpResponse, Refused> {
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, kept(&asked))).body(LAB_STYLE))
}

/// The script of the lab.
pub async fn lab_script(asked: Asked) -> Result<HttpResponse, Refused> {
    Ok(HttpResponse::Ok().content_type("text/javascript; charset=utf-8").insert_header((CACHE_CONTROL, kept(&asked))).body(LAB_SCRIPT))
}

/// For long only under the version that this is: another machine may already know the next.
fn kept(asked: &Asked) -> &'static str {
    let is_this = asked.query().any(|(name, value)| name == "v" && value == asked.front().version);
    if is_this { KEEP } else { KEEP_SHORTLY }
}

/// The store's own lines of it.
pub async fn look(asked: Asked) -> Result<HttpResponse, Refused> {
    let text = store_css(&asked.front().look);
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, kept(&asked))).body(text))
}

/// The store's logo.
pub async fn logo(asked: Asked) -> Result<HttpResponse, Refused> {
    let picture = asked.front().logo.clone().ok_or(Cause::NoSuchPage)?;
    Ok(as_picture(picture.kind).body(picture.bytes))
}

/// What browsers ask for by themselves: the store's logo, or nothing.
pub async fn favicon(asked: Asked) -> Result<HttpResponse, Refused> {
    match asked.front().logo.clone() {
        Some(picture) => Ok(as_picture(picture.kind).body(picture.bytes)),
        None => Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, KEEP_SHORTLY)).finish()),
    }
}

/// A provider's logo: a file beside its own.
pub async fn provider_logo(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let offer = start::offer(&asked).map_err(|_| Refused::from(Cause::NoSuchPage))?;
    let name = offer.provider.logo.as_deref().ok_or(Cause::NoSuchPage)?;
    let picture = picture(&asked.front().roster.folder().join(name)).ok_or(Cause::NoSuchPage)?;
    Ok(as_picture(picture.kind).insert_header(for_everybody()).body(picture.bytes))
}

/// A picture may be looked at, and can do nothing.
fn as_picture(kind: &'static str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(kind).insert_header((CACHE_CONTROL, KEEP_SHORTLY));
    response.insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"));
    response
}

/// `<portaria-login>` for pages of the store.
pub async fn embed(asked: Asked) -> Result<HttpResponse, Refused> {
    let script = embed_js(&asked.front().languages);
    let mut response = HttpResponse::Ok();
    response.content_type("text/javascript; charset=utf-8").insert_header((CACHE_CONTROL, KEEP_SHORTLY));
    Ok(response.insert_header(for_everybody()).body(script))
}

/// The providers, for storefronts that draw their own buttons.
pub async fn providers(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Session)?;
    let url = &asked.front().store.public_url;
    let provider = |offer: &std::sync::Arc<crate::roster::Offer>| {
        let provider = &offer.provider;
        let logo = provider.logo.as_ref().map(|_| format!("{url}{}", address(&["logo", &provider.name], &[])));
        json!({ "id": &*provider.name, "name": &*provider.title, "logo": logo, "login": format!("{url}{}", address(&["login", &provider.name], &[])) })
    };
    let providers: Vec<serde_json::Value> = login_page::offers(asked.front()).iter().map(provider).collect();
    Ok(for_storefronts(&asked, &mut HttpResponse::Ok()).json(json!({ "providers": providers })))
}

/// The public keys.
pub async fn jwks(asked: Asked) -> Result<HttpResponse, Refused> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, KEEP_SHORTLY)).insert_header(for_everybody());
    Ok(response.json(asked.app().signing.keys().jwks()))
}
