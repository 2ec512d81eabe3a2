import { describe, expect, it } from 'vitest';
import type { Probes } from '../../src/agent/probe.ts';
import { ReadinessWatch, STEADY, type Subject } from '../../src/agent/readiness.ts';
import type { HealthCheck } from '../../src/model/spec.ts';
import { HandClock } from './hand-clock.ts';

const check: HealthCheck = {
  protocol: 'http',
  port: 80,
  uri: '/ready',
  timeout: 5,
  interval: 10,
  initialDelay: 20,
};

/** A container that answers as it is told, and counts the questions. */
class Patient implements Probes {
  accepts = true;
  status = 200;
  readonly asked: string[] = [];

  async tcp({ host, port }: { host: string; port: number }): Promise<void> {
    this.asked.push(`tcp ${host}:${port}`);
    if (!this.accepts) throw new Error(`port ${port} does not accept connections`);
  }

  async http({ host, port, uri }: { host: string; port: number; uri: string }): Promise<void> {
    this.asked.push(`http ${host}:${port}${uri}`);
    if (this.status >= 400) throw new Error(`GET ${uri} was answered with ${this.status}`);
  }
}

function watch(subject: Partial<Subject> = {}, { age = 0, accepts = true } = {}) {
  const clock = new HandClock();
  const patient = new Patient();
  patient.accepts = accepts;
  const seen: string[] = [];
  const watched = new ReadinessWatch({
    subject: {
      startedAt: clock.now() - age,
      address: '10.0.0.2',
      waitForPort: null,
      healthCheck: null,
      engineHealth: null,
      engineMessage: '',
      ...subject,
    },
    probes: patient,
    clock,
    steady: STEADY,
    onChange: () => {
      const { readiness, health, failedChecks } = watched.vitals;
      seen.push(`${readiness} ${health} ${failedChecks}`);
    },
  });
  return { clock, patient, seen, watched };
}

