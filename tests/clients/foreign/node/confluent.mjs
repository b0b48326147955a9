// The contract's requests with @confluentinc/kafka-javascript.

import confluent from "@confluentinc/kafka-javascript";
import { Collected, HEARTBEAT_MS, outgoing, rebalance, serve, spread, until } from "./contract.mjs";

const { Kafka, logLevel } = confluent.KafkaJS;

// How the client numbers the states of a group.
const EMPTY =
  confluent.AdminClient.ConsumerGroupStates?.EMPTY ?? confluent.ConsumerGroupStates.EMPTY;

class Client {
  constructor(access) {
    this.kafka = new Kafka({
      "bootstrap.servers": access.bootstrap,
      "security.protocol": "SASL_SSL",
      "sasl.mechanism": "SCRAM-SHA-512",
      "sasl.username": access.username,
      "sasl.password": access.password,
      "ssl.ca.location": access.ca_file,
      kafkaJS: { logLevel: logLevel.NOTHING },
    });
  }

  async produce({ topic, codec, records }) {
    const producer = this.kafka.producer({ "compression.codec": codec });
    await producer.connect();
    try {
      const done = await producer.send({ topic, messages: records.map(outgoing) });
      const first = done.map((one) => [one.partition, Number(one.baseOffset)]);
      return { offsets: spread(records, first) };
    } finally {
      await producer.disconnect();
    }
  }

  async consume({ topic, group, count, isolation }) {
    const collected = new Collected(count);
    const consumer = await this.read(topic, group, collected, isolation);
    try {
      await consumer.commitOffsets(collected.next().map((one) => ({ topic, ...one })));
    } finally {
      await consumer.disconnect();
    }
    return { records: collected.records };
  }

  rebalance({ topic, group, count }) {
    return rebalance(() => this.join(topic, group), count);
  }

  async pipeline({ topic, group, to, transactional_id: id, count, commit }) {
    const collected = new Collected(count);
    const consumer = await this.read(topic, group, collected, "read_committed");
    const producer = this.kafka.producer({ "transactional.id": id });
    try {
      await producer.connect();
      const transaction = await producer.transaction();
      const messages = collected.records.map(({ value }) => ({ value: `${value}!` }));
      await transaction.send({ topic: to, messages });
      await transaction.sendOffsets({
        consumer,
        topics: [{ topic, partitions: collected.next() }],
      });
      await (commit ? transaction.commit() : transaction.abort());
    } finally {
      await producer.disconnect();
      await consumer.disconnect();
    }
    return { read: collected.records.length };
  }

  /** Has no calls for configurations and for more partitions. */
  async administer({ topic, group }) {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const configEntries = [{ name: "retention.ms", value: "60000" }];
      await admin.createTopics({
        topics: [{ topic, numPartitions: 2, replicationFactor: -1, configEntries }],
      });
      const partitions = (await admin.fetchTopicMetadata({ topics: [topic] }))[0].partitions.length;
      const { groups } = await admin.describeGroups([group]);
      await admin.deleteGroups([group]);
      await admin.deleteTopics({ topics: [topic] });
      const gone = !(await admin.listTopics()).includes(topic);
      const state = groups[0].state === EMPTY ? "Empty" : `state ${groups[0].state}`;
      return { partitions, group_state: state, gone };
    } finally {
      await admin.disconnect();
    }
  }

  consumer(group, isolation) {
    return this.kafka.consumer({
      "group.id": group,
      "auto.offset.reset": "earliest",
      "enable.auto.commit": false,
      "heartbeat.interval.ms": HEARTBEAT_MS,
      "isolation.level": isolation ?? "read_uncommitted",
    });
  }

  /** A member of the group that has read what was asked for. */
  async read(topic, group, collected, isolation) {
    const consumer = this.consumer(group, isolation);
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({
      eachMessage: async ({ partition, message }) => collected.take(partition, message),
    });
    await until(`${collected.wanted} records`, () => collected.complete);
    return consumer;
  }

  async join(topic, group) {
    const consumer = this.consumer(group);
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => {} });
    return {
      owned: () =>
        consumer
          .assignment()
          .map((one) => one.partition)
          .sort(),
      leave: () => consumer.disconnect(),
    };
  }
}

serve((access) => new Client(access));
