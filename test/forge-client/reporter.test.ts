import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type CommitStatus, RateLimited } from '../../src/forge/forge.ts';
import type { Message, Outbox as Port, WantedStatus } from '../../src/forge/outbox.ts';
import { createReporter, type Reporter } from '../../src/forge/reporter.ts';
import { GridError } from '../../src/model/error.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Outbox } from '../../src/store/outbox.ts';
import { openStore } from '../../src/store/store.ts';
import { TurnedClock } from './turned-clock.ts';

const unreachable = new GridError({
  code: 'forge-unreachable',
  message: 'status 502',
  retry: 'later',
});
const refused = new GridError({ code: 'forge-refused', message: 'status 404' });

function status(description: string, over: Partial<WantedStatus> = {}): WantedStatus {
  return {
    repository: 'acme/infra',
    sha: 'abc',
    context: 'gridops/prod',
    state: 'pending',
    description,
    targetUrl: null,
    ...over,
  };
}

/** What no test here is about. */
const silent = {
  findComment: () => Promise.resolve(null),
  createComment: () => Promise.reject(refused),
  updateComment: () => Promise.reject(refused),
  deployments: null,
  checks: null,
};

function descriptionOf({ content }: Message): string {
  return (content as { readonly description: string }).description;
}

/** A forge that does what the test says for each request, in order; after that it takes everything. */
class ScriptedForge {
  readonly sent: string[] = [];
  readonly script: (GridError | Promise<void>)[] = [];
  attempts = 0;
  running = 0;
  peak = 0;

  async createCommitStatus(
    repository: { readonly owner: string; readonly name: string },
    sha: string,
    { description }: CommitStatus,
  ): Promise<void> {
    this.attempts += 1;
    this.running += 1;
    this.peak = Math.max(this.peak, this.running);
    try {
      const next = this.script.shift();
      if (next instanceof GridError) throw next;
      await next;
      this.sent.push(`${repository.owner}/${repository.name}@${sha} ${description}`);
    } finally {
      this.running -= 1;
    }
  }
}

const reporters: Reporter[] = [];

afterEach(async () => {
  for (const reporter of reporters.splice(0)) await reporter.stop();
});

interface World {
  readonly reporter: Reporter;
  readonly forge: ScriptedForge;
  readonly clock: TurnedClock;
  readonly outbox: Outbox;
  readonly givenUp: string[];
}

async function world(
  of: { readonly outbox?: Port; readonly maxConcurrent?: number } = {},
): Promise<World> {
  const { outbox } = await openStore({ path: ':memory:' });
  const forge = new ScriptedForge();
  const clock = new TurnedClock();
  const givenUp: string[] = [];
  const reporter = createReporter({
    outbox: of.outbox ?? outbox,
    forge: {
      ...silent,
      createCommitStatus: async (...sent) => await forge.createCommitStatus(...sent),
    },
    clock,
    random: () => 0.999,
    log: silentLog,
    maxConcurrent: of.maxConcurrent ?? 4,
    onGaveUp: (message, error) => givenUp.push(`${descriptionOf(message)}: ${error.message}`),
  });
  reporters.push(reporter);
  return { reporter, forge, clock, outbox, givenUp };
}

/** A promise to be fulfilled by hand. */
function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('a wanted status', () => {
  test('is sent at once', async () => {
    const { reporter, forge, outbox } = await world();

    expect(await reporter.want(status('1/5'))).toBe(true);
    await reporter.idle();

    expect(forge.sent).toEqual(['acme/infra@abc 1/5']);
    expect(await outbox.unsent()).toEqual([]);
  });

  test('is sent once, however often it is wanted', async () => {
    const { reporter, forge } = await world();

    await reporter.want(status('1/5'));
    await reporter.idle();

    expect(await reporter.want(status('1/5'))).toBe(false);
    await reporter.idle();
    expect(forge.attempts).toBe(1);
  });

  test('replaces what is older and still waits', async () => {
    const { reporter, forge } = await world();
    const slow = gate();
    forge.script.push(slow.promise);

    await reporter.want(status('1/5'));
    await reporter.want(status('2/5'));
    await reporter.want(status('5 instances running', { state: 'success' }));
    slow.open();
    await reporter.idle();

    expect(forge.sent).toEqual(['acme/infra@abc 1/5', 'acme/infra@abc 5 instances running']);
  });

  test('that is mere progress waits for its turn', async () => {
    const { reporter, forge, clock } = await world();
    await reporter.want(status('1/5'));
    await reporter.idle();

    await reporter.want(status('2/5'));
    await reporter.want(status('3/5'));
    await reporter.idle();
    expect(forge.sent).toHaveLength(1);

    await clock.advance(3_000);
    await reporter.idle();
    expect(forge.sent).toEqual(['acme/infra@abc 1/5', 'acme/infra@abc 3/5']);
  });

  test('is not held up by those of other commits, within the limit', async () => {
    const { reporter, forge } = await world({ maxConcurrent: 3 });
    const slow = gate();
    forge.script.push(slow.promise);

    for (let count = 0; count < 20; count += 1)
      await reporter.want(status('x', { sha: `c${count}` }));
    await expect.poll(() => forge.sent.length).toBe(19);
    slow.open();
    await reporter.idle();

    expect(forge.sent).toHaveLength(20);
    expect(forge.peak).toBeLessThanOrEqual(3);
  });
});

