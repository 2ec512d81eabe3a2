import type { NetworkFinding } from '../model/network-report.ts';
import { hasDocker } from './firewall-findings.ts';
import type { EngineState, PacketFilter } from './host-state.ts';

/** What is known to go wrong with this engine, or with how it is set up. */
export function engineFindings(
  engine: EngineState | null,
  filters: readonly PacketFilter[],
): readonly NetworkFinding[] {
  if (engine === null) return [engineSilent];
  return [
    ...versionFindings(engine.version),
    ...isolated(engine),
    ...withoutRules(engine, filters),
    ...(engine.liveRestore ? [] : [liveRestoreOff]),
  ];
}

interface KnownFault {
  readonly code: string;
  readonly versions: readonly string[];
  readonly message: string;
  readonly hint: string;
}

/**
 * Faults of released engines that reach the grid's network. Not among them, because frames of the grid come in by its bridge
 * like those of its own containers: that 28.0 and later drop packets to containers which come in by another device.
 */
const knownFaults: readonly KnownFault[] = [
  {
    code: 'engine-duplicate-macs',
    versions: ['25.0.0', '25.0.1'],
    message:
      'does not keep hardware addresses right when containers start again: two of a grid can have the same one, and lose each other’s packets (moby#47146)',
    hint: 'Update Docker to 25.0.2 or later, then have the containers of this node made anew.',
  },
  {
    code: 'engine-needs-ipset',
    versions: ['28.0.0'],
    message:
      'needs kernel modules that many hosts lack (ip_set, xt_set), and a host without IPv6 is a fault to it: it may not start again (moby#49508)',
    hint: 'Update Docker to 28.0.1 or later.',
  },
];

function versionFindings(version: string): readonly NetworkFinding[] {
  // Packagers append their own: 25.0.0-ce, 25.0.0+dfsg1.
  const plain = /^\d+\.\d+\.\d+/.exec(version)?.[0];
  return knownFaults
    .filter(({ versions }) => plain !== undefined && versions.includes(plain))
    .map(({ code, message, hint }) => ({
      severity: 'warning',
      code,
      message: `Docker ${version} ${message}`,
      hint,
    }));
}

/** Of the default bridge alone it would not matter: nothing of a grid is in that. */
function isolated({ networks }: EngineState): readonly NetworkFinding[] {
  const closed = networks.filter(({ name, icc }) => name.startsWith('gridops') && !icc);
  return closed.map(({ name }) => ({
    severity: 'error',
    code: 'icc-off',
    message: `Docker keeps the containers of network ${name} apart (enable_icc is false)`,
    hint: `Take com.docker.network.bridge.enable_icc out of default-network-opts in Docker's daemon.json, restart Docker, and remove the network ${name}: the agent makes it anew.`,
  }));
}

function withoutRules(
  { firewall }: EngineState,
  filters: readonly PacketFilter[],
): readonly NetworkFinding[] {
  const isIptables = firewall === null || firewall.startsWith('iptables');
  if (!isIptables || filters.length === 0) return [];
  if (filters.some(({ table }) => hasDocker(table))) return [];
  return [
    {
      severity: 'warning',
      code: 'engine-without-rules',
      message:
        'Docker makes no firewall rules on this host ("iptables": false, or somebody removed them): containers reach other nodes, but not the internet, and ports they publish may not answer',
      hint: 'Take "iptables": false out of Docker’s daemon.json, or restart Docker when a firewall has thrown its rules away.',
    },
  ];
}

const engineSilent: NetworkFinding = {
  severity: 'error',
  code: 'engine-silent',
  message: 'Docker does not answer, so its networks and settings were not looked at',
  hint: 'Start it (systemctl start docker), or say where it is: DOCKER_HOST, --docker.',
};

const liveRestoreOff: NetworkFinding = {
  severity: 'info',
  code: 'live-restore-off',
  message:
    'containers of this host stop when Docker is restarted or updated, and start again after it',
  hint: 'To keep them running: "live-restore": true in Docker’s daemon.json, then systemctl reload docker.',
};
