import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeployWindow, Freeze } from '../../src/model/deploy-window.ts';
import { gateAt } from '../../src/planner/gate.ts';

const noon = Date.parse('2026-11-26T12:00Z');
const HOUR = 3_600_000;

function allow(expression: string, hours: number, timeZone = 'UTC'): DeployWindow {
  return { kind: 'allow', schedule: { expression, timeZone }, duration: hours * 3_600 };
}

function deny(expression: string, hours: number): DeployWindow {
  return { ...allow(expression, hours), kind: 'deny' };
}

function freeze(until: number | null): Freeze {
  return { until, reason: '', actor: 'alice', at: noon - HOUR };
}

function gate(windows: readonly DeployWindow[], now = noon, frozen: Freeze | null = null) {
  return gateAt({ windows, freeze: frozen, now });
}

function opens(iso: string, because: string) {
  return expect.objectContaining({ open: false, because, until: Date.parse(iso) });
}

describe('a grid', () => {
  test('without windows is open for ever', () => {
    expect(gate([])).toEqual({ open: true, holds: null });
  });

  // The cases that Argo CD's documentation of sync windows lists: which windows there are × which of them last.
  const lasting = '0 11 * * *';
  const later = '0 20 * * *';
  test.each([
    ['an allow window that lasts', [allow(lasting, 2)], true],
    ['an allow window that does not last', [allow(later, 2)], false],
    ['a deny window that lasts', [deny(lasting, 2)], false],
    ['a deny window that does not last', [deny(later, 2)], true],
    ['both, and both last', [allow(lasting, 2), deny(lasting, 2)], false],
    ['both, and the allow window lasts', [allow(lasting, 2), deny(later, 2)], true],
    ['both, and the deny window lasts', [allow(later, 2), deny(lasting, 2)], false],
    ['both, and none lasts', [allow(later, 2), deny(later, 1)], false],
    ['two allow windows, and one lasts', [allow(later, 2), allow(lasting, 2)], true],
  ])('with %s is what Argo CD’s users expect', (_what, windows, open) => {
    expect(gate(windows).open).toBe(open);
  });

  test('opens when the next allow window begins, in its time zone', () => {
    const berlin = allow('0 22 * * *', 2, 'Europe/Berlin');
    expect(gate([berlin])).toEqual(opens('2026-11-26T21:00Z', 'not-allowed'));
    expect(gate([berlin], Date.parse('2026-07-01T12:00Z'))).toEqual(
      opens('2026-07-01T20:00Z', 'not-allowed'),
    );
  });

  test('opens when the deny window ends, or where an allow window outlasts it', () => {
    expect(gate([deny('0 11 * * *', 3)])).toEqual(opens('2026-11-26T14:00Z', 'denied'));
    const both = [allow('0 13 * * *', 3), deny('0 11 * * *', 4)];
    expect(gate(both)).toEqual(opens('2026-11-26T15:00Z', 'denied'));
    const missed = [allow('0 13 * * *', 1), deny('0 11 * * 4', 4)];
    expect(gate(missed)).toEqual(opens('2026-11-27T13:00Z', 'denied'));
  });

  test('begins and ends on the minute', () => {
    const windows = [allow('0 12 * * *', 1)];
    expect(gate(windows, noon - 1).open).toBe(false);
    expect(gate(windows, noon).open).toBe(true);
    expect(gate(windows, noon + HOUR - 1).open).toBe(true);
    expect(gate(windows, noon + HOUR).open).toBe(false);
  });

  test('whose deny window begins again before it ends stays closed, and nobody can say until when', () => {
    expect(gate([deny('*/30 * * * *', 1)])).toMatchObject({ open: false, until: null });
  });

  test('whose windows never meet says that it cannot tell', () => {
    const never = [allow('0 3 * * *', 1), deny('0 2 * * *', 4)];
    expect(gate(never)).toMatchObject({ open: false, until: null });
  });
});

describe('a frozen grid', () => {
  test('is closed until the freeze ends, whatever the windows allow', () => {
    const until = noon + 2 * HOUR;
    const windows = [allow('0 * * * *', 1)];
    expect(gate(windows, noon, freeze(until))).toMatchObject({
      open: false,
      because: 'frozen',
      until,
    });
    expect(gate(windows, until, freeze(until)).open).toBe(true);
  });

  test('is closed until somebody says otherwise when the freeze has no end', () => {
    expect(gate([], noon, freeze(null))).toEqual({
      open: false,
      holds: null,
      because: 'frozen',
      until: null,
    });
  });

  test('opens at the next window where the freeze ends outside of all of them', () => {
    const found = gate([allow('0 20 * * *', 1)], noon, freeze(noon + HOUR));
    expect(found).toEqual(opens('2026-11-26T20:00Z', 'frozen'));
  });
});

describe('what a gate says', () => {
  const window = fc.record({
    kind: fc.constantFrom('allow' as const, 'deny' as const),
    schedule: fc.record({
      expression: fc.constantFrom('0 22 * * *', '30 2 * * *', '0 */6 * * *', '15 9 * * 1-5'),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
    }),
    duration: fc.integer({ min: 60, max: 90_000 }),
  });
  const time = fc.integer({ min: Date.parse('2026-01-01Z'), max: Date.parse('2027-01-01Z') });
  const frozen = fc.option(fc.integer({ min: 0, max: 30 * HOUR }));

  test('holds for as long as it says, and where it opens it is open, and not a moment before', () => {
    fc.assert(
      fc.property(fc.array(window, { maxLength: 3 }), time, frozen, (windows, now, lasts) => {
        const stop = lasts === null ? null : freeze(now + lasts);
        const found = gate(windows, now, stop);
        if (found.holds !== null) {
          expect(found.holds).toBeGreaterThan(now);
          expect(gate(windows, found.holds - 1, stop).open).toBe(found.open);
        }
        if (found.open || found.until === null) return;
        expect(gate(windows, found.until, stop).open).toBe(true);
        expect(gate(windows, found.until - 1, stop).open).toBe(false);
      }),
      { numRuns: 60 },
    );
  }, 30_000);
});
