import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { clientOf, refusalOf } from './client.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository } from './fake-repository.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let fake: FakeGithub;
let repository: FakeRepository;
let receiver: Receiver;
/** Ends a delay. */
let wake: () => void;

const named = { owner: 'acme', repo: 'grids' };

beforeEach(async () => {
  fake = await startFakeGithub({
    clock: { ...systemClock, sleep: () => new Promise((resolve) => void (wake = resolve)) },
  });
  repository = await fake.createRepository();
  receiver = await startReceiver();
});

afterEach(async () => {
  await receiver.close();
  await fake.close();
  expect(fake.violations).toEqual([]);
});

async function hook(events: readonly string[] = ['push']): Promise<number> {
  const id = repository.addHook({ url: receiver.url, secret: receiver.secret, events });
  await fake.settled();
  return id;
}

function pushes(): readonly { readonly guid: string; readonly verified: boolean }[] {
  return receiver.received
    .filter(({ event }) => event === 'push')
    .map(({ guid, verified }) => ({ guid, verified }));
}

describe('a hook', () => {
  it('is pinged when it is made and when it is asked for, and hides its secret', async () => {
    const octokit = clientOf(fake, fake.createToken());
    const { data } = await octokit.rest.repos.createWebhook({
      ...named,
      events: ['push', 'issue_comment'],
      config: { url: receiver.url, content_type: 'json', secret: receiver.secret },
    });
    expect(data.config).toEqual({
      url: receiver.url,
      content_type: 'json',
      secret: '********',
      insecure_ssl: '0',
    });
    await octokit.rest.repos.pingWebhook({ ...named, hook_id: data.id });
    await fake.settled();
    expect(receiver.received.map(({ event, verified }) => [event, verified])).toEqual([
      ['ping', true],
      ['ping', true],
    ]);
    expect(receiver.received[0]?.payload).toMatchObject({
      hook_id: data.id,
      hook: { events: data.events },
    });
    const seen = await octokit.rest.repos.getWebhook({ ...named, hook_id: data.id });
    expect(seen.data.last_response).toEqual({ code: 202, status: 'active', message: 'OK' });
  });

  it('can be changed, switched off and removed', async () => {
    const octokit = clientOf(fake, fake.createToken());
    const hook_id = await hook();
    await octokit.rest.repos.updateWebhook({ ...named, hook_id, active: false });
    await repository.commit({ a: '1' });
    const { data } = await octokit.rest.repos.updateWebhook({
      ...named,
      hook_id,
      active: true,
      add_events: ['issue_comment'],
      remove_events: ['push'],
    });
    expect(data.events).toEqual(['issue_comment']);
    await repository.commit({ a: '2' });
    await octokit.rest.issues.createComment({
      ...named,
      issue_number: repository.openIssue(),
      body: 'hello',
    });
    await fake.settled();
    expect(receiver.received.map(({ event }) => event)).toEqual(['ping', 'issue_comment']);
    await octokit.rest.repos.deleteWebhook({ ...named, hook_id });
    expect((await octokit.rest.repos.listWebhooks(named)).data).toEqual([]);
  });

  it('is not made twice for one address', async () => {
    await hook();
    const octokit = clientOf(fake, fake.createToken());
    const again = octokit.rest.repos.createWebhook({ ...named, config: { url: receiver.url } });
    expect(await refusalOf(again)).toMatchObject({
      status: 422,
      body: {
        errors: [
          { resource: 'Hook', code: 'custom', message: 'Hook already exists on this repository' },
        ],
      },
    });
  });
});

