import Type from 'typebox';
import {
  addressNumber,
  guestSubnet,
  isInSubnet,
  parseSubnet,
  subnetText,
} from '../model/subnet.ts';
import { parseSubnet as checkSubnet, isAddress } from './addresses.ts';
import type { NameRule } from './names.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import { closed, list, mapOf, text } from './schema-parts.ts';
import { locate, type TreeNode } from './tree.ts';
import { createValidator } from './validate.ts';

/** Names of people; they stand in YAML, in a shell's table and in file names. */
export const personRule: NameRule = {
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}$',
  description:
    'A person\'s name has 1 to 64 letters, digits, "_", ".", "@", "+" and "-", and begins with a letter or digit.',
};

/** More are neither in a people.yml nor in the memory of a small server. */
export const mostPeople = 2_000;

const publicKey = text({
  pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$',
  description: "WireGuard's public key.",
});
const address = text({
  maxLength: 15,
  description: "An address of the grid's guests: the second quarter of its subnet.",
  examples: ['10.81.64.1'],
});
const time = text({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$',
  description: 'When, in UTC.',
  examples: ['2026-08-12T09:30:00Z'],
});

/** `people.yml` beside the stack file of a VPN: who may use it. No private key is in it. */
export const PeopleFile = closed(
  {
    subnet: text({ maxLength: 18, description: "The grid's subnet.", examples: ['10.81.0.0/16'] }),
    server: closed(
      {
        public_key: publicKey,
        endpoint: Type.Optional(
          text({
            pattern: '^(?:[A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):\\d{1,5}$',
            description: 'Where people reach the server: address or name, and UDP port.',
            examples: ['vpn.example.com:51820'],
          }),
        ),
      },
      { description: 'The server.' },
    ),
    people: Type.Optional(
      mapOf(closed({ address, public_key: publicKey, since: time }), {
        keys: personRule,
        description: 'Who may use the VPN, by name.',
      }),
    ),
    revoked: Type.Optional(
      list(
        closed({
          name: text({ pattern: personRule.pattern }),
          address,
          public_key: publicKey,
          since: time,
          until: time,
        }),
        { maxItems: mostPeople, description: 'Who might once, and had which address until when.' },
      ),
    ),
  },
  { description: 'The people on the VPN of a grid.' },
);

export type PeopleFile = Type.Static<typeof PeopleFile>;

const validate = createValidator(PeopleFile);

/** The tree of a people.yml → the people. `null` after the problems were reported where they are written. */
export function readPeople(node: TreeNode, report: Report): PeopleFile | null {
  const file = validate(node, report);
  if (file === null) return null;
  const subnet = checkSubnet(file.subnet);
  if (subnet.fault !== undefined) report.error(locate(node, ['subnet']), subnet.fault);
  else {
    const { length } = parseSubnet(file.subnet);
    if (length < 8 || length > 24) {
      const message = `a grid's subnet is between /8 and /24, not /${length}`;
      report.error(locate(node, ['subnet']), { code: 'bad-subnet', message });
    } else checkPeople(file, node, report);
  }
  return report.failed() ? null : file;
}

/**
 * Whoever merges two branches that each let somebody in may have given both one address: the server would hand one person
 * what is for the other.
 */
function checkPeople({ subnet, people = {} }: PeopleFile, node: TreeNode, report: Report): void {
  const guests = guestSubnet(parseSubnet(subnet));
  const seen = new Map<string, string>();
  for (const [name, person] of Object.entries(people)) {
    const at = locate(node, ['people', name]);
    if (!isAddress(person.address) || !isInSubnet(person.address, guests))
      report.error(locate(at, ['address']), {
        code: 'wrong-value',
        message: `${quote(person.address)} is no address of a guest of this grid`,
        hint: `They are in ${subnetText(guests)}.`,
      });
    for (const key of ['address', 'public_key'] as const) {
      const other = seen.get(person[key]);
      if (other === undefined) seen.set(person[key], name);
      else report.error(locate(at, [key]), conflict(name, other, key));
    }
  }
}

function conflict(name: string, other: string, key: string): Fault {
  return {
    code: 'vpn-conflict',
    message: `${quote(name)} has the same ${key === 'address' ? 'address' : 'key'} as ${quote(other)}`,
    hint: 'Remove the line of one of them, and let that one in anew: "gridops vpn config NAME".',
  };
}

/** What the server reads (images/vpn/entrypoint.sh): a line each, words with blanks between them, nothing to be quoted. */
export function peopleTable({ subnet, people = {} }: PeopleFile): string {
  const lines = Object.entries(people)
    .toSorted(([, a], [, b]) => (addressNumber(a.address) ?? 0) - (addressNumber(b.address) ?? 0))
    .map(([name, person]) => `person ${name} ${person.address} ${person.public_key}`);
  return `${[`subnet ${subnet}`, ...lines].join('\n')}\n`;
}
