import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Provider, receivers } from '../../src/webhooks/providers.ts';
import type { WebhookRequest } from '../../src/webhooks/request.ts';
import { MAX_WEBHOOK_BYTES } from '../../src/webhooks/transport.ts';

const secret = 'a long random secret';
const head = 'a'.repeat(40);
const now = Date.parse('2026-01-02T03:04:05Z');
const at = '2026-01-01T00:00:00Z';

/** What each forge sends, in its own words; a test below says what it has to mean. */
interface Dialect {
  readonly sign: (body: string, secret: string) => Readonly<Record<string, string>>;
  readonly push: Delivery;
  /** `null`: the forge does not tell. */
  readonly pull: Delivery | null;
  readonly comment: Delivery | null;
  /** Deliveries in which nothing new is said on a pull request. */
  readonly noComment: readonly Delivery[];
}

interface Delivery {
  readonly event: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

function hex(body: string, key: string): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

const githubRepository = {
  id: 1,
  full_name: 'acme/grids',
  clone_url: 'https://git.example/acme/grids.git',
};
const githubComment = {
  action: 'created',
  is_pull: true,
  issue: { number: 7, pull_request: {} },
  comment: { id: 9, body: '/gridops plan', user: { login: 'alice' }, created_at: at },
  repository: githubRepository,
};
const project = {
  id: 1,
  path_with_namespace: 'acme/grids',
  git_http_url: 'https://git.example/acme/grids.git',
};
const note = {
  id: 9,
  note: '/gridops plan',
  noteable_type: 'MergeRequest',
  action: 'create',
  system: false,
  created_at: '2026-01-01 00:00:00 UTC',
};
const gitlabComment = {
  object_attributes: note,
  user: { username: 'alice' },
  merge_request: { iid: 7 },
  project,
};
const bitbucketRepository = {
  uuid: '{1}',
  full_name: 'acme/grids',
  links: { html: { href: 'https://git.example/acme/grids' } },
};

const dialects: Readonly<Record<Provider, Dialect>> = {
  github: {
    sign: (body, key) => ({ 'x-hub-signature-256': `sha256=${hex(body, key)}` }),
    push: {
      event: { 'x-github-event': 'push', 'x-github-delivery': '1' },
      body: { ref: 'refs/heads/main', after: head, repository: githubRepository },
    },
    pull: {
      event: { 'x-github-event': 'pull_request', 'x-github-delivery': '1' },
      body: { action: 'opened', number: 7, repository: githubRepository },
    },
    comment: {
      event: { 'x-github-event': 'issue_comment', 'x-github-delivery': '1' },
      body: githubComment,
    },
    noComment: [
      { ...githubComment, action: 'edited' },
      { ...githubComment, issue: { number: 7 } },
      {
        ...githubComment,
        comment: { ...githubComment.comment, user: { login: 'x', type: 'Bot' } },
      },
    ].map((body) => ({
      event: { 'x-github-event': 'issue_comment', 'x-github-delivery': '1' },
      body,
    })),
  },
  gitea: {
    sign: (body, key) => ({
      'x-gitea-signature': hex(body, key),
      'x-hub-signature-256': `sha256=${hex(body, key)}`,
    }),
    push: {
      event: { 'x-gitea-event': 'push', 'x-github-event': 'push', 'x-gitea-delivery': '1' },
      body: { ref: 'refs/heads/main', after: head, repository: githubRepository },
    },
    pull: {
      event: { 'x-gitea-event': 'pull_request', 'x-gitea-delivery': '1' },
      body: { action: 'synchronized', number: 7, repository: githubRepository },
    },
    comment: {
      event: { 'x-gitea-event': 'issue_comment', 'x-gitea-delivery': '1' },
      body: githubComment,
    },
    noComment: [
      { ...githubComment, action: 'edited' },
      { ...githubComment, is_pull: false },
    ].map((body) => ({
      event: { 'x-gitea-event': 'issue_comment', 'x-gitea-delivery': '1' },
      body,
    })),
  },
  gitlab: {
    sign: (_, key) => ({ 'x-gitlab-token': key }),
    push: {
      event: { 'x-gitlab-event': 'Push Hook', 'idempotency-key': '1' },
      body: { ref: 'refs/heads/main', after: head, project },
    },
    pull: {
      event: { 'x-gitlab-event': 'Merge Request Hook', 'x-gitlab-event-uuid': '1' },
      body: { object_attributes: { iid: 7, action: 'update' }, project },
    },
    comment: {
      event: { 'x-gitlab-event': 'Note Hook', 'idempotency-key': '1' },
      body: gitlabComment,
    },
    noComment: [
      { ...note, action: 'update' },
      { ...note, noteable_type: 'Issue' },
      { ...note, system: true },
      { ...note, action: undefined, updated_at: '2026-01-01 00:00:09 UTC' },
    ].map((changed) => ({
      event: { 'x-gitlab-event': 'Note Hook', 'idempotency-key': '1' },
      body: { ...gitlabComment, object_attributes: changed },
    })),
  },
  bitbucket: {
    sign: (body, key) => ({ 'x-hub-signature': `sha256=${hex(body, key)}` }),
    push: {
      event: { 'x-event-key': 'repo:push', 'x-request-uuid': '1' },
      body: {
        push: { changes: [{ new: { type: 'branch', name: 'main', target: { hash: head } } }] },
        repository: bitbucketRepository,
      },
    },
    pull: {
      event: { 'x-event-key': 'pullrequest:updated', 'x-request-uuid': '1' },
      body: { pullrequest: { id: 7 }, repository: bitbucketRepository },
    },
    comment: {
      event: { 'x-event-key': 'pullrequest:comment_created', 'x-request-uuid': '1' },
      body: {
        pullrequest: { id: 7 },
        comment: {
          id: 9,
          content: { raw: '/gridops plan' },
          user: { uuid: 'alice', nickname: 'Alice' },
          created_on: at,
        },
        repository: bitbucketRepository,
      },
    },
    noComment: [
      {
        event: { 'x-event-key': 'pullrequest:comment_updated', 'x-request-uuid': '1' },
        body: {},
      },
    ],
  },
  generic: {
    sign: (body, key) => ({ 'x-gridops-signature-256': `sha256=${hex(body, key)}` }),
    push: {
      event: { 'x-gridops-delivery': '1' },
      body: {
        repository: 'https://git.example/acme/grids.git',
        ref: 'refs/heads/main',
        after: head,
      },
    },
    pull: null,
    comment: null,
    noComment: [],
  },
};

describe.each(Object.entries(dialects))('%s', (name, dialect) => {
  const receive = receivers[name as Provider];

  function request(
    { event, body }: Delivery,
    of: { readonly key?: string; readonly secrets?: readonly string[] } = {},
  ): WebhookRequest {
    const text = JSON.stringify(body);
    const signed = dialect.sign(text, of.key ?? secret);
    const headers = { 'content-type': 'application/json', ...event, ...signed };
    return { headers, rawBody: Buffer.from(text), secrets: of.secrets ?? [secret], now };
  }

  test('a push is a hint which branch of which repository to look at', () => {
    const received = receive(request(dialect.push));

    expect(received).toMatchObject({
      kind: 'push',
      deliveryId: '1',
      ref: 'refs/heads/main',
      after: head,
      repository: { fullName: 'acme/grids' },
    });
  });

  test('either of two secrets is taken, another and none are not', () => {
    expect(receive(request(dialect.push, { secrets: ['new', secret] }))).toMatchObject({
      kind: 'push',
    });
    for (const of of [{ key: 'other' }, { secrets: [] }, { secrets: [''], key: '' }])
      expect(receive(request(dialect.push, of))).toMatchObject({ kind: 'refused', status: 401 });
  });

  test('what is not signed is refused before it is read', () => {
    const { rawBody } = request(dialect.push);
    const headers = { 'content-type': 'application/json', ...dialect.push.event };
    const unsigned = receive({ headers, rawBody, secrets: [secret], now });

    expect(unsigned).toMatchObject({ kind: 'refused', status: 401 });
  });

  test('a form, a body that is too large and one that is no JSON are refused', () => {
    const sent = request(dialect.push);
    const form = { ...sent.headers, 'content-type': 'application/x-www-form-urlencoded' };
    const large = Buffer.alloc(MAX_WEBHOOK_BYTES + 1);
    const broken = '{"ref":';
    const signed = { ...sent.headers, ...dialect.sign(broken, secret) };

    expect(receive({ ...sent, headers: form })).toMatchObject({ status: 415 });
    expect(receive({ ...sent, rawBody: large })).toMatchObject({ status: 413 });
    expect(receive({ ...sent, headers: signed, rawBody: Buffer.from(broken) })).toMatchObject({
      status: 400,
    });
  });

  test.runIf(dialect.pull !== null)('an event called as what every object has is none', () => {
    const event = Object.entries(dialect.push.event).map(([header, value]) => [
      header,
      value === '1' ? value : 'constructor',
    ]);
    const received = receive(request({ ...dialect.push, event: Object.fromEntries(event) }));

    expect(received).toMatchObject({ kind: 'ignored', event: 'constructor' });
  });

  test('no value anywhere in it makes it throw, or is handed on as it is not', () => {
    const known = new Set(['push', 'pull-request', 'comment', 'ping', 'ignored', 'refused']);
    const paths = [dialect.push, dialect.pull, dialect.comment].filter((each) => each !== null);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), fc.nat(), (delivery, value, seed) => {
        const body = replaceOne(delivery.body, value, seed);
        const received = receive(request({ event: delivery.event, body }));
        expect(known).toContain(received.kind);
        if (received.kind === 'comment') expect(typeof received.body).toBe('string');
      }),
    );
  });

  test.runIf(dialect.pull !== null)('a pull request is a hint by its number', () => {
    expect(receive(request(dialect.pull ?? dialect.push))).toMatchObject({
      kind: 'pull-request',
      number: 7,
      repository: { fullName: 'acme/grids' },
    });
  });

  test.runIf(dialect.comment !== null)('a new comment says who wrote what', () => {
    expect(receive(request(dialect.comment ?? dialect.push))).toMatchObject({
      kind: 'comment',
      number: 7,
      commentId: '9',
      author: 'alice',
      body: '/gridops plan',
      at: Date.parse(at),
    });
  });

  test('what is edited, or said elsewhere, is no comment', () => {
    for (const delivery of dialect.noComment)
      expect(receive(request(delivery))).toMatchObject({ kind: 'ignored', deliveryId: '1' });
  });
});

