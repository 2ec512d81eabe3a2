import { editPeople } from '../manifest/vpn-people-edit.ts';
import { unknownName } from './grid-sources.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, printJson } from './output.ts';
import { openVpn, type VpnPlace } from './vpn-place.ts';
import { checkSize, timeOf } from './vpn-write.ts';
import { writeWhole } from './write-whole.ts';

export interface RevokeOptions extends VpnPlace {
  readonly name: string;
  readonly json: boolean;
}

/** Takes a person off the VPN. Who had the address, and until when, stays in people.yml. */
export async function revokeVpn(io: Io, options: RevokeOptions): Promise<ExitCode> {
  const { name, json } = options;
  const vpn = await openVpn(io, options);
  const people = vpn.people.people ?? {};
  const person = Object.hasOwn(people, name) ? people[name] : undefined;
  if (person === undefined) throw unknownName('person', name, Object.keys(people));
  const until = timeOf(io);
  const text = editPeople(vpn.file, { kind: 'revoke', name, until });
  await writeWhole(vpn.root, checkSize({ ...vpn.file, text }));
  const { grid, file } = vpn;
  if (json)
    io.stdout(`${printJson({ grid, name, address: person.address, until, file: file.path })}\n`);
  else
    io.stderr(
      harmless(
        `${name} (${person.address}) is off the VPN once this is pushed, open connections too: git add ${file.path}\n`,
      ),
    );
  return EXIT.done;
}
