//! The other end of a connection, and how many connections one address may have.

use super::auth::Memo;
use super::tls::PeerCertificate;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// The other end of a connection; every request on it has one as an extension.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its address, which may be that of a proxy.
    pub(super) address: SocketAddr,
    /// Its certificate, where it has shown one.
    pub(super) certificate: Option<PeerCertificate>,
    /// The credential that was last verified on it.
    pub(super) memo: Memo,
}

impl Peer {
    pub(super) fn new(address: SocketAddr, certificate: Option<PeerCertificate>) -> Self {
        Self { address, certificate, memo: Memo::default() }
    }
}

/// An address as limits count it: of IPv6 the network, since one host has a whole network of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AddressKey(IpAddr);

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// The open connections by address.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    open: Mutex<HashMap<AddressKey, usize>>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    connections: Arc<Connections>,
    address: AddressKey,
}

impl Connections {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Counts a connection, unless its address has as many as it may.
    pub(super) fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let address = AddressKey::from(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Counted { connections: Arc::clone(self), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections() {
        let connections = Connections::new(2);
        let count = |address: &str| connections.count(address.parse().expect("an address"));
        let (first, second) = (count("10.0.0.1"), count("::ffff:10.0.0.1"));
        assert!(first.is_some() && second.is_some() && count("10.0.0.1").is_none());
        assert!(count("10.0.0.2").is_some());
        drop(first);
        let again = count("10.0.0.1");
        assert!(again.is_some() && count("10.0.0.1").is_none());
        drop((second, again));
        let network = (count("2001:db8::1"), count("2001:db8::2"));
        assert!(count("2001:db8::3").is_none() && count("2001:db8:0:1::3").is_some());
        drop(network);
        assert!(connections.open.lock().expect("not poisoned").is_empty());
    }
}
