import { describe, expect, test } from 'vitest';
import type { PersonsComment } from '../../src/forge/forge.ts';
import { RequestCommands } from '../../src/master/request-commands.ts';
import { GridError } from '../../src/model/error.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { NOW } from '../support/builders.ts';

function aDesk() {
  const state = {
    now: NOW,
    writers: new Set(['alice']),
    lookup: null as Error | null,
    deed: null as Error | null,
    answer: 'asked' as 'asked' | 'changed' | 'unknown',
  };
  const done = new Set<string>();
  const deeds: string[] = [];
  const replies: string[] = [];
  const carry = async (text: string): Promise<void> => {
    if (state.deed !== null) throw state.deed;
    deeds.push(text);
    await Promise.resolve();
  };
  const commands = new RequestCommands({
    repository: { owner: 'acme', name: 'grids' },
    forge: {
      mayWrite: async (_repository, user) => {
        if (state.lookup !== null) throw state.lookup;
        return await Promise.resolve(state.writers.has(user));
      },
    },
    inbox: {
      receive: async ({ deliveryId }) =>
        await Promise.resolve(done.has(deliveryId) ? 'done' : 'new'),
      finish: async ({ deliveryId }) => {
        done.add(deliveryId);
        await Promise.resolve();
      },
    },
    requests: {
      ask: async (number, at) => {
        deeds.push(`plan #${number} as of ${at - NOW}`);
        return await Promise.resolve(state.answer);
      },
    },
    deeds: {
      freeze: async (grid, hours, actor) => await carry(`freeze ${grid} ${hours} by ${actor}`),
      unfreeze: async (grid, actor) => await carry(`unfreeze ${grid} by ${actor}`),
      approve: async (hash, actor) => {
        await carry(`approve ${hash} by ${actor}`);
        return 'live';
      },
    },
    reply: async ({ number, about, text }) => {
      replies.push(`#${number} ${about}: ${text}`);
      await Promise.resolve();
    },
    clock: { now: () => state.now },
    log: silentLog,
  });
  let last = 0;
  function comment(body: string, overrides: Partial<PersonsComment> = {}): PersonsComment {
    last += 1;
    return { id: `c${last}`, number: 7, author: 'alice', body, at: NOW, ...overrides };
  }
  async function say(body: string, overrides: Partial<PersonsComment> = {}): Promise<void> {
    await commands.take(comment(body, overrides));
  }
  return { commands, state, done, deeds, replies, comment, say };
}

describe('a command', () => {
  test.each([
    ['/gridops plan', 'plan #7 as of 0'],
    ['/gridops freeze live 12h', 'freeze live 12 by alice on #7'],
    ['/gridops freeze live', 'freeze live null by alice on #7'],
    ['/gridops unfreeze live', 'unfreeze live by alice on #7'],
    ['/gridops approve 0123456789ab', 'approve 0123456789ab by alice on #7'],
  ])('%s is carried out and answered once', async (body, deed) => {
    const { say, deeds, replies } = aDesk();
    await say(body);
    expect(deeds).toEqual([deed]);
    expect(replies).toHaveLength(1);
  });

  test.each(['/gridops', '/gridops help', '/gridops deploy', '/gridops freeze'])(
    '%s is answered with what there is',
    async (body) => {
      const { say, deeds, replies } = aDesk();
      await say(body);
      expect(deeds).toEqual([]);
      expect(replies[0]).toContain('/gridops approve HASH');
    },
  );

  test('is not taken for one in the middle of talk', async () => {
    const { say, replies } = aDesk();
    await say('Shall we /gridops freeze live?');
    expect(replies).toEqual([]);
  });

  test('is carried out once, however often it is told of', async () => {
    const { commands, comment, deeds, replies } = aDesk();
    const one = comment('/gridops freeze live');
    await Promise.all([commands.take(one), commands.take(one), commands.take(one)]);
    expect(deeds).toHaveLength(1);
    expect(replies).toHaveLength(1);
  });

  test('is not carried out once more when the inbox has forgotten it and it is read again', async () => {
    const { commands, comment, state, done, deeds } = aDesk();
    const one = comment('/gridops freeze live');
    await commands.take(one);
    state.now += 8 * 86_400_000;
    done.clear();
    expect(await commands.take(one)).toBe(true);
    expect(deeds).toEqual(['freeze live null by alice on #7']);
  });

  test('of the days in which the master was away is carried out', async () => {
    const { commands, comment, state, deeds } = aDesk();
    state.now += 2 * 86_400_000;
    await commands.take(comment('/gridops unfreeze live'));
    expect(deeds).toEqual(['unfreeze live by alice on #7']);
  });

  test('of somebody who may not write does nothing, and is answered in one place', async () => {
    const { say, deeds, replies } = aDesk();
    await say('/gridops approve 0123456789ab', { author: 'mallory' });
    await say('/gridops plan', { author: 'mallory' });
    expect(deeds).toEqual([]);
    expect(replies.every((reply) => reply.startsWith('#7 refused: '))).toBe(true);
  });

  test('is taken up again when the forge could not say who may write', async () => {
    const { commands, comment, state, deeds } = aDesk();
    const one = comment('/gridops unfreeze live');
    state.lookup = new GridError({ code: 'forge-unreachable', message: 'away', retry: 'later' });
    await commands.take(one);
    expect(deeds).toEqual([]);
    state.lookup = null;
    await commands.take(one);
    expect(deeds).toEqual(['unfreeze live by alice on #7']);
  });

  test('that cannot be carried out is answered with the reason, and nothing of it is formatted', async () => {
    const { say, state, replies } = aDesk();
    const message = 'there is no grid <b>`x`</b> of @acme/all';
    state.deed = new GridError({ code: 'not-found', message, hint: 'See the list.' });
    await say('/gridops freeze x');
    expect(replies[0]).toContain('Not done: there is no grid');
    expect(replies[0]).toContain('See the list.');
    expect(replies[0]).not.toMatch(/[^\\][<`]|@acme/);
  });

  test('for a fork whose commits have changed says so', async () => {
    const { say, state, replies } = aDesk();
    state.answer = 'changed';
    await say('/gridops plan');
    expect(replies[0]).toContain('Not planned: its commits have changed');
  });
});
