import { describe, expect, it } from 'vitest';
import { readCertificates, splitBundles } from '../../src/balancer/certificates.ts';

const pem = (kind: string, body: string) =>
  `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`;
const cert = (body: string) => pem('CERTIFICATE', body);
const key = (body: string) => pem('EC PRIVATE KEY', body);
const parameters = pem('EC PARAMETERS', 'p');

describe('bundles of certificates', () => {
  it.each([
    [
      'with the key last',
      `${cert('a')}${cert('b')}${parameters}${key('k')}${cert('c')}${key('l')}`,
    ],
    [
      'with blanks between',
      `\n${cert('a')}${cert('b')}${parameters}${key('k')}\n\n${cert('c')}\n${key('l')}`,
    ],
  ])('are told apart %s', (_, text) => {
    expect(splitBundles(text)).toEqual([
      `${cert('a')}${cert('b')}${parameters}${key('k')}`,
      `${cert('c')}${key('l')}`,
    ]);
  });

  it('are told apart with the key in front', () => {
    const first = `${parameters}${key('k')}${cert('a')}${cert('b')}`;
    const second = `${key('l')}${cert('c')}`;
    expect(splitBundles(`${first}${second}`)).toEqual([first, second]);
  });

  it('are left out when they cannot be used, and said to be', () => {
    const { files, faults } = readCertificates([cert('a'), `${cert('a')}${key('k')}`, 'nothing']);
    expect(files).toEqual([]);
    expect(faults).toEqual([
      'certificate 1 has no key',
      'certificate 2 cannot be read: it is PEM, with a key without a password',
    ]);
  });
});
