import { client, unwrap } from "../../api/client";
import type { Topic } from "../../api/queries";
import { fromBase64 } from "./decode";

export interface Header {
  name: string;
  value: Uint8Array | null;
}

export interface Message {
  partition: number;
  offset: number;
  timestamp: number | null;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: Header[];
}

/** Where a reading begins in each partition: an offset, one end of what is there, or a time. */
export type Start = "latest" | "earliest" | number | Date;

// A browser opens six connections to a server over HTTP/1.1: some must stay free for other calls.
const READERS_MAX = 3;
const WAIT_MS = 10_000;
const SHARED_WAIT_MS = 250;
const PAGE_BYTES_MAX = 64 * 1024;

/**
 * Reads partitions from `start` on by long polls, until `signal` ends it.
 *
 * `onMessages` gets what was read and returns when more is wanted. Throws a Problem.
 */
export async function read(
  topic: Topic,
  partitions: readonly number[],
  start: Start,
  signal: AbortSignal,
  onMessages: (messages: Message[]) => Promise<void>,
): Promise<void> {
  const next = new Map<number, Start>(partitions.map((partition) => [partition, start]));
  const readers = Math.min(READERS_MAX, partitions.length);
  const work = async (first: number) => {
    const own = partitions.filter((_, index) => index % readers === first);
    while (!signal.aborted) {
      for (const partition of own) {
        const wait = own.length === 1 ? WAIT_MS : SHARED_WAIT_MS;
        const from = next.get(partition) ?? start;
        // The ends are only known once they were asked for: no waiting before that.
        const page = await readPage(
          topic,
          partition,
          from,
          typeof from === "number" ? wait : 0,
          signal,
        );
        if (signal.aborted) return;
        next.set(partition, page.nextOffset);
        if (page.messages.length > 0) await onMessages(page.messages);
      }
    }
  };
  await Promise.all(Array.from({ length: readers }, (_, first) => work(first)));
}

async function readPage(
  topic: Topic,
  partition: number,
  start: Start,
  waitMs: number,
  signal: AbortSignal,
): Promise<{ messages: Message[]; nextOffset: number }> {
  const page = await unwrap(
    client.GET("/v1/clusters/{cluster_id}/topics/{topic}/partitions/{partition}/records", {
      params: {
        path: { cluster_id: topic.cluster_id, topic: topic.name, partition },
        query: {
          ...(start instanceof Date ? { since: start.toISOString() } : { offset: String(start) }),
          max_bytes: PAGE_BYTES_MAX,
          wait_ms: waitMs,
          format: "base64",
        },
      },
      signal,
    }),
  );
  const messages = page.records.map((record) => ({
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    headers: record.headers.map(({ name, value }) => ({ name, value: bytesOf(value) })),
  }));
  return { messages, nextOffset: page.next_offset };
}

function bytesOf(encoded: unknown): Uint8Array | null {
  return typeof encoded === "string" ? fromBase64(encoded) : null;
}
