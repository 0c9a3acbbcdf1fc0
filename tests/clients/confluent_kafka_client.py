"""Drives a running registry with a client nobody here wrote: `confluent-kafka`, its serializers and deserializers.

    confluent_kafka_client.py URL [SCHEMAS [EVOLUTION]]

SCHEMAS is a folder of Avro schemas, every one of which must register, read back and carry a record;
EVOLUTION is a folder with the two stories told below. Both default to the ones beside this file.
"""

import io
import json
import pathlib
import re
import sys

import fastavro
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

HERE = pathlib.Path(__file__).parent
PREFIX = 5  # the magic byte and the schema id before the datum

passed = 0


def check(condition, what):
    global passed
    if not condition:
        sys.exit(f"FAILED: {what}")
    passed += 1


def refused(call, code, *words):
    """The call must be refused with this code, and say why in these words."""
    try:
        call()
    except SchemaRegistryError as error:
        said = error.error_message
        check(error.error_code == code, f"expected error code {code}, got {error.error_code}: {said}")
        for word in words:
            check(word in said, f"expected {word!r} in: {said}")
        print(f"  refused as it should be: {said[:160]}")
    else:
        check(False, f"expected a refusal with {code}")


def example(schema, names):
    """A record that fits the schema: dull, but with something in every field."""
    if isinstance(schema, list):
        recursive = isinstance(schema[-1], str) and schema[-1] in names
        return example(schema[0 if recursive else -1], names)
    if isinstance(schema, str):
        schema = names.get(schema, {"type": schema})
    kind = schema["type"]
    if not isinstance(kind, str) or kind in names:
        return example(kind, names)
    if kind == "record":
        return {field["name"]: example(field["type"], names) for field in schema["fields"]}
    if kind == "array":
        return [] if schema["items"] in list(names) else [example(schema["items"], names)]
    logical = {"decimal": b"\x01", "uuid": "7d444840-9dc0-11d1-b245-5ffdce74fad2"}.get(schema.get("logicalType"))
    if logical is not None:
        return logical
    return {
        "null": lambda: None,
        "boolean": lambda: True,
        "int": lambda: 7,
        "long": lambda: 1_700_000_000_000,
        "float": lambda: 0.5,
        "double": lambda: 0.25,
        "bytes": lambda: b"\x00\xff",
        "string": lambda: "text",
        "enum": lambda: schema["symbols"][0],
        "fixed": lambda: b"x" * schema["size"],
        "map": lambda: {"key": example(schema["values"], names)},
    }[kind]()


def named(schema, found=None, namespace=""):
    """Every named type by its name, full and short."""
    found = {} if found is None else found
    if isinstance(schema, list):
        for branch in schema:
            named(branch, found, namespace)
    elif isinstance(schema, dict):
        namespace = schema.get("namespace", namespace)
        if "name" in schema and schema.get("type") in ("record", "enum", "fixed"):
            found[schema["name"]] = schema
            found[f"{namespace}.{schema['name']}"] = schema
        for key in ("type", "items", "values"):
            named(schema.get(key), found, namespace)
        for field in schema.get("fields", []):
            named(field["type"], found, namespace)
    return found


def properties(text):
    """What the schema says anything about; files may have comments, so this is no parser."""
    return set(re.findall(r'"([^"]*)"\s*:', text))


def every_schema(client, url, folder):
    files = sorted([*folder.glob("*.avsc"), *folder.glob("*.avro")])
    check(files, f"no schemas in {folder}")
    for file in files:
        text = file.read_text()
        topic = file.stem
        subject = f"{topic}-value"
        schema_id = client.register_schema(subject, Schema(text, "AVRO"))
        check(client.register_schema(subject, Schema(text, "AVRO")) == schema_id, f"{topic}: the same id again")
        # The client above remembers what it sent, comments and all; a consumer is another one.
        consumer = SchemaRegistryClient({"url": url})
        stored = consumer.get_schema(schema_id).schema_str
        check(properties(text) <= properties(stored), f"{topic}: properties kept")
        check(client.lookup_schema(subject, Schema(text, "AVRO")).schema_id == schema_id, f"{topic}: look-up")
        check(client.get_latest_version(subject).version == 1, f"{topic}: the first version")

        context = SerializationContext(topic, MessageField.VALUE)
        parsed = json.loads(stored)
        record = example(parsed, named(parsed))
        payload = AvroSerializer(client, stored)(record, context)
        check(int.from_bytes(payload[1:PREFIX], "big") == schema_id, f"{topic}: the id travels with the record")
        expected = fastavro.schemaless_reader(io.BytesIO(payload[PREFIX:]), fastavro.parse_schema(parsed))
        check(AvroDeserializer(consumer)(payload, context) == expected, f"{topic}: the record arrives")
    print(f"  {len(files)} schemas of {folder.name} registered, looked up, used")


def a_sale(client, folder):
    """An enum with blanks in its name is refused with the reason; with a legal name it carries records."""
    invalid, legal = (folder / name for name in ("event-invalid.avsc", "event.avsc"))
    (bad_name,) = [field["type"]["name"] for field in json.loads(invalid.read_text())["fields"]
                   if isinstance(field["type"], dict)]
    refused(lambda: client.register_schema("sale-value", Schema(invalid.read_text(), "AVRO")), 42201, bad_name)
    context = SerializationContext("sale", MessageField.VALUE)
    record = json.loads((folder / "event.json").read_text())
    payload = AvroSerializer(client, legal.read_text())(record, context)
    check(AvroDeserializer(client)(payload, context) == record, "a sale arrives")


def a_customer(client, folder):
    """Under FULL a fax number may make way for an e-mail address, as long as both are optional."""
    v1, v2, breaking = ((folder / f"{name}.avsc").read_text() for name in ("v1", "v2", "v3-breaking"))
    client.set_compatibility("customer-value", "FULL")
    check(client.get_compatibility("customer-value") == "FULL", "the level is kept")
    first = client.register_schema("customer-value", Schema(v1, "AVRO"))
    check(client.test_compatibility("customer-value", Schema(v2, "AVRO")), "v2 is compatible")
    second = client.register_schema("customer-value", Schema(v2, "AVRO"))
    check((first != second, client.get_versions("customer-value")) == (True, [1, 2]), "two versions, two ids")

    context = SerializationContext("customer", MessageField.VALUE)
    record = example(json.loads(v1), {})
    of_v1 = AvroSerializer(client, v1)(record, context)
    read = AvroDeserializer(client, v2)(of_v1, context)
    check(read == {**{key: value for key, value in record.items() if key in read}, "email": None}, "v2 reads v1")
    record = example(json.loads(v2), {})
    of_v2 = AvroSerializer(client, v2)(record, context)
    read = AvroDeserializer(client, v1)(of_v2, context)
    (fax,) = read.keys() - record.keys()
    check(read[fax] is None, "v1 reads v2: no fax number")

    check(not client.test_compatibility("customer-value", Schema(breaking, "AVRO")), "v3 is incompatible")
    refused(lambda: client.register_schema("customer-value", Schema(breaking, "AVRO")), 40901, "email")
    check(client.get_versions("customer-value") == [1, 2], "nothing was registered")


def main(url, schemas=HERE / "schemas", evolution=HERE / "evolution"):
    client = SchemaRegistryClient({"url": url})
    every_schema(client, url, pathlib.Path(schemas))
    a_sale(client, pathlib.Path(evolution) / "sale")
    a_customer(client, pathlib.Path(evolution) / "customer")
    subjects = client.get_subjects()
    check({"sale-value", "customer-value"} <= set(subjects), "both stories have a subject")
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
