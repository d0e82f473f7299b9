//! `/session`: the storefront asks who is there. `/session/validate`: a service asks about a token.

use crate::directory::people::ById;
use crate::session::Session;
use crate::web::asked::Asked;
use crate::web::cookies;
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue, ORIGIN, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use chrono::DateTime;
use serde_json::{Value, json};

/// Who is there.
pub async fn who(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Session)?;
    asked.well_informed()?;
    let Some(session) = asked.session() else {
        let mut response = HttpResponse::build(StatusCode::UNAUTHORIZED);
        if asked.jar().one(&asked.front().store.cookie).is_some() {
            cookies::send(&mut response, cookies::clear_session(&asked.front().store));
        }
        return Ok(for_storefronts(&asked, &mut response).json(json!({ "authenticated": false })));
    };
    let mut response = HttpResponse::Ok();
    let session = renew(&asked, session, &mut response);
    // Only the directory knows the picture; without storage the token says enough.
    let known = asked.app().directory.read(ById(session.person.uid.clone())).await.ok().flatten();
    let person = &session.person;
    let body = json!({
        "authenticated": true,
        "email": person.email.key(),
        "emailVerified": person.email_verified,
        "name": person.name,
        "picture": known.and_then(|known| known.user.picture),
        "uid": person.uid,
        "provider": person.provider,
        "providerUserId": person.provider_id,
        "store": session.store,
        "issuedAt": moment(session.issued),
        "expiresAt": moment(session.until),
    });
    Ok(for_storefronts(&asked, &mut response).json(body))
}

/// Gives the session a new idle time when it is due.
fn renew(asked: &Asked, session: Session, response: &mut HttpResponseBuilder) -> Session {
    let store = &asked.front().store;
    let Some(renewed) = session.renewed(store.lasting, asked.now()) else { return session };
    let token = asked.app().signing.keys().sign(&renewed, asked.front().parties());
    cookies::send(response, cookies::set_session(&token, renewed.until - asked.now(), store));
    renewed
}

/// Whose a token is. Only who has the token can ask, so there is nothing to guard.
pub async fn validate(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Session)?;
    asked.well_informed()?;
    let question: Option<Value> = serde_json::from_slice(asked.body()).ok();
    let token = question.as_ref().and_then(|question| question.get("token")?.as_str());
    let Some(session) = token.and_then(|token| asked.session_of(token)) else {
        return Ok(HttpResponse::Unauthorized().json(json!({ "authStatus": "InvalidToken" })));
    };
    Ok(HttpResponse::Ok().json(json!({
        "authStatus": "Success",
        "id": session.person.uid,
        "user": session.person.email.key(),
        "account": session.store,
        "audience": asked.front().store.audience,
        "tokenType": "user",
    })))
}

/// Lets pages of the store's own origins read the answer, and nobody else's.
pub fn for_storefronts<'r>(asked: &Asked, response: &'r mut HttpResponseBuilder) -> &'r mut HttpResponseBuilder {
    response.insert_header((VARY, "Origin"));
    let origin = asked.header(ORIGIN).filter(|origin| asked.front().store.return_to.iter().any(|listed| **listed == **origin));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
        response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        response.insert_header((ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        response.insert_header(crate::web::headers::for_everybody());
    }
    response
}

fn moment(seconds: i64) -> Option<String> {
    DateTime::from_timestamp(seconds, 0).map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
