import static org.apache.kafka.streams.StreamsConfig.*;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumReader;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericRecord;
import org.apache.flink.avro.shaded.org.apache.avro.io.DecoderFactory;
import org.apache.flink.formats.avro.registry.confluent.ConfluentRegistryAvroDeserializationSchema;
import org.apache.flink.formats.avro.registry.confluent.ConfluentRegistryAvroSerializationSchema;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Flink's Avro format in Confluent's frame, around Confluent's own client: alone, and as the serde of a Kafka Streams
 * application, on topics with our producer and consumer; see ../run.
 */
public final class Main {
    private static final String URL = System.getenv("REGISTRY_URL");
    private static final String KAFKA = System.getenv("KAFKA");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static int passed;

    static void check(Object got, Object expected, String what) {
        if (!Objects.equals(got, expected)) {
            System.out.printf("FAILED: %s%n  expected %s%n  got      %s%n", what, expected, got);
            System.exit(1);
        }
        passed++;
    }

    static Schema parse(String text) {
        return new Schema.Parser().parse(text);
    }

    /** A datum out of Avro's JSON encoding. */
    @SuppressWarnings("unchecked")
    static <T> T datum(Schema schema, JsonNode json) throws IOException {
        var decoder = DecoderFactory.get().jsonDecoder(schema, json.toString());
        return (T) new GenericDatumReader<>(schema).read(null, decoder);
    }

    static List<GenericRecord> data(String schema, JsonNode json) throws IOException {
        List<GenericRecord> data = new ArrayList<>();
        for (JsonNode record : json) {
            data.add(datum(parse(schema), record));
        }
        return data;
    }

    static ConfluentRegistryAvroSerializationSchema<GenericRecord> serializer(String subject, String schema) {
        return ConfluentRegistryAvroSerializationSchema.forGeneric(subject, parse(schema), URL);
    }

    static ConfluentRegistryAvroDeserializationSchema<GenericRecord> deserializer(String reader) {
        return ConfluentRegistryAvroDeserializationSchema.forGeneric(parse(reader), URL);
    }

