import { beforeEach, describe, expect, it } from 'vitest';
import type { DockerApi, DockerCall } from '../../src/agent/docker.ts';
import { engineError } from '../../src/agent/docker-error.ts';
import { WireguardHelper } from '../../src/agent/wireguard-helper.ts';

const NAME = 'gridops-wireguard';
const OURS = { 'io.gridops.helper': 'wireguard' };

let labels: Readonly<Record<string, string>> | null;
let removed: string[];
let helper: WireguardHelper;

/** An engine with one container of the helper's name, or, when that was removed, with none. */
const docker = {
  getContainer: (id: string) => ({
    inspect: async () => {
      await Promise.resolve();
      if (id !== NAME || removed.length > 0)
        throw Object.assign(new Error('no such container'), { statusCode: 404 });
      const Config = { Image: 'linuxserver/wireguard', Cmd: ['gridops-wg'], Labels: labels };
      return { Id: '0123456789abcdef', Config, State: { Running: true } };
    },
    remove: async () => {
      await Promise.resolve(removed.push(id));
    },
  }),
};

async function call<T>(what: string, use: DockerCall<T>): Promise<T> {
  try {
    return await use(docker as unknown as DockerApi, new AbortController().signal);
  } catch (error) {
    throw engineError(error, what);
  }
}

beforeEach(() => {
  removed = [];
  const pull = async () => await Promise.reject(new Error('nothing is to be pulled'));
  helper = new WireguardHelper({ client: { call }, engine: { pull }, image: 'wireguard:1' });
});

describe('somebody else’s container of the name', () => {
  it.each([
    ['without labels', null],
    ['with labels of its own', { 'io.gridops.helper': 'other' }],
  ])('%s is left alone, and told as what is in the way', async (_, its) => {
    labels = its;

    await expect(helper.ensure('gridops-wg')).rejects.toMatchObject({
      code: 'name-taken',
      message: `the agent needs the name ${NAME} for WireGuard, and container 0123456789ab (image linuxserver/wireguard) has it, which is not gridops'; rename or remove that one`,
    });
    await helper.remove();

    expect(removed).toEqual([]);
  });
});

describe('a container of ours', () => {
  it('is removed, and one that is not there is fine', async () => {
    labels = OURS;

    await helper.remove();
    await helper.remove();

    expect(removed).toEqual(['0123456789abcdef']);
  });

  it('of another image makes way', async () => {
    labels = OURS;

    await expect(helper.ensure('gridops-wg')).rejects.toThrow('nothing is to be pulled');

    expect(removed).toEqual(['0123456789abcdef']);
  });
});
