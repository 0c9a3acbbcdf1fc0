// franz-go's sr and srclient, each on a topic with our producer and consumer; see ../run. Data are goavro's.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/riferrei/srclient"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

type vector struct {
	Name, Schema string
	Data         []json.RawMessage
	Framed       []string
}

var story struct {
	Schema, Evolved  string
	Records          []json.RawMessage
	EvolvedRecords   []json.RawMessage `json:"evolved_records"`
	RecordsAsEvolved []json.RawMessage `json:"records_as_evolved"`
}

var passed int

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(got, expected any, what string) {
	if !reflect.DeepEqual(got, expected) {
		fmt.Printf("FAILED: %s\n  expected %v\n  got      %v\n", what, expected, got)
		os.Exit(1)
	}
	passed++
}

// What a JSON text says, to be compared.
func meaning(texts ...json.RawMessage) (meanings []any) {
	for _, text := range texts {
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			panic(err)
		}
		meanings = append(meanings, value)
	}
	return meanings
}

func bridge(lines []json.RawMessage, arguments ...string) []json.RawMessage {
	command := exec.Command(os.Getenv("BRIDGE"), arguments...)
	command.Stdin = bytes.NewReader(bytes.Join(toBytes(lines), []byte("\n")))
	command.Stderr = os.Stderr
	var said []json.RawMessage
	for _, line := range bytes.Split(bytes.TrimSpace(must(command.Output())), []byte("\n")) {
		said = append(said, line)
	}
	return said
}

func toBytes(lines []json.RawMessage) (all [][]byte) {
	for _, line := range lines {
		all = append(all, line)
	}
	return all
}

// A client turns Avro data into records and back.
type client interface {
	name() string
	serializer(subject, schema string) func(json.RawMessage) []byte
	deserialize(payload []byte) json.RawMessage
}

type franz struct{ *sr.Client }

func (franz) name() string { return "franz-go" }

type datum struct{ native any }

// A codec in the shape that franz-go's serde wants.
func serde(id int, schema string) *sr.Serde {
	codec := must(goavro.NewCodec(schema))
	serde := sr.NewSerde()
	serde.Register(id, datum{}, sr.EncodeFn(func(value any) ([]byte, error) {
		return codec.BinaryFromNative(nil, value.(datum).native)
	}), sr.DecodeFn(func(data []byte, value any) (err error) {
		value.(*datum).native, _, err = codec.NativeFromBinary(data)
		return err
	}))
	return serde
}

func (client franz) serializer(subject, schema string) func(json.RawMessage) []byte {
	registered := must(client.CreateSchema(context.Background(), subject, sr.Schema{Schema: schema}))
	serde, codec := serde(registered.ID, schema), must(goavro.NewCodec(schema))
	return func(text json.RawMessage) []byte {
		native, _, err := codec.NativeFromTextual(text)
		return must(serde.Encode(datum{must(native, err)}))
	}
}

func (client franz) deserialize(payload []byte) json.RawMessage {
	id, _, err := sr.NewSerde().DecodeID(payload)
	schema := must(client.SchemaByID(context.Background(), must(id, err)))
	var decoded datum
	if err := serde(id, schema.Schema).Decode(payload, &decoded); err != nil {
		panic(err)
	}
	return must(must(goavro.NewCodec(schema.Schema)).TextualFromNative(nil, decoded.native))
}

type riferrei struct{ *srclient.SchemaRegistryClient }

func (riferrei) name() string { return "srclient" }

// As its documentation frames records.
func (client riferrei) serializer(subject, schema string) func(json.RawMessage) []byte {
	registered := must(client.CreateSchema(subject, schema, srclient.Avro))
	return func(text json.RawMessage) []byte {
		native, _, err := registered.Codec().NativeFromTextual(text)
		frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(registered.ID()))
		return must(registered.Codec().BinaryFromNative(frame, must(native, err)))
	}
}

func (client riferrei) deserialize(payload []byte) json.RawMessage {
	schema := must(client.GetSchema(int(binary.BigEndian.Uint32(payload[1:5]))))
	native, _, err := schema.Codec().NativeFromBinary(payload[5:])
	return must(schema.Codec().TextualFromNative(nil, must(native, err)))
}

func vectors(client client) {
	var all []vector
	if err := json.Unmarshal(must(os.ReadFile(os.Getenv("VECTORS"))), &all); err != nil {
		panic(err)
	}
	for _, vector := range all {
		// goavro has no JSON for logical types, and neither client leaves the length of bytes alone out: frames are its
		// callers' business.
		if vector.Name == "logical" || vector.Name == "bytes-alone" {
			continue
		}
		serialize := client.serializer("vector-"+vector.Name+"-value", vector.Schema)
		for at, text := range vector.Data {
			what := fmt.Sprintf("%s, %s: %s", client.name(), vector.Name, text)
			payload := serialize(text)
			check(hex.EncodeToString(payload), vector.Framed[at], what)
			check(meaning(client.deserialize(payload)), meaning(text), what+", there and back")
		}
	}
}

