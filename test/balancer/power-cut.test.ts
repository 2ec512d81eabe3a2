import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Balancer } from '../../src/balancer/balancer.ts';
import { Folder } from '../../src/balancer/folder.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { aBackend, aBalancing } from '../support/a-balancing.ts';
import { untilPasses } from '../support/until-passes.ts';

let at = '';

beforeEach(async () => {
  at = await mkdtemp(path.join(tmpdir(), 'gridops-lb-'));
});

afterEach(async () => {
  await rm(at, { recursive: true, force: true });
});

const certificates = { files: [{ name: 'c0ffee.pem', text: 'certificate and key\n' }], faults: [] };

/** As an agent does that was started just now. */
async function write(): Promise<string> {
  const folder = new Folder(at);
  await folder.make();
  return path.join(at, (await folder.writeCertificates(certificates, '/run/gridops-lb')) ?? '');
}

describe('the certificates of a load balancer', () => {
  it('are there with a list of them, for nobody else to read', async () => {
    const list = await write();
    const file = path.join(at, 'certificates', 'c0ffee.pem');

    expect(await readFile(list, 'utf8')).toBe('/run/gridops-lb/certificates/c0ffee.pem\n');
    expect(await readFile(file, 'utf8')).toBe('certificate and key\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('are written again when a power cut has left only their names', async () => {
    const list = await write();
    const file = path.join(at, 'certificates', 'c0ffee.pem');
    await truncate(file);
    await truncate(list);

    await write();

    expect(await readFile(file, 'utf8')).toBe('certificate and key\n');
    expect(await readFile(list, 'utf8')).toBe('/run/gridops-lb/certificates/c0ffee.pem\n');
  });
});

describe('a load balancer after a power cut', () => {
  it('gets a configuration again where neither that nor what was known of it can be read', async () => {
    const configuration = path.join(at, 'haproxy.cfg');
    await writeFile(configuration, '\0'.repeat(64));
    await writeFile(path.join(at, 'state.json'), '');
    const balancer = new Balancer({
      folder: at,
      // Its container ends as soon as it reads that, and so cannot be asked.
      check: async () =>
        await Promise.resolve(existsSync(configuration) ? null : { accepted: true, messages: [] }),
      clock: systemClock,
      onEvent: () => undefined,
    });

    balancer.apply(aBalancing([aBackend('web')]));

    await untilPasses(async () =>
      expect(await readFile(configuration, 'utf8')).toContain('global'),
    );
    await balancer.stop();
  });
});
