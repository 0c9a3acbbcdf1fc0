// @confluentinc/schemaregistry and @kafkajs/confluent-schema-registry, each on a topic with our producer and consumer;
// see ../run.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

import confluent from '@confluentinc/schemaregistry'
import kafkajsRegistry from '@kafkajs/confluent-schema-registry'
import avsc from 'avsc'
import { Kafka, logLevel } from 'kafkajs'

const { REGISTRY_URL, KAFKA, BRIDGE, VECTORS, STORY } = process.env
const vectors = JSON.parse(readFileSync(VECTORS, 'utf8'))
const story = JSON.parse(readFileSync(STORY, 'utf8'))
const kafka = new Kafka({ brokers: [KAFKA], logLevel: logLevel.ERROR })

// Without the classes that each client makes up for records.
const plain = value => JSON.parse(JSON.stringify(value))

let passed = 0
const check = (got, expected, what) => {
  assert.deepEqual(plain(got), plain(expected), what)
  passed += 1
}

// Data in Avro's JSON encoding, as these clients have them.
const data = (schema, json) => {
  const type = avsc.Type.forSchema(JSON.parse(schema))
  return json.map(value => type.fromString(JSON.stringify(value)))
}

const bridge = (args, lines = []) => {
  const input = lines.map(line => `${JSON.stringify(line)}\n`).join('')
  const { status, stdout, error } = spawnSync(BRIDGE, args, { input, stdio: ['pipe', 'pipe', 'inherit'] })
  assert.equal(status, 0, `bridge ${args[0]}: ${error}`)
  return stdout.toString().split('\n').filter(Boolean).map(line => JSON.parse(line))
}

// Confluent's: the schema is registered beforehand, as its serializer would make one up from the first record.
const ofConfluent = () => {
  const client = new confluent.SchemaRegistryClient({ baseURLs: [REGISTRY_URL] })
  const { VALUE } = confluent.SerdeType
  return {
    name: 'confluentinc',
    async serializer(topic, schema) {
      await client.register(`${topic}-value`, { schema, schemaType: 'AVRO' })
      const config = { autoRegisterSchemas: false, useLatestVersion: true }
      const serializer = new confluent.AvroSerializer(client, VALUE, config)
      return value => serializer.serialize(topic, value)
    },
    deserializer(topic) {
      const deserializer = new confluent.AvroDeserializer(client, VALUE, {})
      return payload => deserializer.deserialize(topic, payload)
    },
    takes: () => true,
  }
}

const ofKafkajs = () => {
  const registry = new kafkajsRegistry.SchemaRegistry({ host: REGISTRY_URL })
  return {
    name: 'kafkajs',
    async serializer(topic, schema) {
      // Asks GET /config/SUBJECT first, and takes a 404 for a first registration, for which it sets BACKWARD.
      const { id } = await registry.register({ type: 'AVRO', schema }, { subject: `${topic}-value` })
      return value => registry.encode(id, value)
    },
    deserializer: () => payload => registry.decode(payload),
    // It wants schemas to have a name.
    takes: schema => JSON.parse(schema).name !== undefined,
  }
}

async function bytes(client) {
  for (const { name, schema, data: json, framed } of vectors) {
    // Numbers here have 53 bits.
    if (name === 'widest-long' || !client.takes(schema)) continue
    const topic = `vector-${name}`
    const serialize = await client.serializer(topic, schema)
    const deserialize = client.deserializer(topic)
    const values = data(schema, json)
    for (const [at, value] of values.entries()) {
      const payload = await serialize(value)
      check(payload.toString('hex'), framed[at], `${client.name}, ${name}: framed`)
      check(await deserialize(payload), value, `${client.name}, ${name}: there and back`)
    }
  }
}

async function bothDirections(client) {
  const topic = `from-${client.name}-${process.pid}`
  bridge(['produce', topic, story.schema]) // makes the topic
  const first = data(story.schema, story.records)
  const second = data(story.evolved, story.evolved_records)
  const serialize = await client.serializer(topic, story.schema)
  const producer = kafka.producer()
  await producer.connect()
  const messages = await Promise.all(first.map(async record => ({ value: await serialize(record) })))
  await producer.send({ topic, messages })
  await producer.disconnect()
  const count = String(first.length)
  check(bridge(['consume', topic, count]), story.records, 'we read what they write')
  check(bridge(['consume', topic, count, story.evolved]), story.records_as_evolved, 'as we want it')

  bridge(['produce', topic, story.evolved], story.evolved_records)
  const deserialize = client.deserializer(topic)
  const consumer = kafka.consumer({ groupId: topic })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const got = []
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`only ${got.length} records came in time`)), 60_000)
    consumer
      .run({
        eachMessage: async ({ message }) => {
          got.push(await deserialize(message.value))
          if (got.length === first.length + second.length) {
            clearTimeout(late)
            resolve()
          }
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  check(got, [...first, ...second], 'they read what we write')
}

async function habits() {
  const registry = new kafkajsRegistry.SchemaRegistry({ host: REGISTRY_URL })
  const money = '{"type":"record","name":"Money","namespace":"js","fields":[{"name":"cents","type":"long"}]}'
  const price = '{"type":"record","name":"Price","namespace":"js","fields":[{"name":"of","type":"js.Money"}]}'
  const references = [{ name: 'js.Money', subject: 'js-money', version: 1 }]
  const { AVRO } = kafkajsRegistry.SchemaType
  await registry.register({ type: AVRO, schema: money }, { subject: 'js-money' })
  const level = await (await fetch(`${REGISTRY_URL}/config/js-money`)).json()
  check(level.compatibilityLevel, 'BACKWARD', 'kafkajs sets the level of what it registers first')
  const { id } = await registry.register({ type: AVRO, schema: price, references }, { subject: 'js-price-value' })
  const payload = await registry.encode(id, { of: { cents: 5 } })
  check(await registry.decode(payload), { of: { cents: 5 } }, 'kafkajs resolves references')
  check(await registry.getLatestSchemaId('js-price-value'), id, 'kafkajs finds the latest')
  await assert.rejects(registry.register({ type: AVRO, schema: price.replace('"js.Money"', '"long"') },
    { subject: 'js-price-value' }), /incompatible/i)
  passed += 1

  const client = new confluent.SchemaRegistryClient({ baseURLs: [REGISTRY_URL] })
  const deserializer = new confluent.AvroDeserializer(client, confluent.SerdeType.VALUE, {})
  check(await deserializer.deserialize('js-price', payload), { of: { cents: 5 } }, 'so does Confluent')
  const latest = await client.getLatestSchemaMetadata('js-price-value')
  check(latest.references, references, 'references are kept')
  check(await client.testSubjectCompatibility('js-price-value', { schema: money, schemaType: 'AVRO' }), false, 'compatibility')
  check(await client.getAllVersions('js-price-value'), [1], 'versions')
  await assert.rejects(client.getLatestSchemaMetadata('js-nothing-value'), error => error.errorCode === 40401)
  passed += 1
}

for (const client of [ofConfluent(), ofKafkajs()]) {
  await bytes(client)
  await bothDirections(client)
}
await habits()
console.log(`${passed} passed, 0 failed`)
process.exit(0)
