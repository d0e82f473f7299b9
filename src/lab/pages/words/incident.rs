//! The texts of the page of an incident.

use crate::lab::pages::words::texts::{WordMap, word_blocks};
use serde::Deserialize;

word_blocks! {
    /// The pages of incidents.
    IncidentWords {
        gone,
        kept,
        story,
        when,
        shared,
        worked,
        used,
        open,
        open_line,
        summary,
        happened,
        said,
        step_line,
        step_only,
        saw,
        tell,
        greeting,
        next_code,
        next_others,
        next_again,
        copy_message,
        change,
        copy_change,
        edit_change,
        download,
        download_masked,
        download_changed,
        masked_change,
        no_change,
        remedy,
        hints,
        guesses,
        guesses_what,
        trace,
        trace_what,
    }

    /// What changed since the last login that worked.
    SinceWords {
        title,
        ago,
        file,
        file_changed,
        file_same,
        hidden,
        lines_left_out,
        answers,
        answers_same,
        not_compared,
        refuses,
        outside,
        gone,
        new,
        moved,
        kind,
        status,
        unreadable,
        seconds,
        minutes,
        hours,
        days,
        object,
        list,
        text,
    }
}
