//! `portaria keys`: the signing keys, and how they follow one another.

use crate::commands::outcome::{Failure, Outcome, moment, say, say_json};
use crate::commands::{Global, master, storage, sure};
use crate::diagnostic::{did_you_mean, printable};
use crate::directory::keys::{Keys as All, Retire, SealedKey, Turn};
use crate::directory::sql::Verb;
use crate::directory::{Directory, Storage};
use crate::session::rotation::{Change, Plan, Standing, State, due};
use crate::session::seal::MasterKey;
use crate::stores::Stores;
use crate::web::signing;
use crate::world::clock;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Look after the signing keys.
#[derive(Debug, Args)]
pub struct Keys {
    #[arg(long, global = true, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the keys: what each does, since when, and what comes next
    #[command(after_help = "Example: portaria keys list")]
    List,
    /// Publish a further key now; it signs by itself once everybody knows it, and nobody is logged out
    #[command(after_help = "Example: portaria keys rotate

Keys follow one another by themselves; this is for whoever wants one sooner.")]
    Rotate,
    /// Take a key out of use at once, because somebody else may have it: whoever has a token of it has to log in again
    #[command(after_help = "Example: portaria keys retire vR2mNq0bTx6wYc1ZpLkD9A")]
    Retire {
        /// The key, as `portaria keys list` names it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// The keys as they were found, and what is done with them.
struct Ring {
    directory: Directory,
    place: Storage,
    keys: Vec<SealedKey>,
    plan: Plan,
    json: bool,
    now: i64,
}

impl Keys {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let settings = global.settings()?;
        let plan = Stores::new(&settings).rotation();
        if let What::Retire { yes, .. } = self.what {
            sure::can_ask(yes)?;
        }
        let place = storage::place(self.storage.as_deref(), &settings)?;
        storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let keys = directory.read(All).await.map_err(|_| storage::away(&place))?;
            let ring = Ring { directory, place: place.clone(), keys, plan, json: global.json, now: clock::now() };
            let master = || ring.master(master::existing(&settings, &place)?);
            match &self.what {
                What::List => ring.list(),
                _ if ring.keys.is_empty() => return Err(Failure::No(NONE.to_owned())),
                What::Rotate => ring.rotate(&master()?).await?,
                What::Retire { id, yes } => ring.retire(id, *yes, &master()?).await?,
            }
            Ok(Outcome::Fine)
        })
    }
}

const NONE: &str = "there are no signing keys yet; the broker makes the first when it starts";

/// What comes next for a key: in a word, when, and whether that is now.
struct Ahead {
    what: &'static str,
    at: i64,
    now: bool,
}

impl Ring {
    /// The master key, if it is the one under which the keys are.
    fn master(&self, master: MasterKey) -> Result<MasterKey, Failure> {
        if signing::is_of(&master, &self.keys) {
            return Ok(master);
        }
        Err(Failure::Environment(
            "the signing keys in storage were made with another master key, and no broker could open one that is made with this".to_owned(),
            "give the master key that the broker has: `masterKey` goes before $PORTARIA_MASTER_KEY, and that before master.key beside the storage".to_owned(),
        ))
    }

    async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, Failure> {
        self.directory.write(verb).await.map_err(|_| storage::away(&self.place))
    }

    fn standings(&self) -> Vec<Standing> {
        self.keys.iter().map(|key| key.standing.clone()).collect()
    }

    fn of(&self, state: State) -> Option<&Standing> {
        self.keys.iter().map(|key| &key.standing).find(|key| key.state == state)
    }

    fn ahead(&self, key: &Standing) -> Ahead {
        let next = self.of(State::Next);
        let (what, at) = match (key.state, next) {
            (State::Active, None) => ("published", key.since.saturating_add(self.plan.signs)),
            (State::Active, Some(next)) => ("retiring", next.since.saturating_add(self.plan.published)),
            (State::Next, _) => ("active", key.since.saturating_add(self.plan.published)),
            (State::Retiring, _) => ("gone", key.since.saturating_add(self.plan.believed)),
        };
        let now = due(&self.standings(), self.now, self.plan, false).iter().any(|change| match change {
            Change::Begin => false,
            Change::Publish => what == "published",
            Change::Activate(_) => matches!(what, "active" | "retiring"),
            Change::Forget(id) => *id == key.id,
        });
        Ahead { what, at, now }
    }

