import { useCallback, useEffect, useRef, useState } from "react";
import type { Topic } from "../../api/queries";
import { type Message, read, type Start } from "./reading";

const KEPT_MAX = 500;
const PAUSE_AFTER = 200;

export interface Reading {
  messages: readonly Message[];
  /** Reading waits for `goOn`, so that a large topic is not read whole. */
  isPaused: boolean;
  cause: unknown;
  goOn: () => void;
}

/** What was read of a topic: the newest first when it follows the end, else in reading order. */
export function useMessages(
  topic: Topic,
  partitions: readonly number[],
  start: Start,
  wanted: { isOn: boolean; attempt: number },
): Reading {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [cause, setCause] = useState<unknown>(null);
  const resume = useRef<() => void>(() => undefined);
  const { cluster_id, name } = topic;
  const chosen = partitions.join(",");
  const goOn = useCallback(() => resume.current(), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a topic is its cluster and its name, partitions are their numbers
  useEffect(() => {
    setPaused(false);
    if (!wanted.isOn) return; // what was read stays to be looked at
    setMessages([]);
    setCause(null);
    const ending = new AbortController();
    const gate = start === "latest" ? undefined : new Gate(setPaused, ending.signal);
    resume.current = () => gate?.open();
    const onMessages = async (fresh: Message[]) => {
      setMessages((before) => merge(before, fresh, start));
      await gate?.pass(fresh.length);
    };
    read(topic, partitions, start, ending.signal, onMessages).catch((failure: unknown) => {
      if (ending.signal.aborted) return;
      ending.abort();
      setCause(failure);
    });
    return () => ending.abort();
  }, [cluster_id, name, chosen, start, wanted]);

  return { messages, isPaused, cause, goOn };
}

function merge(before: readonly Message[], fresh: Message[], start: Start): Message[] {
  if (start === "latest") return [...fresh.toReversed(), ...before].slice(0, KEPT_MAX);
  return [...before, ...fresh].slice(-KEPT_MAX);
}

/** Lets a number of messages pass, then holds until it is opened again. */
class Gate {
  private left = PAUSE_AFTER;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly onPause: (isPaused: boolean) => void,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => this.release());
  }

  async pass(count: number): Promise<void> {
    this.left -= count;
    if (this.left > 0) return;
    this.onPause(true);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  open(): void {
    this.left = PAUSE_AFTER;
    this.onPause(false);
    this.release();
  }

  private release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
