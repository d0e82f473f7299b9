//! The texts of the gallery.

use crate::lab::pages::words::texts::{WordMap, word_blocks};
use serde::Deserialize;

word_blocks! {
    /// The gallery, and a provider of it.
    CatalogueWords {
        title,
        what,
        search,
        kind,
        country,
        any,
        found,
        found_one,
        none,
        another,
        all,
        grade,
        worked,
        confirmed,
        offered,
        register,
        redirect,
        copy,
        put,
        put_command,
        put_editor,
        open_editor,
        put_done,
        see,
        values,
        values_what,
        no_values,
        is_set,
        is_unset,
        refused,
        test,
        test_then,
        test_command,
    }
}
