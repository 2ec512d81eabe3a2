import { EXIT, type ExitCode, type Io } from './io.ts';
import { paint, show, table } from './output.ts';
import { openVpn, type VpnPlace } from './vpn-place.ts';

export interface ListOptions extends VpnPlace {
  readonly json: boolean;
}

/** Who may use the VPN, and who might: an address tells who it was at any time. */
export async function listVpn(io: Io, options: ListOptions): Promise<ExitCode> {
  const { grid, people: file } = await openVpn(io, options);
  const { subnet, server, people = {}, revoked = [] } = file;
  const value = {
    grid,
    subnet,
    endpoint: server.endpoint ?? null,
    people: Object.entries(people).map(([name, { address, public_key: publicKey, since }]) => ({
      name,
      address,
      publicKey,
      since,
    })),
    revoked: revoked.map(({ name, address, public_key: publicKey, since, until }) => ({
      name,
      address,
      publicKey,
      since,
      until,
    })),
  };
  show(io, { json: options.json, value, text: (shown) => printPeople(io, shown) });
  return EXIT.done;
}

interface Listed {
  readonly grid: string;
  readonly people: readonly Row[];
  readonly revoked: readonly (Row & { readonly until: string })[];
}

interface Row {
  readonly name: string;
  readonly address: string;
  readonly since: string;
}

function printPeople(io: Io, { grid, people, revoked }: Listed): string {
  if (people.length + revoked.length === 0)
    return `Nobody. Let somebody in with \`gridops vpn config NAME --grid ${grid}\`.`;
  const { dim } = paint(io);
  return table(['NAME', 'ADDRESS', 'SINCE', 'UNTIL'].map(dim), [
    ...people.map(({ name, address, since }) => [name, address, since, '']),
    ...revoked.map((row) => [row.name, row.address, row.since, row.until].map(dim)),
  ]);
}
