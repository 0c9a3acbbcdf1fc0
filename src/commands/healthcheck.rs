//! `avow healthcheck`: checks whether the server on this machine is ready, for containers without a shell.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::Error;
use crate::settings::Address;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Checks whether the server on this machine is ready; exits with 1 if it is not.
#[derive(Debug, clap::Args)]
pub(super) struct Healthcheck {
    #[command(flatten)]
    address: Address,
}

impl Healthcheck {
    pub(super) fn run(&self) -> Result<(), Error> {
        let address = reachable(self.address.socket());
        let not_ready = |reason| Error::NotReady { address, reason };
        let status = ask(address).map_err(|error| not_ready(error.to_string()))?;
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

/// The status line of `/readyz`.
fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    Ok(status.trim_end().to_owned())
}
