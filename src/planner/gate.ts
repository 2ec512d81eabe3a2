import { type Calendar, calendarOf, latestDue, nextDue } from '../model/calendar.ts';
import type { DeployWindow, Freeze } from '../model/deploy-window.ts';

/** Whether a grid may be deployed to. */
export type Gate =
  | {
      readonly open: true;
      /** Until then it says the same; `null`: for as long as can be seen. */
      readonly holds: number | null;
    }
  | ClosedGate;

export interface ClosedGate {
  readonly open: false;
  readonly holds: number | null;
  readonly because: 'frozen' | 'denied' | 'not-allowed' | 'unreviewed';
  /** When it opens; `null`: nobody can say, or not within a year. */
  readonly until: number | null;
}

export interface GateInput {
  readonly windows: readonly DeployWindow[];
  /** One that is over counts for nothing. */
  readonly freeze: Freeze | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * A freeze closes, whatever the windows say. A `deny` window closes while it lasts, whatever the others say. As soon as there
 * is an `allow` window, it is closed outside of all of them. A window lasts as long as its duration says, counted in time that
 * passes: also over a change to or from summer time.
 */
export function gateAt({ windows, freeze, now }: GateInput): Gate {
  const view = { freeze, spans: windows.map(spanOf) };
  const because = closedBy(view, now);
  const holds = nextChange(view, now);
  if (because === null) return { open: true, holds };
  return { open: false, holds, because, until: opening(view, now) };
}

interface Span {
  readonly kind: DeployWindow['kind'];
  readonly calendar: Calendar;
  readonly milliseconds: number;
}

interface View {
  readonly freeze: Freeze | null;
  readonly spans: readonly Span[];
}

const YEAR = 366 * 86_400_000;
/** Windows that open and close so often that this is not enough are told without a time. */
const MOST_CHANGES = 200;

function spanOf({ kind, schedule, duration }: DeployWindow): Span {
  return { kind, calendar: calendarOf(schedule), milliseconds: duration * 1_000 };
}

function closedBy(
  { freeze, spans }: View,
  at: number,
): Exclude<ClosedGate['because'], 'unreviewed'> | null {
  if (freeze !== null && (freeze.until === null || freeze.until > at)) return 'frozen';
  const lasting = spans.filter((span) => endOf(span, at) !== null);
  if (lasting.some((span) => span.kind === 'deny')) return 'denied';
  const allows = spans.some((span) => span.kind === 'allow');
  return allows && !lasting.some((span) => span.kind === 'allow') ? 'not-allowed' : null;
}

/** When a window that lasts at that time ends, unless it begins anew before; `null` when it does not last. */
function endOf({ calendar, milliseconds }: Span, at: number): number | null {
  const begun = latestDue(calendar, at);
  return begun !== null && begun + milliseconds > at ? begun + milliseconds : null;
}

function opening(view: View, now: number): number | null {
  if (view.freeze !== null && view.freeze.until === null) return null;
  let at: number | null = now;
  for (let changes = 0; at !== null && changes < MOST_CHANGES; changes += 1) {
    at = nextChange(view, at);
    if (at === null || at > now + YEAR) return null;
    if (closedBy(view, at) === null) return at;
  }
  return null;
}

/** The next time at which anything begins or ends. */
function nextChange({ freeze, spans }: View, at: number): number | null {
  const changes = spans.flatMap((span) => [endOf(span, at), nextDue(span.calendar, at)]);
  if (freeze !== null && freeze.until !== null && freeze.until > at) changes.push(freeze.until);
  const known = changes.filter((change) => change !== null);
  return known.length === 0 ? null : Math.min(...known);
}
