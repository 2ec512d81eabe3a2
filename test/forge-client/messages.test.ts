import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Speaker } from '../../src/forge/deliver.ts';
import {
  type CheckRun,
  type DeploymentState,
  type OwnComment,
  RateLimited,
} from '../../src/forge/forge.ts';
import type { WantedCheck, WantedDeployment } from '../../src/forge/outbox.ts';
import { createReporter, type Reporter } from '../../src/forge/reporter.ts';
import { GridError } from '../../src/model/error.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore } from '../../src/store/store.ts';
import { TurnedClock } from './turned-clock.ts';

const marker = '<!-- gridops:plan -->';
const comment = { repository: 'acme/team/grids', number: 7, marker };

type Outcome = 'ok' | 'refused' | 'lost' | 'never' | 'limited';

/** A forge in memory. `script` says what becomes of its next writes: `lost` ones are carried out all the same. */
class SmallForge implements Speaker {
  readonly script: Outcome[] = [];
  readonly calls: string[] = [];
  comments: { id: string; body: string }[] = [];
  /** Ids of comments that others have written. */
  readonly foreign = new Set<string>();
  readonly runs: CheckRun[] = [];
  readonly deployed: { id: string; key: string; states: DeploymentState[] }[] = [];
  #next = 0;

  createCommitStatus(): Promise<void> {
    return Promise.resolve();
  }

  findComment(_: object, __: number, begin: string): Promise<OwnComment | null> {
    this.calls.push('find');
    const own = this.comments.filter(({ id }) => !this.foreign.has(id));
    const found = own.find(({ body }) => body.startsWith(begin));
    return Promise.resolve(found === undefined ? null : { ...found, url: '' });
  }

  async createComment(repository: object, number: number, body: string): Promise<OwnComment> {
    expect({ repository, number }).toEqual({
      repository: { owner: 'acme/team', name: 'grids' },
      number: 7,
    });
    return await this.#write('create', () => {
      const made = { id: this.#id(), body, url: '' };
      this.comments.push(made);
      return made;
    });
  }

  async updateComment(_: object, __: number, of: { id: string; body: string }): Promise<void> {
    await this.#write('update', () => {
      if (this.foreign.has(of.id)) throw new GridError({ code: 'forge-refused', message: '403' });
      const found = this.comments.find(({ id }) => id === of.id);
      if (found === undefined) throw new GridError({ code: 'not-found', message: 'removed' });
      found.body = of.body;
    });
  }

  readonly deployments = {
    find: (_: object, { key }: { key: string }) => {
      this.calls.push('find-deployment');
      return Promise.resolve(this.deployed.find((each) => each.key === key)?.id ?? null);
    },
    create: async (_: object, { key }: { key: string }) =>
      await this.#write('deploy', () => {
        const made = { id: this.#id(), key, states: [] };
        this.deployed.push(made);
        return made.id;
      }),
    setState: async (_: object, id: string, { state }: { state: DeploymentState }) =>
      await this.#write('state', () => {
        this.deployed.find((each) => each.id === id)?.states.push(state);
      }),
  };

  readonly checks = {
    put: async (_: object, run: CheckRun) =>
      await this.#write('check', () => {
        if (this.runs.at(-1)?.key !== run.key) this.runs.push(run);
        return run.key;
      }),
  };

  #id(): string {
    this.#next += 1;
    return String(this.#next);
  }

  async #write<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    const outcome = this.script.shift() ?? 'ok';
    await Promise.resolve();
    if (outcome === 'limited') throw new RateLimited('slow down', 60);
    if (outcome === 'never') throw new GridError({ code: 'forge-refused', message: '422' });
    const done = outcome === 'refused' ? null : work();
    if (done === null || outcome === 'lost')
      throw new GridError({ code: 'forge-unreachable', message: '502', retry: 'later' });
    return done;
  }
}

const reporters: Reporter[] = [];

afterEach(async () => {
  for (const reporter of reporters.splice(0)) await reporter.stop();
});

async function world(of: { readonly forge?: SmallForge } = {}) {
  const { outbox } = await openStore({ path: ':memory:' });
  const forge = of.forge ?? new SmallForge();
  const clock = new TurnedClock();
  const reporter = createReporter({ outbox, forge, clock, random: () => 0.5, log: silentLog });
  reporters.push(reporter);
  return { reporter, forge, clock, outbox };
}

