//! `/lab/incidents`: the story behind the code on a shopper's error page.

use crate::incident::Code;
use crate::pages::frame::address;
use crate::pages::lab::frame::LabFrame;
use crate::pages::lab::incident::{IncidentPage, LookupPage};
use crate::pages::{Cause, lab as pages};
use crate::web::asked::Asked;
use crate::web::lab::provider::bench_of;
use crate::web::lab::stories::{Kept, course, moment, report, story};
use crate::web::lab::{self, guard};
use crate::web::limits::Kind;
use crate::web::refused::{Refused, leads_to};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// Where the page is.
const PAGE: &str = "/lab/incidents";

/// The form, or the way to the story of the code that was typed into it.
pub async fn find(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    guard::staff(&asked)?;
    let typed = asked.parameter("code")?.filter(|typed| !typed.trim().is_empty());
    if let Some(code) = typed.as_deref().and_then(Code::parse) {
        return Ok(leads_to(&address(&["lab", "incidents", code.as_str()], &[])));
    }
    let shown: Option<String> = typed.map(|typed| crate::diagnostic::printable(&typed.chars().take(64).collect::<String>()));
    let here = address(&["lab", "incidents"], &[("code", shown.as_deref())]);
    let page = LookupPage { frame: lab::frame(&asked, here), typed: shown.as_deref(), gone: None };
    let status = if shown.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(lab::page(&asked, status, page.render()))
}

/// The story that the address names.
async fn kept(asked: &Asked) -> Result<Result<Kept, Code>, Refused> {
    asked.limit(Kind::Page)?;
    let staff = guard::staff(asked)?;
    let code = asked.part("code").as_deref().and_then(Code::parse).ok_or(Cause::NoSuchPage)?;
    Ok(story(asked, &staff, code.clone()).await?.ok_or(code))
}

/// The story.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    let kept = match kept(&asked).await? {
        Ok(kept) => kept,
        Err(code) => {
            let here = format!("{PAGE}/{code}");
            let page = LookupPage { frame: lab::frame(&asked, here), typed: None, gone: Some(code.as_str()) };
            return Ok(lab::page(&asked, StatusCode::NOT_FOUND, page.render()));
        }
    };
    let bench = bench_of(&asked, kept.story.provider.clone());
    let here = format!("{PAGE}/{}", kept.code);
    let course = course(&asked, &kept, bench.as_ref(), None);
    // The line is worth going to while the file is the one of then.
    let line = kept.story.line.filter(|_| course.failed().and_then(|stage| stage.complaint.as_ref()).is_some_and(|drawn| !drawn.changed));
    let title = bench.as_ref().map_or_else(|| kept.story.provider.clone(), |bench| bench.title(&asked).into_owned());
    let page = IncidentPage {
        frame: LabFrame { report: Some(format!("{here}/report.txt")), ..lab::frame(&asked, here) },
        code: kept.code.as_str(),
        when: moment(kept.at),
        provider: crate::diagnostic::printable(&title),
        href: bench.as_ref().map(|bench| address(&["lab", &bench.name], &[])),
        line,
        message: course.failed().and_then(|stage| stage.complaint.as_ref()).map(|drawn: &pages::course::Drawn| drawn.message.clone()),
        course,
    };
    Ok(lab::page(&asked, StatusCode::OK, page.render()))
}

/// The same as a text, ready for a ticket.
pub async fn told(asked: Asked) -> Result<HttpResponse, Refused> {
    let kept = kept(&asked).await?.map_err(|_| Cause::NoSuchPage)?;
    Ok(lab::text(&asked, report(&asked, &kept)))
}
