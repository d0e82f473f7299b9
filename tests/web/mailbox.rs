//! A mail server in the test process: it takes every letter, or none.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A letter as it arrived: to whom, and its whole source.
pub type SentMail = (String, String);

/// The server.
pub struct Mailbox {
    address: SocketAddr,
    letters: Arc<Mutex<Vec<SentMail>>>,
    refuses: Arc<AtomicBool>,
    held: Arc<Mutex<()>>,
}

impl Mailbox {
    /// Opens it.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (letters, refuses): (Arc<Mutex<Vec<SentMail>>>, Arc<AtomicBool>) = (Arc::default(), Arc::default());
        let held = Arc::<Mutex<()>>::default();
        let (kept, refusing, holding) = (Arc::clone(&letters), Arc::clone(&refuses), Arc::clone(&held));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (kept, refusing, holding) = (Arc::clone(&kept), Arc::clone(&refusing), Arc::clone(&holding));
                std::thread::spawn(move || {
                    drop(holding.lock());
                    _ = talk(connection, &kept, &refusing);
                });
            }
        });
        Self { address, letters, refuses, held }
    }

    /// The settings that lead here.
    pub fn settings(&self) -> String {
        format!("mail: {{ smtp: \"smtp://{}\", from: nao-responda@loja.example }}\n", self.address)
    }

    /// All letters so far.
    pub fn letters(&self) -> Vec<SentMail> {
        self.letters.lock().expect("no thread panics while it holds the lock").clone()
    }

    /// The code of the last letter.
    pub fn code(&self) -> String {
        let (_, letter) = self.letters().pop().expect("a letter");
        let subject = letter.lines().find(|line| line.starts_with("Subject: ")).expect("a subject").to_owned();
        let digits = subject.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(digits.len(), 6 | 16) && digits.bytes().all(|digit| digit.is_ascii_digit()), "{subject}");
        digits.to_owned()
    }

    /// The long code of the last letter.
    pub fn long_code(&self) -> String {
        let code = self.code();
        assert_eq!(code.len(), 16);
        code
    }

    /// Says nothing to those who connect until this is dropped.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.held.lock().expect("no thread panics while it holds the lock")
    }

    /// Whether it takes letters.
    pub fn refuse(&self, refuse: bool) {
        self.refuses.store(refuse, Ordering::SeqCst);
    }
}

fn talk(connection: TcpStream, letters: &Mutex<Vec<SentMail>>, refuses: &AtomicBool) -> std::io::Result<()> {
    let mut say = connection.try_clone()?;
    let mut hear = BufReader::new(connection);
    say.write_all(b"220 caixa\r\n")?;
    let (mut to, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if hear.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "RCPT" if refuses.load(Ordering::SeqCst) => "451 later",
            "RCPT" => {
                line.trim().split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut to);
                "250 fine"
            }
            "DATA" => {
                say.write_all(b"354 go on\r\n")?;
                let mut letter = String::new();
                loop {
                    line.clear();
                    hear.read_line(&mut line)?;
                    if line == ".\r\n" {
                        break;
                    }
                    letter.push_str(&line);
                }
                letters.lock().expect("no thread panics while it holds the lock").push((to.clone(), letter));
                "250 taken"
            }
            "QUIT" => {
                say.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 fine",
        };
        say.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}
