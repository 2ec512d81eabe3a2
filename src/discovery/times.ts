/** Milliseconds after which a peer is answered that has nothing to hear. */
export const HEARTBEAT = 1_000;

/** A peer without an answer for this long is withdrawn: its records are stale. */
export const SILENCE = 4_000;

/** Reason of signals that only end a wait. It is no error: making one costs more than all the rest of the wait. */
export const ENDED = 'ended early';
