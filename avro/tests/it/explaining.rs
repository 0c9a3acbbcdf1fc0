//! What people read: every change of wording shows here.

use std::collections::BTreeSet;
use std::fmt::Write;

use avow_avro::{Candidate, Resolution, Schema, Strictness, check, explain, parse, rules};

use crate::vectors::{Pair, pairs};

fn schema(text: &str) -> Schema {
    parse(text, &[], Strictness::Strict).unwrap()
}

/// The findings as one text.
fn report(reader: &str, writer: &str, candidate: Candidate) -> String {
    let mut text = String::new();
    for finding in explain(&schema(reader), &schema(writer), candidate) {
        writeln!(text, "{} {}\n  {}", finding.rule.id(), finding.path, finding.title).unwrap();
        writeln!(text, "  {}", finding.why).unwrap();
        for cause in &finding.causes {
            writeln!(text, "  because {} {}: {} {}", cause.rule.id(), cause.path, cause.title, cause.why).unwrap();
        }
        writeln!(text, "  reader {:?} {}", finding.reader.pointer, finding.reader.fragment).unwrap();
        writeln!(text, "  writer {:?} {}", finding.writer.pointer, finding.writer.fragment).unwrap();
        if let Some(witness) = &finding.witness {
            writeln!(text, "  witness {} [{}] {}", witness.record, witness.bytes, witness.error).unwrap();
        }
        for fix in &finding.fixes {
            let mark = if fix.resolves_all { "fix" } else { "step" };
            writeln!(text, "  {mark} {}", fix.title).unwrap();
        }
    }
    text
}

const ORDER: &str = r#"{"type":"record","name":"shop.Order","fields":[{"name":"id","type":"int"},{"name":"items","type":["null",{"type":"array","items":{"type":"record","name":"Item","fields":[{"name":"sku","type":"string"}]}}]}]}"#;
const PRICED: &str = r#"{"type":"record","name":"shop.Order","fields":[{"name":"id","type":"int"},{"name":"items","type":["null",{"type":"array","items":{"type":"record","name":"Item","fields":[{"name":"sku","type":"string"},{"name":"price","type":"int"}]}}]}]}"#;

const ORDER_ID: &str = r#"{"type":"record","name":"shop.Order","fields":[{"name":"id","type":"int"}]}"#;
const PRICED_ID: &str = r#"{"type":"record","name":"shop.Order","fields":[{"name":"id","type":"long"}]}"#;

#[test]
fn a_field_without_default_behind_a_union() {
    let report = report(PRICED, ORDER, Candidate::Reader);
    insta::assert_snapshot!(report, @r##"
    missing-union-branch Order.items
      `Order.items` can hold an array of Item, which no branch of the new union reads
      The old schema may write an array of Item here; the new schema accepts a union of null and array. An array of Item comes closest, but fails at `Order.items[].price`.
      because missing-default Order.items[].price: `Order.items[].price` is not in the data and has no default The new schema needs the field `price` (int). The old schema does not write it, and without a default there is nothing to put in its place.
      reader Some("/fields/1/type") ["null",{"type":"array","items":{"type":"record","name":"Item","namespace":"shop","fields":[{"name":"sku","type":"string"},{"name":"price","type":"int"}]}}]
      writer Some("/fields/1/type/1") {"type":"array","items":{"type":"record","name":"Item","namespace":"shop","fields":[{"name":"sku","type":"string"}]}}
      witness {"id":0,"items":{"array":[{"sku":""}]}} [0002020000] Found shop.Item, expecting shop.Item, missing required field price
      fix Give `price` the default 0
      fix Make `price` optional: allow null and default to it
    "##);
}

#[test]
fn a_wider_type_for_old_consumers() {
    let report = report(ORDER_ID, PRICED_ID, Candidate::Writer);
    insta::assert_snapshot!(report, @r##"
    type-mismatch Order.id
      `Order.id` is written as long but read as int
      The new schema writes long; the old schema reads int. Avro turns int into long, float and double, long into float and double, float into double, and string and bytes into each other; nothing else.
      reader Some("/fields/0/type") "int"
      writer Some("/fields/0/type") "long"
      witness {"id":0} [00] Found long, expecting int
      fix Keep the type of `Order.id`
    "##);
}

#[test]
fn a_renamed_field() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"total","type":"int"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"sum","type":"int"}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    missing-default R.total
      `R.total` is not in the data and has no default
      The new schema needs the field `total` (int). The old schema does not write it, and without a default there is nothing to put in its place.
      reader Some("/fields/0") {"name":"total","type":"int"}
      writer Some("") {"type":"record","name":"R","fields":[{"name":"sum","type":"int"}]}
      witness {"sum":0} [00] Found R, expecting R, missing required field total
      fix If `total` is the new name of `sum`, add the alias `sum`
      fix Give `total` the default 0
      fix Make `total` optional: allow null and default to it
    "##);
}

