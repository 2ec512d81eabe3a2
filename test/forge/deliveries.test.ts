import { expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { Deliveries } from './deliveries.ts';
import { Disturbances } from './disturbances.ts';
import { ApiDocument } from './openapi.ts';
import type { Hook } from './world.ts';

const hook: Hook = {
  id: 1,
  target: { kind: 'integration', appId: 1 },
  url: 'http://127.0.0.1:9/',
  secret: null,
  contentType: 'json',
  insecureSsl: '0',
  events: ['push'],
  active: true,
  createdAt: 0,
  updatedAt: 0,
  lastResponse: null,
};

it('a webhook that GitHub would not send like this is a violation', async () => {
  const violations: string[] = [];
  const deliveries = new Deliveries({
    clock: systemClock,
    document: ApiDocument.load(),
    disturbances: new Disturbances(),
    violations,
    nextId: () => 1,
    timeoutMs: 1000,
  });
  const event = { name: 'push', payload: { ref: 'refs/heads/main' }, repositoryId: null };
  deliveries.send(event, [{ hook, installation: null }]);
  await deliveries.close();
  expect(violations).toContain(
    "FAKE IS LYING: webhook push: / must have required property 'after'",
  );
});
