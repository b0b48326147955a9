// The contract's requests with @confluentinc/kafka-javascript.

import confluent from "@confluentinc/kafka-javascript";
import { Contract, fetchToken, HEARTBEAT_MS, outgoing, serve, spread, until } from "./contract.mjs";

const { Kafka, logLevel } = confluent.KafkaJS;

// How the client numbers the states of a group.
const EMPTY =
  confluent.AdminClient.ConsumerGroupStates?.EMPTY ?? confluent.ConsumerGroupStates.EMPTY;

const REFUSED = "SASL authentication error";
// Each further refusal would wait longer for its answer.
const ONE_ATTEMPT = { "reconnect.backoff.ms": 30_000, "reconnect.backoff.max.ms": 30_000 };

/** Keeps what the client tells of errors in its log. */
class Log {
  told = [];

  error(message) {
    this.told.push(message);
  }

  warn() {}
  info() {}
  debug() {}
  setLogLevel() {}

  namespace() {
    return this;
  }
}

function connect(access, logger = new Log()) {
  return new Kafka({
    "bootstrap.servers": access.bootstrap,
    "security.protocol": "SASL_SSL",
    ...login(access),
    "ssl.ca.location": access.ca_file,
    kafkaJS: { logLevel: logLevel.ERROR, logger },
  });
}

function login(access) {
  if (access.token_url === undefined) {
    return {
      "sasl.mechanism": "SCRAM-SHA-512",
      "sasl.username": access.username,
      "sasl.password": access.password,
    };
  }
  return {
    "sasl.mechanism": "OAUTHBEARER",
    oauthbearer_token_refresh_cb: async () => {
      const { access_token: tokenValue, expires_in: seconds } = await fetchToken(access);
      return { tokenValue, lifetime: Date.now() + seconds * 1000, principal: access.client_id };
    },
  };
}

class Client extends Contract {
  constructor(access) {
    super(access);
    this.kafka = connect(access);
  }

  sender() {
    return this.kafka.producer();
  }

  /** By a producer: its log tells at once what its calls call a broken transport half a minute later. */
  async visit(access) {
    const log = new Log();
    const producer = connect(access, log).producer(ONE_ATTEMPT);
    let answered = false;
    const connecting = producer.connect().finally(() => {
      answered = true;
    });
    connecting.catch(() => {});
    const isRefused = () => log.told.some((one) => one.includes(REFUSED));
    await until("an answer to the login", () => answered || isRefused());
    if (isRefused()) throw Object.assign(new Error(log.told.join("; ")), { type: REFUSED });
    await connecting;
    await producer.disconnect();
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
