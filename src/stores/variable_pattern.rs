//! The variables that `filesMayRead` allows, as it writes them.

/// The beginning of the variables of the broker itself, which no provider file may read.
pub(crate) const OWN_BEGINNING: &str = "PORTARIA";

/// Variables by which programs of a machine commonly show who they are. The name of a provider file or of a store does not open them.
/// Beginnings that are also the names of providers (`GITHUB_`) stand here with whole names only.
pub(crate) const MACHINE_VARIABLES: &[&str] = &[
    "ACTIONS_*",
    "AWS_*",
    "ARM_CLIENT_SECRET",
    "ARM_ACCESS_KEY",
    "AZURE_CLIENT_CERTIFICATE_*",
    "AZURE_CLIENT_SECRET",
    "AZURE_PASSWORD",
    "AZURE_STORAGE_*",
    "CARGO_*",
    "CI_*",
    "DATABASE_*",
    "DB_*",
    "DOCKER_*",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "GPG_*",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "KUBE_*",
    "MARIADB_*",
    "MONGODB_*",
    "MYSQL_*",
    "NODE_AUTH_TOKEN",
    "NPM_*",
    "POSTGRES_*",
    "RABBITMQ_*",
    "REDIS_*",
    "SMTP_*",
    "SSH_*",
    "VAULT_*",
];

/// Whether programs of a machine commonly show who they are by a variable. A client's own variables (`AWS_CLIENT_ID`) count only where
/// the whole name is known.
pub(crate) fn is_machine_variable(name: &str, is_clients: bool) -> bool {
    MACHINE_VARIABLES.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => !is_clients && name.starts_with(beginning),
        None => name == *known,
    })
}

/// The name of a variable as `filesMayRead` writes it: `{NAME}` and `{STORE}` stand for names, and a `*` at the end for the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct VariablePattern {
    parts: Vec<VariablePart>,
    /// Whether it ends in `*`.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum VariablePart {
    Text(Box<str>),
    /// `{NAME}`: the name of the provider file, in capitals.
    File,
    /// `{STORE}`: the name of a store that uses the file, in capitals.
    Store,
}

impl VariablePattern {
    /// Parses a pattern; `None` if it can match no variable.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mut rest, open) = text.strip_suffix('*').map_or((text, false), |rest| (rest, true));
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let part = if let Some(after) = rest.strip_prefix("{NAME}") {
                (VariablePart::File, after)
            } else if let Some(after) = rest.strip_prefix("{STORE}") {
                (VariablePart::Store, after)
            } else {
                let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                let (text, after) = rest.split_at(length);
                (!text.is_empty()).then_some((VariablePart::Text(text.into()), after))?
            };
            parts.push(part.0);
            rest = part.1;
        }
        (open || !parts.is_empty()).then_some(Self { parts, open })
    }

    /// Whether it matches every variable.
    pub(crate) fn is_everything(&self) -> bool {
        self.open && self.parts.is_empty()
    }

    /// Whether it matches only variables of the broker itself.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.parts.first(), Some(VariablePart::Text(text)) if is_own_variable(text))
    }

    /// Whether the settings write the beginning of the variables themselves.
    pub(crate) fn names_variables(&self) -> bool {
        matches!(self.parts.first(), Some(VariablePart::Text(_)))
    }

    pub(crate) fn matches(&self, variable: &str, file: &str, store: &str) -> bool {
        let mut rest = variable;
        for part in &self.parts {
            let text = match part {
                VariablePart::Text(text) => text,
                VariablePart::File => file,
                VariablePart::Store => store,
            };
            let Some(after) = rest.strip_prefix(text) else { return false };
            rest = after;
        }
        self.open || rest.is_empty()
    }
}

/// Whether a variable belongs to the broker itself.
pub(crate) fn is_own_variable(name: &str) -> bool {
    name.strip_prefix(OWN_BEGINNING).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_it_says_and_nothing_else() {
        for (pattern, variable, matches) in [
            ("{NAME}_*", "CLUBE_ACME_SECRET", true),
            ("{NAME}_*", "CLUBE_ACME_", true),
            ("{NAME}_*", "CLUBE_ACME", false),
            ("{NAME}_*", "CLUBE_ACMEX_SECRET", false),
            ("{NAME}_*", "X_CLUBE_ACME_SECRET", false),
            ("{STORE}_{NAME}_KEY", "ATACADO_CLUBE_ACME_KEY", true),
            ("{STORE}_{NAME}_KEY", "ATACADO_CLUBE_ACME_KEY2", false),
            ("SHARED", "SHARED", true),
            ("SHARED", "SHARED_KEY", false),
            ("SHARED", "shared", false),
        ] {
            let parsed = VariablePattern::parse(pattern).expect("a pattern");
            assert_eq!(parsed.matches(variable, "CLUBE_ACME", "ATACADO"), matches, "{pattern} {variable}");
        }
        for wrong in ["", "A*B", "**", "a-b", "{name}_*", "{NAME", "A B", "$A"] {
            assert_eq!(VariablePattern::parse(wrong), None, "{wrong}");
        }
    }
}
