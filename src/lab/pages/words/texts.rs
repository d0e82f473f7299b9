//! The texts of the lab, in the shape of the files in `src/lab/languages`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// All texts of the lab in one language, in the shape of the files in `src/lab/languages`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabWords {
    pub(crate) name: String,
    pub(crate) brief: String,
    pub(crate) frame: FrameWords,
    pub(crate) states: ProviderStateWords,
    pub(crate) list: ProviderListWords,
    pub(crate) provider: ProviderWords,
    pub(crate) drift: DriftWords,
    pub(crate) test: TestLoginWords,
    pub(crate) looks: LooksWords,
    pub(crate) answer: PastedAnswerWords,
    pub(crate) incident: IncidentWords,
    /// Why changes are proposed, by the words of the rules of repair. English has none: it shows the rules' own sentences.
    #[serde(default)]
    pub(crate) because: BTreeMap<String, String>,
}

/// The frame of every page.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FrameWords {
    pub(crate) lab: String,
    pub(crate) skip: String,
    pub(crate) code: String,
    pub(crate) find: String,
    pub(crate) language: String,
    pub(crate) providers: String,
    pub(crate) all: String,
    pub(crate) copied: String,
}

/// The section about changed answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DriftWords {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) changed: String,
    pub(crate) lost: String,
    pub(crate) replaced: String,
    pub(crate) moved: String,
    pub(crate) kind: String,
    pub(crate) unreadable: String,
    pub(crate) unaccepted: String,
    pub(crate) appeared: String,
}

/// The states of a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProviderStateWords {
    pub(crate) broken: String,
    pub(crate) offered: String,
    pub(crate) dormant: String,
    pub(crate) off: String,
    pub(crate) overlooked: String,
}

/// The list of providers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProviderListWords {
    pub(crate) title: String,
    pub(crate) folder: String,
    pub(crate) filter: String,
    pub(crate) unmatched: String,
    pub(crate) waits: String,
    pub(crate) waits_many: String,
    pub(crate) mistake: String,
    pub(crate) mistakes: String,
    pub(crate) warning: String,
    pub(crate) warnings: String,
    pub(crate) stale: String,
    pub(crate) no_button: String,
    pub(crate) playground: String,
    pub(crate) off: String,
    pub(crate) passed: String,
    pub(crate) failed: String,
    pub(crate) failed_in: String,
    pub(crate) settings: String,
    pub(crate) settings_what: String,
    pub(crate) empty: String,
    pub(crate) empty_what: String,
    pub(crate) empty_new: String,
    pub(crate) empty_check: String,
}

/// The page of a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProviderWords {
    pub(crate) test: String,
    pub(crate) test_note: String,
    pub(crate) test_first: String,
    pub(crate) paste: String,
    pub(crate) file: String,
    pub(crate) file_what: String,
    pub(crate) whole: String,
    pub(crate) whole_what: String,
    pub(crate) region: String,
    pub(crate) values: String,
    pub(crate) set: String,
    pub(crate) unset: String,
    pub(crate) written: String,
    pub(crate) register: String,
    pub(crate) lines: String,
    pub(crate) line: String,
    pub(crate) parameters: String,
    pub(crate) browser: String,
    pub(crate) headers: String,
    pub(crate) form: String,
    pub(crate) json: String,
    pub(crate) body: String,
    pub(crate) says: String,
    pub(crate) step_says: String,
    pub(crate) by_default: String,
    pub(crate) optional: String,
    pub(crate) conditional: String,
    pub(crate) preview_error: String,
    pub(crate) lines_left_out: String,
    pub(crate) unparsed: String,
    pub(crate) wrong: String,
    pub(crate) broken: String,
    pub(crate) stale: String,
    pub(crate) warned: String,
    pub(crate) dormant: String,
    pub(crate) off: String,
}

/// The steps of a login.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TestLoginWords {
    pub(crate) title: String,
    pub(crate) made: String,
    pub(crate) passed: String,
    pub(crate) failed: String,
    pub(crate) see: String,
    pub(crate) see_proposal: String,
    pub(crate) see_proposals: String,
    pub(crate) redirect: String,
    pub(crate) callback: String,
    pub(crate) identity: String,
    pub(crate) request: String,
    pub(crate) answer: String,
    pub(crate) facts: String,
    pub(crate) none: String,
    pub(crate) sent_there: String,
    pub(crate) came_back: String,
    pub(crate) unsent: String,
    pub(crate) unread: String,
    pub(crate) nothing: String,
    pub(crate) about: String,
    pub(crate) about_plain: String,
    pub(crate) missed: String,
    pub(crate) instead: String,
    pub(crate) later: String,
    pub(crate) omitted: String,
    pub(crate) proven_by: String,
    pub(crate) done: String,
    pub(crate) failed_word: String,
    pub(crate) failed_optional: String,
    pub(crate) unreached: String,
    pub(crate) milliseconds: String,
    pub(crate) seconds: String,
    pub(crate) provider_refused: String,
    pub(crate) changed: String,
    pub(crate) excerpt: String,
    pub(crate) missing_member: String,
    pub(crate) proposals: String,
    pub(crate) likeliest: String,
    pub(crate) outside: String,
    pub(crate) copy: String,
    pub(crate) copy_of: String,
    pub(crate) change: String,
    pub(crate) report: String,
}

/// Descriptions of values that are not shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LooksWords {
    pub(crate) empty: String,
    pub(crate) yes_or_no: String,
    pub(crate) digit: String,
    pub(crate) digits: String,
    pub(crate) number: String,
    pub(crate) address: String,
    pub(crate) imitation: String,
    pub(crate) web: String,
    pub(crate) text: String,
}

/// The page on which an answer is pasted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PastedAnswerWords {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) call: String,
    pub(crate) status: String,
    pub(crate) kind: String,
    pub(crate) kind_note: String,
    pub(crate) body: String,
    pub(crate) body_note: String,
    pub(crate) read: String,
    pub(crate) result: String,
    pub(crate) works: String,
    pub(crate) fails: String,
    pub(crate) large: String,
    pub(crate) bad_status: String,
    pub(crate) no_calls: String,
    pub(crate) whole: String,
    pub(crate) whole_what: String,
    pub(crate) callback: String,
    pub(crate) callback_note: String,
    pub(crate) forecast: String,
    pub(crate) signs_in: String,
    pub(crate) refused: String,
    pub(crate) needs: String,
    pub(crate) nothing_at: String,
    pub(crate) back: String,
}

/// The pages of incidents.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct IncidentWords {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) none: String,
    pub(crate) gone: String,
    pub(crate) kept: String,
    pub(crate) story: String,
    pub(crate) when: String,
    pub(crate) shared: String,
    pub(crate) ended: String,
    pub(crate) worked: String,
    pub(crate) open: String,
    pub(crate) open_line: String,
}
