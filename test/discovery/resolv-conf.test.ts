import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HostServers, parseResolvConf } from '../../src/discovery/resolv-conf.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { withFolder } from '../cli/test-cli.ts';

describe('resolv.conf', () => {
  it('is read as the C library reads it', () => {
    const text = [
      '# nameserver 1.1.1.1',
      'search example.com',
      'nameserver 127.0.0.53',
      '  nameserver\t192.0.2.1 # ours',
      'nameserver fe80::1%eth0',
      'nameserver not-an-address',
      'nameserver',
      'nameserver 192.0.2.1',
    ].join('\n');
    expect(parseResolvConf(text)).toEqual(['127.0.0.53', '192.0.2.1', 'fe80::1%eth0']);
  });

  it('is read again when it has changed, and not more often than once a second', async () => {
    await withFolder({ conf: 'nameserver 192.0.2.1\n' }, async (folder) => {
      const clock = new HandClock();
      const host = new HostServers(join(folder, 'conf'), clock);
      expect(await host.get()).toEqual(['192.0.2.1']);
      await writeFile(join(folder, 'new'), 'nameserver 192.0.2.2\n');
      await rename(join(folder, 'new'), join(folder, 'conf'));
      expect(await host.get()).toEqual(['192.0.2.1']);
      await clock.turn(1_000);
      expect(await host.get()).toEqual(['192.0.2.2']);
    });
  });

  it('that is gone for a moment changes nothing', async () => {
    await withFolder({ conf: 'nameserver 192.0.2.1\n' }, async (folder) => {
      const clock = new HandClock();
      const host = new HostServers(join(folder, 'conf'), clock);
      await host.get();
      await rename(join(folder, 'conf'), join(folder, 'away'));
      await clock.turn(1_000);
      expect(await host.get()).toEqual(['192.0.2.1']);
    });
  });
});
