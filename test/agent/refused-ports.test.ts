import { describe, expect, it } from 'vitest';
import { RefusedPorts } from '../../src/agent/refused-ports.ts';
import type { PortBinding } from '../../src/model/spec.ts';
import {
  aContainer,
  aFailure,
  anAssignedInstance,
  anAttempt,
  anObservedInstance,
  aPort,
  aService,
  aSpec,
  NOW,
} from '../support/builders.ts';

const HOUR = 3_600_000;
const proxy = 'Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use';

function publishing(...ports: readonly PortBinding[]) {
  return anAssignedInstance(aService({ spec: aSpec({ ports }) }));
}

function failing(message: string, code: 'port-taken' | 'engine-refused' = 'port-taken') {
  const attempt = anAttempt({ phase: 'failed', failure: aFailure({ code, message }) });
  return anObservedInstance({ current: null, attempt });
}

function afterFailing(instance: ReturnType<typeof publishing>, message: string): RefusedPorts {
  const refused = new RefusedPorts('0.0.0.0');
  refused.notice(instance, failing(message), NOW);
  return refused;
}

describe('a port on which the host listens', () => {
  it.each([
    proxy,
    'failed to bind host port 0.0.0.0:80/tcp: address already in use',
    'failed to bind host port for 0.0.0.0:80:172.18.0.2:8080/tcp: address already in use',
    'Bind for 0.0.0.0:80: unexpected error (Failure EADDRINUSE)',
  ])('is known once a container could not be started: %s', (message) => {
    expect(afterFailing(publishing(aPort(80)), message).list(NOW)).toEqual([
      { address: '0.0.0.0', port: 80, protocol: 'tcp', container: null },
    ]);
  });

  it('is the one that Docker names, of all that the container publishes', () => {
    const udp = aPort(80, { protocol: 'udp' });
    const instance = publishing(aPort(8_080), aPort(800), udp, aPort(80, { ip: '10.0.0.1' }));
    expect(afterFailing(instance, proxy).list(NOW)).toEqual([
      { address: '10.0.0.1', port: 80, protocol: 'tcp', container: null },
    ]);
  });

  it('is not one that a container has: the engine lists those', () => {
    const message = 'Bind for 0.0.0.0:80 failed: port is already allocated';
    expect(afterFailing(publishing(aPort(80)), message).list(NOW)).toEqual([]);
  });

  it('is not learned from other failures', () => {
    const refused = new RefusedPorts('0.0.0.0');
    expect(refused.notice(publishing(aPort(80)), failing(proxy, 'engine-refused'), NOW)).toBe(
      false,
    );
    expect(refused.list(NOW)).toEqual([]);
  });

  it('is news once', () => {
    const refused = new RefusedPorts('0.0.0.0');
    const notice = () => refused.notice(publishing(aPort(80)), failing(proxy), NOW);
    expect([notice(), notice()]).toEqual([true, false]);
  });

  it('is forgotten an hour after it was last found, or once a container has it', () => {
    const instance = publishing(aPort(80));
    const refused = afterFailing(instance, proxy);
    refused.notice(instance, failing(proxy), NOW + HOUR / 2);
    expect(refused.list(NOW + HOUR)).toHaveLength(1);
    expect(refused.list(NOW + 1.5 * HOUR)).toEqual([]);

    refused.notice(instance, failing(proxy), NOW);
    const current = aContainer({ specHash: instance.specHash });
    expect(refused.notice(instance, anObservedInstance({ current }), NOW)).toBe(true);
    expect(refused.list(NOW)).toEqual([]);
  });
});
