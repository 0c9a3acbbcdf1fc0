//! Bytes as people hand them around: hexadecimal, base64, or as they are.

use std::io::{self, Write as _};

use crate::Error;

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Notation {
    /// `000000002a54`; spaces, colons, `0x` and `\x` are let pass.
    Hex,
    /// `AAAAACpU`, also in the alphabet for URLs.
    Base64,
    /// As they are.
    Raw,
}

impl Notation {
    pub(super) fn read(self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let text = || std::str::from_utf8(bytes).ok();
        let (read, name) = match self {
            Self::Raw => return Ok(bytes.to_owned()),
            Self::Hex => (text().and_then(from_hex), "hexadecimal"),
            Self::Base64 => (text().and_then(from_base64), "base64"),
        };
        read.ok_or_else(|| Error::Input(format!("the data is not {name}; give its encoding with --as")))
    }

    /// Takes the data for what it looks like.
    pub(super) fn guess(bytes: &[u8], may_be_raw: bool) -> Result<Vec<u8>, Error> {
        let text = std::str::from_utf8(bytes).ok();
        let read = text.and_then(|text| from_hex(text).or_else(|| from_base64(text)));
        match read {
            Some(read) => Ok(read),
            None if may_be_raw => Ok(bytes.to_owned()),
            None => Err(Error::Input("the data is neither hexadecimal nor base64".to_owned())),
        }
    }

    pub(super) fn write(self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        match self {
            Self::Raw => out.write_all(bytes)?,
            Self::Hex => writeln!(out, "{}", hex::encode(bytes))?,
            Self::Base64 => writeln!(out, "{}", to_base64(bytes))?,
        }
        Ok(())
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("0x", "").replace("\\x", "");
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ':' | ',' | '-')).collect();
    hex::decode(digits).ok()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    let text = text.trim_end_matches('=');
    let sextet = |c: u8| match c {
        b'-' => Some(62),
        b'_' => Some(63),
        _ => ALPHABET.iter().position(|it| *it == c),
    };
    let sextets = text.bytes().map(sextet).collect::<Option<Vec<_>>>()?;
    if sextets.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(sextets.len() * 3 / 4);
    for chunk in sextets.chunks(4) {
        let bits = chunk.iter().enumerate().fold(0, |bits, (at, sextet)| bits | sextet << (18 - 6 * at));
        let three = [bits >> 16, bits >> 8, bits].map(|byte| (byte & 0xff).to_le_bytes()[0]);
        bytes.extend(&three[..chunk.len() - 1]);
    }
    Some(bytes)
}

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().enumerate().fold(0_usize, |bits, (at, byte)| bits | usize::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let is_there = at <= chunk.len();
            text.push(if is_there { char::from(ALPHABET[bits >> (18 - 6 * at) & 63]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_as_people_write_them() {
        for text in [
            "0000002a",
            "00 00 00 2A",
            "0x00 0x00 0x00 0x2a",
            "\\x00\\x00\\x00\\x2a",
            "00:00:00:2a\n",
            "AAAAKg==",
            "AAAAKg",
        ] {
            assert_eq!(Notation::guess(text.as_bytes(), false).expect("bytes"), [0, 0, 0, 42], "{text}");
        }
        assert_eq!(Notation::Base64.read(b"-_8=").expect("bytes"), [0xfb, 0xff]);
        assert!(Notation::Hex.read(b"abc").is_err() && Notation::Base64.read(b"a").is_err());
        assert_eq!(Notation::guess(b"\x00{", true).expect("bytes"), b"\x00{");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(from_hex(&hex::encode(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(from_base64(&to_base64(&bytes)), Some(bytes));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,30}|[A-Za-z0-9+/=]{0,9}") {
            let _ = Notation::guess(text.as_bytes(), false);
        }
    }
}
