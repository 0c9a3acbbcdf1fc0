//! Records that were damaged on the way: no panic, no more memory than was granted, and one opinion.
//!
//! `AVOW_FUZZ=1000000 cargo test --release -p avow-client --test it fuzz` takes a million of them.

use avow_avro::{Resolution, Schema};
use avow_client::codec::{DecodeError, DecodePlan, Limits};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::anything::Anything;
use super::corpus::pairs;
use super::round_trips::{ORDER, Order, order};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides
    }

    /// Damages a message: a few bytes here and there, numbers that are too large, ends cut off, parts repeated.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const NUMBERS: [&[u8]; 8] = [
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\xff\xff\xff\xff\x0f",
            b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
            b"\x80\x90\xd0\x07",
            b"\x01",
            b"\x02",
            b"\xc0\xc1\x01",
        ];
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len() + 1);
            match self.roll(6) {
                0 if at < bytes.len() => bytes[at] = u8::try_from(self.roll(256)).unwrap(),
                1 if at < bytes.len() => bytes[at] ^= 1 << self.roll(8),
                2 => bytes.truncate(at),
                3 => {
                    let number = NUMBERS[self.roll(NUMBERS.len())];
                    bytes.splice(at..at, number.iter().copied());
                }
                4 => {
                    let part = bytes[at..bytes.len().min(at + 1 + self.roll(32))].to_vec();
                    let times = 1 + self.roll(100);
                    bytes.splice(at..at, part.repeat(times));
                }
                _ => {
                    let end = bytes.len().min(at + self.roll(4));
                    bytes.drain(at..end);
                }
            }
        }
    }
}

const GRANTED: usize = 256 << 10;

/// What is not charged: what serde reserves before the first item, the error, and one more copy of the message.
const SPARE: u64 = (1 << 20) + (64 << 10);

fn decode<'de, T: Deserialize<'de>>(plan: &'de DecodePlan, bytes: &'de [u8]) -> Result<T, DecodeError> {
    let limits = Limits { bytes: GRANTED, ..Limits::default() };
    let mut result = None;
    let used = allocation_counter::measure(|| result = Some(plan.decode(bytes, &limits)));
    assert!(used.bytes_max <= GRANTED as u64 + SPARE, "{} bytes for a message of {}", used.bytes_max, bytes.len());
    result.unwrap()
}

#[test]
fn damaged_records_are_answered() {
    let count = std::env::var("AVOW_FUZZ").map_or(4000, |count| count.parse().unwrap());
    let mut dice = Dice(0x5eed);
    let schemas: Vec<(Schema, Schema)> = pairs().iter().step_by(29).map(super::corpus::Pair::schemas).collect();
    let plans: Vec<_> = schemas
        .iter()
        .filter_map(|(writer, reader)| {
            let plan = DecodePlan::new(writer, Some(reader)).ok()?;
            Some((plan, Resolution::new(reader, writer)?, writer.made_up_data(5).take(8).collect::<Vec<_>>()))
        })
        .filter(|(_, _, data)| !data.is_empty())
        .collect();
    let order_plan = DecodePlan::new(&super::schema(ORDER), None).unwrap();
    let order = super::encode(ORDER, &order(Some(order(None)))).unwrap();
    let (mut outcomes, mut disagreements) = ([0_usize; 2], 0);
    for _ in 0..count {
        if dice.roll(4) == 0 {
            let mut bytes = order.clone();
            dice.damage(&mut bytes);
            outcomes[usize::from(decode::<Order>(&order_plan, &bytes).is_ok())] += 1;
            continue;
        }
        let (plan, resolution, data) = &plans[dice.roll(plans.len())];
        let mut bytes = data[dice.roll(data.len())].clone();
        dice.damage(&mut bytes);
        let result = decode::<Anything>(plan, &bytes);
        outcomes[usize::from(result.is_ok())] += 1;
        match result {
            // Blocks that lie about their size are read item by item, but skipped as they say.
            Ok(_) => {
                let is_skipped = decode::<IgnoredAny>(plan, &bytes).is_ok();
                disagreements += usize::from(!is_skipped || resolution.decode(&bytes).is_err());
            }
            Err(error) => assert!(error.offset() <= bytes.len() && !error.to_string().is_empty()),
        }
        let limits = Limits { bytes: GRANTED, ..Limits::default() };
        let used = allocation_counter::measure(|| drop(plan.decode_value(&bytes, &limits)));
        assert!(used.bytes_max <= GRANTED as u64 + SPARE, "{} bytes for a value", used.bytes_max);
    }
    assert!(disagreements <= outcomes[1] / 100, "{disagreements} of {}", outcomes[1]);
    assert!(outcomes.iter().all(|outcome| *outcome > count / 50), "{outcomes:?}");
}