func bothDirections(client client) {
	topic := fmt.Sprintf("from-%s-%d", client.name(), os.Getpid())
	bridge(nil, "produce", topic, story.Schema) // makes the topic
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	kafka := must(kgo.NewClient(kgo.SeedBrokers(os.Getenv("KAFKA")), kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())))
	defer kafka.Close()
	serialize := client.serializer(topic+"-value", story.Schema)
	for _, record := range story.Records {
		sent := kafka.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: serialize(record)})
		must(0, sent.FirstErr())
	}
	count := strconv.Itoa(len(story.Records))
	check(meaning(bridge(nil, "consume", topic, count)...), meaning(story.Records...), "we read what they write")
	check(meaning(bridge(nil, "consume", topic, count, story.Evolved)...), meaning(story.RecordsAsEvolved...),
		"as we want it")

	bridge(story.EvolvedRecords, "produce", topic, story.Evolved)
	var got []any
	for len(got) < len(story.Records)+len(story.EvolvedRecords) {
		fetched := kafka.PollFetches(ctx)
		must(0, fetched.Err())
		fetched.EachRecord(func(record *kgo.Record) { got = append(got, meaning(client.deserialize(record.Value))...) })
	}
	check(got, append(meaning(story.Records...), meaning(story.EvolvedRecords...)...), "they read what we write")
}

func habits(franz franz, riferrei riferrei) {
	ctx := context.Background()
	money := `{"type":"record","name":"Money","namespace":"go","fields":[{"name":"cents","type":"long"}]}`
	price := `{"type":"record","name":"Price","namespace":"go","fields":[{"name":"of","type":"go.Money"}]}`
	must(franz.CreateSchema(ctx, "go-money", sr.Schema{Schema: money}))
	references := []sr.SchemaReference{{Name: "go.Money", Subject: "go-money", Version: 1}}
	created := must(franz.CreateSchema(ctx, "go-price", sr.Schema{Schema: price, References: references}))
	check(must(franz.SchemaByVersion(ctx, "go-price", -1)).References, references, "references are kept")
	check(must(franz.LookupSchema(ctx, "go-price", sr.Schema{Schema: price, References: references})).ID, created.ID,
		"looked up with its references")
	of := srclient.Reference{Name: "go.Money", Subject: "go-money", Version: 1}
	looked := must(riferrei.LookupSchema("go-price", price, srclient.Avro, of))
	check(looked.ID(), created.ID, "by the other as well")
	check(must(riferrei.GetLatestSchema("go-money")).Schema(), money, "the latest")
	check(must(riferrei.IsSchemaCompatible("go-money", price, "latest", srclient.Avro, of)), false, "compatibility")
	check(must(riferrei.ChangeSubjectCompatibilityLevel("go-money", srclient.Full)) != nil, true, "a level is set")
	check(*must(riferrei.GetCompatibilityLevel("go-price", true)), srclient.Backward, "a level is inherited")
	check(franz.Compatibility(ctx, "go-money")[0].Level, sr.CompatFull, "and read")
	compatible := must(franz.CheckCompatibility(ctx, "go-money", -1, sr.Schema{Schema: money}))
	check(compatible.Is, true, "compatible with itself")

	_, err := franz.SchemaByID(ctx, 987654)
	var refusal *sr.ResponseError
	check(errors.As(err, &refusal) && refusal.ErrorCode == 40403, true, "an unknown id has its own code")
	check(must(franz.DeleteSubject(ctx, "go-price", sr.SoftDelete)), []int{1}, "soft deletion")
	check(must(franz.SubjectVersions(sr.WithParams(ctx, sr.ShowDeleted), "go-price")), []int{1}, "the deleted too")
	check(must(franz.DeleteSubject(ctx, "go-price", sr.HardDelete)), []int{1}, "hard deletion")
}

func main() {
	must(0, json.Unmarshal(must(os.ReadFile(os.Getenv("STORY"))), &story))
	url := os.Getenv("REGISTRY_URL")
	franz := franz{must(sr.NewClient(sr.URLs(url)))}
	riferrei := riferrei{srclient.NewSchemaRegistryClient(url)}
	for _, client := range []client{franz, riferrei} {
		vectors(client)
		bothDirections(client)
	}
	habits(franz, riferrei)
	fmt.Printf("%d passed, 0 failed\n", passed)
}
