//! `avow healthcheck`: checks whether the server on this machine is ready, for containers without a shell.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::Error;
use crate::http::tls::pinned;
use crate::settings::Address;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Checks whether the server on this machine is ready; exits with 1 if it is not.
#[derive(Debug, clap::Args)]
pub(super) struct Healthcheck {
    #[command(flatten)]
    address: Address,

    /// The certificate of the server, where it speaks TLS.
    #[arg(long, env = "AVOW_TLS_CERT", value_delimiter = ',', value_name = "FILE")]
    tls_cert: Vec<PathBuf>,
}

impl Healthcheck {
    pub(super) fn run(&self) -> Result<(), Error> {
        let address = reachable(self.address.socket());
        let not_ready = |reason| Error::NotReady { address, reason };
        let status = self.ask(address).map_err(|error| not_ready(error.to_string()))?;
        if status.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(not_ready(status)) }
    }
}

/// A server that listens on every address is asked on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

impl Healthcheck {
    /// The status line of `/readyz`.
    fn ask(&self, address: SocketAddr) -> io::Result<String> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        match self.tls_cert.first() {
            None => exchange(stream, address),
            Some(certificate) => {
                let config = Arc::new(pinned(certificate).map_err(io::Error::other)?);
                let client = ClientConnection::new(config, address.ip().into()).map_err(io::Error::other)?;
                exchange(StreamOwned::new(client, stream), address)
            }
        }
    }
}

fn exchange(mut stream: impl Read + Write, address: SocketAddr) -> io::Result<String> {
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut status = String::new();
    BufReader::new(stream).take(1_000).read_line(&mut status)?;
    Ok(status.trim_end().to_owned())
}