describe('a forge that does not answer', () => {
  test('is asked again and again, ever more slowly, five minutes apart at most', async () => {
    const { reporter, forge, clock } = await world();
    const delays: (number | null)[] = [];
    forge.script.push(...Array.from({ length: 12 }, () => unreachable));

    await reporter.want(status('1/5'));
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await reporter.idle();
      delays.push(clock.nextAlarm);
      await clock.advance(clock.nextAlarm ?? 0);
    }
    await reporter.idle();

    expect(forge.sent).toEqual(['acme/infra@abc 1/5']);
    expect(forge.attempts).toBe(13);
    expect(delays.slice(0, 4)).toEqual([1_000, 1_999, 3_998, 7_996]);
    expect(delays.at(-1)).toBe(299_850);
  });

  test('gets the newest state when it is back', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push(unreachable);
    await reporter.want(status('1/5'));
    await reporter.idle();

    await reporter.want(status('5 instances running', { state: 'success' }));
    await reporter.idle();
    expect(forge.attempts).toBe(1);

    await clock.advance(1_000);
    await reporter.idle();
    expect(forge.sent).toEqual(['acme/infra@abc 5 instances running']);
  });

  test('holds up one status, not the others', async () => {
    const { reporter, forge } = await world();
    forge.script.push(unreachable);
    await reporter.want(status('1/5'));
    await reporter.want(status('1/5', { sha: 'def' }));
    await reporter.idle();

    expect(forge.sent).toEqual(['acme/infra@def 1/5']);
  });
});

describe('a rate limit', () => {
  test('pauses everything for as long as it says', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push(new RateLimited('slow down', 90));
    await reporter.want(status('1/5'));
    await reporter.idle();
    await reporter.want(status('1/5', { sha: 'def' }));
    await reporter.idle();

    await clock.advance(89_000);
    await reporter.idle();
    expect(forge.attempts).toBe(1);

    await clock.advance(1_000);
    await reporter.idle();
    expect(forge.sent.toSorted()).toEqual(['acme/infra@abc 1/5', 'acme/infra@def 1/5']);
  });
});

describe('a clock that was set back', () => {
  test('does not make a pause as long as it was set back', async () => {
    const { reporter, forge, clock } = await world();
    await clock.advance(86_400_000);
    forge.script.push(new RateLimited('slow down', 90));
    await reporter.want(status('1/5'));
    await reporter.idle();

    await clock.advance(-86_400_000);
    await reporter.want(status('1/5', { sha: 'def' }));
    await reporter.idle();

    expect(forge.sent.toSorted()).toEqual(['acme/infra@abc 1/5', 'acme/infra@def 1/5']);
  });
});

describe('a forge that refuses', () => {
  test('is not asked again, and somebody hears of it', async () => {
    const { reporter, forge, clock, givenUp } = await world();
    forge.script.push(refused);

    await reporter.want(status('1/5'));
    await reporter.idle();
    await clock.advance(3_600_000);
    await reporter.idle();

    expect(forge.attempts).toBe(1);
    expect(givenUp).toEqual(['1/5: status 404']);
  });

  test('is asked again for the next state', async () => {
    const { reporter, forge } = await world();
    forge.script.push(refused);
    await reporter.want(status('1/5'));
    await reporter.idle();

    await reporter.want(status('done', { state: 'success' }));
    await reporter.idle();

    expect(forge.sent).toEqual(['acme/infra@abc done']);
  });
});

test('progress ends before the forge takes no more, and the end is told', async () => {
  const { reporter, forge, clock } = await world();
  for (let count = 0; count < 905; count += 1) {
    await reporter.want(status(`${count}/1000`));
    await reporter.idle();
    await clock.advance(3_000);
  }

  await reporter.want(status('done', { state: 'success' }));
  await reporter.idle();

  expect(forge.sent).toHaveLength(901);
  expect(forge.sent.at(-1)).toContain('done');
});

