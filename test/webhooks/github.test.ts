import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { receiveGithub } from '../../src/webhooks/github.ts';
import type { WebhookRequest } from '../../src/webhooks/request.ts';
import { MAX_WEBHOOK_BYTES } from '../../src/webhooks/transport.ts';

const secret = 'a long random secret';
const deliveryId = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const head = 'a'.repeat(40);

const push = {
  ref: 'refs/heads/main',
  after: head,
  repository: {
    id: 186853002,
    full_name: 'acme/infra',
    clone_url: 'https://github.com/acme/infra.git',
  },
};

interface Signing {
  readonly event?: string;
  readonly with?: string;
  readonly headers?: WebhookRequest['headers'];
  readonly secrets?: readonly string[];
}

function sign(rawBody: Uint8Array, key: string): string {
  return `sha256=${createHmac('sha256', key).update(rawBody).digest('hex')}`;
}

/** A request as GitHub sends it; `undefined` in `headers` takes one away. */
function signed(body: unknown, of: Signing = {}): WebhookRequest {
  const rawBody = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': of.event ?? 'push',
      'x-github-delivery': deliveryId,
      'x-hub-signature': 'sha1=0123456789012345678901234567890123456789',
      'x-hub-signature-256': sign(rawBody, of.with ?? secret),
      ...of.headers,
    },
    rawBody,
    secrets: of.secrets ?? [secret],
  };
}

describe('a push', () => {
  test('is a hint which repository to look at', () => {
    const received = receiveGithub(signed({ ...push, commits: 'whatever', before: 1 }));

    expect(received).toEqual({
      kind: 'push',
      deliveryId,
      repository: {
        id: '186853002',
        fullName: 'acme/infra',
        cloneUrl: 'https://github.com/acme/infra.git',
      },
      ref: 'refs/heads/main',
      after: head,
    });
  });

  test('that deletes a branch is a hint like any other', () => {
    const received = receiveGithub(signed({ ...push, after: '0'.repeat(40), head_commit: null }));

    expect(received).toMatchObject({ kind: 'push', after: '0'.repeat(40) });
  });

  test.each([
    ['no repository', { repository: null }],
    ['a repository without id', { repository: { ...push.repository, id: '1' } }],
    [
      'a repository with a path for a name',
      { repository: { ...push.repository, full_name: '../../etc' } },
    ],
    [
      'a clone url that is no web address',
      { repository: { ...push.repository, clone_url: 'file:///etc' } },
    ],
    ['a clone url that is a list', { repository: { ...push.repository, clone_url: ['x'] } }],
    ['no ref', { ref: undefined }],
    ['a ref with a line break', { ref: 'refs/heads/a\nb' }],
    ['a ref that is an option', { ref: '--upload-pack=x' }],
    ['an endless ref', { ref: `refs/heads/${'a'.repeat(2_000)}` }],
    ['no object id', { after: 'main' }],
  ])('with %s is refused', (_, over) => {
    expect(receiveGithub(signed({ ...push, ...over }))).toMatchObject({
      kind: 'refused',
      status: 400,
    });
  });

  test.each([
    ['text', 'hello'],
    ['a list', '[]'],
    ['null', 'null'],
    ['half an object', '{"ref":'],
    ['nested too deep', `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`],
    ['an inherited name', '{"__proto__":{"ref":"refs/heads/main"}}'],
  ])('whose body is %s is refused', (_, body) => {
    expect(receiveGithub(signed(body))).toMatchObject({ kind: 'refused', status: 400 });
  });

  test('may have brackets in its texts', () => {
    const received = receiveGithub(signed({ ...push, note: `${'['.repeat(500)}"\\"{{{` }));

    expect(received.kind).toBe('push');
  });
});