describe('readiness', () => {
  it('without anything to ask is being up for a second', async () => {
    const { clock, watched, patient } = watch();

    await clock.turn(999);
    const early = watched.vitals.readiness;
    await clock.turn(1);

    expect(early).toBe('pending');
    expect(watched.vitals).toMatchObject({ readiness: 'ready', health: 'unknown' });
    expect(patient.asked).toEqual([]);
  });

  it('of a container that was found running for longer is there at once', () => {
    const { watched, seen } = watch({}, { age: 5_000 });

    expect(watched.vitals.readiness).toBe('ready');
    expect(seen).toEqual([]);
  });

  it('of a container that was started before the clock was put back is being up for a second', async () => {
    const { clock, watched } = watch({}, { age: -3_600_000 });

    await clock.turn(1_000);

    expect(watched.vitals.readiness).toBe('ready');
  });

  it('with a port is the first connection that is accepted', async () => {
    const { clock, patient, watched, seen } = watch({ waitForPort: 5432 }, { accepts: false });
    await clock.turn(60_000);
    expect(watched.vitals).toMatchObject({
      readiness: 'pending',
      message: 'port 5432 does not accept connections',
    });

    patient.accepts = true;
    await clock.turn(1_000);

    expect(seen).toEqual(['pending unknown 0', 'ready unknown 0']);
    expect(patient.asked[0]).toBe('tcp 10.0.0.2:5432');
  });

  it('is asked for quickly at first and every second later', async () => {
    const { clock, patient } = watch({ waitForPort: 5432 }, { accepts: false });

    await clock.turn(1_000);
    const first = patient.asked.length;
    await clock.turn(60_000);

    expect(first).toBeGreaterThanOrEqual(5);
    expect(patient.asked.length).toBeLessThan(70);
  });

  it.each([26, -26])('is waited for as long when the clock is set by %d hours', async (hours) => {
    const { clock, patient, watched } = watch({ waitForPort: 5432 }, { accepts: false });
    await clock.turn(10_050);

    clock.set(clock.now() + hours * 3_600_000);
    await clock.turn(hours > 0 ? 10_000 : -hours * 3_600_000 + 10_000);
    expect(watched.vitals.readiness).toBe('pending');
    patient.accepts = true;
    await clock.turn(1_000);

    expect(watched.vitals.readiness).toBe('ready');
  });

  it('is given up after five minutes', async () => {
    const { clock, patient, seen } = watch({ waitForPort: 5432 }, { accepts: false });

    await clock.turn(301_000);
    patient.accepts = true;
    await clock.turn(60_000);

    expect(seen).toEqual(['pending unknown 0', 'expired unknown 0']);
  });

  it('with a health check is its first success, also within the initial delay', async () => {
    const { clock, patient, seen } = watch({ healthCheck: check });
    patient.status = 503;
    await clock.turn(3_000);

    patient.status = 204;
    await clock.turn(1_000);

    expect(seen).toEqual(['pending starting 0', 'ready healthy 0']);
    expect(patient.asked[0]).toBe('http 10.0.0.2:80/ready');
  });

  it('with a health check is given up after the initial delay and three intervals', async () => {
    const { clock, patient, seen, watched } = watch({ healthCheck: check });
    patient.status = 503;

    await clock.turn(49_000);
    expect(seen).toEqual(['pending starting 0']);
    await clock.turn(2_000);

    expect(watched.vitals).toMatchObject({ readiness: 'expired', health: 'unhealthy' });
    expect(watched.vitals.message).toBe('GET /ready was answered with 503');
  });

  it('leaves a container the whole of a long initial delay', async () => {
    const healthCheck = { ...check, initialDelay: 600 };
    const { clock, patient, watched } = watch({ healthCheck });
    patient.status = 503;

    await clock.turn(599_000);
    expect(watched.vitals.readiness).toBe('pending');
    patient.status = 200;
    await clock.turn(2_000);

    expect(watched.vitals.readiness).toBe('ready');
  });

  it('asks for the health only after the port', async () => {
    const { clock, patient } = watch({ waitForPort: 80, healthCheck: check });

    await clock.turn(0);

    expect(patient.asked).toEqual(['tcp 10.0.0.2:80', 'http 10.0.0.2:80/ready']);
  });

  it('with a check that the engine runs is the engine’s word', async () => {
    const { clock, watched, seen } = watch({ engineHealth: 'starting' });
    await clock.turn(600_000);
    expect(watched.vitals).toMatchObject({ readiness: 'pending', health: 'starting' });

    watched.hear({ engineHealth: 'healthy', engineMessage: '' });
    await clock.settle();

    expect(seen).toEqual(['ready healthy 0']);
  });

  it('is given up as soon as the engine calls a starting container unhealthy', async () => {
    const { clock, watched } = watch({ engineHealth: 'starting' });
    await clock.turn(0);

    watched.hear({ engineHealth: 'unhealthy', engineMessage: 'no database' });
    await clock.settle();

    expect(watched.vitals).toEqual({
      readiness: 'expired',
      health: 'unhealthy',
      failedChecks: 0,
      message: 'its health check fails: no database',
    });
  });

  it('asks the port first where there are both a port and a check of the engine', async () => {
    const subject = { waitForPort: 80, engineHealth: 'starting' } as const;
    const { clock, patient, watched } = watch(subject, { accepts: false });
    await clock.turn(2_000);
    watched.hear({ engineHealth: 'healthy', engineMessage: '' });
    await clock.turn(2_000);
    expect(watched.vitals.readiness).toBe('pending');

    patient.accepts = true;
    await clock.turn(1_000);

    expect(watched.vitals).toMatchObject({ readiness: 'ready', health: 'healthy' });
  });

  it('of a container that the engine calls healthy when it is found is there at once', () => {
    const { watched, seen } = watch({ engineHealth: 'healthy' });

    expect(watched.vitals).toMatchObject({ readiness: 'ready', health: 'healthy' });
    expect(seen).toEqual([]);
  });

  it('needs an address', async () => {
    const { clock, watched } = watch({ waitForPort: 80, address: null });

    await clock.turn(10_000);

    expect(watched.vitals).toMatchObject({ readiness: 'pending' });
    expect(watched.vitals.message).toContain('no address');
  });
});

describe('health', () => {
  it('is asked at its interval, counted while it is bad, and forgiven at the first good answer', async () => {
    const { clock, patient, seen } = watch({ healthCheck: check });
    await clock.turn(0);

    patient.status = 500;
    await clock.turn(20_000);
    patient.status = 200;
    await clock.turn(10_000);

    expect(seen).toEqual([
      'ready healthy 0',
      'ready unhealthy 1',
      'ready unhealthy 2',
      'ready healthy 0',
    ]);
    expect(patient.asked).toHaveLength(4);
  });

  it('is what the engine says: ill at its first word, as its own check has been patient', async () => {
    const { clock, watched, seen } = watch({ engineHealth: 'healthy' });
    await clock.turn(0);

    watched.hear({ engineHealth: 'unhealthy', engineMessage: '' });
    watched.hear({ engineHealth: 'unhealthy', engineMessage: 'again' });
    watched.hear({ engineHealth: 'healthy', engineMessage: '' });

    expect(seen).toEqual(['ready unhealthy 3', 'ready healthy 0']);
  });

  it('by tcp is a connection', async () => {
    const { clock, patient, seen } = watch({ healthCheck: { ...check, protocol: 'tcp' } });

    await clock.turn(0);

    expect(patient.asked).toEqual(['tcp 10.0.0.2:80']);
    expect(seen).toEqual(['ready healthy 0']);
  });

  it('is not asked any more once the watch is stopped', async () => {
    const { clock, patient, watched, seen } = watch({ healthCheck: check });
    await clock.turn(0);

    watched.stop();
    patient.status = 500;
    await clock.turn(100_000);

    expect(seen).toEqual(['ready healthy 0']);
    expect(patient.asked).toHaveLength(1);
  });
});
