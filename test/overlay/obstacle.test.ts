import { describe, expect, it } from 'vitest';
import { hostTraits, obstacleOf } from '../../src/overlay/obstacle.ts';
import { ToolError, type Tools } from '../../src/overlay/tools.ts';

const engine = { operatingSystem: 'Debian GNU/Linux 12', rootless: false };

/** A host with these programs; `complaint` is what it says to a WireGuard device. */
function hostWith(programs: readonly string[], complaint: string | null) {
  const calls: string[] = [];
  const tools: Tools = {
    run: async (program, args) => {
      const call = [program, ...args].join(' ');
      calls.push(call);
      if (!programs.includes(program)) throw new ToolError(call, program, 'is not there', '', true);
      if (call.includes('link add') && complaint !== null)
        throw new ToolError(call, program, 'ended with 2', complaint, false);
      return '';
    },
    setting: async () => null,
    set: async () => undefined,
  };
  return { calls, tools };
}

const all = ['ip', 'bridge', 'wg', 'iptables', 'iptables-restore'];

describe('traits of a host', () => {
  it('name the programs that are not there', async () => {
    const { tools, calls } = hostWith(['ip', 'iptables', 'iptables-restore'], null);

    const traits = await hostTraits(tools, engine);

    expect(traits.missing).toEqual(['bridge', 'wg']);
    expect(calls.join()).not.toContain('link add');
    if (traits.platform === 'linux') expect(obstacleOf(traits)).toContain('lacks bridge, wg');
  });

  it('find WireGuard in the kernel by making a device, and take it away again', async () => {
    const { tools, calls } = hostWith(all, null);

    expect((await hostTraits(tools, engine)).kernelHasWireguard).toBe(true);
    expect(calls.at(-1)).toBe('ip link delete dev gridops-try');
  });

  it('find none where the kernel knows no such device', async () => {
    const { tools } = hostWith(all, 'Error: Unknown device type.');

    expect((await hostTraits(tools, engine)).kernelHasWireguard).toBe(false);
  });
});
