//! The lab: what support staff and whoever adds a provider see. From plain values to text, in the lab's own languages.

pub(crate) mod pasted_answer; //       an answer is pasted, and read
pub(crate) mod file_masker; //         which bytes of a provider's file are shown
pub(crate) mod masked_file; //         a provider's file with its complaints, as it is shown
pub(crate) mod login_steps; //       the steps of a login that happened
pub(crate) mod drift_section; //     what has changed in a provider's answers
pub(crate) mod frame; //        what stands around every page
pub(crate) mod incident; //     the story behind a code
pub(crate) mod provider_list; //         all providers
pub(crate) mod file_sections; //        a file in parts, each beside what it sends
pub(crate) mod provider; //     one provider
pub(crate) mod exchange_view; //        masked texts, requests and answers, as they are drawn
#[cfg(test)]
mod tests;
pub(crate) mod words; //        what the lab says

/// The style of the lab, on top of that of all pages: `/lab.css`.
pub(crate) const LAB_STYLE: &str = include_str!("../lab.css");
/// Its script: `/lab.js`. Without it everything works as well.
pub(crate) const LAB_SCRIPT: &str = include_str!("../lab.js");
