//! Every query of the directory goes through an index, whatever the number of users, sessions and events. The engines' own plans show it.
//!
//! The queries are read from the source, so that a new one cannot be forgotten.

use crate::architecture::{production_code, sources};
use crate::database::Server;
use crate::directory::{Place, on_sqlite};
use crate::support::{root, text};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _, SqlSafeStr as _};
use std::collections::{BTreeMap, BTreeSet};

/// The tables that do not grow with users, logins or time.
const SMALL: &[(&str, &str)] = &[
    ("generations", "one row for each thing that is numbered"),
    ("signing_keys", "a few rows for each store"),
    ("served", "a row for each store and broker"),
    ("pins", "a row for each provider file"),
    ("drifts", "a row for each fact that a provider gives no longer"),
    ("good_logins", "a row for each provider of a store"),
    ("next_counts", "a few rows for each next version of a provider file"),
    ("store_event_leases", "a row for each store"),
    ("next_returns", "a row for each next version whose logins failed"),
];

/// The queries that may read more, by their beginning.
const WIDE: &[(&str, &str)] = &[
    (
        "DELETE FROM app_grants WHERE (id) IN (SELECT id FROM app_grants LIMIT",
        "`keys recover` and `keys replace-all` empty it once, after the master key was lost or has leaked",
    ),
    (
        "DELETE FROM kept_tokens WHERE (uid, provider) IN (SELECT uid, provider FROM kept_tokens LIMIT",
        "`keys recover` empties it once, after the master key was lost",
    ),
    ("DELETE FROM proofs WHERE (id) IN (SELECT id FROM proofs LIMIT", "`keys recover` empties it once, after the master key was lost"),
    (
        "DELETE FROM sessions WHERE (sid) IN (SELECT sid FROM sessions LIMIT",
        "`keys recover` empties it once, after the master key was lost",
    ),
    ("DELETE FROM proofs WHERE store = $1", "a proof is kept for a day, and this runs once when a store was removed"),
    ("UPDATE app_grants SET ended = 1 WHERE store = $1", "this runs once when a store was removed"),
    ("DELETE FROM app_consents WHERE store = $1", "this runs once when a store was removed"),
    ("DELETE FROM kept_tokens WHERE store = $1", "this runs once when a store was removed"),
    ("DELETE FROM store_events WHERE store = $1", "this runs once when a store was removed"),
    ("SELECT count(*), coalesce(min(at), 0) FROM store_events WHERE store = $1", "what waits is counted twice a minute"),
    (
        "SELECT uid, store, email, email_verified, name, picture, locale, first_seen, last_seen, blocked FROM users WHERE store = $1 AND (lower",
        "support looks for a part of a text, which no index finds; a command of its own process reads the users of one store",
    ),
    (
        "SELECT i.fingerprint, count(*), count(DISTINCT i.uid), count(o.uid) FROM identities i",
        "a command of its own process counts the identities of a provider before they are moved",
    ),
];

#[test]
fn no_query_of_sqlite_reads_a_table_that_grows_without_an_index() {
    on_sqlite(async |place| {
        place.machine().await;

        let mut found = Vec::new();
        for sql in queries() {
            found.push((problems_on_sqlite(&place, &sql), sql));
        }

        assert_problems(&found);
    });
}

#[test]
fn no_query_of_postgresql_reads_a_table_that_grows_without_an_index() {
    actix_web::rt::System::new().block_on(async {
        let (name, storage) = Server::shared().database().await;
        Place { storage, through: None }.machine().await;
        let mut server = Server::shared().connect(&name).await;
        fill(&mut server).await;

        let mut found = Vec::new();
        for sql in queries() {
            found.push((problems_on_postgres(&mut server, &sql).await, sql));
        }

        assert_problems(&found);
    });
}

