// The contract's requests with KafkaJS.

import { readFileSync } from "node:fs";
import kafkajs from "kafkajs";
import Snappy from "kafkajs-snappy";
import lz4 from "lz4js";
import { ZstdCodec } from "zstd-codec";
import { Contract, fetchToken, HEARTBEAT_MS, outgoing, serve, spread } from "./contract.mjs";

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;

const CODECS = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

function connect(access) {
  return new Kafka({
    clientId: "kafkajs",
    brokers: [access.bootstrap],
    ssl: { ca: [readFileSync(access.ca_file, "utf-8")] },
    sasl: login(access),
    logLevel: logLevel.NOTHING,
  });
}

function login(access) {
  if (access.token_url === undefined) {
    const { username, password } = access;
    return { mechanism: "scram-sha-512", username, password };
  }
  const oauthBearerProvider = async () => ({ value: (await fetchToken(access)).access_token });
  return { mechanism: "oauthbearer", oauthBearerProvider };
}

class Client extends Contract {
  constructor(access) {
    super(access);
    this.kafka = connect(access);
  }

  sender() {
    return this.kafka.producer({ idempotent: true });
  }

  async visit(access) {
    const admin = connect(access).admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      await admin.listTopics();
    } finally {
      await admin.disconnect();
    }
  }

  async produce({ topic, codec, records }) {
    const producer = this.sender();
    await producer.connect();
    try {
      const messages = records.map(outgoing);
      const done = await producer.send({ topic, acks: -1, compression: CODECS[codec], messages });
      const first = done.map((one) => [one.partition, Number(one.baseOffset)]);
      return { offsets: spread(records, first) };
    } finally {
      await producer.disconnect();
    }
  }

  async administer({ topic, group }) {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const configEntries = [{ name: "retention.ms", value: "60000" }];
      await admin.createTopics({
        topics: [{ topic, numPartitions: 2, replicationFactor: -1, configEntries }],
      });
      const partitions = await countPartitions(admin, topic);
      const retention = await readRetention(admin, topic);
      const type = ConfigResourceTypes.TOPIC;
      const changed = [{ name: "retention.ms", value: "120000" }];
      const resources = [{ type, name: topic, configEntries: changed }];
      await admin.alterConfigs({ validateOnly: false, resources });
      const altered = await readRetention(admin, topic);
      await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
      const grown = await countPartitions(admin, topic);
      const { groups } = await admin.describeGroups([group]);
      await admin.deleteGroups([group]);
      await admin.deleteTopics({ topics: [topic] });
      const gone = !(await admin.listTopics()).includes(topic);
      return { partitions, retention, altered, grown, group_state: groups[0].state, gone };
    } finally {
      await admin.disconnect();
    }
  }

  consumer(groupId, isolation) {
    return this.kafka.consumer({
      groupId,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: 100,
      readUncommitted: isolation !== "read_committed",
    });
  }

  async start(consumer, topic, eachMessage) {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachMessage });
  }

  transactional(transactionalId) {
    return this.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
  }

  reader(_consumer, group) {
    return { consumerGroupId: group };
  }

  async join(topic, group) {
    const consumer = this.consumer(group);
    let owned = [];
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      owned = payload.memberAssignment[topic] ?? [];
    });
    consumer.on(consumer.events.REBALANCING, () => {
      owned = [];
    });
    await consumer.connect();
    await this.start(consumer, topic, async () => {});
    return { owned: () => [...owned].sort(), leave: () => consumer.disconnect() };
  }
}

async function countPartitions(admin, topic) {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0].partitions.length;
}

async function readRetention(admin, topic) {
  const type = ConfigResourceTypes.TOPIC;
  const wanted = [{ type, name: topic, configNames: ["retention.ms"] }];
  const { resources } = await admin.describeConfigs({ resources: wanted, includeSynonyms: false });
  return resources[0].configEntries[0].configValue;
}

CompressionCodecs[CompressionTypes.Snappy] = Snappy;
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});
ZstdCodec.run((zstd) => {
  const simple = new zstd.Simple();
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder) => Buffer.from(simple.compress(encoder.buffer)),
    decompress: async (buffer) => Buffer.from(simple.decompress(buffer)),
  });
  serve((access) => new Client(access));
});
