//! The texts of the lab, in the shape of the files in `src/lab/languages`.

use crate::lab::pages::words::catalogue::CatalogueWords;
use crate::lab::pages::words::editor::EditorWords;
use crate::lab::pages::words::home::{FindWords, HomeWords};
use crate::lab::pages::words::incident::{IncidentWords, SinceWords};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All texts of the lab in one language, in the shape of the files in `src/lab/languages`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabWords {
    pub(crate) name: String,
    pub(crate) frame: FrameWords,
    pub(crate) time: TimeWords,
    pub(crate) home: HomeWords,
    pub(crate) find: FindWords,
    /// What the audit records of a person, by the words of the events.
    pub(crate) events: BTreeMap<String, String>,
    pub(crate) states: ProviderStateWords,
    pub(crate) list: ProviderListWords,
    pub(crate) provider: ProviderWords,
    pub(crate) catalogue: CatalogueWords,
    pub(crate) drift: DriftWords,
    pub(crate) next: NextVersionWords,
    pub(crate) test: TestLoginWords,
    pub(crate) looks: LooksWords,
    pub(crate) answer: PastedAnswerWords,
    pub(crate) editor: EditorWords,
    pub(crate) incident: IncidentWords,
    pub(crate) since: SinceWords,
    /// What was found in place of a text, by the words of the kinds.
    pub(crate) found: BTreeMap<String, String>,
    /// What happened in a login that failed, by the words of the causes.
    pub(crate) happened: BTreeMap<String, String>,
    pub(crate) apps: AppsWords,
    /// Why requests of apps are refused, by the words of the reasons.
    pub(crate) refusals: BTreeMap<String, String>,
    pub(crate) trial: AppTrialWords,
    /// The parts of a sign-in through an app, by their words.
    #[serde(rename = "trialParts")]
    pub(crate) trial_parts: BTreeMap<String, String>,
    /// What is to be said about them, by the words of the notes.
    #[serde(rename = "trialNotes")]
    pub(crate) trial_notes: BTreeMap<String, String>,
    /// What parameters and claims mean, by their names.
    #[serde(rename = "trialNames")]
    pub(crate) trial_names: BTreeMap<String, String>,
    /// Why changes are proposed, by the words of the rules of repair. English has none: it shows the rules' own sentences.
    #[serde(default)]
    pub(crate) because: BTreeMap<String, String>,
}

/// The texts of a block by their names, as the file has them.
#[derive(Deserialize)]
pub(crate) struct WordMap(BTreeMap<String, String>);

impl WordMap {
    /// The text of a field.
    pub(crate) fn take(&mut self, field: &str) -> Result<String, String> {
        let mut words = field.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        let name = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
        self.0.remove(&name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// Makes sure that every text was taken.
    pub(crate) fn finish(self) -> Result<(), String> {
        self.0.keys().next().map_or(Ok(()), |name| Err(format!("there is no text `{name}`")))
    }
}

/// Blocks of texts. A block is read from a map, by code that all blocks share: derived code would be much larger.
macro_rules! word_blocks {
    ($($(#[$doc:meta])* $block:ident { $($field:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(try_from = "WordMap")]
        pub(crate) struct $block {
            $(pub(crate) $field: String,)+
        }

        impl TryFrom<WordMap> for $block {
            type Error = String;

            fn try_from(mut map: WordMap) -> Result<Self, String> {
                let block = Self { $($field: map.take(stringify!($field))?,)+ };
                map.finish()?;
                Ok(block)
            }
        }
    )+};
}

pub(crate) use word_blocks;

word_blocks! {
    /// The frame of every page.
    FrameWords {
        lab,
        skip,
        what,
        find,
        language,
        overview,
        providers,
        editor,
        copied,
        local,
        recorded,
    }

    /// Moments.
    TimeWords {
        today,
        yesterday,
        on_day,
        just_now,
        minutes_ago,
        hours_ago,
        days_ago,
    }

    /// The section about changed answers.
    DriftWords {
        title,
        what,
        changed,
        lost,
        replaced,
        moved,
        kind,
        unreadable,
        unaccepted,
        appeared,
    }

    /// The section about the next version of a file.
    NextVersionWords {
        title,
        what,
        reads_along,
        runs,
        ids_unknown,
        ids_differ,
        returned,
        paused,
        unusable,
        other_key,
        points_elsewhere,
        other_callback,
        other_inputs,
        simulated,
        nothing,
        compared,
        seen,
        requests,
        differs,
        missing,
        added,
        other_evidence,
        refuses,
        accepts,
        present_logins,
        next_logins,
        short_share,
        short_returned,
        short_paused,
    }

    /// The states of a provider.
    ProviderStateWords {
        broken,
        offered,
        dormant,
        off,
        overlooked,
    }

    /// The list of providers.
    ProviderListWords {
        title,
        folder,
        filter,
        unmatched,
        waits,
        waits_many,
        mistake,
        mistakes,
        warning,
        warnings,
        stale,
        no_button,
        playground,
        off,
        passed,
        failed,
        failed_in,
        settings,
        settings_what,
        empty,
        empty_what,
        empty_new,
        empty_check,
        empty_catalogue,
        in_english,
    }

    /// The page of a provider.
    ProviderWords {
        test,
        test_note,
        test_first,
        paste,
        file,
        file_what,
        whole,
        whole_what,
        region,
        values,
        set,
        unset,
        written,
        register,
        lines,
        line,
        parameters,
        browser,
        headers,
        form,
        json,
        body,
        says,
        rest,
        step_says,
        by_default,
        optional,
        conditional,
        preview_error,
        lines_left_out,
        unparsed,
        wrong,
        broken,
        stale,
        warned,
        dormant,
        off,
    }

    /// The steps of a login.
    TestLoginWords {
        title,
        made,
        passed,
        see,
        redirect,
        callback,
        identity,
        request,
        answer,
        facts,
        none,
        sent_there,
        came_back,
        unsent,
        kept_token,
        replaced_token,
        unread,
        no_answer,
        nothing,
        about,
        about_plain,
        missed,
        instead,
        later,
        omitted,
        proven_by,
        done,
        failed_word,
        failed_optional,
        unreached,
        milliseconds,
        seconds,
        changed,
        excerpt,
        missing_member,
        proposals,
        likeliest,
        outside,
        copy,
        copy_of,
        change,
        report,
    }

    /// Descriptions of values that are not shown.
    LooksWords {
        empty,
        yes_or_no,
        digit,
        digits,
        number,
        address,
        imitation,
        web,
        text,
    }

    /// The page on which an answer is pasted.
    PastedAnswerWords {
        title,
        what,
        call,
        status,
        kind,
        kind_note,
        body,
        body_note,
        read,
        result,
        works,
        fails,
        large,
        bad_status,
        no_calls,
        whole,
        whole_what,
        callback,
        callback_note,
        forecast,
        signs_in,
        refused,
        needs,
        nothing_at,
        back,
    }

    /// A sign-in through an app that is tried out.
    AppTrialWords {
        title,
        what,
        test,
        test_note,
        provider,
        differs,
    }

    /// The apps of the store.
    AppsWords {
        title,
        what,
        empty,
        empty_add,
        issuer,
        discovery,
        client_id,
        proof,
        with_secret,
        with_keys,
        public,
        redirect,
        after_logout,
        grants,
        scopes,
        signing,
        providers,
        all_providers,
        unusable,
        unknown,
        check,
        check_what,
        address,
        check_button,
        no_request,
        other_address,
        fine,
        asked,
        registered,
        refused,
        refused_what,
        none_refused,
        unknown_app,
    }
}
