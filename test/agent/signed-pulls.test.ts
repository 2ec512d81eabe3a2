import { describe, expect, it } from 'vitest';
import type { Engine, PullOptions, SignIn } from '../../src/agent/containers.ts';
import { signedPulls } from '../../src/agent/signed-pulls.ts';
import { type ErrorCode, GridError } from '../../src/model/error.ts';
import { printMark } from '../../src/model/secret.ts';

const PASSWORD = 'correct-horse-battery';
const mark = printMark({ kind: 'secret', name: 'REGISTRY_PASSWORD', id: 'a' });
const options = { onProgress: () => undefined, signal: new AbortController().signal };

/** A grid with an account at a.io, and registries that answer every pull with `fault`. */
function around({ fault, isThere = false }: { fault?: GridError; isThere?: boolean } = {}) {
  const asked: (SignIn | null)[] = [];
  const revealed: string[] = [];
  const never = () => Promise.reject(new Error('not asked'));
  const engine: Engine = {
    facts: never,
    host: never,
    disk: never,
    ping: never,
    pull: (_image, { signIn }: PullOptions) => {
      if (isThere) return Promise.resolve(null);
      asked.push(signIn?.() ?? null);
      return fault === undefined ? Promise.resolve('sha256:a') : Promise.reject(fault);
    },
  };
  const pulls = signedPulls({
    engine,
    accounts: () => ({ 'a.io': { username: 'deploy', password: mark } }),
    secrets: {
      reveal: <T>(value: T): T => {
        revealed.push(String(value));
        return PASSWORD as T;
      },
      // It has forgotten the password by then.
      conceal: (text) => text,
    },
  });
  return { pull: async (image: string) => await pulls.pull(image, options), asked, revealed };
}

function aFault(code: ErrorCode, message: string): GridError {
  return new GridError({ code, message, retry: 'later', hint: 'A hint.', cause: message });
}

describe('a pull', () => {
  it('is signed where the grid has an account, and only there', async () => {
    const { pull, asked } = around();
    expect(await pull('a.io/web:1')).toBe('sha256:a');
    for (const image of ['b.io/web:1', 'a.io', 'web:1', 'constructor/web', '__proto__:1/web'])
      await pull(image);
    const signed = { host: 'a.io', username: 'deploy', password: PASSWORD };
    expect(asked).toEqual([signed, null, null, null, null, null]);
  });

  it('of an image that is there needs no password', async () => {
    const { pull, revealed } = around({ isThere: true });
    expect(await pull('a.io/web:1')).toBeNull();
    expect(revealed).toEqual([]);
  });

  it('that is refused says whom, and by which secret', async () => {
    const { pull } = around({ fault: aFault('registry-refused', 'cannot pull: unauthorized') });
    await expect(pull('a.io/web:1')).rejects.toMatchObject({
      code: 'registry-refused',
      retry: 'later',
      message:
        'a.io refused the user deploy, whose password is the secret REGISTRY_PASSWORD: cannot pull: unauthorized',
    });
  });

  it('that is refused without an account says where to name one', async () => {
    const { pull } = around({ fault: aFault('registry-refused', 'cannot pull: unauthorized') });
    await expect(pull('b.io/web:1')).rejects.toMatchObject({
      message: 'b.io wants an account ("registries" in grid.yml): cannot pull: unauthorized',
    });
  });

  it('of what a registry may only not show says both', async () => {
    const text = 'pull access denied, repository does not exist or may require docker login';
    const { pull } = around({ fault: aFault('image-not-found', text) });
    await expect(pull('web:1')).rejects.toThrow(
      /if it is private, docker\.io wants an account \("registries"/,
    );
    await expect(pull('a.io/web:1')).rejects.toThrow('(the user deploy asked for it)');
  });

  it.each([
    ['password', PASSWORD],
    ['header', Buffer.from(`deploy:${PASSWORD}`).toString('base64')],
  ])('tells nothing of the %s, whatever a registry repeats', async (_, echo) => {
    const { pull } = around({ fault: aFault('image-pull-failed', `bad request: ${echo}`) });
    const error: unknown = await pull('a.io/web:1').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'bad request: [hidden]', hint: 'A hint.' });
    expect((error as GridError).cause).toBeUndefined();
  });

  it('that fails otherwise fails as it did', async () => {
    const fault = aFault('image-pull-failed', 'no such host');
    await expect(around({ fault }).pull('a.io/web:1')).rejects.toBe(fault);
    await expect(around({ fault }).pull('b.io/web:1')).rejects.toBe(fault);
  });
});
