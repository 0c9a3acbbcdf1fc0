//! The parsing canonical form and its fingerprints (avro-compat 6.5).

use std::collections::HashSet;

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::model::{Id, Kind, Named, Node, Schema};

impl Schema {
    /// Returns the parsing canonical form. Names and symbols are copied unescaped, as Java does.
    pub fn canonical_form(&self) -> String {
        let nodes = &self.inner.nodes;
        let mut known = HashSet::new();
        let mut out = String::new();
        let mut pending = vec![Piece::Type(self.inner.root)];
        while let Some(piece) = pending.pop() {
            match piece {
                Piece::Text(text) => out.push_str(&text),
                Piece::Type(id) => {
                    let start = pending.len();
                    unfold(nodes, id, &mut known, &mut pending);
                    pending[start..].reverse();
                }
            }
        }
        out
    }

    /// Returns the CRC-64-AVRO fingerprint of the canonical form; as bytes it is written little endian.
    pub fn rabin(&self) -> u64 {
        const EMPTY: u64 = 0xc15d_213a_a4d7_a795;
        const TABLE: [u64; 256] = {
            let mut table = [0; 256];
            let mut at = 0;
            while at < 256 {
                let mut row = at as u64;
                let mut bit = 0;
                while bit < 8 {
                    row = (row >> 1) ^ (EMPTY & 0_u64.wrapping_sub(row & 1));
                    bit += 1;
                }
                table[at] = row;
                at += 1;
            }
            table
        };
        self.canonical_form()
            .bytes()
            .fold(EMPTY, |sum, byte| (sum >> 8) ^ TABLE[((sum ^ u64::from(byte)) & 0xff) as usize])
    }

    /// Returns the MD5 fingerprint of the canonical form.
    pub fn md5(&self) -> [u8; 16] {
        Md5::digest(self.canonical_form()).into()
    }

    /// Returns the SHA-256 fingerprint of the canonical form.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_form()).into()
    }
}

enum Piece {
    Text(String),
    Type(Id),
}

fn unfold<'n>(nodes: &'n [Node], id: Id, known: &mut HashSet<&'n str>, pieces: &mut Vec<Piece>) {
    let kind = &nodes[id.0 as usize].kind;
    if let Some(named) = kind.named()
        && !known.insert(named.name.full())
    {
        pieces.push(Piece::Text(format!("\"{}\"", named.name.full())));
        return;
    }
    let head = |named: &Named, kind: &str| format!("{{\"name\":\"{}\",\"type\":\"{kind}\"", named.name.full());
    match kind {
        Kind::Primitive(primitive) => pieces.push(Piece::Text(format!("\"{}\"", primitive.name()))),
        Kind::Array(items) => {
            pieces.push(Piece::Text("{\"type\":\"array\",\"items\":".to_owned()));
            pieces.push(Piece::Type(*items));
            pieces.push(Piece::Text("}".to_owned()));
        }
        Kind::Map(values) => {
            pieces.push(Piece::Text("{\"type\":\"map\",\"values\":".to_owned()));
            pieces.push(Piece::Type(*values));
            pieces.push(Piece::Text("}".to_owned()));
        }
        Kind::Union(branches) => {
            pieces.push(Piece::Text("[".to_owned()));
            for (at, branch) in branches.iter().enumerate() {
                if at > 0 {
                    pieces.push(Piece::Text(",".to_owned()));
                }
                pieces.push(Piece::Type(*branch));
            }
            pieces.push(Piece::Text("]".to_owned()));
        }
        Kind::Record(record) => {
            pieces.push(Piece::Text(head(&record.named, "record") + ",\"fields\":["));
            for (at, field) in record.fields.iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                pieces.push(Piece::Text(format!("{comma}{{\"name\":\"{}\",\"type\":", field.name)));
                pieces.push(Piece::Type(field.kind));
                pieces.push(Piece::Text("}".to_owned()));
            }
            pieces.push(Piece::Text("]}".to_owned()));
        }
        Kind::Enum(kind) => {
            let symbols: Vec<_> = kind.symbols.iter().map(|symbol| format!("\"{symbol}\"")).collect();
            let head = head(&kind.named, "enum");
            pieces.push(Piece::Text(format!("{head},\"symbols\":[{}]}}", symbols.join(","))));
        }
        Kind::Fixed(kind) => {
            let head = head(&kind.named, "fixed");
            pieces.push(Piece::Text(format!("{head},\"size\":{}}}", kind.size)));
        }
        Kind::Unresolved(_) => {}
    }
}
