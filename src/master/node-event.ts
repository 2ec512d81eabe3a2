/** Something about a node that people may want to know later. */
export interface NodeEvent {
  readonly grid: string;
  readonly node: string;
  readonly at: number;
  readonly severity: 'info' | 'warning' | 'error';
  readonly kind: string;
  readonly path: string;
  readonly message: string;
}
