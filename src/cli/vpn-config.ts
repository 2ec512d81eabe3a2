import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createCompiler } from '../manifest/compile.ts';
import { personRule } from '../manifest/vpn-people.ts';
import { editPeople, nextAddress, type PeopleChange } from '../manifest/vpn-people-edit.ts';
import { GridError } from '../model/error.ts';
import type { TextFile } from '../model/source.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless } from './output.ts';
import { qrCode } from './qr-code.ts';
import type { Flags } from './settings-load.ts';
import { clientFile } from './vpn-client-file.ts';
import { parseEndpoint } from './vpn-endpoint.ts';
import { createKeyPair } from './vpn-keys.ts';
import { openVpn, type Vpn, type VpnPlace } from './vpn-place.ts';
import { resolversOf } from './vpn-resolvers.ts';
import { checkSize, timeOf } from './vpn-write.ts';
import { writeWhole } from './write-whole.ts';

export interface ConfigOptions extends VpnPlace {
  readonly name: string;
  /** A new key for somebody who has one. */
  readonly renew: boolean;
  readonly endpoint: string | null;
  readonly qr: boolean;
  /** `null`: it is printed. */
  readonly out: string | null;
  readonly flags: Flags;
}

/** Lets a person in, and hands out the file for them: the only place where their private key ever is. */
export async function configVpn(io: Io, options: ConfigOptions): Promise<ExitCode> {
  const { name, out } = options;
  checkName(name);
  const vpn = await openVpn(io, options);
  checkSubnet(vpn);
  const { privateKey, publicKey } = createKeyPair();
  const { address, changes } = admit(vpn, { ...options, publicKey, since: timeOf(io) });
  const endpoint = chooseEndpoint(vpn, options.endpoint);
  const { subnet, server } = vpn.people;
  const resolvers = await resolversOf(io, { grid: vpn.grid, subnet, flags: options.flags });
  const file = clientFile({
    grid: vpn.grid,
    name,
    address,
    privateKey,
    publicKey: server.public_key,
    endpoint,
    subnet,
    resolvers,
  });
  const path = out === null ? null : resolve(io.cwd, out);
  if (path !== null) await writePrivate(path, file);
  await writeOrUndo(vpn, changedPeople(vpn.file, [...changes, ...ofEndpoint(vpn, endpoint)]), path);
  if (options.qr) io.stdout(qrCode(file, io.isTerminal.stdout));
  else if (path === null) io.stdout(file);
  tell(io, vpn, { name, address, path });
  return EXIT.done;
}

function checkName(name: string): void {
  if (new RegExp(personRule.pattern).test(name)) return;
  throw new GridError({
    code: 'invalid-request',
    message: `'${name}' cannot be the name of a person`,
    hint: personRule.description,
  });
}

/** People keep their addresses: they have to move with the grid, and somebody has to decide that. */
function checkSubnet({ source, grid, file, people }: Vpn): void {
  const { grid: read } = createCompiler().compile(source, grid);
  if (read === null || read.subnet === people.subnet) return;
  throw new GridError({
    code: 'invalid-request',
    message: `${file.path} is for the subnet ${people.subnet}, and the grid has ${read.subnet}`,
    hint: 'Write that into it, with an address in it for each person, and hand out new files with --renew.',
  });
}

interface Admission {
  readonly name: string;
  readonly renew: boolean;
  readonly publicKey: string;
  readonly since: string;
}

function admit(
  { people: file, grid }: Vpn,
  { name, renew, publicKey, since }: Admission,
): { readonly address: string; readonly changes: readonly PeopleChange[] } {
  const known = Object.hasOwn(file.people ?? {}, name) ? file.people?.[name] : undefined;
  if (known !== undefined && !renew) throw alreadyIn(name);
  const address = known?.address ?? nextAddress(file, name);
  if (address === null)
    throw new GridError({
      code: 'invalid-request',
      message: `every address for people of grid ${grid} is taken`,
      hint: 'Revoke those who are gone: `gridops vpn list` shows all.',
    });
  const person = { address, public_key: publicKey, since: known?.since ?? since };
  return { address, changes: [{ kind: 'put', name, person }] };
}

function alreadyIn(name: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `${name} has a file: their private key is in it and nowhere else, so it cannot be made again`,
    hint: `To make a new one with a new key, after which the old one is good for nothing: gridops vpn config ${name} --renew`,
  });
}

function chooseEndpoint({ people, file }: Vpn, given: string | null): string {
  const endpoint = given === null ? people.server.endpoint : parseEndpoint(given);
  if (endpoint !== undefined) return endpoint;
  throw new GridError({
    code: 'invalid-request',
    message: `${file.path} does not say how people reach the server`,
    hint: 'Say it: --endpoint HOST[:PORT], the public address or name of the node. It is kept for the next ones.',
  });
}

/** The first one that is given is everybody's; one for a single file changes nothing. */
function ofEndpoint({ people }: Vpn, endpoint: string): readonly PeopleChange[] {
  return people.server.endpoint === undefined ? [{ kind: 'endpoint', endpoint }] : [];
}

function changedPeople(file: TextFile, changes: readonly PeopleChange[]): TextFile {
  let text = file.text;
  for (const change of changes) text = editPeople({ ...file, text }, change);
  return checkSize({ ...file, text });
}

/** Never over another file, which may be somebody's only key. */
async function writePrivate(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const isThere = (cause as { code?: string }).code === 'EEXIST';
    throw new GridError({
      code: 'invalid-request',
      message: isThere ? `${path} is there already` : `${path} cannot be written`,
      hint: isThere ? 'Give another path: what is in it may be needed.' : 'Nothing was changed.',
      cause,
    });
  }
}

async function writeOrUndo({ root }: Vpn, people: TextFile, path: string | null): Promise<void> {
  try {
    await writeWhole(root, people);
  } catch (error) {
    if (path !== null) await rm(path, { force: true });
    throw error;
  }
}

interface Done {
  readonly name: string;
  readonly address: string;
  readonly path: string | null;
}

function tell(io: Io, { file }: Vpn, { name, address, path }: Done): void {
  const lines = [
    `${name} has the address ${address}${path === null ? '' : `, and the file ${path}`}`,
    'The private key is in no other place: hand it over on a way that nobody else reads.',
    `It works once this is pushed: git add ${file.path}`,
  ];
  io.stderr(harmless(`${lines.join('\n')}\n`));
}