describe('a wanted comment', () => {
  test('is made once, then changed', async () => {
    const { reporter, forge } = await world();

    for (const text of ['one', 'two', 'two']) {
      await reporter.wantComment({ ...comment, body: `${marker}\n${text}` });
      await reporter.idle();
    }

    expect(forge.comments.map(({ body }) => body)).toEqual([`${marker}\ntwo`]);
    expect(forge.calls).toEqual(['find', 'create', 'update']);
  });

  test('that was made although the answer was lost is found, not made again', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push('lost');

    await reporter.wantComment({ ...comment, body: `${marker}\none` });
    await reporter.idle();
    await clock.advance(60_000);
    await reporter.idle();

    expect(forge.comments).toHaveLength(1);
    expect(forge.calls).toEqual(['find', 'create', 'find', 'update']);
  });

  test('that an earlier store made is taken over', async () => {
    const { reporter, forge } = await world();
    forge.comments.push({ id: 'old', body: `${marker}\nof another life` });

    await reporter.wantComment({ ...comment, body: `${marker}\none` });
    await reporter.idle();

    expect(forge.comments).toMatchObject([{ id: 'old', body: `${marker}\none` }]);
  });

  test('that somebody has removed is made anew when there is something new to say', async () => {
    const { reporter, forge } = await world();
    await reporter.wantComment({ ...comment, body: `${marker}\none` });
    await reporter.idle();
    forge.comments = [];

    await reporter.wantComment({ ...comment, body: `${marker}\ntwo` });
    await reporter.idle();

    expect(forge.comments.map(({ body }) => body)).toEqual([`${marker}\ntwo`]);
  });

  test('is made below one that was made with other credentials, and changed from then on', async () => {
    const { reporter, forge } = await world();
    const say = async (text: string) => {
      await reporter.wantComment({ ...comment, body: `${marker}\n${text}` });
      await reporter.idle();
    };
    await say('one');
    for (const { id } of forge.comments) forge.foreign.add(id);

    for (const text of ['two', 'three']) await say(text);

    expect(forge.comments.map(({ body }) => body)).toEqual([`${marker}\none`, `${marker}\nthree`]);
  });

  test('that is ours and cannot be changed all the same gets no other beside it', async () => {
    const { reporter, forge, outbox } = await world();
    await reporter.wantComment({ ...comment, body: `${marker}\none` });
    await reporter.idle();
    forge.script.push('never', 'never');

    await reporter.wantComment({ ...comment, body: `${marker}\ntwo` });
    await reporter.idle();

    expect(forge.comments).toHaveLength(1);
    expect(await outbox.unsent()).toEqual([]);
  });

  test('waits, with everything else, while the forge wants to be left alone', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push('limited');
    await reporter.wantComment({ ...comment, body: `${marker}\none` });
    await reporter.idle();

    await reporter.wantComment({ ...comment, number: 8, body: `${marker}\nother` });
    await reporter.idle();
    expect(forge.calls).toEqual(['find', 'create']);
    await clock.advance(60_000);
    await reporter.idle();

    expect(forge.comments.length).toBeGreaterThan(0);
  });
});

test('whatever goes wrong, there is one comment in the end, and it says the newest', async () => {
  const outcome = fc.constantFrom<Outcome>('ok', 'refused', 'lost', 'limited');
  const move = fc.constantFrom('want', 'wait', 'remove', 'want');
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 1, maxLength: 15 }),
      fc.array(outcome, { maxLength: 15 }),
      async (moves, outcomes) => {
        const { reporter, forge, clock } = await world();
        forge.script.push(...outcomes);
        let text = 0;
        for (const each of [...moves, 'want']) {
          if (each === 'want') {
            text += 1;
            await reporter.wantComment({ ...comment, body: `${marker}\n${text}` });
          } else if (each === 'remove') forge.comments = [];
          else await clock.advance(20_000);
          await reporter.idle();
          expect(forge.comments.length).toBeLessThanOrEqual(1);
        }
        for (let step = 0; step < 40; step += 1) {
          await clock.advance(5 * 60_000);
          await reporter.idle();
        }
        expect(forge.comments.map(({ body }) => body)).toEqual([`${marker}\n${text}`]);
      },
    ),
    { numRuns: 60 },
  );
});