describe('a delivery', () => {
  it('is written down with what was sent and answered', async () => {
    const hook_id = await hook();
    receiver.answerWith(500);
    await repository.commit({ a: '1' });
    await fake.settled();
    const octokit = clientOf(fake, fake.createToken());
    const list = await octokit.rest.repos.listWebhookDeliveries({ ...named, hook_id });
    expect(list.data.map(({ event, status, status_code }) => [event, status, status_code])).toEqual(
      [
        ['push', 'Invalid HTTP Response: 500', 500],
        ['ping', 'OK', 202],
      ],
    );
    const delivery_id = list.data[0]?.id ?? 0;
    const { data } = await octokit.rest.repos.getWebhookDelivery({
      ...named,
      hook_id,
      delivery_id,
    });
    expect(data).toMatchObject({
      guid: pushes()[0]?.guid,
      request: { headers: { 'x-github-event': 'push' }, payload: { ref: 'refs/heads/main' } },
      response: { payload: 'ok' },
    });
  });

  it('that failed is sent again on request, under the same id', async () => {
    const hook_id = await hook();
    receiver.answerWith(500);
    await repository.commit({ a: '1' });
    await fake.settled();
    receiver.answerWith(202);
    const octokit = clientOf(fake, fake.createToken());
    const { data } = await octokit.rest.repos.listWebhookDeliveries({
      ...named,
      hook_id,
      per_page: 1,
    });
    const delivery_id = data[0]?.id ?? 0;
    await octokit.rest.repos.redeliverWebhookDelivery({ ...named, hook_id, delivery_id });
    await fake.settled();
    const [first, second] = pushes();
    expect(second).toEqual(first);
    expect(fake.deliveries.map(({ redelivery, status }) => [redelivery, status])).toEqual([
      [false, 'OK'],
      [false, 'Invalid HTTP Response: 500'],
      [true, 'OK'],
    ]);
  });

  it('that nobody answers in time has failed, and so has one that nobody takes', async () => {
    const hasty = await startFakeGithub({ deliveryTimeoutMs: 100 });
    const watched = await hasty.createRepository();
    receiver.answerWith('hang');
    watched.addHook({ url: receiver.url });
    watched.addHook({ url: 'http://127.0.0.1:9/' });
    await hasty.settled();
    await hasty.close();
    expect(new Set(hasty.deliveries.map(({ status }) => status))).toEqual(
      new Set(['timed out', 'failed to connect to host']),
    );
  });

  it('is listed page by page', async () => {
    const hook_id = await hook();
    for (const content of ['1', '2', '3', '4']) await repository.commit({ a: content });
    await fake.settled();
    const octokit = clientOf(fake, fake.createToken());
    const list = octokit.rest.repos.listWebhookDeliveries;
    const all = await octokit.paginate(list, { ...named, hook_id, per_page: 2 });
    expect(all.map(({ id }) => id)).toEqual(fake.deliveries.map(({ id }) => id).toReversed());
  });
});

describe('on demand a delivery', () => {
  it('is lost, and can be sent again', async () => {
    await hook();
    fake.disturb({ kind: 'drop-delivery', event: 'push' });
    await repository.commit({ a: '1' });
    await fake.settled();
    expect(pushes()).toEqual([]);
    fake.redeliver(fake.deliveries.at(-1)?.id ?? 0);
    await fake.settled();
    expect(pushes()).toHaveLength(1);
  });

  it.each([true, false])('comes twice (together: %s)', async (together) => {
    await hook();
    fake.disturb({ kind: 'duplicate-delivery', together });
    await repository.commit({ a: '1' });
    await fake.settled();
    const [first, second] = pushes();
    expect(first).toBeDefined();
    expect(second).toEqual(first);
  });

  it('is signed with another secret', async () => {
    await hook();
    fake.disturb({ kind: 'wrong-signature' });
    await repository.commit({ a: '1' });
    await fake.settled();
    await repository.commit({ a: '2' });
    await fake.settled();
    expect(pushes().map(({ verified }) => verified)).toEqual([false, true]);
  });

  it('comes late, overtaken by the next', async () => {
    await hook();
    fake.disturb({ kind: 'delay-delivery', milliseconds: 200 });
    const first = await repository.commit({ a: '1' });
    const second = await repository.commit({ a: '2' });
    await receiver.waitFor(({ payload }) => payload['after'] === second);
    wake();
    await fake.settled();
    const arrived = receiver.received.map(({ payload }) => payload['after']).filter(Boolean);
    expect(arrived).toEqual([second, first]);
  });
});