describe('a signature in the manner of Standard Webhooks', () => {
  const key = Buffer.from('a key of some bytes').toString('base64');
  const body = JSON.stringify(dialects.gitlab.push.body);

  function signed(of: { timestamp?: number; body?: string; secrets?: readonly string[] } = {}) {
    const timestamp = String(of.timestamp ?? now / 1_000);
    const mac = createHmac('sha256', Buffer.from(key, 'base64'));
    const signature = mac.update(`1.${timestamp}.${body}`).digest('base64');
    return receivers.gitlab({
      headers: {
        'content-type': 'application/json',
        ...dialects.gitlab.push.event,
        'webhook-id': '1',
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${'A'.repeat(43)}= v1,${signature}`,
      },
      rawBody: Buffer.from(of.body ?? body),
      secrets: of.secrets ?? [`whsec_${key}`],
      now,
    });
  }

  test('is taken when one of several fits', () => {
    expect(signed()).toMatchObject({ kind: 'push' });
  });

  test('is refused for another body, another secret, and when it is old', () => {
    expect(signed({ body: '{}' })).toMatchObject({ status: 401 });
    expect(signed({ secrets: ['whsec_'] })).toMatchObject({ status: 401 });
    expect(signed({ timestamp: now / 1_000 - 301 })).toMatchObject({ status: 401 });
  });

  test('by a key of nothing fits nothing', () => {
    const mac = createHmac('sha256', '')
      .update(`1.${now / 1_000}.${body}`)
      .digest('base64');
    const received = receivers.generic({
      headers: {
        'content-type': 'application/json',
        'webhook-id': '1',
        'webhook-timestamp': String(now / 1_000),
        'webhook-signature': `v1,${mac}`,
      },
      rawBody: Buffer.from(body),
      secrets: ['whsec_'],
      now,
    });

    expect(received).toMatchObject({ status: 401 });
  });
});

test('a push of several branches at Bitbucket tells of all, and of those that are gone', () => {
  const body = JSON.stringify({
    push: {
      changes: [
        { old: { type: 'branch', name: 'gone' }, new: null },
        { new: { type: 'tag', name: 'v1', target: { hash: head } } },
        { new: { type: 'branch', name: 'main', target: { hash: head } } },
      ],
    },
    repository: bitbucketRepository,
  });
  const received = receivers.bitbucket({
    headers: {
      'content-type': 'application/json',
      ...dialects.bitbucket.push.event,
      ...dialects.bitbucket.sign(body, secret),
    },
    rawBody: Buffer.from(body),
    secrets: [secret],
  });

  expect(received).toMatchObject({
    ref: 'refs/heads/gone',
    after: '0'.repeat(40),
    more: [
      { ref: 'refs/tags/v1', after: head },
      { ref: 'refs/heads/main', after: head },
    ],
  });
});

/** The `seed`th value inside, replaced. */
function replaceOne(
  of: Readonly<Record<string, unknown>>,
  value: unknown,
  seed: number,
): Readonly<Record<string, unknown>> {
  const keys = Object.keys(of);
  const key = keys[seed % Math.max(1, keys.length)] ?? '';
  const inner = of[key];
  const isDeeper = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
  const next = isDeeper && seed % 3 !== 0;
  const replaced = next
    ? replaceOne(inner as Readonly<Record<string, unknown>>, value, Math.floor(seed / 3))
    : value;
  return { ...of, [key]: replaced };
}
