import { type FirewallVariant, readRules } from './firewall.ts';
import { deviceNames, ROUTE_PROTOCOL } from './names.ts';
import { noRules, type RuleTable } from './rules.ts';
import {
  type OnUnreadable,
  parseEntries,
  parseLink,
  parseRoutes,
  parseWireguard,
  type RuleTableName,
  type SeenHost,
  type SeenLink,
  type SeenWireguard,
} from './seen.ts';
import { parseChains, type SeenChains } from './seen-rules.ts';
import { ToolError, type Tools } from './tools.ts';

/** Looks at everything of ours on this host. Rejects when that is not possible: what cannot be seen is not "not there". */
export async function lookAt(
  tools: Tools,
  firewall: FirewallVariant,
  onUnreadable: OnUnreadable,
): Promise<SeenHost> {
  const [bridge, wireguard, vxlan, routes, rules, forwarding] = await Promise.all([
    lookAtLink(tools, deviceNames.bridge, onUnreadable),
    lookAtLink(tools, deviceNames.wireguard, onUnreadable),
    lookAtLink(tools, deviceNames.vxlan, onUnreadable),
    tools.run('ip', ['-4', '-json', '-details', 'route', 'show', 'proto', ROUTE_PROTOCOL]),
    lookAtRules(tools, firewall, onUnreadable),
    tools.setting(`net/ipv4/conf/${deviceNames.wireguard}/forwarding`),
  ]);
  return {
    bridge: bridge !== null,
    wireguard: wireguard && (await lookAtWireguard(tools, wireguard, onUnreadable)),
    vxlan,
    entries: vxlan === null ? [] : await lookAtEntries(tools, onUnreadable),
    routes: parseRoutes(routes, onUnreadable),
    rules,
    forwards: forwarding === '1',
  };
}

async function lookAtLink(
  tools: Tools,
  device: string,
  onUnreadable: OnUnreadable,
): Promise<SeenLink | null> {
  try {
    const show = ['-json', '-details', 'address', 'show', 'dev', device];
    return parseLink(await tools.run('ip', show), onUnreadable);
  } catch (error) {
    if (error instanceof ToolError && error.complaint.includes('does not exist')) return null;
    throw error;
  }
}

/** A program in user space that was killed, or whose socket is gone, does not answer. */
async function lookAtWireguard(
  tools: Tools,
  link: SeenLink,
  onUnreadable: OnUnreadable,
): Promise<SeenWireguard> {
  try {
    const dump = await tools.run('wg', ['show', deviceNames.wireguard, 'dump']);
    return { link, state: parseWireguard(dump, onUnreadable) };
  } catch (error) {
    if (error instanceof ToolError && !error.missing) return { link, state: null };
    throw error;
  }
}

async function lookAtEntries(
  tools: Tools,
  onUnreadable: OnUnreadable,
): Promise<SeenHost['entries']> {
  const show = ['-json', 'fdb', 'show', 'dev', deviceNames.vxlan];
  return parseEntries(await tools.run('bridge', show), onUnreadable);
}

async function lookAtRules(
  tools: Tools,
  firewall: FirewallVariant,
  onUnreadable: OnUnreadable,
): Promise<SeenHost['rules']> {
  const tables = await Promise.all(
    noRules.map(
      async (table) =>
        [tableName(table), await lookAtTable(tools, firewall, table, onUnreadable)] as const,
    ),
  );
  return new Map(tables.flatMap(([name, chains]) => (chains === null ? [] : [[name, chains]])));
}

/** Some kernels have no table `raw`, and some no IPv6. Without the guard's own table there is no overlay. */
async function lookAtTable(
  tools: Tools,
  firewall: FirewallVariant,
  table: RuleTable,
  onUnreadable: OnUnreadable,
): Promise<SeenChains | null> {
  try {
    return parseChains(await readRules(tools, firewall, table));
  } catch (error) {
    if (!(error instanceof ToolError) || tableName(table) === 'ipv4-filter') throw error;
    onUnreadable(`the firewall table ${table.table} of ${table.family} (${error.message})`);
    return null;
  }
}

function tableName({ family, table }: RuleTable): RuleTableName {
  return `${family}-${table}`;
}
