/** Rules of each chain of a table, as `iptables -S` prints them, without `-A <chain>`. Chains without rules are there, too. */
export type SeenChains = ReadonlyMap<string, readonly string[]>;

/** Reads `iptables -S`. What is no rule of a chain is not there. */
export function parseChains(output: string): SeenChains {
  const chains = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const [, verb, chain = '', rest = ''] = /^-([PNA]) (\S+) ?(.*)$/.exec(line.trim()) ?? [];
    if (verb === undefined) continue;
    const rules = chains.get(chain) ?? [];
    if (verb === 'A') rules.push(rest);
    chains.set(chain, rules);
  }
  return chains;
}
