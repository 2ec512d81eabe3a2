import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import { parseLocation } from '../../src/sync/location.ts';

describe('where a repository is', () => {
  it.each([
    ['https://git.example.com/acme/infra.git', 'http', 'https://git.example.com/acme/infra.git'],
    ['https://GIT.example.com:443/Acme/Infra/', 'http', 'https://git.example.com/Acme/Infra'],
    ['http://127.0.0.1:8080/x', 'http', 'http://127.0.0.1:8080/x'],
    ['http://localhost/x', 'http', 'http://localhost/x'],
    ['http://[::1]:80/x', 'http', 'http://[::1]/x'],
    ['ssh://git@git.example.com:2222/infra.git', 'ssh', 'ssh://git@git.example.com:2222/infra.git'],
    ['ssh://git.example.com/~me/infra', 'ssh', 'ssh://git.example.com/~me/infra'],
    ['git@git.example.com:acme/infra.git', 'ssh', 'git@git.example.com:acme/infra.git'],
    ['/srv/git/infra.git/', 'path', '/srv/git/infra.git'],
    ['/srv/git/../infra', 'path', '/srv/infra'],
    ['file:///srv/git/in%20fra', 'path', '/srv/git/in fra'],
  ])('%s is understood', (text, kind, url) => {
    expect(parseLocation(text)).toEqual({ kind, url, credentials: null });
  });

  it('takes user information out of a URL', () => {
    expect(parseLocation('https://me:p%40ss@git.example.com/x')).toEqual({
      kind: 'http',
      url: 'https://git.example.com/x',
      credentials: { username: 'me', password: 'p@ss' },
    });
  });

  it.each([
    '',
    'infra',
    './infra',
    '-x',
    '--upload-pack=touch /tmp/x',
    'ext::sh -c id',
    'ext::sh -c "id" https://x/y',
    'git://git.example.com/x',
    'ftp://git.example.com/x',
    'file://server/share',
    'http://git.example.com/x',
    'http://127.0.0.1.example.com/x',
    'http://localhost.example.com/x',
    'https://',
    'https://git.example.com/x?y=1',
    'https://git.example.com/x#y',
    'https://git.example.com/x%0ahost=evil',
    'https://git.example.com/x\nhost=evil',
    'https://git.exa\tmple.com/x',
    'ssh://-oProxyCommand=id/x',
    'ssh://-l@git.example.com/x',
    'ssh://git:password@git.example.com/x',
    'ssh://a%0ab@git.example.com/x',
    '-oProxyCommand=id@host:x',
    'git@-oProxyCommand=id:x',
    'git@host:-x',
    'git@host:x y',
    '/srv/git/infra\0.git',
  ])('%j is refused', (text) => {
    expect(() => parseLocation(text)).toThrow(GridError);
  });

  it('allows plain HTTP when told so', () => {
    expect(parseLocation('http://git.example.com/x', true).url).toBe('http://git.example.com/x');
  });

  it('never prints what it refuses', () => {
    const secret = fc.string({ minLength: 6 }).filter((text) => /^[a-z0-9]+$/i.test(text));
    fc.assert(
      fc.property(secret, fc.constantFrom('ssh', 'http', 'gopher'), (password, scheme) => {
        try {
          parseLocation(`${scheme}://user:${password}@git.example.com/x`);
        } catch (error) {
          expect(String(error)).not.toContain(password);
          return;
        }
        throw new Error('not refused');
      }),
    );
  });

  it('gives different repositories different URLs', () => {
    const path = fc.array(fc.constantFrom('a', 'B', 'b', '_', ':', '.'), { minLength: 1 });
    fc.assert(
      fc.property(path, path, (a, b) => {
        const [one, other] = [a, b].map((parts) => `https://h/${parts.join('')}/x`);

        const same = new URL(one ?? '').pathname === new URL(other ?? '').pathname;

        expect(parseLocation(one ?? '').url === parseLocation(other ?? '').url).toBe(same);
      }),
    );
  });
});
