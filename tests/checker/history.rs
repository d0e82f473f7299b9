//! The history: a line for each operation, with when it was asked and answered, what was asked and what was answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::{self, Write as _};

/// What was done, or found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum What {
    #[default]
    Start,
    StartLink,
    /// A provider gave a browser a code for a subject.
    Issue,
    /// The browser came back; `link` says for which session a way is added.
    Callback,
    Session,
    Auth,
    Logout,
    Revoke,
    Unlink,
    Rotate,
    Retire,
    Reload,
    /// A provider answered otherwise for a while.
    Mood,
    /// Weather between a broker and the database, or before a provider.
    Database,
    Network,
    /// A broker was killed.
    Crash,
    /// A broker was started: from the moment it was begun until it listened.
    Life,
    /// What a provider heard.
    TokenCall,
    OtherCall,
    /// What storage holds in the end.
    User,
    Identity,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    #[default]
    Answered,
    /// No one listened, so nothing was done.
    NotAsked,
    /// No whole answer came: it was done, or will be, or never.
    Unknown,
}

/// A session as its token names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    pub sid: String,
    pub uid: String,
    pub email: String,
    pub provider: String,
    pub subject: String,
    pub store: String,
    pub since: i64,
    pub kid: String,
}

impl Token {
    pub fn read(raw: &str) -> Self {
        let mut parts = raw.split('.').map(|part| -> Value {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice(&bytes).unwrap_or_default()
        });
        let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        Self {
            sid: text("sid"),
            uid: text("uid"),
            email: text("sub"),
            provider: text("idp"),
            subject: text("idp_sub"),
            store: text("store"),
            since: claims["auth_time"].as_i64().unwrap_or_default(),
            kid: header["kid"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// One operation; times are microseconds since the beginning. A field that says nothing is not written.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    pub start: u64,
    pub end: u64,
    pub worker: usize,
    pub what: What,
    pub broker: usize,
    /// Which life of the broker it was.
    pub life: u32,
    pub browser: usize,
    /// The store that was asked.
    pub store: String,
    pub provider: String,
    pub state: String,
    pub code: String,
    pub subject: String,
    /// The session for which a way is added.
    pub link: String,
    /// The session of the cookie that was sent.
    pub sent: Option<Token>,
    pub outcome: Outcome,
    pub status: u16,
    /// Where the answer leads.
    pub to: String,
    /// The session that was opened.
    pub opened: Option<Token>,
    /// Whether the session's cookie was taken away.
    pub is_cleared: bool,
    /// Who the answer says it is.
    pub described: Option<Token>,
    /// Whose secrets were shown.
    pub secrets: Vec<String>,
    pub key: String,
    pub note: String,
    /// After everything, in fair weather.
    pub is_last: bool,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(write(std::slice::from_ref(self)).trim_end())
    }
}

impl Line {
    /// It was answered, and well.
    pub fn is_done(&self) -> bool {
        self.outcome == Outcome::Answered && matches!(self.status, 200 | 303)
    }

    /// It was done, or it may have been.
    pub fn may_be_done(&self) -> bool {
        self.is_done() || self.outcome == Outcome::Unknown || self.status >= 500
    }

    /// When it was over for certain; what no one answered may still come about.
    pub fn over(&self) -> u64 {
        if self.is_done() { self.end } else { u64::MAX }
    }

    /// A login that opened a session.
    pub fn login(&self) -> Option<&Token> {
        self.opened.as_ref().filter(|_| self.what == What::Callback && self.link.is_empty())
    }

    /// A way that was added to a session, which has a new name.
    pub fn linked(&self) -> Option<&Token> {
        self.opened.as_ref().filter(|_| self.what == What::Callback && !self.link.is_empty())
    }
}

/// The history as text, a line each.
pub fn write(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(line) else { continue };
        fields.retain(|_, value| !matches!(value, Value::Null | Value::Bool(false)) && *value != "" && *value != Value::Array(Vec::new()));
        let _ = writeln!(text, "{}", Value::Object(fields));
    }
    text
}

/// A history that was written.
pub fn read(text: &str) -> Vec<Line> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
