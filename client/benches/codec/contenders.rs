//! Who takes part, each doing the same work as often as it is called.

use std::hint::black_box;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use avow_avro::{Strictness, parse};
use avow_client::codec::{DecodePlan, EncodePlan, Limits};
use schema_registry_converter::async_impl::avro::{AvroDecoder, AvroEncoder};
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::schema_registry_common::SubjectNameStrategy;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::types::{Batch, Borrowed, SaleLater, later};
use crate::{by_hand, payload, registry};

pub(crate) struct Contender {
    pub(crate) group: &'static str,
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut()>,
}

/// One payload with everything that takes part in it.
struct Payload<T> {
    value: T,
    id: u32,
    schema: String,
    /// For `serde_avro_fast`.
    plain: String,
    later: String,
    groups: [&'static str; 4],
    by_hand: fn(&T, &mut Vec<u8>),
}

pub(crate) fn contenders() -> Vec<Contender> {
    let sale = Payload {
        value: payload::sale(),
        id: 1,
        schema: payload::SALE.to_owned(),
        plain: payload::SALE.to_owned(),
        later: payload::SALE_LATER.to_owned(),
        groups: ["encode/sale", "decode/sale", "borrow/sale", "resolve/sale"],
        by_hand: by_hand::sale,
    };
    let order = Payload {
        value: payload::order(),
        id: 2,
        schema: payload::order_text(),
        plain: payload::order_text_without_decimals(),
        later: payload::order_later_text(),
        groups: ["encode/order", "decode/order", "borrow/order", "resolve/order"],
        by_hand: by_hand::order,
    };
    let batch = Payload {
        value: payload::batch(),
        id: 3,
        schema: payload::BATCH.to_owned(),
        plain: payload::BATCH.to_owned(),
        later: payload::BATCH_LATER.to_owned(),
        groups: ["encode/batch", "decode/batch", "borrow/batch", "resolve/batch"],
        by_hand: by_hand::batch,
    };
    let address = registry::serve(vec![sale.schema.clone(), order.schema.clone(), batch.schema.clone()]);
    let settings = || SrSettings::new_builder(address.clone()).no_proxy().build().unwrap();
    let mut all = Vec::new();
    all.extend(sale.contenders::<SaleLater>(settings()));
    all.extend(order.contenders::<later::Order>(settings()));
    all.push(order.borrowing::<Borrowed<'static>>());
    all.extend(batch.contenders::<later::Batch>(settings()));
    all.push(batch.borrowing::<Batch<&'static str>>());
    all
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn schema(text: &str) -> avow_avro::Schema {
    parse(text, &[], Strictness::Strict).unwrap()
}

fn lasting<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

impl<T: Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug + 'static> Payload<T> {
    fn framed(&self) -> Vec<u8> {
        let mut framed = vec![0, 0, 0, 0, u8::try_from(self.id).unwrap()];
        (self.by_hand)(&self.value, &mut framed);
        framed
    }

    /// Decoding into a type that borrows from the message.
    fn borrowing<B: Deserialize<'static> + 'static>(&self) -> Contender {
        let plan = lasting(DecodePlan::new(&schema(&self.schema), None).unwrap());
        let framed: &'static [u8] = lasting(self.framed());
        let limits = Limits::default();
        let run = move || {
            black_box(plan.decode::<B>(&black_box(framed)[5..], &limits).unwrap());
        };
        Contender { group: self.groups[2], name: "avow", run: Box::new(run) }
    }

    fn contenders<L: DeserializeOwned + PartialEq + std::fmt::Debug + 'static>(
        &self,
        settings: SrSettings,
    ) -> Vec<Contender> {
        let mut all = Vec::new();
        let mut add = |group: usize, name, run: Box<dyn FnMut()>| {
            all.push(Contender { group: self.groups[group], name, run });
        };
        let framed = self.framed();
        let subject = format!("s{}", self.id);
        let strategy = SubjectNameStrategy::TopicNameStrategy(subject, false);
        let limits = Limits::default();
        let apache = lasting(apache_avro::Schema::parse_str(&self.schema).unwrap());
        let apache_later = lasting(apache_avro::Schema::parse_str(&self.later).unwrap());
        let by_hand = self.by_hand;

        // Encode, framed.
        let (value, mut out) = (self.value.clone(), Vec::new());
        add(0, "by hand", Box::new(move || by_hand::framed(&value, &mut out, by_hand)));

        let plan = EncodePlan::new(&schema(&self.schema)).unwrap();
        let (value, mut out) = (self.value.clone(), Vec::new());
        let encode = move || {
            out.clear();
            out.extend_from_slice(&[0, 0, 0, 0, 1]);
            plan.encode(black_box(&value), &mut out).unwrap();
            black_box(&out);
        };
        add(0, "avow", Box::new(encode));

        let fast: serde_avro_fast::Schema = self.plain.parse().unwrap();
        let fast = lasting(fast);
        let mut config = serde_avro_fast::ser::SerializerConfig::new(fast);
        let (value, mut out) = (self.value.clone(), Some(Vec::new()));
        let encode = move || {
            let mut buffer: Vec<u8> = out.take().unwrap_or_default();
            buffer.clear();
            buffer.extend_from_slice(&[0, 0, 0, 0, 1]);
            out = Some(black_box(serde_avro_fast::to_datum(black_box(&value), buffer, &mut config).unwrap()));
        };
        add(0, "serde_avro_fast", Box::new(encode));

        let writer = GenericDatumWriter::builder(apache).build().unwrap();
        let (value, mut out) = (self.value.clone(), Vec::new());
        let encode = move || {
            out.clear();
            out.extend_from_slice(&[0, 0, 0, 0, 1]);
            writer.write_ser(&mut out, black_box(&value)).unwrap();
            black_box(&out);
        };
        add(0, "apache-avro", Box::new(encode));

        let encoder = AvroEncoder::new(settings.clone());
        let (value, tokio) = (self.value.clone(), runtime());
        let encode = move || {
            black_box(tokio.block_on(encoder.encode_struct(black_box(&value), &strategy)).unwrap());
        };
        add(0, "schema_registry_converter", Box::new(encode));

        // Decode, as written.
        let plan = DecodePlan::new(&schema(&self.schema), None).unwrap();
        assert_eq!(plan.decode::<T>(&framed[5..], &limits).unwrap(), self.value);
        let (plan, bytes, most) = (lasting(plan), framed.clone(), limits.clone());
        let decode = move || {
            black_box(plan.decode::<T>(&black_box(&bytes)[5..], &most).unwrap());
        };
        let decode: Box<dyn FnMut()> = Box::new(decode);
        add(1, "avow", decode);

        let bytes = framed.clone();
        let decode = move || {
            black_box(serde_avro_fast::from_datum_slice::<T>(&black_box(&bytes)[5..], fast).unwrap());
        };
        add(1, "serde_avro_fast", Box::new(decode));

        let (reader, bytes) = (GenericDatumReader::builder(apache).build().unwrap(), framed.clone());
        let decode = move || {
            black_box(reader.read_deser::<T>(&mut &black_box(&bytes)[5..]).unwrap());
        };
        add(1, "apache-avro read_deser", Box::new(decode));

        let (decoder, bytes, tokio) = (AvroDecoder::new(settings), framed.clone(), runtime());
        let decode = move || {
            let result = tokio.block_on(decoder.decode(Some(black_box(&bytes)))).unwrap();
            black_box(apache_avro::from_value::<T>(&result.value).unwrap());
        };
        add(1, "schema_registry_converter", Box::new(decode));

        // Decode, as a later reader wants it.
        let plan = DecodePlan::new(&schema(&self.schema), Some(&schema(&self.later))).unwrap();
        let reader = GenericDatumReader::builder(apache).reader_schema(apache_later).build().unwrap();
        let theirs: L = apache_avro::from_value(&reader.read_value(&mut &framed[5..]).unwrap()).unwrap();
        assert_eq!(plan.decode::<L>(&framed[5..], &limits).unwrap(), theirs);
        let (plan, bytes) = (lasting(plan), framed.clone());
        let decode = move || {
            black_box(plan.decode::<L>(&black_box(&bytes)[5..], &limits).unwrap());
        };
        add(3, "avow", Box::new(decode));
        let decode = move || {
            let value = reader.read_value(&mut &black_box(&framed)[5..]).unwrap();
            black_box(apache_avro::from_value::<L>(&value).unwrap());
        };
        add(3, "apache-avro", Box::new(decode));
        all
    }
}
