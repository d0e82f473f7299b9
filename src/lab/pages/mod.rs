//! The pages of the lab: from plain values to HTML, in the lab's own languages. No request is read here.

pub(crate) mod app_trial; //       a sign-in through an app that was tried out
pub(crate) mod apps; //            the apps of the store
pub(crate) mod catalogue; //       the gallery of the provider files in the program
pub(crate) mod catalogue_entry; // a provider of it
pub(crate) mod drift_section; //   what has changed in a provider's answers
pub(crate) mod editor; //          a text that is edited, beside what it means
pub(crate) mod exchange_view; //   requests, answers and facts, masked
pub(crate) mod file_masker; //     which bytes of a provider's file are shown
pub(crate) mod file_sections; //   a file in sections, each beside its requests
pub(crate) mod file_standing; //   how a file of the store fares
pub(crate) mod frame; //           the frame of every page
pub(crate) mod home; //            the first page
pub(crate) mod lab_time; //        moments as the staff read them
pub(crate) mod spark; //           small charts
pub(crate) mod find; //            what the search has found
pub(crate) mod incident; //        one incident, and the search by code
pub(crate) mod incident_summary; // what happened, what to say, and the change
pub(crate) mod login_steps; //     the steps of a login
pub(crate) mod masked_file; //     a provider's file with its complaints
pub(crate) mod next_version_section; // the next version of its file
pub(crate) mod pasted_answer; //   what the file reads from a pasted answer
pub(crate) mod proposal_view; //   a proposed change
pub(crate) mod provider; //        one provider
pub(crate) mod provider_list; //   all providers
pub(crate) mod since_view; //      what changed since the last login that worked
pub(crate) mod step_complaint; //  the complaint about a failed step
pub(crate) mod words; //           the texts in three languages
#[cfg(test)]
mod tests;

/// `/lab.css`, which is loaded after the style of all pages.
pub(crate) const LAB_STYLE: &str = concat!(include_str!("../base.css"), include_str!("../lab.css"), include_str!("../editor.css"));
/// `/lab.js`. The lab works without it.
pub(crate) const LAB_SCRIPT: &str = concat!(include_str!("../lab.js"), include_str!("../editor.js"));
