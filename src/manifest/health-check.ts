import type { HealthCheck } from '../model/spec.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

/** Kontena's defaults, in seconds. */
const defaults = { uri: '/', timeout: 10, interval: 60, initialDelay: 10 };
/** Ours: Kontena restarted at the first failure. */
const defaultRetries = 3;

export function readHealthCheck({
  value,
  node,
  report,
}: Section<ServiceEntry>): HealthCheck | null {
  const written = value.health_check;
  if (written === undefined) return null;
  const timeout = written.timeout ?? defaults.timeout;
  const interval = written.interval ?? defaults.interval;
  const retries = written.retries ?? defaultRetries;
  if (interval < timeout) {
    const message = `a check every ${interval} s cannot wait ${timeout} s for its answer`;
    report.error(locate(node, ['health_check', 'interval']), {
      code: 'bad-health-check',
      message,
      hint: 'Make "interval" at least as long as "timeout".',
    });
  }
  if (written.protocol === 'tcp' && written.uri !== undefined) {
    const message = '"uri" has no effect on a health check with the protocol tcp';
    report.warn(locate(node, ['health_check', 'uri']), { code: 'no-effect', message });
  }
  return {
    protocol: written.protocol,
    port: written.port,
    uri: written.uri ?? defaults.uri,
    timeout,
    interval,
    initialDelay: written.initial_delay ?? defaults.initialDelay,
    ...(retries === defaultRetries ? {} : { retries }),
  };
}