/// A page of the audit is read from where it begins, and no further.
#[test]
fn the_history_of_sqlite_begins_at_its_page() {
    on_sqlite(async |place| {
        place.machine().await;
        let pages: Vec<String> = queries().into_iter().filter(|sql| sql.contains("FROM audit") && sql.contains("number < ")).collect();

        for sql in &pages {
            let plan = sqlite_plan(&place, sql).join("; ");
            assert!(plan.contains("rowid<?") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
        assert_eq!(pages.len(), 3, "of all, of a provider, and of no provider: {pages:#?}");
    });
}

/// Nothing may be wrong with a query, unless it is an exception, which has to be one.
fn assert_problems(found: &[(Vec<String>, String)]) {
    let mut wrong = Vec::new();
    let mut is_needed = vec![false; WIDE.len()];
    for (found, sql) in found {
        match WIDE.iter().position(|(beginning, _)| sql.starts_with(beginning)) {
            Some(at) => is_needed[at] |= !found.is_empty(),
            None if found.is_empty() => {}
            None => wrong.push(format!("{sql}\n  {}", found.join("\n  "))),
        }
    }

    assert!(wrong.is_empty(), "these read more than they need; add an index by a migration of both engines:\n{}", wrong.join("\n"));
    assert!(is_needed.iter().all(|is_needed| *is_needed), "each exception is of a query that needs one: {is_needed:?}");
}

fn is_small(table: &str) -> bool {
    SMALL.iter().any(|(small, _)| *small == table)
}

/// Whether a search by these columns finds few rows: a store and a provider have as many as there are users.
fn is_narrow<'c>(columns: impl IntoIterator<Item = &'c str>) -> bool {
    columns.into_iter().any(|column| !["store", "provider"].contains(&column))
}

fn problems_on_sqlite(place: &Place, sql: &str) -> Vec<String> {
    // The plan names a table by its alias.
    let words: Vec<&str> = sql.split_whitespace().collect();
    let table_of = |name: &str| {
        let at = words.windows(2).find(|pair| {
            pair[1].trim_end_matches([')', ',']) == name && pair[0].chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        });
        at.map_or_else(|| name.to_owned(), |pair| pair[0].to_owned())
    };
    let connection = rusqlite::Connection::open(place.storage.file().expect("a file")).expect("a file");
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("a query");
    let tables: BTreeSet<String> = tables.query_map([], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names");
    let is_wrong = |line: &String| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("SCAN"), Some("CONSTANT")) => false,
            // The rows of an insertion.
            (Some("SCAN"), Some(number)) if number.starts_with(|letter: char| letter.is_ascii_digit()) => false,
            // What is no table is the result of a part of the query, which has lines of its own.
            (Some("SCAN"), Some(name)) => tables.contains(&table_of(name)) && !is_small(name) && !is_small(&table_of(name)),
            (Some("SEARCH"), Some(name)) => {
                let condition = line.split_once(" (").map_or("", |(_, condition)| condition);
                let columns = condition.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
                let columns = columns.filter(|word| !word.is_empty() && *word != "AND");
                !(is_small(name)
                    || is_small(&table_of(name))
                    || is_narrow(columns)
                    || condition.contains(['<', '>']) && sql.contains(" LIMIT "))
            }
            (Some(_) | None, _) => false,
        }
    };
    sqlite_plan(place, sql).into_iter().filter(is_wrong).collect()
}

fn sqlite_plan(place: &Place, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(place.storage.file().expect("a file")).expect("a file");
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|error| panic!("{sql}: {error}"));
    // No value is bound: the plan does not depend on them.
    let mut rows = plan.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().expect("a plan") {
        lines.push(row.get(3).expect("a text"));
    }
    lines
}

/// Gives each table that grows many rows of a few stores and providers.
async fn fill(server: &mut PgConnection) {
    let columns = "SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c \
         JOIN information_schema.tables t USING (table_schema, table_name) \
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_identity = 'NO' AND c.table_name NOT LIKE '\\_sqlx%'";
    let columns: Vec<(String, String, String)> = sqlx::query_as(columns).fetch_all(&mut *server).await.expect("columns");
    let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (table, column, kind) in columns.into_iter().filter(|(table, ..)| !is_small(table)) {
        let value = match (column.as_str(), kind.as_str()) {
            ("store", _) => "'store' || g % 3".to_owned(),
            ("provider", _) => "'provider' || g % 5".to_owned(),
            (_, "text") => format!("'{column}' || g"),
            _ => "g".to_owned(),
        };
        tables.entry(table).or_default().push((column, value));
    }
    // The others refer to users.
    let users = tables.remove("users").expect("there are users");
    for (table, columns) in std::iter::once(("users".to_owned(), users)).chain(tables) {
        let (names, values): (Vec<String>, Vec<String>) = columns.into_iter().unzip();
        let insert = format!("INSERT INTO {table} ({}) SELECT {} FROM generate_series(1, 20000) g", names.join(", "), values.join(", "));
        run(server, insert).await;
    }
    run(server, "ANALYZE".to_owned()).await;
    run(server, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off".to_owned()).await;
}

async fn run(server: &mut PgConnection, sql: String) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.clone()).into_sql_str()).fetch_all(server).await;
    rows.unwrap_or_else(|error| panic!("{sql}: {error}")).iter().filter_map(|row| row.try_get(0).ok()).collect()
}

async fn problems_on_postgres(server: &mut PgConnection, sql: &str) -> Vec<String> {
    run(server, format!("PREPARE asked AS {sql}")).await;
    let values = (1..=20).filter(|at| sql.contains(&format!("${at}"))).map(|_| "NULL").collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let plan = run(server, format!("EXPLAIN EXECUTE asked{values}")).await;
    run(server, "DEALLOCATE asked".to_owned()).await;
    let is_node = |line: &str| line.contains("  (cost=");
    let mut wrong = Vec::new();
    for (at, node) in plan.iter().enumerate().filter(|(_, line)| is_node(line)) {
        let what = node.trim_start_matches([' ', '-', '>']).split("  (cost=").next().unwrap_or_default();
        let condition = plan[at + 1..].iter().take_while(|line| !is_node(line)).find_map(|line| line.split_once("Index Cond: "));
        let words = condition.map_or("", |(_, condition)| condition).split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let columns = words
            .filter(|word| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') && *word != "text");
        let table = what.split_once(" on ").map_or("", |(_, table)| table.split(' ').next().unwrap_or_default());
        let is_search = ["Index Scan", "Index Only Scan", "Bitmap Index Scan"].iter().any(|kind| what.starts_with(kind));
        let is_page = condition.is_some_and(|(_, condition)| condition.contains(['<', '>'])) && sql.contains(" LIMIT ");
        if !is_small(table) && (what.starts_with("Seq Scan") || is_search && !is_page && !is_narrow(columns)) {
            wrong.push(format!("{what} {}", condition.map_or("", |(_, condition)| condition)));
        }
    }
    wrong
}

/// A part of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Word(String),
    Sign(char),
}