    fn list(&self) {
        if self.json {
            let key = |key: &SealedKey| -> Value {
                let (standing, ahead) = (&key.standing, self.ahead(&key.standing));
                let next = json!({ "what": ahead.what, "at": moment(ahead.at) });
                json!({ "id": standing.id, "state": standing.state.word(), "since": moment(standing.since), "made": moment(key.made), "next": next })
            };
            let keys: Value = self.keys.iter().map(key).collect();
            return say_json(&json!({ "keys": keys }).to_string());
        }
        for key in &self.keys {
            let key = &key.standing;
            let (id, state, since) = (printable(&key.id), key.state.word(), moment(key.since));
            say(&format!("{id}  {state:<8}  since {since}  {}", self.told(key)));
        }
        if self.keys.is_empty() {
            say(NONE);
        }
    }

    /// What a key does and what comes next, in words.
    fn told(&self, key: &Standing) -> String {
        let ahead = self.ahead(key);
        let at = if ahead.now { "within a minute, by a broker that runs".to_owned() } else { moment(ahead.at) };
        let (from, until) = if ahead.now { (at.clone(), at.clone()) } else { (format!("from {at}"), format!("until {at}")) };
        match ahead.what {
            "published" => format!("it signs; the key after it is published {}", if ahead.now { at } else { format!("at {at}") }),
            "retiring" if ahead.now => format!("it signs; the next key takes over {at}"),
            "retiring" => format!("it signs {until}, when the next key takes over"),
            "active" => format!("everybody comes to know it; it signs {from}"),
            _ if ahead.now => format!("its last token is over; it goes {at}"),
            _ => format!("it no longer signs; what it signed is believed {until}"),
        }
    }

    async fn rotate(&self, master: &MasterKey) -> Result<(), Failure> {
        let fresh = signing::fresh(master);
        let made = fresh.id.clone();
        let changes = self.write(Turn { fresh, plan: self.plan, wanted: true, now: self.now }).await?;
        let takes_over = changes.iter().find_map(|change| if let Change::Activate(id) = change { Some(id) } else { None });
        let signs_at = moment(self.now.saturating_add(self.plan.published));
        let (what, id, words) = if changes.contains(&Change::Publish) {
            let words = format!("key {made} is published; it signs by itself from {signs_at}, when everybody knows it");
            ("published", made, format!("{words}\nnobody is logged out: what was signed before is believed until it is over"))
        } else if changes.contains(&Change::Begin) {
            ("active", made.clone(), format!("key {made} signs: there was none"))
        } else if let Some(id) = takes_over {
            ("active", id.clone(), format!("key {id} was published before, and signs from now on; nobody is logged out"))
        } else {
            let next = self.of(State::Next).map(|key| (key.id.clone(), self.told(key)));
            let (id, told) = next.unwrap_or_else(|| (made, "it was published by somebody else just now".to_owned()));
            ("unchanged", id.clone(), format!("key {id} is next already, and nothing changed: {told}"))
        };
        let at = if what == "published" { Some(signs_at) } else { None };
        if self.json {
            say_json(&json!({ "what": what, "id": id, "signsAt": at }).to_string());
        } else {
            say(&words);
        }
        Ok(())
    }

    async fn retire(&self, id: &str, yes: bool, master: &MasterKey) -> Result<(), Failure> {
        let Some(key) = self.keys.iter().map(|key| &key.standing).find(|key| *key.id == *id) else { return Err(self.no_such_key(id)) };
        let ends = match key.state {
            State::Next => "it has signed nothing yet, so nobody has to log in again",
            State::Active | State::Retiring => "everybody whose token it signed has to log in again",
        };
        sure::ask(yes, &format!("This takes key {id} out of use for good: {ends}."), "key", id)?;
        let fresh = signing::fresh(master);
        if !self.write(Retire { id: id.into(), fresh, now: self.now }).await? {
            return Err(Failure::No(format!("key {id} is gone already")));
        }
        let keys = self.directory.read(All).await.map_err(|_| storage::away(&self.place))?;
        let signs = keys.iter().find(|key| key.standing.state == State::Active).map(|key| key.standing.id.clone());
        if self.json {
            say_json(&json!({ "retired": id, "signs": signs, "loggedOut": key.state != State::Next }).to_string());
            return Ok(());
        }
        say(&format!("key {id} is out of use: {ends}"));
        if let (State::Active, Some(signs)) = (key.state, signs) {
            say(&format!("key {signs} signs from now on; services that check tokens themselves have to read /.well-known/jwks.json anew"));
        }
        Ok(())
    }

    fn no_such_key(&self, id: &str) -> Failure {
        let help = match did_you_mean(id, self.keys.iter().map(|key| &*key.standing.id)) {
            Some(near) => format!("did you mean {near}?"),
            None => "`portaria keys list` names them".to_owned(),
        };
        Failure::No(format!("there is no key `{}`\n  help: {help}", printable(id)))
    }
}
