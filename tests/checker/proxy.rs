//! A proxy between the broker and what it stands on. It makes bad weather: it is slow, falls silent, refuses, cuts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// What happens to everything that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Each piece takes so many milliseconds.
    Slow(u64),
    /// Nothing passes, and neither side notices; what was on the way arrives later.
    Silent,
    /// Each connection is refused.
    Refusing,
    /// After so many bytes of an answer the connection ends.
    Short(usize),
}

/// Where everything goes.
#[derive(Clone)]
pub enum Target {
    Socket(PathBuf),
    Port(SocketAddr),
}

#[derive(Clone, Copy)]
struct State {
    weather: Weather,
    /// How often all connections were ended, and whether by a reset.
    cuts: (u32, bool),
}

/// The proxy. It goes with its owner.
pub struct FaultProxy {
    /// Where it listens.
    pub address: SocketAddr,
    state: watch::Sender<State>,
}

impl FaultProxy {
    /// In front of a target.
    pub fn open(target: Target) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("it need not wait");
        let address = listener.local_addr().expect("it listens");
        let (state, seen) = watch::channel(State { weather: Weather::Fair, cuts: (0, false) });
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(accept(listener, target, seen));
        });
        Self { address, state }
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.state.send_modify(|state| state.weather = weather);
    }

    /// Ends all connections there are.
    pub fn cut(&self, by_reset: bool) {
        self.state.send_modify(|state| state.cuts = (state.cuts.0 + 1, by_reset));
    }
}

async fn accept(listener: std::net::TcpListener, target: Target, mut seen: watch::Receiver<State>) {
    let listener = TcpListener::from_std(listener).expect("it listens");
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                tokio::spawn(connect(client, target.clone(), seen.clone()));
            },
            changed = seen.changed() => if changed.is_err() { return },
        }
    }
}

async fn connect(client: TcpStream, target: Target, seen: watch::Receiver<State>) {
    if seen.borrow().weather == Weather::Refusing {
        let _ = client.set_zero_linger();
        return;
    }
    let _ = client.set_nodelay(true);
    match target {
        Target::Socket(path) => {
            let Ok(server) = UnixStream::connect(path).await else { return };
            Box::pin(carry(client, server, seen)).await;
        }
        Target::Port(address) => {
            let Ok(server) = TcpStream::connect(address).await else { return };
            Box::pin(carry(client, server, seen)).await;
        }
    }
}

/// Carries bytes in both directions until one side ends, or the weather does it.
async fn carry<Server: AsyncRead + AsyncWrite + Unpin>(mut client: TcpStream, mut server: Server, mut seen: watch::Receiver<State>) {
    let cuts = seen.borrow_and_update().cuts.0;
    let (mut question, mut answer, mut answered) = ([0; 16384], [0; 16384], 0);
    loop {
        tokio::select! {
            changed = seen.changed() => {
                let state = *seen.borrow();
                if changed.is_err() || state.cuts.0 != cuts {
                    break;
                }
            },
            read = client.read(&mut question) => {
                let Some(read) = read.ok().filter(|read| *read > 0) else { return };
                if !passes(&mut seen, cuts).await || server.write_all(&question[..read]).await.is_err() {
                    break;
                }
            },
            read = server.read(&mut answer) => {
                let Some(read) = read.ok().filter(|read| *read > 0) else { return };
                let most = match seen.borrow().weather { Weather::Short(most) => most.saturating_sub(answered).min(read), _ => read };
                if !passes(&mut seen, cuts).await || client.write_all(&answer[..most]).await.is_err() || most < read {
                    break;
                }
                answered += read;
            },
        }
    }
    if seen.borrow().cuts.1 {
        let _ = client.set_zero_linger();
    }
}

/// Waits for as long as the weather says; `false` if the connection is to end.
async fn passes(seen: &mut watch::Receiver<State>, cuts: u32) -> bool {
    loop {
        let state = *seen.borrow_and_update();
        if state.cuts.0 != cuts {
            return false;
        }
        match state.weather {
            Weather::Fair | Weather::Short(_) | Weather::Refusing => return true,
            Weather::Slow(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                return true;
            }
            Weather::Silent => {
                if seen.changed().await.is_err() {
                    return false;
                }
            }
        }
    }
}
