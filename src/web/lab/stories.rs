//! `/lab/{provider}/tests/{code}`: what a test login came to, told to whoever ran it.

use crate::directory::incidents::{Incident, Recall};
use crate::incident::Code;
use crate::pages::Cause;
use crate::pages::frame::address;
use crate::pages::lab::course::{Course, Today};
use crate::pages::lab::provider::TestShown;
use crate::pages::lab::words::LabLanguage;
use crate::story::Story;
use crate::story::told::told;
use crate::web::asked::Asked;
use crate::web::lab::guard::Staff;
use crate::web::lab::provider::{Bench, bench, drawn};
use crate::web::lab::{self, guard};
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use actix_web::HttpResponse;

/// A story that may be told to whoever asks.
pub struct Kept {
    /// The code.
    pub code: Code,
    /// When it happened.
    pub at: i64,
    /// The story.
    pub story: Story,
}

/// The story under a code, if it is this store's and, where it is a test, this person's own.
pub async fn story(asked: &Asked, staff: &Staff, code: Code) -> Result<Option<Kept>, Refused> {
    let recall = Recall { code: code.as_str().into(), now: asked.now() };
    let Some(Incident { store, at, story, .. }) = asked.app().directory.read(recall).await? else { return Ok(None) };
    let Ok(story) = serde_json::from_str::<Story>(&story) else { return Ok(None) };
    let is_theirs = !story.test || story.by.as_deref() == staff.uid.as_deref();
    Ok((store == asked.front().store.name && is_theirs).then_some(Kept { code, at, story }))
}

/// When something happened, in words that every language understands.
pub fn moment(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |moment| moment.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// The report of a story, ready for a ticket.
pub fn report(asked: &Asked, kept: &Kept) -> String {
    let test = if kept.story.test { ", a test login" } else { "" };
    let store = &asked.front().store.name;
    let provider = crate::diagnostic::printable(&kept.story.provider);
    format!("{}  {}  store {store}, provider {provider}{test}\n{}", kept.code, moment(kept.at), told(&kept.story))
}

/// The steps of a story, beside the file as it is today.
pub fn course(asked: &Asked, kept: &Kept, bench: Option<&Bench>, changes: Option<&str>) -> Course {
    let words = &LabLanguage::of(&asked.language().code).words;
    let same = bench.filter(|bench| kept.story.version.as_deref().is_none_or(|version| *lab::version(&bench.standing) == *version));
    let calls = same.map(Bench::calls).unwrap_or_default();
    let reads: Vec<_> =
        same.and_then(|bench| bench.previews().ok()).unwrap_or_default().into_iter().flat_map(|preview| preview.reads).collect();
    let today = Today { code: same.map(|bench| &bench.code), reads: &reads, calls: &calls };
    Course::of(&kept.story, today, changes, words)
}

/// The test that the address names, and its provider.
async fn test(asked: &Asked) -> Result<(Staff, Bench, Kept), Refused> {
    asked.limit(Kind::Page)?;
    let staff = guard::staff(asked)?;
    let bench = bench(asked)?;
    let code = asked.part("code").as_deref().and_then(Code::parse).ok_or(Cause::NoSuchPage)?;
    let kept = story(asked, &staff, code).await?.filter(|kept| kept.story.test && kept.story.provider == bench.name);
    Ok((staff, bench, kept.ok_or(Cause::NoSuchPage)?))
}

/// The page.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    let (staff, bench, kept) = test(&asked).await?;
    let changes = address(&["lab", &bench.name, "tests", kept.code.as_str()], &[]);
    let course = course(&asked, &kept, Some(&bench), Some(&changes));
    let test = TestShown { code: kept.code.to_string(), when: moment(kept.at), course };
    Ok(drawn(&asked, &staff, &bench, Some(test)))
}

/// The report, or the lines of a proposed change: `report.txt`, `change-1.txt`.
pub async fn file(asked: Asked) -> Result<HttpResponse, Refused> {
    let (_, _, kept) = test(&asked).await?;
    let name = asked.part("file").ok_or(Cause::NoSuchPage)?;
    if name == "report.txt" {
        return Ok(lab::text(&asked, report(&asked, &kept)));
    }
    let number = name.strip_prefix("change-").and_then(|name| name.strip_suffix(".txt")).and_then(|number| number.parse::<usize>().ok());
    let proposal = number.and_then(|number| kept.story.proposals.get(number.checked_sub(1)?));
    let change = proposal.and_then(|proposal| proposal.change.as_ref()).ok_or(Cause::NoSuchPage)?;
    Ok(lab::text(&asked, change.added.iter().map(|line| format!("{line}\n")).collect()))
}
