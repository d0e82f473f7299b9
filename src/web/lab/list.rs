//! `/lab`: all providers of the store, and what they wait for.

use crate::pages::lab::code::kept_back;
use crate::pages::lab::frame::LabFrame;
use crate::pages::lab::list::ListPage;
use crate::web::asked::Asked;
use crate::web::lab::{self, guard};
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The page.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let staff = guard::staff(&asked)?;
    // What is wrong with the settings is wrong for all stores, and told to the people of the first.
    let is_main = *asked.front().store.name == *crate::stores::MAIN;
    let complaints = if is_main { asked.app().complaints() } else { Vec::new() };
    let complaints: Vec<String> = complaints.iter().map(|complaint| crate::diagnostic::printable(&kept_back(complaint))).collect();
    let folder = asked.front().roster.folder().display().to_string();
    let frame = LabFrame { groups: lab::groups(&asked, &staff, None), ..lab::frame(&asked, "/lab".to_owned()) };
    let page = ListPage { frame, folder: &folder, complaints: &complaints };
    Ok(lab::page(&asked, StatusCode::OK, page.render()))
}
