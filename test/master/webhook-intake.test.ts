import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { WebhookIntake } from '../../src/master/webhook-intake.ts';
import { openStore, type Store } from '../../src/store/store.ts';

const SECRET = 'known to both sides';
const first = 'a'.repeat(40);
const second = 'b'.repeat(40);
const forcedAway = 'f'.repeat(40);
const MINUTE = 60_000;

let store: Store;
let now: number;
let wakes: number;
let told: string[];
let failing: boolean;
let intake: WebhookIntake;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  now = 0;
  wakes = 0;
  told = [];
  failing = false;
  intake = process();
});

/** A master's lifetime: what it knows, it knows from the store. */
function process(): WebhookIntake {
  return new WebhookIntake({
    secrets: [SECRET],
    inbox: store.inbox,
    clock: { now: () => now, sleep: () => Promise.reject(new Error('nobody sleeps here')) },
    concerns: ({ fullName }) => fullName === 'acme/grids',
    wake: () => {
      wakes += 1;
    },
    isAncestor: async (older, newer) => await Promise.resolve(older === first && newer === second),
    overtaken: async (sha, by) => {
      if (failing) throw new Error('the store is busy');
      await Promise.resolve(told.push(`${sha[0]} by ${by[0]}`));
    },
    onError: () => undefined,
  });
}

async function push(after: string, deliveryId = after.slice(0, 8), fullName = 'acme/grids') {
  const cloneUrl = `https://git.example.com/${fullName}.git`;
  const repository = { id: 1, full_name: fullName, clone_url: cloneUrl };
  const body = Buffer.from(JSON.stringify({ ref: 'refs/heads/main', after, repository }));
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': deliveryId,
    'x-hub-signature-256': `sha256=${signature}`,
  };
  return await intake.handle(headers, body);
}

async function waiting(): Promise<string[]> {
  return (await store.inbox.queued()).map(({ sha }) => sha);
}

describe('a push', () => {
  it('is remembered before it is answered, and asks for a look', async () => {
    expect(await push(first)).toMatchObject({ status: 202 });

    expect(await waiting()).toEqual([first]);
    expect(wakes).toBe(1);
  });

  it('to another repository is answered alike and leaves nothing', async () => {
    expect(await push(first, 'elsewhere', 'acme/other')).toMatchObject({ status: 202 });

    expect(await waiting()).toEqual([]);
    expect(wakes).toBe(0);
  });

  it('that is delivered again asks for a look until it is settled', async () => {
    await push(first);
    expect(await push(first)).toMatchObject({ status: 202 });
    await intake.settle(second);

    expect(await push(first)).toMatchObject({ status: 200 });
    expect(wakes).toBe(2);
  });

  it('that deleted the branch has no commit to tell anything of', async () => {
    await push('0'.repeat(40));
    await intake.settle(first);

    expect(await waiting()).toEqual([]);
    expect(told).toEqual([]);
  });
});

describe('a pushed commit', () => {
  it('waits while the branch points at it: its deploy is not recorded yet, and a crash would lose it', async () => {
    await push(first);
    await intake.settle(first);
    intake = process();

    await intake.settle(second);

    expect(told).toEqual(['a by b']);
    expect(await waiting()).toEqual([]);
  });

  it('that was overtaken while the master was down is told by the next one', async () => {
    await push(first);
    intake = process();

    await intake.settle(second);

    expect(told).toEqual(['a by b']);
  });

  it('is told once', async () => {
    await push(first);
    await intake.settle(second);
    await intake.settle(second);

    expect(told).toEqual(['a by b']);
  });

  it('waits for another look when telling fails', async () => {
    await push(first);
    failing = true;
    await intake.settle(second);
    expect(await waiting()).toEqual([first]);

    failing = false;
    await intake.settle(second);
    expect(told).toEqual(['a by b']);
  });

  it('that the forge does not show yet is not called overtaken by an older one', async () => {
    await push(second);
    await intake.settle(first);

    expect(told).toEqual([]);
    expect(await waiting()).toEqual([second]);
  });

  it('that was forced away is told when it can no longer be a late look', async () => {
    await push(forcedAway);
    await intake.settle(second);
    expect(told).toEqual([]);

    now = 11 * MINUTE;
    await intake.settle(second);
    expect(told).toEqual(['f by b']);
    expect(await waiting()).toEqual([]);
  });
});