describe('a wanted deployment', () => {
  function deployment(id: string, state: DeploymentState): WantedDeployment {
    const about = { repository: 'acme/team/grids', environment: 'production', sha: 'abc' };
    return { ...about, id, state, description: '', logUrl: null, environmentUrl: null };
  }

  async function tell(reporter: Reporter, ...all: readonly (readonly [string, DeploymentState])[]) {
    for (const [id, state] of all) {
      await reporter.wantDeployment(deployment(id, state));
      await reporter.idle();
    }
  }

  test('is made once for a deploy, and goes through its states', async () => {
    const { reporter, forge, clock } = await world();

    for (const state of ['queued', 'in_progress', 'success'] as const) {
      await tell(reporter, ['1', state]);
      await clock.advance(3_000);
      await reporter.idle();
    }

    expect(forge.deployed).toMatchObject([
      { key: '1', states: ['queued', 'in_progress', 'success'] },
    ]);
  });

  test('retires the one before it, which does not come back to life', async () => {
    const { reporter, forge } = await world();

    await tell(reporter, ['1', 'success'], ['2', 'success'], ['1', 'success']);

    expect(forge.deployed).toMatchObject([
      { key: '1', states: ['success', 'inactive'] },
      { key: '2', states: ['success'] },
    ]);
  });

  test('retires the one before it, however long ago that was', async () => {
    const { reporter, forge, outbox } = await world();

    await tell(reporter, ['1', 'success']);
    await outbox.prune(Number.MAX_SAFE_INTEGER);
    await tell(reporter, ['2', 'success']);

    expect(forge.deployed).toMatchObject([
      { key: '1', states: ['success', 'inactive'] },
      { key: '2', states: ['success'] },
    ]);
  });

  test('of which nobody remembers anything is not taken for the newest', async () => {
    const { reporter, forge } = await world();

    await tell(reporter, ['2', 'success'], ['1', 'success']);

    expect(forge.deployed).toMatchObject([{ key: '2', states: ['success'] }]);
  });

  test('that failed stays a failure', async () => {
    const { reporter, forge } = await world();

    await tell(reporter, ['1', 'failure'], ['2', 'success']);

    expect(forge.deployed).toMatchObject([{ key: '1', states: ['failure'] }, { key: '2' }]);
  });

  test('is not made again after an answer that was lost', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push('lost');

    await tell(reporter, ['1', 'success']);
    await clock.advance(60_000);
    await reporter.idle();

    expect(forge.deployed).toMatchObject([{ key: '1', states: ['success'] }]);
  });

  test('is not made only to be retired', async () => {
    const { reporter, forge } = await world();

    await tell(reporter, ['1', 'inactive']);

    expect(forge.deployed).toEqual([]);
  });

  test('is for forges that show them', async () => {
    const forge = new SmallForge();
    Object.defineProperty(forge, 'deployments', { value: null });
    const { reporter } = await world({ forge });

    expect(await reporter.wantDeployment(deployment('1', 'success'))).toBe(false);
  });
});

describe('a wanted check', () => {
  const about = { repository: 'acme/team/grids', sha: 'abc', name: 'gridops/files' };

  function check(title: string, of: Partial<WantedCheck> = {}): WantedCheck {
    const result = { conclusion: 'failure', summary: 's', detailsUrl: null } as const;
    return { ...about, ...result, title, annotations: [], ...of };
  }

  const titles = (forge: SmallForge) => forge.runs.map(({ title }) => title);

  test('is told once, and anew where it has changed', async () => {
    const { reporter, forge } = await world();
    for (const title of ['one', 'one', 'two', 'one']) {
      await reporter.wantCheck(check(title));
      await reporter.idle();
    }
    expect(titles(forge)).toEqual(['one', 'two', 'one']);
    expect(forge.runs[0]).toMatchObject({ sha: 'abc', name: 'gridops/files' });
  });

  test('that was made although the answer was lost is told under the same key', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push('lost');
    await reporter.wantCheck(check('one'));
    await reporter.idle();
    await clock.advance(60_000);
    await reporter.idle();
    expect(forge.calls).toEqual(['check', 'check']);
    expect(titles(forge)).toEqual(['one']);
  });

  test('of which only the newest is of interest is not told of what was before', async () => {
    const { reporter, forge, clock } = await world();
    forge.script.push('refused');
    await reporter.wantCheck(check('one'));
    await reporter.idle();
    await reporter.wantCheck(check('two'));
    await clock.advance(60_000);
    await reporter.idle();
    expect(titles(forge)).toEqual(['two']);
  });

  test('is repeated as a run of its own when somebody asks for it', async () => {
    const { reporter, forge } = await world();
    expect(await reporter.repeatCheck(about)).toBe(false);
    await reporter.wantCheck(check('one'));
    await reporter.idle();
    expect(await reporter.repeatCheck(about)).toBe(true);
    await reporter.idle();
    await reporter.wantCheck(check('one'));
    await reporter.idle();
    expect(titles(forge)).toEqual(['one', 'one']);
    expect(new Set(forge.runs.map(({ key }) => key)).size).toBe(2);
  });

  test('that is only to follow another is not the first', async () => {
    const { reporter, forge } = await world();
    await reporter.wantCheck(check('none'), { onlyAfter: true });
    await reporter.wantCheck(check('one'));
    await reporter.idle();
    await reporter.wantCheck(check('none'), { onlyAfter: true });
    await reporter.idle();
    expect(titles(forge)).toEqual(['one', 'none']);
  });

  test('is for forges that have them', async () => {
    const forge = new SmallForge();
    Object.defineProperty(forge, 'checks', { value: null });
    const { reporter } = await world({ forge });
    expect(await reporter.wantCheck(check('one'))).toBe(false);
  });
});
