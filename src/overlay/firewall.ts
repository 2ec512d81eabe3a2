import type { RuleTable } from './rules.ts';
import { ToolError, type Tools } from './tools.ts';

/** Which of the two firewalls that call themselves iptables. */
export type FirewallVariant = '' | '-nft' | '-legacy';

/** Seconds; below the time limit of a tool. */
const LOCK_WAIT = '4';

/**
 * The variant that Docker's own rules are in: what one accepts the other may still drop, so ours belong beside them. The
 * host's default where Docker has none.
 */
export async function chooseFirewall(tools: Tools): Promise<FirewallVariant> {
  for (const variant of ['', '-nft', '-legacy'] as const)
    if (await hasDockerRules(tools, variant)) return variant;
  return '';
}

async function hasDockerRules(tools: Tools, variant: FirewallVariant): Promise<boolean> {
  try {
    return /^-N DOCKER/m.test(await tools.run(`iptables${variant}`, ['-w', LOCK_WAIT, '-S']));
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

/** Rules of one table, as text. */
export async function readRules(
  tools: Tools,
  variant: FirewallVariant,
  { family, table }: Pick<RuleTable, 'family' | 'table'>,
): Promise<string> {
  return await tools.run(`${program(family)}${variant}`, ['-w', LOCK_WAIT, '-t', table, '-S']);
}

export async function writeRules(
  tools: Tools,
  variant: FirewallVariant,
  family: RuleTable['family'],
  text: string,
): Promise<void> {
  const restore = `${program(family)}${variant}-restore`;
  await tools.run(restore, ['-w', LOCK_WAIT, '--noflush'], text);
}

function program(family: RuleTable['family']): string {
  return family === 'ipv4' ? 'iptables' : 'ip6tables';
}
