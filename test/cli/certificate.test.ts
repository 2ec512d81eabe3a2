import { describe, expect, it } from 'vitest';
import { authority, lockedKey, site, siteKey, wildcard, wildcardKey } from './certificates.ts';
import { SECRETS_FILE, withRepository } from './sealed-repository.ts';
import { EXIT } from './test-cli.ts';

const files = {
  'ca.pem': authority,
  'site.pem': site,
  'site.key': siteKey,
  'full.pem': `${site}${authority}`,
  'wild.pem': wildcard,
  'wild.key': wildcardKey,
  'locked.key': lockedKey,
};
const load = ['certificate', 'import', 'demo'];
const at = (day: string) => ({ now: () => Date.parse(day) });
const spring = at('2026-04-01');

describe('gridops certificate import', () => {
  it('seals certificate, chain and key by its common name, and notes when it expires', async () => {
    await withRepository(files, async ({ run, opened, text }) => {
      const args = [...load, '--cert', 'site.pem', '--key', 'site.key', '--chain', 'ca.pem'];
      const { code, err } = await run(args, spring);
      expect([code, err]).toEqual([
        EXIT.done,
        expect.stringContaining(`www.example.com is sealed in ${SECRETS_FILE}\n`),
      ]);
      expect(err).not.toContain('warning');
      expect(await opened()).toEqual({ 'www.example.com': `${site}${authority}${siteKey}` });
      expect(await text()).toMatch(/\n {2}www\.example\.com: g1\.\S+ # expires 2027-06-01\n/);
    });
  });

  it('takes the chain from the file of the certificate', async () => {
    await withRepository(files, async ({ run, opened }) => {
      await run([...load, '--cert', 'full.pem', '--key', 'site.key'], spring);
      expect(await opened()).toEqual({ 'www.example.com': `${site}${authority}${siteKey}` });
    });
  });

  it('is known by its first alternative name without a common one, or by what is given', async () => {
    await withRepository(files, async ({ run, opened }) => {
      const args = [...load, '--cert', 'wild.pem', '--key', 'wild.key'];
      expect((await run(args, spring)).err).not.toContain('warning');
      const { err } = await run([...args, '--subject', 'shop.test'], spring);
      expect(err).toContain('the certificate is not for shop.test, but for *.example.org');
      expect(Object.keys(await opened())).toEqual(['*.example.org', 'shop.test']);
    });
  });

  it.each([
    ['that is for another key', ['site.pem', 'wild.key'], 'does not belong to the certificate'],
    ['whose key is locked', ['wild.pem', 'locked.key'], 'openssl pkey'],
    ['that is a key', ['site.key', 'site.key'], 'not in PEM'],
    ['whose key is none', ['site.pem', 'ca.pem'], 'no private key'],
    ['that is not there', ['none.pem', 'site.key'], 'cannot be read'],
  ])('refuses one %s', async (_, [cert = '', key = ''], message) => {
    await withRepository(files, async ({ run, opened }) => {
      const { code, err } = await run([...load, '--cert', cert, '--key', key], spring);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(message)]);
      expect(await opened()).toEqual({});
    });
  });

  it.each([
    ['2026-12-02', EXIT.failed, 'has expired on 2026-12-01'],
    ['2026-11-20', EXIT.done, 'warning: the certificate expires on 2026-12-01'],
    ['2025-12-20', EXIT.done, 'warning: the certificate is not valid before 2026-01-01'],
  ])('looks at the calendar: on %s', async (day, code, message) => {
    await withRepository(files, async ({ run }) => {
      const result = await run([...load, '--cert', 'wild.pem', '--key', 'wild.key'], at(day));
      expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
    });
  });

  it('warns of a chain that begins with something else', async () => {
    await withRepository(files, async ({ run }) => {
      const args = [...load, '--cert', 'site.pem', '--key', 'site.key', '--chain', 'wild.pem'];
      expect((await run(args, spring)).err).toContain('the chain does not begin with');
    });
  });

  it('wants both files', async () => {
    await withRepository(files, async ({ run }) => {
      expect((await run([...load, '--cert', 'site.pem'])).code).toBe(EXIT.usage);
    });
  });
});

describe('gridops certificate list and rm', () => {
  const stack = {
    'grids/demo/stacks/lb/kontena.yml':
      'services: {lb: {image: lb, certificates: [{subject: www.example.com}]}}\n',
  };

  it('show what expires when, and what is used', async () => {
    await withRepository({ ...files, ...stack }, async ({ run, opened }) => {
      await run([...load, '--cert', 'site.pem', '--key', 'site.key'], spring);
      await run([...load, '--cert', 'wild.pem', '--key', 'wild.key'], spring);
      const { out } = await run(['certificate', 'list', 'demo'], at('2026-11-20'));
      expect(out).toMatch(
        /^DOMAIN +EXPIRES +USED BY\nwww\.example\.com +2027-06-01 +lb\/lb\n\*\.example\.org +2026-12-01 \(soon\) +nobody\n$/,
      );
      const later = await run(['certificate', 'ls', 'demo', '--json'], at('2026-12-20'));
      expect(JSON.parse(later.out).certificates[1]).toEqual({
        subject: '*.example.org',
        expires: '2026-12-01',
        usedBy: [],
      });
      const used = await run(['certificate', 'rm', 'demo', 'www.example.com']);
      expect([used.code, used.err]).toEqual([EXIT.failed, expect.stringContaining('lb/lb')]);
      expect((await run(['certificate', 'rm', 'demo', '*.example.org'])).code).toBe(EXIT.done);
      expect(Object.keys(await opened())).toEqual(['www.example.com']);
    });
  });

  it('show a new day when it is renewed', async () => {
    await withRepository(files, async ({ run }) => {
      const subject = ['--subject', 'shop.test'];
      await run([...load, '--cert', 'wild.pem', '--key', 'wild.key', ...subject], spring);
      const { err } = await run(
        [...load, '--cert', 'site.pem', '--key', 'site.key', ...subject],
        spring,
      );
      expect(err).toContain('in the place of its old value');
      const { out } = await run(['certificate', 'list', 'demo'], spring);
      expect(out).toMatch(/shop\.test +2027-06-01/);
    });
  });
});
