//! The parsing canonical form and its fingerprints (avro-compat 6.5).

use avow_budget::{Budget, Exceeded};
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::model::{Id, Kind, Named, Nodes, Schema};
use crate::name::Name;
use crate::positions::FastSet;
use crate::print::{Output, UNLIMITED};

impl Schema {
    /// The parsing canonical form. Names and symbols are copied unescaped, as Java does.
    pub fn canonical_form_within(&self, budget: &Budget) -> Result<String, Exceeded> {
        let nodes = &self.inner.nodes;
        let mut known = FastSet::default();
        let mut out = Output::new(budget);
        let mut pending = vec![Piece::Type(self.inner.root)];
        while let Some(piece) = pending.pop() {
            match piece {
                Piece::Text(text) => out.push(&text)?,
                Piece::Name(name) => {
                    budget.spend(name.full_length() as u64)?;
                    out.push(&name.full())?;
                }
                Piece::Type(id) => {
                    let start = pending.len();
                    unfold(nodes, id, &mut known, &mut pending);
                    pending[start..].reverse();
                }
            }
        }
        Ok(out.text)
    }

    /// [`Schema::canonical_form_within`] without a budget.
    pub fn canonical_form(&self) -> String {
        self.canonical_form_within(&Budget::unlimited()).expect(UNLIMITED)
    }

    /// The CRC-64-AVRO fingerprint of the canonical form; as bytes it is written little endian.
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

    /// The MD5 fingerprint of the canonical form.
    pub fn md5(&self) -> [u8; 16] {
        Md5::digest(self.canonical_form()).into()
    }

    /// The SHA-256 fingerprint of the canonical form.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_form()).into()
    }
}

enum Piece<'n> {
    Text(String),
    Name(&'n Name),
    Type(Id),
}

fn unfold<'n>(nodes: &'n Nodes, id: Id, known: &mut FastSet<&'n Name>, pieces: &mut Vec<Piece<'n>>) {
    let kind = &nodes[id].kind;
    if let Some(named) = kind.named()
        && !known.insert(&named.name)
    {
        pieces.extend([Piece::Text("\"".to_owned()), Piece::Name(&named.name), Piece::Text("\"".to_owned())]);
        return;
    }
    let push_head = |pieces: &mut Vec<Piece<'n>>, named: &'n Named, rest: String| {
        pieces.extend([Piece::Text("{\"name\":\"".to_owned()), Piece::Name(&named.name), Piece::Text(rest)]);
    };
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
            push_head(pieces, &record.named, "\",\"type\":\"record\",\"fields\":[".to_owned());
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
            push_head(pieces, &kind.named, format!("\",\"type\":\"enum\",\"symbols\":[{}]}}", symbols.join(",")));
        }
        Kind::Fixed(kind) => {
            push_head(pieces, &kind.named, format!("\",\"type\":\"fixed\",\"size\":{}}}", kind.size));
        }
        Kind::Unresolved(_) => {}
    }
}
