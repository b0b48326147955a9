// The contract's requests with @confluentinc/kafka-javascript.

import confluent from "@confluentinc/kafka-javascript";
import { Contract, HEARTBEAT_MS, outgoing, serve, spread } from "./contract.mjs";

const { Kafka, logLevel } = confluent.KafkaJS;

// How the client numbers the states of a group.
const EMPTY =
  confluent.AdminClient.ConsumerGroupStates?.EMPTY ?? confluent.ConsumerGroupStates.EMPTY;

class Client extends Contract {
  constructor(access) {
    super();
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

  async start(consumer, topic, eachMessage) {
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage });
  }

  transactional(id) {
    return this.kafka.producer({ "transactional.id": id });
  }

  reader(consumer) {
    return { consumer };
  }

  async join(topic, group) {
    const consumer = this.consumer(group);
    await consumer.connect();
    await this.start(consumer, topic, async () => {});
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