#[test]
fn a_field_that_is_no_longer_written() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"total","type":"int"}]}"#,
        r#"{"type":"record","name":"R","fields":[]}"#,
        Candidate::Writer,
    );
    insta::assert_snapshot!(report, @r##"
    missing-default R.total
      `R.total` is not in the data and has no default
      The old schema needs the field `total` (int). The new schema does not write it, and without a default there is nothing to put in its place.
      reader Some("/fields/0") {"name":"total","type":"int"}
      writer Some("") {"type":"record","name":"R","fields":[]}
      witness {} [] Found R, expecting R, missing required field total
      fix Keep writing the field `total`
    "##);
}

#[test]
fn new_symbols_for_old_consumers() {
    let report = report(
        r#"{"type":"enum","name":"E","symbols":["A"]}"#,
        r#"{"type":"enum","name":"E","symbols":["A","B","C"]}"#,
        Candidate::Writer,
    );
    insta::assert_snapshot!(report, @r##"
    missing-enum-symbols E
      `E` can hold `B` and `C`, which the old schema does not know
      The new schema may write `B` and `C`. The old schema does not list them and names no default symbol to use instead.
      reader Some("") {"type":"enum","name":"E","symbols":["A"]}
      writer Some("") {"type":"enum","name":"E","symbols":["A","B","C"]}
      witness "B" [02] No match for B
      fix Do not write the new symbols before every consumer knows them
    "##);
}

#[test]
fn a_removed_symbol() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"state","type":{"type":"enum","name":"E","symbols":["A"]}}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"state","type":{"type":"enum","name":"E","symbols":["A","B"]}}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    missing-enum-symbols R.state
      `R.state` can hold `B`, which the new schema does not know
      The old schema may write `B`. The new schema does not list it and names no default symbol to use instead.
      reader Some("/fields/0/type") {"type":"enum","name":"E","symbols":["A"]}
      writer Some("/fields/0/type") {"type":"enum","name":"E","symbols":["A","B"]}
      witness {"state":"B"} [02] No match for B
      fix Keep the symbols B
      fix Give the enum the default A, for symbols it does not know
    "##);
}

#[test]
fn a_new_field_whose_enum_has_a_default_and_which_has_none() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"state","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"B"}}]}"#,
        r#"{"type":"record","name":"R","fields":[]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    missing-default R.state
      `R.state` is not in the data and has no default
      The new schema needs the field `state` (the enum `E`). The old schema does not write it, and without a default there is nothing to put in its place. The default of the enum is for symbols it does not know, not for a field that is not there.
      reader Some("/fields/0") {"name":"state","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"B"}}
      writer Some("") {"type":"record","name":"R","fields":[]}
      witness {} [] Found R, expecting R, missing required field state
      fix Give `state` the default "B"
      fix Make `state` optional: allow null and default to it
    "##);
}

#[test]
fn a_fixed_type_with_another_name_and_size() {
    let report = report(
        r#"{"type":"fixed","name":"n.F","size":4}"#,
        r#"{"type":"fixed","name":"n.G","size":8}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    name-mismatch F
      `F` is written as `n.G` but read as `n.F`
      Avro matches types by name. The old schema writes the fixed type `G`; the new schema expects the fixed type `F` and has no alias `n.G`.
      reader Some("") {"type":"fixed","name":"F","namespace":"n","size":4}
      writer Some("") {"type":"fixed","name":"G","namespace":"n","size":8}
      witness "\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000" [0000000000000000] Found n.G, expecting n.F
      step Add the alias `n.G`
    fixed-size-mismatch F
      `F` has another size than the data
      The old schema writes 8 bytes; the new schema reads 4. A fixed value has no length prefix, so both sizes must be equal.
      reader Some("") {"type":"fixed","name":"F","namespace":"n","size":4}
      writer Some("") {"type":"fixed","name":"G","namespace":"n","size":8}
      witness "\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000" [0000000000000000] Found n.G, expecting n.F
      step Keep the size 8
    "##);
}

#[test]
fn a_renamed_record() {
    let report = report(
        r#"{"type":"record","name":"n.Purchase","fields":[{"name":"id","type":"int"}]}"#,
        r#"{"type":"record","name":"n.Order","fields":[{"name":"id","type":"int"}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    name-mismatch Purchase
      `Purchase` is written as `n.Order` but read as `n.Purchase`
      Avro matches types by name. The old schema writes the record `Order`; the new schema expects the record `Purchase` and has no alias `n.Order`.
      reader Some("") {"type":"record","name":"Purchase","namespace":"n","fields":[{"name":"id","type":"int"}]}
      writer Some("") {"type":"record","name":"Order","namespace":"n","fields":[{"name":"id","type":"int"}]}
      fix Add the alias `n.Order`
    "##);
}

#[test]
fn null_where_none_is_expected() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"note","type":"string"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"note","type":["null","string"]}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    type-mismatch R.note
      `R.note` can be null, which the new schema does not accept
      The old schema writes a union with null; the new schema reads string and must be able to read every branch.
      reader Some("/fields/0/type") "string"
      writer Some("/fields/0/type/0") "null"
      witness {"note":null} [00] Found null, expecting string
      fix Let `R.note` be null
    "##);
}

