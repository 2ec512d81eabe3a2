import { addressText, isInSubnet, overlaps, parseSubnet, type Subnet } from '../model/subnet.ts';

/** Second bytes of the networks to choose from, in order: ours first, and none that a person would think of last. */
const choices: readonly (readonly [first: number, from: number, to: number])[] = [
  [10, 83, 255],
  [10, 0, 82],
  [172, 16, 31],
  // Shared address space of providers, and that of benchmarks: where all private ones are trusted.
  [100, 64, 127],
  [198, 18, 19],
];

/** A /16 for the addresses inside of tunnels, apart from these networks and addresses; the first one where none is free. */
export function freeTunnelSubnet(networks: readonly string[], hosts: readonly string[]): string {
  const used = networks.map(parseSubnet);
  const first = { base: 10 * 2 ** 24 + 83 * 2 ** 16, length: 16 };
  for (const candidate of candidates())
    if (!used.some((one) => overlaps(one, candidate)) && !hosts.some(isIn(candidate)))
      return text(candidate);
  return text(first);
}

function* candidates(): Iterable<Subnet> {
  for (const [first, from, to] of choices)
    for (let second = from; second <= to; second += 1)
      yield { base: first * 2 ** 24 + second * 2 ** 16, length: 16 };
}

function isIn(subnet: Subnet): (address: string) => boolean {
  return (address) => isInSubnet(address, subnet);
}

function text({ base, length }: Subnet): string {
  return `${addressText(base)}/${length}`;
}