describe('other events', () => {
  test('a ping tells which repository it belongs to, if any', () => {
    const own = receiveGithub(
      signed({ zen: '', hook_id: 1, repository: push.repository }, { event: 'ping' }),
    );
    const organisations = receiveGithub(signed({ zen: '', hook_id: 1 }, { event: 'ping' }));

    expect(own).toMatchObject({ kind: 'ping', repository: { fullName: 'acme/infra' } });
    expect(organisations).toMatchObject({ kind: 'ping', repository: null });
  });

  test('events that nothing follows from are ignored', () => {
    expect(receiveGithub(signed(push, { event: 'workflow_run' }))).toEqual({
      kind: 'ignored',
      deliveryId,
      event: 'workflow_run',
      reason: "nothing happens on 'workflow_run' events",
    });
  });
});

describe('a signature', () => {
  test('may be of any configured secret, so that secrets can be rotated', () => {
    const secrets = ['new secret', secret];

    expect(receiveGithub(signed(push, { secrets })).kind).toBe('push');
    expect(receiveGithub(signed(push, { secrets, with: 'new secret' })).kind).toBe('push');
  });

  test.each([
    ['of another secret', { with: 'guess' }],
    [
      'that is missing',
      { headers: { 'x-hub-signature-256': undefined, 'x-hub-signature': undefined } },
    ],
    ['that is SHA-1 only', { headers: { 'x-hub-signature-256': undefined } }],
    ['that is no hex', { headers: { 'x-hub-signature-256': `sha256=${'z'.repeat(64)}` } }],
    ['that is too short', { headers: { 'x-hub-signature-256': 'sha256=abcdef' } }],
    ['that was sent twice', { headers: { 'x-hub-signature-256': ['sha256=a', 'sha256=b'] } }],
    ['without any secret to check it by', { secrets: [] }],
    ['of the empty secret', { secrets: [''], with: '' }],
  ])('%s is refused', (_, of: Signing) => {
    expect(receiveGithub(signed(push, of))).toMatchObject({ kind: 'refused', status: 401 });
  });

  test('names SHA-1 as the reason when that is all there is', () => {
    const received = receiveGithub(signed(push, { headers: { 'x-hub-signature-256': undefined } }));

    expect(received).toMatchObject({ message: expect.stringContaining('SHA-1') });
  });

  test('of another body is refused, and the body is not even read', () => {
    const request = signed(push);
    const rawBody = Buffer.from('{"ref":');

    expect(receiveGithub({ ...request, rawBody })).toMatchObject({ kind: 'refused', status: 401 });
  });
});

describe('what is not a delivery of GitHub', () => {
  test.each([
    ['another method', 405, { ...signed(push), method: 'GET' }],
    [
      'a form',
      415,
      signed('payload=%7B%7D', {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    ],
    ['no content type', 415, signed(push, { headers: { 'content-type': undefined } })],
    ['a compressed body', 415, signed(push, { headers: { 'content-encoding': 'gzip' } })],
    ['one byte too many', 413, signed(`"${'x'.repeat(MAX_WEBHOOK_BYTES - 1)}"`)],
    ['no delivery id', 400, signed(push, { headers: { 'x-github-delivery': undefined } })],
    ['a delivery id with a space', 400, signed(push, { headers: { 'x-github-delivery': 'a b' } })],
    ['no event', 400, signed(push, { headers: { 'x-github-event': undefined } })],
  ])('%s is refused', (_, status, request) => {
    expect(receiveGithub(request)).toMatchObject({ kind: 'refused', status });
  });

  test('a content type may name its charset', () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };

    expect(receiveGithub(signed(push, { headers })).kind).toBe('push');
  });

  test.each([
    ['Gitea', 'x-gitea-event'],
    ['Forgejo', 'x-forgejo-event'],
    ['Gogs', 'x-gogs-event'],
    ['GitLab', 'x-gitlab-event'],
  ])('a delivery of %s is told apart by its own header', (name, header) => {
    const received = receiveGithub(signed(push, { headers: { [header]: 'push' } }));

    expect(received).toMatchObject({ kind: 'ignored', reason: expect.stringContaining(name) });
  });
});