    static List<JsonNode> bridge(JsonNode lines, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getenv("BRIDGE")));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (var in = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8)) {
            for (JsonNode line : lines) {
                in.write(line + "\n");
            }
        }
        List<JsonNode> said = new ArrayList<>();
        for (String line : new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
            if (!line.isEmpty()) {
                said.add(JSON.readTree(line));
            }
        }
        check(process.waitFor(), 0, "bridge " + arguments[0]);
        return said;
    }

    static List<JsonNode> all(JsonNode... arrays) {
        List<JsonNode> all = new ArrayList<>();
        for (JsonNode array : arrays) {
            array.forEach(all::add);
        }
        return all;
    }

    /** The format is made for records, but takes whatever the schema does. */
    @SuppressWarnings({"rawtypes", "unchecked"})
    static void vectors() throws Exception {
        for (JsonNode vector : JSON.readTree(new File(System.getenv("VECTORS")))) {
            String name = vector.get("name").asText();
            // Flink writes bytes alone with their length, as no Confluent serializer does.
            if (name.equals("bytes-alone")) {
                continue;
            }
            String schema = vector.get("schema").asText();
            SerializationSchema serializer = serializer("vector-" + name + "-value", schema);
            DeserializationSchema deserializer = deserializer(schema);
            for (int at = 0; at < vector.get("data").size(); at++) {
                Object datum = datum(parse(schema), vector.get("data").get(at));
                byte[] payload = serializer.serialize(datum);
                check(HexFormat.of().formatHex(payload), vector.get("framed").get(at).asText(), name + ": framed");
                Object decoded = deserializer.deserialize(payload);
                check(decoded, datum, name + ": there and back");
            }
        }
    }

    static Map<String, Object> kafka(Object... more) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", KAFKA));
        for (int at = 0; at < more.length; at += 2) {
            config.put((String) more[at], more[at + 1]);
        }
        return config;
    }

    static void bothDirections(JsonNode story) throws Exception {
        String topic = "from-java-" + ProcessHandle.current().pid();
        String schema = story.get("schema").asText();
        String evolved = story.get("evolved").asText();
        JsonNode nothing = JSON.createArrayNode();
        bridge(nothing, "produce", topic, schema); // makes the topic
        var serializer = serializer(topic + "-value", schema);
        try (var producer = new KafkaProducer<>(kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (GenericRecord record : data(schema, story.get("records"))) {
                producer.send(new ProducerRecord<>(topic, serializer.serialize(record))).get();
            }
        }
        String count = String.valueOf(story.get("records").size());
        check(bridge(nothing, "consume", topic, count), all(story.get("records")), "we read what they write");
        check(bridge(nothing, "consume", topic, count, evolved), all(story.get("records_as_evolved")), "as we want it");

        bridge(story.get("evolved_records"), "produce", topic, evolved);
        List<GenericRecord> expected = data(evolved, story.get("records_as_evolved"));
        expected.addAll(data(evolved, story.get("evolved_records")));
        var deserializer = deserializer(evolved);
        List<GenericRecord> got = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(kafka("group.id", topic, "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (got.size() < expected.size()) {
                var records = consumer.poll(Duration.ofMinutes(1));
                check(records.isEmpty(), false, "records come in time");
                for (var record : records) {
                    got.add(deserializer.deserialize(record.value()));
                }
            }
        }
        check(got, expected, "they read what we write");
        streams(topic, evolved, story);
    }

    /** A Kafka Streams application between our producer and our consumer: reads both schemas, writes the new one. */
    static void streams(String from, String evolved, JsonNode story) throws Exception {
        String to = from + "-without-huge";
        bridge(JSON.createArrayNode(), "produce", to, evolved); // makes the topic
        var builder = new StreamsBuilder();
        builder.stream(from, Consumed.with(Serdes.ByteArray(), serde(from + "-value", evolved)))
                .filterNot((key, order) -> order.get("size").toString().equals("HUGE"))
                .to(to, Produced.with(Serdes.ByteArray(), serde(to + "-value", evolved)));
        var config = new Properties();
        config.putAll(kafka(APPLICATION_ID_CONFIG, to, "auto.offset.reset", "earliest", COMMIT_INTERVAL_MS_CONFIG, 100,
                STATE_DIR_CONFIG, Files.createTempDirectory("streams").toString()));
        List<JsonNode> expected = new ArrayList<>();
        for (JsonNode record : all(story.get("records_as_evolved"), story.get("evolved_records"))) {
            if (!record.get("size").asText().equals("HUGE")) {
                expected.add(record);
            }
        }
        try (var streams = new KafkaStreams(builder.build(), config)) {
            streams.start();
            var got = bridge(JSON.createArrayNode(), "consume", to, String.valueOf(expected.size()));
            check(got, expected, "a Kafka Streams application between us");
        } finally {
            Files.deleteIfExists(Path.of(config.getProperty(STATE_DIR_CONFIG)));
        }
    }

    static Serde<GenericRecord> serde(String subject, String schema) {
        var serializer = serializer(subject, schema);
        var deserializer = deserializer(schema);
        return Serdes.serdeFrom((topic, record) -> serializer.serialize(record), (topic, payload) -> {
            try {
                return deserializer.deserialize(payload);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        });
    }

    /** What Confluent's own client asks a registry. */
    static void habits() throws Exception {
        var client = new CachedSchemaRegistryClient(URL, 100);
        var money = new AvroSchema(
                "{\"type\":\"record\",\"name\":\"Money\",\"namespace\":\"jv\",\"fields\":[{\"name\":\"cents\",\"type\":\"long\"}]}");
        client.register("jv-money", money);
        var references = List.of(new SchemaReference("jv.Money", "jv-money", 1));
        var price = new AvroSchema(
                "{\"type\":\"record\",\"name\":\"Price\",\"namespace\":\"jv\",\"fields\":[{\"name\":\"of\",\"type\":\"jv.Money\"}]}",
                references, Map.of("jv.Money", money.canonicalString()), null);
        int id = client.register("jv-price", price);
        var other = new CachedSchemaRegistryClient(URL, 100);
        check(other.getId("jv-price", price), id, "looked up with its references");
        var read = (AvroSchema) new CachedSchemaRegistryClient(URL, 100).getSchemaById(id);
        check(read.references(), references, "references are kept");
        check(read.rawSchema().getField("of").schema().getFullName(), "jv.Money", "and resolved");
        check(other.getLatestSchemaMetadata("jv-price").getId(), id, "the latest");
        check(other.getVersion("jv-price", price), 1, "the version");
        check(other.testCompatibility("jv-money", price), false, "compatibility");
        check(other.updateCompatibility("jv-money", "FULL"), "FULL", "a level is set");
        check(new CachedSchemaRegistryClient(URL, 100).getCompatibility("jv-money"), "FULL", "and read");
        check(other.getAllSubjects().contains("jv-price"), true, "subjects");
        try {
            client.register("jv-money", price);
            check(true, false, "an incompatible schema is refused");
        } catch (RestClientException error) {
            check(error.getStatus(), 409, "an incompatible schema is refused");
        }
        try {
            new CachedSchemaRegistryClient(URL, 100).getSchemaById(987654);
            check(true, false, "an unknown id is not found");
        } catch (RestClientException error) {
            check(error.getErrorCode(), 40403, "an unknown id is not found");
        }
        check(client.deleteSubject("jv-price"), List.of(1), "soft deletion");
        check(client.deleteSubject(Map.of(), "jv-price", true), List.of(1), "hard deletion");
    }

    public static void main(String[] arguments) throws Exception {
        vectors();
        bothDirections(JSON.readTree(new File(System.getenv("STORY"))));
        habits();
        System.out.println(passed + " passed, 0 failed");
    }
}
