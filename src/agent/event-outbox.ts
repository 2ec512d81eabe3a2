import type { AgentMessageOf } from '../protocol/agent.ts';

type Event = AgentMessageOf<'event'>;
type Send = (event: Event) => void;

/** Well within what a master takes between two heartbeats. */
const MOST = 500;

/**
 * A node's events on their way to the master. While there is no session the newest are kept, with the times that they happened
 * at; of older ones only how many there were. Those that a session took with it when it broke are lost.
 */
export class EventOutbox {
  #waiting: Event[] = [];
  #dropped = 0;
  #send: Send | null = null;

  add(event: Event): void {
    if (this.#send !== null) {
      this.#send(event);
      return;
    }
    this.#waiting.push(event);
    if (this.#waiting.length <= MOST) return;
    this.#waiting.shift();
    this.#dropped += 1;
  }

  /** What has waited goes first. */
  open(send: Send): void {
    this.#send = send;
    const waiting = this.#waiting;
    const dropped = this.#dropped;
    this.#waiting = [];
    this.#dropped = 0;
    const [first] = waiting;
    if (first !== undefined && dropped > 0) send(lossBefore(first, dropped));
    for (const event of waiting) send(event);
  }

  close(): void {
    this.#send = null;
  }
}

function lossBefore({ at }: Event, dropped: number): Event {
  const message = `${dropped} older events of the time without the master were dropped`;
  return { type: 'event', at, severity: 'warning', kind: 'events-dropped', path: '', message };
}
