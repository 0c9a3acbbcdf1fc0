"""`confluent-kafka` with its serializers, on the same topic as our producer and consumer; see ../run.

With REGENERATE in the environment the bytes of the vectors are made anew with this client instead of being compared.
"""

import json
import os
import pathlib
import subprocess
import sys

import requests
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import (Schema, SchemaReference, SchemaRegistryClient,
                                             header_schema_id_serializer)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

URL, KAFKA, BRIDGE = (os.environ[name] for name in ("REGISTRY_URL", "KAFKA", "BRIDGE"))
VECTORS, STORY = (pathlib.Path(os.environ[name]) for name in ("VECTORS", "STORY"))
PREFIX = 5  # the magic byte and the schema id before the datum

passed = 0


def check(got, expected, what):
    global passed
    if got != expected:
        sys.exit(f"FAILED: {what}\n  expected {str(expected)[:2000]}\n  got      {str(got)[:2000]}")
    passed += 1


def client():
    return SchemaRegistryClient({"url": URL})


def native(schema, value, names):
    """A datum in Avro's JSON encoding, as this client has it. (fastavro's own reader does not know recursive types.)"""
    if isinstance(schema, list):
        if value is None:
            return None
        ((branch, value),) = value.items()
        for candidate in schema:
            kind = candidate if isinstance(candidate, str) else candidate.get("name", candidate["type"])
            if kind == branch or kind.split(".")[-1] == branch.split(".")[-1]:
                return native(candidate, value, names)
    if isinstance(schema, str):
        schema = names.get(schema, names.get(schema.split(".")[-1], {"type": schema}))
    kind = schema["type"]
    if "name" in schema:
        names[schema["name"].split(".")[-1]] = schema
    if kind == "record":
        return {field["name"]: native(field["type"], value[field["name"]], names) for field in schema["fields"]}
    if kind == "array":
        return [native(schema["items"], item, names) for item in value]
    if kind == "map":
        return {key: native(schema["values"], item, names) for key, item in value.items()}
    return value.encode("latin-1") if kind in ("bytes", "fixed") else value


def data(schema, values):
    return [native(json.loads(schema), value, {}) for value in values]