#[test]
fn a_type_that_the_union_lacks() {
    let report = report(r#"["null","int"]"#, r#"["null","int","string"]"#, Candidate::Reader);
    insta::assert_snapshot!(report, @r##"
    missing-union-branch value
      `value` can hold string, which no branch of the new union reads
      The old schema may write string here; the new schema accepts a union of null and int.
      reader Some("") ["null","int"]
      writer Some("/2") "string"
      witness {"string":""} [0400] Found string, expecting union[null, int]
      fix Add string to the union
    "##);
}

#[test]
fn a_narrowed_number() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"n","type":"int"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"n","type":"long"}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    type-mismatch R.n
      `R.n` is written as long but read as int
      The old schema writes long; the new schema reads int. Avro turns int into long, float and double, long into float and double, float into double, and string and bytes into each other; nothing else.
      reader Some("/fields/0/type") "int"
      writer Some("/fields/0/type") "long"
      witness {"n":0} [00] Found long, expecting int
      fix Widen `R.n` to long
      fix Let `R.n` hold either type
    "##);
}

#[test]
fn a_warning_about_a_union() {
    let report = report(
        r#"["null",{"type":"enum","name":"p.E","symbols":["A"]}]"#,
        r#"{"type":"enum","name":"q.E","symbols":["A"]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    union-branch-choice value
      A union in `value` decodes differently than the rules promise
      The rules call the new schema able to read the old one, and so does the reference registry. The static rules find a branch that fits, but the decoder chooses another one, or none. Java's decoder says: Found q.E, expecting union[null, E].
      reader Some("") ["null",{"type":"enum","name":"E","namespace":"p","symbols":["A"]}]
      writer Some("") {"type":"enum","name":"E","namespace":"q","symbols":["A"]}
      witness "A" [00] Found q.E, expecting union[null, E]
    "##);
}

#[test]
fn a_warning_about_a_default() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]},"default":"ZZ"}]}"#,
        r#"{"type":"record","name":"R","fields":[]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    unusable-default R.e
      The default of `R.e` cannot be used
      The rules call the new schema able to read the old one, and so does the reference registry. A default passes the parser but cannot be turned into data. Java's decoder says: enum value 'ZZ' is not in the enum symbol set: [A].
      reader Some("") {"type":"record","name":"R","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]},"default":"ZZ"}]}
      writer Some("") {"type":"record","name":"R","fields":[]}
      witness {} [] enum value 'ZZ' is not in the enum symbol set: [A]
    "##);
}

