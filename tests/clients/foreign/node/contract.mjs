// Reads requests as JSON lines and answers each with one line; see ../README.md.

import { createInterface } from "node:readline";

export const HEARTBEAT_MS = 300;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 20;
const REQUESTS = ["produce", "consume", "rebalance", "pipeline", "administer", "keep", "enter"];

/** Answers requests until standard input ends; `connect` makes a client of the access on the first line. */
export async function serve(connect) {
  let client;
  for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    try {
      if (client === undefined) {
        client = await connect(told);
        answer({ ok: {} });
      } else {
        answer({ ok: await perform(client, told) });
      }
    } catch (error) {
      answer({ error: String(error?.stack ?? error) });
    }
  }
  // An orderly end would wait for connections that librdkafka goes on trying for half a minute.
  process.kill(process.pid, "SIGKILL");
}

/** Asks the issuer for a token by the client's credentials (RFC 6749 section 4.4). */
export async function fetchToken({ token_url, client_id }) {
  const form = { grant_type: "client_credentials", client_id, client_secret: "secret" };
  const answer = await fetch(token_url, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(`the issuer answers ${answer.status}`);
  return await answer.json();
}

/** Looks again and again until the condition holds. */
export async function until(what, holds) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** What a client read, and how far that is in each partition. */
class Collected {
  constructor(wanted) {
    this.records = [];
    this.wanted = wanted;
  }

  get complete() {
    return this.records.length >= this.wanted;
  }

  /** Takes one message as it was delivered, unless there are enough. */
  take(partition, message) {
    if (this.complete) return;
    this.records.push({
      partition,
      offset: Number(message.offset),
      key: text(message.key),
      value: text(message.value),
      headers: Object.entries(message.headers ?? {}).map(([name, value]) => [name, text(value)]),
    });
  }

  /** The next offset to read of each partition, as both clients commit it. */
  next() {
    const offsets = new Map();
    for (const one of this.records) {
      offsets.set(one.partition, Math.max(offsets.get(one.partition) ?? 0, one.offset + 1));
    }
    return [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
  }
}

/** A record of a request, as both clients send it. */
export function outgoing(record) {
  const { partition, key, value, headers } = record;
  return { partition, key, value, headers: Object.fromEntries(headers) };
}

/** The offsets of records in the order in which they were given, from the first offset of each partition. */
export function spread(records, first) {
  const next = new Map(first);
  return records.map(({ partition }) => {
    const offset = next.get(partition);
    next.set(partition, offset + 1);
    return offset;
  });
}

/**
 * What both clients do alike. A client adds `consumer`, `start` (subscribes it and hands on each
 * message), `join`, `transactional` (a producer with an id), `reader` (who has read, as the client
 * tells a transaction), `sender` (a producer) and `visit` (logs in with another access).
 */
export class Contract {
  constructor(access) {
    this.access = access;
  }

  /** One record by the producer that stays open. */
  async keep({ topic }) {
    if (this.kept === undefined) {
      this.kept = this.sender();
      await this.kept.connect();
    }
    const [sent] = await this.kept.send({ topic, messages: [{ partition: 0, value: "kept" }] });
    return { offset: Number(sent.baseOffset) };
  }

  /** Tries to log in as another client of the issuer, by another address. */
  async enter({ client_id, bootstrap }) {
    try {
      await this.visit({ ...this.access, client_id, bootstrap });
      return { refused: null };
    } catch (error) {
      return { refused: error.type ?? error.name };
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
    const producer = this.transactional(id);
    try {
      await producer.connect();
      const transaction = await producer.transaction();
      const messages = collected.records.map(({ value }) => ({ value: `${value}!` }));
      await transaction.send({ topic: to, messages });
      const topics = [{ topic, partitions: collected.next() }];
      await transaction.sendOffsets({ ...this.reader(consumer, group), topics });
      await (commit ? transaction.commit() : transaction.abort());
    } finally {
      await producer.disconnect();
      await consumer.disconnect();
    }
    return { read: collected.records.length };
  }

  /** A member of the group that has read what was asked for. */
  async read(topic, group, collected, isolation) {
    const consumer = this.consumer(group, isolation);
    await consumer.connect();
    await this.start(consumer, topic, async ({ partition, message }) =>
      collected.take(partition, message),
    );
    await until(`${collected.wanted} records`, () => collected.complete);
    return consumer;
  }
}

/** The steps of a rebalance with members that have `owned()` and `leave()`. */
async function rebalance(join, count) {
  const first = await join();
  try {
    await until("all partitions", () => first.owned().length === count);
    const alone = first.owned();
    const second = await join();
    let shared;
    try {
      const halved = () => [first, second].every((one) => one.owned().length === count / 2);
      await until("half of the partitions each", halved);
      shared = [first.owned(), second.owned()];
    } finally {
      await second.leave();
    }
    await until("the partitions of the one that left", () => first.owned().length === count);
    return { alone, shared, left: first.owned() };
  } finally {
    await first.leave();
  }
}

async function perform(client, request) {
  if (!REQUESTS.includes(request.do)) throw new Error(`unknown request ${request.do}`);
  return await client[request.do](request);
}

function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function text(bytes) {
  return bytes === null || bytes === undefined ? null : bytes.toString();
}
