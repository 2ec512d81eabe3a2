import type { Containers } from '../../src/agent/containers.ts';

/** Like an engine whose client dies: the call at the crash point is done or not, and nothing ever answers after it. */
export class DyingClient {
  calls = 0;
  readonly containers: Containers;

  constructor(engine: Containers, dieAt: number, done: boolean) {
    const mortal = new Set(['create', 'createHook', 'exec', 'start', 'stop', 'remove', 'rename']);
    const dead = new Promise<never>(() => undefined);
    this.containers = new Proxy(engine, {
      get: (target, key) => {
        const call = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.calls > dieAt) return await dead;
          if (!mortal.has(String(key))) return await call.apply(target, args);
          this.calls += 1;
          if (this.calls <= dieAt) return await call.apply(target, args);
          if (done) await call.apply(target, args);
          return await dead;
        };
      },
    });
  }
}