#[test]
fn a_warning_about_an_alias() {
    let report = report(
        r#"{"type":"record","name":"p.R","fields":[{"name":"n","type":"int","aliases":["o"]}]}"#,
        r#"{"type":"record","name":"q.R","fields":[{"name":"o","type":"int"}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    alias-not-applied R
      An alias in `R` does not take effect on data
      The rules call the new schema able to read the old one, and so does the reference registry. A field alias satisfies the static rules, but the decoder does not apply it. Java's decoder says: Found q.R, expecting p.R, missing required field n.
      reader Some("") {"type":"record","name":"R","namespace":"p","fields":[{"name":"n","type":"int","aliases":["o"]}]}
      writer Some("") {"type":"record","name":"R","namespace":"q","fields":[{"name":"o","type":"int"}]}
      witness {"o":0} [00] Found q.R, expecting p.R, missing required field n
    "##);
}

#[test]
fn a_warning_about_colliding_aliases() {
    let report = report(
        r#"{"type":"record","name":"R","aliases":["S"],"fields":[]}"#,
        r#"[{"type":"record","name":"R","fields":[]},{"type":"record","name":"S","fields":[]}]"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    alias-collision R
      The aliases of `R` collide
      The rules call the new schema able to read the old one, and so does the reference registry. The aliases turn the written schema into an invalid one. Java's decoder says: Duplicate in union:R.
      reader Some("") {"type":"record","name":"R","fields":[],"aliases":["S"]}
      writer Some("") [{"type":"record","name":"R","fields":[]},{"type":"record","name":"S","fields":[]}]
      witness {"R":{}} [00] Duplicate in union:R
    "##);
}

#[test]
fn an_ambiguous_alias() {
    let report = report(
        r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int","aliases":["b"]}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}"#,
        Candidate::Reader,
    );
    insta::assert_snapshot!(report, @r##"
    ambiguous-alias R.a
      `R.a` matches several written fields
      The field's name and its aliases must lead to one field of the old schema; here they lead to more than one, and Java Avro gives up.
      reader Some("/fields/0") {"name":"a","type":"int"}
      writer Some("") {"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}
      witness {"a":0,"b":0} [0000] Duplicate field a in record R: a type:INT pos:1 and a type:INT pos:0.
      fix Drop the aliases of `R.a`
    "##);
}

#[test]
fn a_reader_and_a_writer_of_which_none_is_new() {
    let report = report(PRICED_ID, r#"{"type":"record","name":"shop.Order","fields":[]}"#, Candidate::Neither);
    assert!(
        report.contains("The reader schema needs the field `id` (long). The writer schema does not write it"),
        "{report}"
    );
    assert!(!report.contains("the new schema") && !report.contains("the old schema"), "{report}");
}

#[test]
fn a_witness_is_about_its_own_field() {
    let reader = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}"#;
    let findings = explain(&schema(reader), &schema(r#"{"type":"record","name":"R","fields":[]}"#), Candidate::Reader);
    let errors: Vec<_> = findings.iter().map(|finding| finding.witness.as_ref().map(|it| it.error.as_str())).collect();
    // Java names the last missing field only.
    assert_eq!(errors, [None, Some("Found R, expecting R, missing required field b")]);
}

#[test]
fn the_default_of_a_field_is_none_for_unknown_symbols() {
    let record = |symbols: &str, default: &str| {
        format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"e","type":{{"type":"enum","name":"E","symbols":[{symbols}]}}{default}}}]}}"#
        )
    };
    let report = report(&record("\"A\"", r#","default":"A""#), &record("\"A\",\"B\"", ""), Candidate::Reader);
    assert!(
        report.contains("does not list it and its enum has no default symbol. The default of the field is for data"),
        "{report}"
    );
}

/// Whatever is offered or claimed holds: fixes were checked, witnesses fail, and silence means that all is well.
#[test]
fn explanations_of_the_corpus_hold() {
    let mut with_witness = BTreeSet::new();
    // Every seventh, and all those that the rules are wrong about.
    let is_unsound = |pair: &Pair| pair.compatible && pair.decode == "fail";
    for (_, pair) in pairs().into_iter().enumerate().filter(|(at, pair)| at % 7 == 0 || is_unsound(pair)) {
        let (reader, writer) = (pair.reader(), pair.writer());
        let resolution = Resolution::new(&reader, &writer).unwrap();
        let verdict = check(&reader, &writer);
        let findings = explain(&reader, &writer, Candidate::Reader);
        let is_well = verdict.is_compatible() && resolution.witness().is_none();
        assert_eq!(findings.is_empty(), is_well, "{}", pair.id);
        assert_eq!(findings, explain(&reader, &writer, Candidate::Reader), "{}", pair.id);
        for finding in findings {
            assert_eq!(finding.severity, finding.rule.entry().severity);
            if let Some(witness) = &finding.witness {
                assert_eq!(resolution.decode_json(&witness.record).unwrap().unwrap_err().to_string(), witness.error);
                with_witness.insert(finding.rule.id());
            }
            for fix in finding.fixes.iter().filter(|fix| fix.resolves_all) {
                let fixed = parse(&fix.schema, &[], Strictness::Java).unwrap();
                assert!(check(&fixed, &writer).is_compatible(), "{} {}", pair.id, fix.title);
            }
        }
        for finding in explain(&reader, &writer, Candidate::Writer) {
            for fix in finding.fixes.iter().filter(|fix| fix.resolves_all) {
                let fixed = parse(&fix.schema, &[], Strictness::Java).unwrap();
                assert!(check(&reader, &fixed).is_compatible(), "{} {}", pair.id, fix.title);
            }
        }
    }
    let promised: BTreeSet<_> = rules().iter().filter(|entry| entry.has_witness).map(|entry| entry.id.id()).collect();
    assert_eq!(with_witness, promised);
}
