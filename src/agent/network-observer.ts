import type { NetworkReport } from '../model/network-report.ts';

/** What looks at this node's network, and tells the master. */
export interface NetworkObserver {
  report(): Promise<NetworkReport>;
  /** Calls the listener whenever a report may say something else than the last one; call the result to end it. */
  onChange(listener: () => void): () => void;
  stop(): void;
}