/// Every query of the verbs. The engines' own statements touch no table.
fn queries() -> Vec<String> {
    let folder = root().join("src/directory");
    // A backup reads every table whole.
    let is_engine = |path: &str| path.contains("/postgres") || path.contains("/sqlite") || path.contains("/backup");
    let mut all = BTreeSet::new();
    for path in sources(&folder).into_iter().filter(|path| !is_engine(&path.to_string_lossy())) {
        let code = text(&path);
        let tokens = tokens(production_code(&code));
        let (found, left) = queries_among(&tokens);
        let is_part = |text: &&String| (1..10).any(|number| text.contains(&format!("${number}")));
        assert_eq!(left.iter().find(is_part), None, "{}: a part of a query that this test does not understand", path.display());
        // Rows that the program fills in are inserted, and no table is read for them.
        let found = found.into_iter().filter(|sql| !sql.ends_with("(VALUES"));
        // A list that the program fills in stands behind the text.
        all.extend(found.map(|sql| if sql.ends_with(" IN") { format!("{sql} ('a', 'b')") } else { sql }));
    }
    assert!(all.len() > 90, "the queries are found: {}", all.len());
    all.into_iter().collect()
}

/// The queries of a source, and its other texts. A query is a text, or what a macro puts together from its texts with `concat!`.
fn queries_among(tokens: &[Token]) -> (Vec<String>, Vec<String>) {
    let is_query = |text: &str| ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].iter().any(|verb| text.starts_with(verb));
    let mut macros: BTreeMap<String, (Vec<String>, Vec<Token>)> = BTreeMap::new();
    let (mut found, mut left, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        match &tokens[at..] {
            [Token::Word(rules), Token::Sign('!'), Token::Word(name), Token::Sign('{'), body @ ..] if rules == "macro_rules" => {
                let end = body
                    .windows(2)
                    .position(|pair| pair == [Token::Sign('}'), Token::Sign('}')] || pair == [Token::Sign(';'), Token::Sign('}')]);
                let body = &body[..end.expect("a macro ends")];
                if let Some(concat) = body.iter().position(|token| *token == Token::Word("concat".to_owned())) {
                    let named = |three: &[Token]| match three {
                        [Token::Sign('$'), Token::Word(name), Token::Sign(':')] => Some(name.clone()),
                        _ => None,
                    };
                    macros.insert(name.clone(), (body[..concat].windows(3).filter_map(named).collect(), body[concat..].to_vec()));
                }
                at += 4 + body.len();
            }
            [Token::Word(name), Token::Sign('!'), Token::Sign('('), rest @ ..] if macros.contains_key(name) => {
                let arguments: Vec<&String> = rest
                    .iter()
                    .take_while(|token| **token != Token::Sign(')'))
                    .filter_map(|token| if let Token::Text(text) = token { Some(text) } else { None })
                    .collect();
                let (parameters, parts) = &macros[name];
                let value = |word: &String| parameters.iter().position(|parameter| parameter == word).map(|at| arguments[at].clone());
                let part = |token: &Token| match token {
                    Token::Text(text) => Some(text.clone()),
                    Token::Word(word) => value(word),
                    Token::Sign(_) => None,
                };
                found.push(parts.iter().filter_map(part).collect::<String>());
                at += 3 + rest.iter().take_while(|token| **token != Token::Sign(')')).count();
            }
            [Token::Text(text), ..] => {
                if is_query(text) {
                    found.push(text.clone());
                } else {
                    left.push(text.clone());
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    assert!(found.iter().all(|text| is_query(text)), "{found:?}");
    (found.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect(), left)
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => while letters.next().is_some_and(|letter| letter != '\n') {},
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    match (letter, letter == '\\') {
                        (_, true) => match letters.next() {
                            Some('\n') => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
                            Some(escaped) => text.push(escaped),
                            None => {}
                        },
                        (letter, false) => text.push(letter),
                    }
                }
                found.push(Token::Text(text));
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                let mut word = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
                    word.push(letter);
                }
                found.push(Token::Word(word));
            }
            letter if letter.is_whitespace() => {}
            letter => found.push(Token::Sign(letter)),
        }
    }
    found
}
