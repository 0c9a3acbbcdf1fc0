//! Just enough of Protocol Buffers to read what a collector is sent.

/// A message, as its fields.
pub(crate) struct Message<'b>(Vec<(u64, Field<'b>)>);

enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Message<'b> {
    pub(crate) fn read(mut bytes: &'b [u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => Field::Bytes(take(&mut bytes, 8)),
                2 => {
                    let length = varint(&mut bytes);
                    Field::Bytes(take(&mut bytes, length.try_into().expect("a length")))
                }
                5 => Field::Bytes(take(&mut bytes, 4)),
                kind => panic!("no kind of field: {kind}"),
            };
            fields.push((tag >> 3, field));
        }
        Self(fields)
    }

    /// Every value of a field that holds bytes.
    pub(crate) fn bytes(&self, number: u64) -> impl Iterator<Item = &'b [u8]> {
        self.0.iter().filter(move |(at, _)| *at == number).filter_map(|(_, field)| match field {
            Field::Bytes(bytes) => Some(*bytes),
            Field::Number(_) => None,
        })
    }

    pub(crate) fn messages(&self, number: u64) -> impl Iterator<Item = Message<'b>> {
        self.bytes(number).map(Message::read)
    }

    pub(crate) fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number).next().unwrap_or_default().to_vec()).expect("a text")
    }

    pub(crate) fn hex(&self, number: u64) -> String {
        let bytes = self.bytes(number).next().unwrap_or_default();
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    pub(crate) fn number(&self, number: u64) -> Option<u64> {
        self.0.iter().find(|(at, _)| *at == number).and_then(|(_, field)| match field {
            Field::Number(number) => Some(*number),
            Field::Bytes(_) => None,
        })
    }
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}
