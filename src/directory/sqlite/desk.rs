//! The desk at which orders are given. One task carries them out: what arrives together goes into one transaction, and who asked
//! hears of it once that is kept. A request that is given up half-way leaves nothing open.

use crate::directory::Away;
use crate::directory::sql::{Fault, Sql as _, Verb};
use crate::directory::sqlite::talk::Talk;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Orders that are carried out together at most.
const TOGETHER: usize = 64;
/// How long somebody waits to hear of an order.
const PATIENCE: Duration = Duration::from_secs(6);
/// Orders that wait at most; then those who ask wait.
const WAITING: usize = 1024;

/// The desk at which orders are given.
#[derive(Clone, Debug)]
pub struct Desk(mpsc::Sender<Box<dyn Order>>);

impl Desk {
    /// Opens the desk; the connection is the only one that writes.
    pub fn open(options: SqliteConnectOptions, writer: SqliteConnection) -> Self {
        let (give, orders) = mpsc::channel(WAITING);
        tokio::spawn(Writer { options, connection: Some(writer) }.work(orders));
        Self(give)
    }

    /// Gives an order and waits until it is kept.
    pub async fn give<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, Away> {
        let (answer, heard) = oneshot::channel();
        let order = Box::new(Given { verb, answer, outcome: None });
        let given = async {
            self.0.send(order).await.map_err(|_| Away)?;
            heard.await.map_err(|_| Away)?
        };
        tokio::time::timeout(PATIENCE, given).await.map_err(|_| Away)?
    }
}

/// A verb, and who waits for it.
struct Given<V: Verb> {
    verb: Arc<V>,
    answer: oneshot::Sender<Result<V::Answer, Away>>,
    outcome: Option<V::Answer>,
}

type Doing<'o> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'o>>;

trait Order: Send {
    fn carry_out<'o>(&'o mut self, talk: &'o mut Talk<'_>) -> Doing<'o>;
    /// Tells what came of it, now that it is kept; or that it is not.
    fn tell(self: Box<Self>, is_kept: bool);
    /// Whether nobody waits for it any more.
    fn is_given_up(&self) -> bool;
}

impl<V: Verb> Order for Given<V> {
    fn carry_out<'o>(&'o mut self, talk: &'o mut Talk<'_>) -> Doing<'o> {
        Box::pin(async move {
            self.outcome = Some(self.verb.carry_out(talk).await?);
            Ok(())
        })
    }

    fn tell(self: Box<Self>, is_kept: bool) {
        let _ = self.answer.send(self.outcome.filter(|_| is_kept).ok_or(Away));
    }

    fn is_given_up(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Who writes.
struct Writer {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
}

impl Writer {
    async fn work(mut self, mut orders: mpsc::Receiver<Box<dyn Order>>) {
        let mut batch = Vec::new();
        while orders.recv_many(&mut batch, TOGETHER).await > 0 {
            // Who has stopped waiting is not served any more, so that a storage that was stuck is soon well again.
            batch.retain(|order| !order.is_given_up());
            match self.carry_out(&mut batch).await {
                Ok(()) => batch.drain(..).for_each(|order| order.tell(true)),
                // One of them cannot be done: the others must not suffer for it.
                Err(Trouble::WithOne) if batch.len() > 1 => {
                    for mut order in batch.drain(..).filter(|order| !order.is_given_up()) {
                        let alone = self.carry_out(std::slice::from_mut(&mut order)).await;
                        order.tell(alone.is_ok());
                    }
                }
                Err(_) => batch.drain(..).for_each(|order| order.tell(false)),
            }
        }
    }

    /// All of it or nothing. After any failure the connection is opened anew: what is left of the old one is undone with it.
    async fn carry_out(&mut self, orders: &mut [Box<dyn Order>]) -> Result<(), Trouble> {
        if orders.is_empty() {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(|error| {
                let _ = Fault::from(error);
                Trouble::WithAll
            })?,
        };
        let mut talk = Talk::new(&mut connection);
        let done = together(&mut talk, orders).await;
        let heard = talk.was_heard();
        if done.is_ok() {
            self.connection = Some(connection);
            return Ok(());
        }
        let _ = connection.close_hard().await;
        Err(if heard { Trouble::WithOne } else { Trouble::WithAll })
    }
}

enum Trouble {
    /// Something that was ordered cannot be done.
    WithOne,
    /// Nothing can be done.
    WithAll,
}

async fn together(talk: &mut Talk<'_>, orders: &mut [Box<dyn Order>]) -> Result<(), Fault> {
    talk.then("BEGIN IMMEDIATE", &[]).await?;
    for order in orders {
        order.carry_out(talk).await?;
    }
    talk.then("COMMIT", &[]).await?;
    talk.flush().await
}
