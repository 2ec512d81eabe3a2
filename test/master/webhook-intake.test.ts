import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type IntakeOptions, WebhookIntake } from '../../src/master/webhook-intake.ts';
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
function process(more: Partial<IntakeOptions> = {}): WebhookIntake {
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
    ...more,
  });
}

async function send(event: string, deliveryId: string, payload: object) {
  const repository = { id: 1, full_name: 'acme/grids', clone_url: 'https://x.example/acme/grids' };
  const body = Buffer.from(JSON.stringify({ ...payload, repository }));
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': deliveryId,
    'x-hub-signature-256': `sha256=${signature}`,
  };
  return await intake.handle(headers, body, 'github');
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
  return await intake.handle(headers, body, 'github');
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

describe('what is no push', () => {
  const comment = {
    action: 'created',
    issue: { number: 7, pull_request: {} },
    comment: {
      id: 9,
      body: '/gridops plan',
      user: { login: 'alice' },
      created_at: '2026-01-01T00:00:00Z',
    },
  };
  const opened = { action: 'opened', number: 7 };

  it('is answered, and nothing more, where nobody wants to know', async () => {
    expect(await send('pull_request', '1', opened)).toMatchObject({ status: 202 });

    expect(await waiting()).toEqual([]);
    expect(wakes).toBe(0);
  });

  it('is handed on once, however often it is delivered', async () => {
    const hints: string[] = [];
    intake = process({ onHint: async ({ kind }) => await Promise.resolve(void hints.push(kind)) });

    expect(await send('pull_request', '1', opened)).toMatchObject({ status: 202 });
    expect(await send('pull_request', '1', opened)).toMatchObject({ status: 200 });

    expect(hints).toEqual(['pull-request']);
    await intake.settle(first);
    expect(await waiting()).toEqual([]);
  });

  it('for which we fail is taken up when it comes again', async () => {
    let isBroken = true;
    const hints: string[] = [];
    intake = process({
      onHint: async ({ kind }) => {
        if (isBroken) throw new Error('the store is busy');
        await Promise.resolve(hints.push(kind));
      },
    });
    await expect(send('pull_request', '1', opened)).rejects.toThrow();
    isBroken = false;

    expect(await send('pull_request', '1', opened)).toMatchObject({ status: 202 });

    expect(hints).toEqual(['pull-request']);
  });

  it('is one comment, also under the id of another delivery', async () => {
    const bodies: string[] = [];
    intake = process({
      onHint: async (hint) => await Promise.resolve(void bodies.push(hint.kind)),
    });

    await send('issue_comment', '1', comment);
    await send('issue_comment', '2', comment);

    expect(bodies).toEqual(['comment']);
  });

  it('is not believed of another code host than the one that is asked for permissions', async () => {
    const hints: string[] = [];
    intake = process({
      provider: 'gitlab',
      onHint: async ({ kind }) => await Promise.resolve(void hints.push(kind)),
    });

    expect(await send('issue_comment', '1', comment)).toMatchObject({ status: 202 });

    expect(hints).toEqual([]);
  });
});
