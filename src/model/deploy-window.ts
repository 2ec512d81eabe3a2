import type { Schedule } from './calendar.ts';

/** A time in which a grid may be deployed to, or may not. */
export interface DeployWindow {
  readonly kind: 'allow' | 'deny';
  /** When it begins. */
  readonly schedule: Schedule;
  /** Seconds. */
  readonly duration: number;
}

/** A person's word that a grid is not to be deployed to. Times in milliseconds since the epoch. */
export interface Freeze {
  /** `null`: until somebody lifts it. */
  readonly until: number | null;
  /** What for; may be empty. */
  readonly reason: string;
  /** Who, and since when. */
  readonly actor: string;
  readonly at: number;
}
