/** One line of a node's history. */
export interface AgentEvent {
  readonly severity: 'info' | 'warning' | 'error';
  /** kebab-case, for example `instance-crashed`. */
  readonly kind: string;
  /** Instance path, or empty for the node itself. */
  readonly path: string;
  readonly message: string;
}
