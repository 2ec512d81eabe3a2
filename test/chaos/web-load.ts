import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const CONNECTIONS = 4;
const PAUSE_MS = 40;
/** A container that was paused answers never. */
const LIMIT_MS = 3_000;

export interface Answers {
  readonly answered: number;
  readonly lost: number;
}

/** Clients that ask entrances for a page all the time, over connections that they keep. */
export class WebLoad {
  readonly #over = new AbortController();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #loops: readonly Promise<void>[];
  #answered = 0;
  #lost = 0;

  constructor(addresses: readonly string[]) {
    this.#loops = addresses.flatMap((address) =>
      Array.from({ length: CONNECTIONS }, async () => await this.#ask(address)),
    );
  }

  get answers(): Answers {
    return { answered: this.#answered, lost: this.#lost };
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #ask(address: string): Promise<void> {
    while (!this.#over.signal.aborted) {
      const answer = await ask(`http://${address}/`, this.#agent);
      if (answer === null) this.#lost += 1;
      else this.#answered += 1;
      await delay(PAUSE_MS);
    }
  }
}

/** The body of a 200, or `null` for anything else. */
export async function ask(url: string, agent = new Agent()): Promise<string | null> {
  return await new Promise((resolve) => {
    const asked = request(url, { agent, timeout: LIMIT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', () => resolve(null));
      response.once('end', () =>
        resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : null),
      );
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', () => resolve(null));
    asked.end();
  });
}
