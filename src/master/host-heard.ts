import type { HostReport } from '../model/host-report.ts';

/**
 * A report as it is kept: what it says as before is the same object as before. Images come and go with every deploy, and
 * nothing that is placed by the rest has to be looked at again because of them.
 */
export function hostHeard(report: HostReport, known: HostReport | null): HostReport {
  if (known === null) return report;
  return {
    ...report,
    ports: isEqual(report.ports, known.ports) ? known.ports : report.ports,
    volumes: isEqual(report.volumes, known.volumes) ? known.volumes : report.volumes,
  };
}

/** Both are as the agent sent them: sorted, and with the same keys in the same order. */
function isEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}
