//! A database that fails at a chosen statement: the last message of the client is refused, lost on the way there or
//! back, or arrives when it is not expected any more.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::proxy::around_address;

/// The fault of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not run; this error comes back.
    Refused(&'static str),
    /// It is run, and an error says that the outcome is unknown: 40003.
    Unknown,
    /// The connection ends before it is run.
    LostBefore,
    /// The connection ends after it was run.
    LostAfter,
    /// The connection ends, and the statement is run when the test says so.
    Late,
    /// It is run in a transaction that is left open, on a connection that stays silent.
    Stuck,
}

/// The statements that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// All of them.
    Everything,
    /// Those of connections that write.
    Writers,
}

/// A proxy in front of a database that understands just enough of the protocol to fail between statements.
pub(crate) struct Faulty {
    url: String,
    plan: Arc<Mutex<Plan>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Plan {
    next: Option<Strike>,
    struck: usize,
    late: Vec<(TcpStream, Vec<u8>)>,
}

struct Strike {
    fault: Fault,
    of: Of,
    /// Statements to be let through before.
    after: usize,
    /// The number of statements that fail then.
    times: usize,
}

impl Faulty {
    /// A proxy in front of the database at `url` that forwards everything for now.
    pub(crate) async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (start, upstream, end) = around_address(url);
        let url = format!("{start}{}{end}", listener.local_addr().expect("an address"));
        let plan = Arc::<Mutex<Plan>>::default();
        let shared = Arc::clone(&plan);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let client = listener.accept().await.expect("a connection").0;
                while connections.try_join_next().is_some() {}
                let plan = Arc::clone(&shared);
                connections.spawn(async move {
                    let server = TcpStream::connect(upstream).await?;
                    client.set_nodelay(true)?;
                    server.set_nodelay(true)?;
                    Connection { client, server, plan, writes: false, status: b'I' }.serve().await
                });
            }
        });
        Self { url, plan, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Has `times` statements fail once `after` others were let through.
    pub(crate) fn arm(&self, fault: Fault, of: Of, after: usize, times: usize) {
        let mut plan = self.plan.lock().expect("no panic");
        plan.next = Some(Strike { fault, of, after, times });
        plan.struck = 0;
    }

    /// Forwards everything again; returns the number of failed statements.
    pub(crate) fn disarm(&self) -> usize {
        let mut plan = self.plan.lock().expect("no panic");
        plan.next = None;
        plan.struck
    }

    /// Delivers the delayed statements, and waits until they have run.
    pub(crate) async fn deliver(&self) {
        let late = std::mem::take(&mut self.plan.lock().expect("no panic").late);
        for (mut server, statement) in late {
            server.write_all(&statement).await.expect("the database is there");
            replies(&mut server).await.expect("a reply");
        }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Plan {
    /// The fault of this statement.
    fn strike(&mut self, statement: &Statement, connection: &Connection) -> Option<Fault> {
        let next = self.next.as_mut()?;
        let counts = match next.fault {
            // The database knows only what it was sent, and a transaction ends with its connection.
            Fault::Unknown => statement.runs,
            Fault::Late => statement.runs && connection.status == b'I',
            Fault::Stuck => statement.runs && connection.status == b'T',
            _ => true,
        };
        if !counts || next.times == 0 || (next.of == Of::Writers && !connection.writes) {
            return None;
        }
        if next.after > 0 {
            next.after -= 1;
            return None;
        }
        next.times -= 1;
        self.struck += 1;
        Some(next.fault)
    }
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    plan: Arc<Mutex<Plan>>,
    /// Whether the statement that writes was prepared here.
    writes: bool,
    /// The client's view of its transaction: none, one, or a failed one.
    status: u8,
}

/// The messages a client sends before it waits for a reply.
struct Statement {
    bytes: Vec<u8>,
    runs: bool,
    writes: bool,
    ends: bool,
}

impl Connection {
    async fn serve(mut self) -> io::Result<()> {
        if !self.introduce().await? {
            return Ok(());
        }
        loop {
            let statement = statement(&mut self.client).await?;
            self.writes |= statement.writes;
            let fault = self.plan.lock().expect("no panic").strike(&statement, &self);
            match fault {
                None => {
                    self.server.write_all(&statement.bytes).await?;
                    if statement.ends {
                        return Ok(());
                    }
                    let (replies, status) = replies(&mut self.server).await?;
                    self.status = status;
                    self.client.write_all(&replies).await?;
                }
                Some(Fault::Refused(code)) => self.refuse(code).await?,
                Some(Fault::Unknown) => {
                    self.server.write_all(&statement.bytes).await?;
                    replies(&mut self.server).await?;
                    self.refuse("40003").await?;
                }
                Some(Fault::LostBefore) => return Ok(()),
                Some(Fault::LostAfter) => {
                    self.server.write_all(&statement.bytes).await?;
                    replies(&mut self.server).await?;
                    return Ok(());
                }
                Some(Fault::Stuck) => {
                    self.server.write_all(&statement.bytes).await?;
                    replies(&mut self.server).await?;
                    std::future::pending::<()>().await;
                }
                Some(Fault::Late) => {
                    self.plan.lock().expect("no panic").late.push((self.server, statement.bytes));
                    return Ok(());
                }
            }
        }
    }

    /// Forwards the handshake, in plain text; `false` if the client came only to cancel a statement.
    async fn introduce(&mut self) -> io::Result<bool> {
        // What a client may ask for instead of a session.
        const TLS: u32 = 80_877_103;
        const GSS: u32 = 80_877_104;
        const CANCEL: u32 = 80_877_102;
        loop {
            let length = self.client.read_u32().await?;
            let mut packet = vec![0; length as usize - 4];
            self.client.read_exact(&mut packet).await?;
            let kind = u32::from_be_bytes([packet[0], packet[1], packet[2], packet[3]]);
            if [TLS, GSS].contains(&kind) {
                self.client.write_all(b"N").await?;
                continue;
            }
            self.server.write_u32(length).await?;
            self.server.write_all(&packet).await?;
            if kind == CANCEL {
                return Ok(false);
            }
            break;
        }
        loop {
            let said = message(&mut self.server).await?;
            self.client.write_all(&said).await?;
            match said[0] {
                b'Z' => return Ok(true),
                // A password, or the steps of proving to know it.
                b'R' if [3, 5, 10, 11].contains(&said[8]) => {
                    let proof = message(&mut self.client).await?;
                    self.server.write_all(&proof).await?;
                }
                _ => {}
            }
        }
    }

    async fn refuse(&mut self, code: &str) -> io::Result<()> {
        if self.status == b'T' {
            // As a database would.
            self.server.write_all(b"Q\0\0\0\x0dROLLBACK\0").await?;
            replies(&mut self.server).await?;
            self.status = b'E';
        }
        let fields = format!("SERROR\0VERROR\0C{code}\0Mthe test wants it\0\0");
        let length = u32::try_from(fields.len() + 4).expect("a short text");
        let ready = [b'Z', 0, 0, 0, 5, self.status];
        let error = [b"E", length.to_be_bytes().as_slice(), fields.as_bytes(), &ready].concat();
        self.client.write_all(&error).await
    }
}

/// All messages as far as the next one that asks for a reply.
async fn statement(client: &mut TcpStream) -> io::Result<Statement> {
    let mut statement = Statement { bytes: Vec::new(), runs: false, writes: false, ends: false };
    loop {
        let next = message(client).await?;
        statement.runs |= [b'E', b'Q'].contains(&next[0]);
        statement.writes |= next[0] == b'P' && next.windows(10).any(|text| text == b"avow_write");
        statement.ends = next[0] == b'X';
        let complete = [b'S', b'Q', b'X'].contains(&next[0]);
        statement.bytes.extend(next);
        if complete {
            return Ok(statement);
        }
    }
}

/// All replies as far as the one that says that the next statement may come, and the state of the transaction in it.
async fn replies(server: &mut TcpStream) -> io::Result<(Vec<u8>, u8)> {
    let mut replies = Vec::new();
    loop {
        let next = message(server).await?;
        let status = (next[0] == b'Z').then(|| next[5]);
        replies.extend(next);
        if let Some(status) = status {
            return Ok((replies, status));
        }
    }
}

async fn message(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 5];
    from.read_exact(&mut message).await?;
    let length = u32::from_be_bytes([message[1], message[2], message[3], message[4]]) as usize;
    message.resize(1 + length, 0);
    from.read_exact(&mut message[5..]).await?;
    Ok(message)
}
