//! The data files that are embedded in the program, such as lists of words.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a data file. A test reads each of them.
///
/// # Panics
///
/// If the file does not have the shape of `T`.
pub(crate) fn read_data_file<T: DeserializeOwned>(text: &str) -> T {
    // In two steps, because the YAML reader is large, and the compiler makes one of it for each type that it is used with.
    serde_json::from_value(parse(text)).expect("a test reads every data file")
}

fn parse(text: &str) -> Value {
    serde_yaml::from_str(text).expect("a test reads every data file")
}