def bridge(*arguments, lines=()):
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    said = subprocess.run([BRIDGE, *arguments], input=text, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def vectors(regenerate):
    everything = json.loads(VECTORS.read_text())
    for vector in everything:
        name, schema = vector["name"], vector["schema"]
        context = SerializationContext(f"vector-{name}", MessageField.VALUE)
        serializer = AvroSerializer(client(), schema)
        values = data(schema, vector["data"])
        framed = [serializer(value, context) for value in values]
        if regenerate:
            vector["framed"] = [payload.hex() for payload in framed]
        else:
            check([payload.hex() for payload in framed], vector["framed"], f"{name}: framed")
        for value, payload in zip(values, framed):
            # This client takes a frame around no data at all for none.
            if len(payload) > PREFIX and name != "logical":
                check(AvroDeserializer(client())(payload, context), value, f"{name}: there and back")
    if regenerate:
        VECTORS.write_text(json.dumps(everything, indent=1) + "\n")


def consume(topic, count):
    consumer = Consumer({"bootstrap.servers": KAFKA, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    messages = []
    while len(messages) < count:
        message = consumer.poll(60)
        check(message is not None and message.error(), None, "a record comes in time")
        messages.append(message)
    consumer.close()
    return messages


def both_directions(topic):
    story = json.loads(STORY.read_text())
    first, second = (data(story[schema], story[records])
                     for schema, records in (("schema", "records"), ("evolved", "evolved_records")))
    context = SerializationContext(topic, MessageField.VALUE)
    bridge("produce", topic, story["schema"])  # makes the topic
    serializer = AvroSerializer(client(), story["schema"])
    producer = Producer({"bootstrap.servers": KAFKA})
    for record in first:
        producer.produce(topic, value=serializer(record, context))
    check(producer.flush(60), 0, "all is sent")
    check(bridge("consume", topic, str(len(first))), story["records"], "we read what they write")
    check(bridge("consume", topic, str(len(first)), story["evolved"]), story["records_as_evolved"],
          "we read what they write as we want it")

    bridge("produce", topic, story["evolved"], lines=story["evolved_records"])
    deserializer = AvroDeserializer(client())
    got = [deserializer(message.value(), context) for message in consume(topic, len(first) + len(second))]
    check(got, first + second, "they read what we write")


def guids_in_headers(topic):
    """The schema is named in a header, by its GUID, and the payload is left alone."""
    story = json.loads(STORY.read_text())
    bridge("produce-by-guid", topic, story["schema"], lines=story["records"])
    serializer = AvroSerializer(client(), story["schema"], conf={"schema.id.serializer": header_schema_id_serializer})
    producer = Producer({"bootstrap.servers": KAFKA})
    records = data(story["schema"], story["records"])
    ours = []
    for record in records:
        context = SerializationContext(topic, MessageField.VALUE, headers=[])
        payload = serializer(record, context)
        ours.append((payload, context.headers))
        producer.produce(topic, value=payload, headers=context.headers)
    check(producer.flush(60), 0, "all is sent")
    check(bridge("consume", topic, str(2 * len(records))), 2 * story["records"], "we read both")
    messages = consume(topic, 2 * len(records))
    theirs = [(message.value(), message.headers()) for message in messages]
    check(theirs[:len(records)], theirs[len(records):], "byte for byte, headers as well")
    check(theirs[len(records):], ours, "as sent")
    deserializer = AvroDeserializer(client())
    got = [deserializer(message.value(), SerializationContext(topic, MessageField.VALUE, message.headers()))
           for message in messages]
    check(got, 2 * records, "they read both")


def habits():
    """What this client asks a registry in real life."""
    registry = client()
    money = '{"type":"record","name":"Money","namespace":"py","fields":[{"name":"cents","type":"long"}]}'
    price = '{"type":"record","name":"Price","namespace":"py","fields":[{"name":"of","type":"py.Money"}]}'
    registry.register_schema("py-money", Schema(money, "AVRO"))
    schema = Schema(price, "AVRO", [SchemaReference("py.Money", "py-money", 1)])
    schema_id = registry.register_schema("py-price-value", schema)
    check(client().get_schema(schema_id).references, [SchemaReference("py.Money", "py-money", 1)], "references kept")
    context = SerializationContext("py-price", MessageField.VALUE)
    payload = AvroSerializer(client(), schema, conf={"auto.register.schemas": False})({"of": {"cents": 5}}, context)
    check(int.from_bytes(payload[1:5], "big"), schema_id, "looked up with its references")
    check(AvroDeserializer(client())(payload, context), {"of": {"cents": 5}}, "a referenced type is resolved")
    latest = AvroSerializer(client(), conf={"auto.register.schemas": False, "use.latest.version": True})
    check(latest({"of": {"cents": 5}}, context), payload, "the latest version")
    check(registry.get_version("py-money", 1, deleted=True).version, 1, "a version, were it deleted or not")
    check(registry.delete_subject("py-price-value"), [1], "soft deletion")
    try:
        client().get_latest_version("py-price-value")
        check(True, False, "a deleted subject has no latest version")
    except SchemaRegistryError as error:
        check((error.http_status_code, error.error_code), (404, 40401), "a deleted subject is not found")
    check(requests.get(f"{URL}/subjects?deleted=True&limit=-1", timeout=30).ok, True, "booleans as Python prints them")
    check("py-price-value" in requests.get(f"{URL}/subjects?deleted=True", timeout=30).json(), True, "the deleted too")
    asked = requests.get(f"{URL}/associations/resources/-/py-price?resourceType=topic&associationType=value&limit=-1",
                         timeout=30)
    check(asked.status_code == 404 or asked.json() == [], True, "no subject is tied to a topic")


if __name__ == "__main__":
    vectors("REGENERATE" in os.environ)
    both_directions(f"from-python-{os.getpid()}")
    guids_in_headers(f"guids-from-python-{os.getpid()}")
    habits()
    print(f"{passed} passed, 0 failed")
