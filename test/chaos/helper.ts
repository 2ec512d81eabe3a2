import { setTimeout as delay } from 'node:timers/promises';
import type { Scene } from './scene.ts';
import { sightOf } from './watch.ts';

const PAUSE_MS = 2_000;

/** A person who reads the reasons of what fails, and restarts an engine, once, where one says so. */
export class Helper {
  readonly #scene: Scene;
  readonly #say: (line: string) => void;
  readonly #over = new AbortController();
  readonly #restarted = new Set<string>();
  readonly #loop: Promise<void>;

  constructor(scene: Scene, say: (line: string) => void) {
    this.#scene = scene;
    this.#say = say;
    this.#loop = this.#look();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  async #look(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const sight = await sightOf(this.#scene.world);
      for (const { node, attempt } of sight?.instances ?? [])
        if (node !== null && attempt?.failure?.message.includes('restart Docker') === true)
          await this.#restart(node);
      await delay(PAUSE_MS, undefined, { ref: false });
    }
  }

  async #restart(node: string): Promise<void> {
    if (this.#restarted.has(node)) return;
    this.#restarted.add(node);
    this.#say(`${node}: Docker holds a port that nothing has; a person restarts it`);
    const host = this.#scene.rig.host(Number(node.slice(1)));
    await host.stopEngine();
    await host.startEngine();
  }
}