describe('a restart', () => {
  test('sends what the process before left behind', async () => {
    const before = await world();
    before.forge.script.push(unreachable, refused);
    await before.reporter.want(status('1/5'));
    await before.reporter.want(status('1/5', { sha: 'def' }));
    await before.reporter.idle();
    await before.reporter.stop();

    const after = await world({ outbox: before.outbox });
    await after.clock.advance(10_000);
    await after.reporter.idle();

    expect(after.forge.sent.toSorted()).toEqual(['acme/infra@abc 1/5', 'acme/infra@def 1/5']);
  });

  test('waits for what is under way, and starts nothing more', async () => {
    const { reporter, forge, outbox } = await world({ maxConcurrent: 1 });
    const slow = gate();
    forge.script.push(slow.promise);
    await reporter.want(status('1/5'));
    await reporter.want(status('1/5', { sha: 'def' }));
    await expect.poll(() => forge.running).toBe(1);

    const stopped = reporter.stop();
    slow.open();
    await stopped;
    await reporter.want(status('1/5', { sha: 'ghi' }));

    expect(forge.sent).toEqual(['acme/infra@abc 1/5']);
    expect((await outbox.unsent()).map((row) => row.subject)).toEqual(['def', 'ghi']);
  });
});

describe('a fault of the outbox', () => {
  test('pauses, so that nothing is sent in a loop', async () => {
    const { outbox } = await openStore({ path: ':memory:' });
    const full = new GridError({ code: 'internal', message: 'disk full', retry: 'later' });
    let faults = 2;
    const failing: Port = {
      ...outbox,
      sent: async (...sent) => {
        faults -= 1;
        if (faults >= 0) throw full;
        await outbox.sent(...sent);
      },
    };
    const { reporter, forge, clock } = await world({ outbox: failing });

    await reporter.want(status('1/5'));
    await reporter.idle();
    expect(forge.attempts).toBe(1);
    await clock.advance(5_000);
    await reporter.idle();
    await clock.advance(5_000);
    await reporter.idle();
    await clock.advance(60_000);
    await reporter.idle();

    expect(forge.attempts).toBe(3);
  });

  test('while it is being read heals by itself', async () => {
    const { outbox } = await openStore({ path: ':memory:' });
    let faults = 1;
    const failing: Port = {
      ...outbox,
      due: async (now, limit) => {
        faults -= 1;
        if (faults >= 0) throw new Error('locked');
        return await outbox.due(now, limit);
      },
    };
    const { reporter, forge, clock } = await world({ outbox: failing });
    await reporter.want(status('1/5'));
    await reporter.idle();

    await clock.advance(5_000);
    await reporter.idle();

    expect(forge.sent).toEqual(['acme/infra@abc 1/5']);
  });
});

test('an older state never follows a newer one, and the newest always arrives', async () => {
  const contexts = ['gridops/a', 'gridops/b', 'gridops/c'];
  const anyWant = fc.record({
    want: fc.constantFrom(...contexts),
    ends: fc.boolean(),
    hurries: fc.boolean(),
  });
  const move = fc.oneof(
    { weight: 3, arbitrary: anyWant },
    { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 20_000 }) }) },
    { weight: 2, arbitrary: fc.record({ release: fc.boolean() }) },
  );
  const outcome = fc.constantFrom('ok', 'slow', 'later', 'limited', 'never');

  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { maxLength: 40 }),
      fc.infiniteStream(outcome),
      async (moves, outcomes) => {
        const { outbox } = await openStore({ path: ':memory:' });
        const clock = new TurnedClock();
        const arrived = new Map<string, number>();
        const refusedAt = new Map<string, number>();
        const slow: (() => void)[] = [];
        const backwards: string[] = [];
        let calm = false;
        const reporter = createReporter({
          outbox,
          clock,
          random: () => 0.5,
          log: silentLog,
          maxConcurrent: 2,
          onGaveUp: (message) => refusedAt.set(message.topic, Number(descriptionOf(message))),
          forge: {
            ...silent,
            createCommitStatus: async (_repository, _sha, { context, description }) => {
              const next = calm ? 'ok' : outcomes.next().value;
              if (next === 'slow')
                await new Promise<void>((resolve) => {
                  slow.push(resolve);
                });
              if (next === 'later') throw unreachable;
              if (next === 'limited') throw new RateLimited('slow down', 10);
              if (next === 'never') throw refused;
              if (Number(description) < (arrived.get(context) ?? 0)) backwards.push(description);
              arrived.set(context, Number(description));
            },
          },
        });

        const wanted = new Map<string, number>();
        let version = 0;
        for (const each of moves) {
          if ('want' in each) {
            version += 1;
            wanted.set(each.want, version);
            const state = each.ends ? 'success' : 'pending';
            await reporter.want(status(String(version), { context: each.want, state }));
          } else if ('advance' in each) await clock.advance(each.advance);
          else slow.shift()?.();
          if (!('want' in each) || !each.hurries) await clock.advance(0);
        }
        calm = true;
        for (let round = 0; round < 200 && (await outbox.unsent()).length > 0; round += 1) {
          for (const release of slow.splice(0)) release();
          await clock.advance(60_000);
        }
        for (const release of slow.splice(0)) release();
        await reporter.stop();

        expect(backwards).toEqual([]);
        for (const [context, newest] of wanted)
          expect(Math.max(arrived.get(context) ?? 0, refusedAt.get(context) ?? 0)).toBe(newest);
      },
    ),
    { numRuns: 150 },
  );
});