describe('whatever is sent', () => {
  const names = [
    'content-type',
    'content-encoding',
    'x-github-event',
    'x-github-delivery',
    'x-hub-signature-256',
    '__proto__',
  ];
  const value = fc.option(fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 })), {
    nil: undefined,
  });

  test('is answered, never thrown at', () => {
    const headers = fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 200 }), (some, rawBody) => {
        expect(receiveGithub({ headers: some, rawBody, secrets: [secret] }).kind).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });

  test('even with a valid signature around it', () => {
    const field = fc.oneof(
      fc.anything({ maxDepth: 3 }),
      fc.constant(push.repository),
      fc.constant(push.ref),
    );
    const payload = fc.record(
      { ref: field, after: fc.oneof(field, fc.constant(head)), repository: field, zen: field },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      payload.map((each) => text(each)),
    );
    fc.assert(
      fc.property(body, fc.constantFrom('push', 'ping', 'pull_request'), (some, event) => {
        const received = receiveGithub(signed(some, { event }));
        expect(['push', 'ping', 'ignored', 'refused']).toContain(received.kind);
        if (received.kind === 'push') expect(received.ref).toMatch(/^refs\//);
      }),
      { numRuns: 1_000 },
    );
  });

  function text(payload: unknown): string {
    try {
      return JSON.stringify(payload) ?? '';
    } catch {
      return '';
    }
  }
});

test('a check is asked for once more by name, or with all others, and by somebody', () => {
  const repository = { id: 1, full_name: 'acme/grids', clone_url: 'https://forge.test/a.git' };
  const tail = { action: 'rerequested', repository, sender: { login: 'alice' } };
  const of = { head_sha: 'a'.repeat(40) };
  const run = { check_run: { ...of, name: 'gridops/files' }, ...tail };
  const about = { kind: 'check-rerequested', sha: of.head_sha, author: 'alice' };
  expect(receiveGithub(signed(run, { event: 'check_run' }))).toMatchObject({
    ...about,
    name: 'gridops/files',
  });
  const suite = { check_suite: of, ...tail };
  const received = receiveGithub(signed(suite, { event: 'check_suite' }));
  expect(received).toMatchObject({ ...about, name: null });
});

describe("GitHub's own examples", () => {
  interface Example {
    readonly name: string;
    readonly examples: readonly object[];
  }
  const require = createRequire(import.meta.url);
  const documents: readonly [string, unknown][] = [
    ['api.github.com', require('@octokit/webhooks-examples/api.github.com/index.json')],
    ['ghes-31', require('@octokit/webhooks-examples/ghes-31/index.json')],
    ['ghes-32', require('@octokit/webhooks-examples/ghes-32/index.json')],
    ['ghes-33', require('@octokit/webhooks-examples/ghes-33/index.json')],
    ['ghes-34', require('@octokit/webhooks-examples/ghes-34/index.json')],
    ['ghes-35', require('@octokit/webhooks-examples/ghes-35/index.json')],
  ];

  function expectedOf(name: string, { action = '', issue }: { action?: string; issue?: object }) {
    const event = action === '' ? name : `${name} ${action}`;
    if (/^(push|ping)$/.test(event)) return event;
    if (
      /^pull_request (\w*opened|synchronize|edited|closed|\w*labeled|ready_for_review|converted_to_draft)$/.test(
        event,
      )
    )
      return 'pull-request';
    if (event === 'issue_comment created' && issue !== undefined && 'pull_request' in issue)
      return 'comment';
    if (event === 'merge_group checks_requested') return 'merge-group';
    return /^check_(run|suite) rerequested$/.test(event) ? 'check-rerequested' : 'ignored';
  }

  test.each(documents)('of %s are all understood', (_, events) => {
    let pushes = 0;
    for (const { name, examples } of events as readonly Example[])
      for (const example of examples) {
        const received = receiveGithub(signed(example, { event: name }));
        expect(received, name).toMatchObject({ kind: expectedOf(name, example), deliveryId });
        if (received.kind === 'push') pushes += 1;
      }

    expect(pushes).toBeGreaterThan(0);
  });
});
