import { describe, expect, it } from 'vitest';
import { Access, LoginLimit, readCookie, SESSION_SECONDS } from '../../src/http/access.ts';

const NOW = 1_795_000_000_000;

describe('Access', () => {
  const access = new Access('the right token');

  it('takes the token as a bearer, whatever the case of the scheme', () => {
    expect(new Access('right').isBearer('Bearer right')).toBe(true);
    expect(new Access('right').isBearer('bearer right')).toBe(true);
  });

  it.each([undefined, '', 'right', 'Basic right', 'Bearer', 'Bearer right right', 'Bearer wrong'])(
    'refuses the header %s',
    (header) => {
      expect(new Access('right').isBearer(header)).toBe(false);
    },
  );

  it('knows its own sessions until they end', () => {
    const session = access.createSession(NOW);
    expect(access.isSession(session, NOW)).toBe(true);
    expect(access.isSession(session, NOW + SESSION_SECONDS * 1_000 - 1)).toBe(true);
    expect(access.isSession(session, NOW + SESSION_SECONDS * 1_000)).toBe(false);
  });

  it('knows a session again after a restart, but not after the token changed', () => {
    const session = access.createSession(NOW);
    expect(new Access('the right token').isSession(session, NOW)).toBe(true);
    expect(new Access('another token').isSession(session, NOW)).toBe(false);
  });

  it('refuses a session whose end was moved', () => {
    const session = access.createSession(NOW);
    expect(access.isSession(`9${session}`, NOW)).toBe(false);
  });

  it('refuses a session that was signed out, and only that', () => {
    const ended = access.createSession(NOW);
    const other = access.createSession(NOW);
    access.endSession(ended, NOW);
    expect(access.isSession(ended, NOW)).toBe(false);
    expect(access.isSession(other, NOW)).toBe(true);
  });

  it('does not put the token into the session', () => {
    expect(access.createSession(NOW)).not.toContain('right');
  });
});

describe('LoginLimit', () => {
  it('closes for an address after ten failures and opens a minute later', () => {
    const limit = new LoginLimit();
    for (let count = 0; count < 10; count += 1) limit.fail('10.0.0.1', NOW);
    expect(limit.isOpen('10.0.0.1', NOW)).toBe(false);
    expect(limit.isOpen('10.0.0.2', NOW)).toBe(true);
    expect(limit.isOpen('10.0.0.1', NOW + 60_000)).toBe(true);
  });

  it('closes for everyone when very many addresses guess', () => {
    const limit = new LoginLimit();
    for (let count = 0; count < 1_000; count += 1)
      limit.fail(`10.0.${count >> 8}.${count & 255}`, NOW);
    expect(limit.isOpen('10.9.9.9', NOW)).toBe(false);
  });
});

describe('readCookie', () => {
  it('finds a cookie by its whole name', () => {
    expect(readCookie('a=1; xgridops=2; gridops=3', 'gridops')).toBe('3');
    expect(readCookie('xgridops=2', 'gridops')).toBeUndefined();
    expect(readCookie(undefined, 'gridops')).toBeUndefined();
  });
});
