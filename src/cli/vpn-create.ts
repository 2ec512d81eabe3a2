import { createCompiler } from '../manifest/compile.ts';
import { nodeNameRule } from '../manifest/names.ts';
import { readSecrets } from '../manifest/secrets-edit.ts';
import { newPeople } from '../manifest/vpn-people-edit.ts';
import { GridError } from '../model/error.ts';
import type { TextFile } from '../model/source.ts';
import { packageVersion } from '../runtime/version.ts';
import { sealValue } from '../secrets/sealed-value.ts';
import { changedFile, type GridSecrets, openGridSecrets, writeSecrets } from './grid-secrets.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, printJson } from './output.ts';
import { chooseRecipient } from './recipient.ts';
import type { Flags } from './settings-load.ts';
import { parseEndpoint, VPN_PORT } from './vpn-endpoint.ts';
import { createKeyPair } from './vpn-keys.ts';
import { peoplePath, stackFolder } from './vpn-place.ts';
import { SERVER_KEY, vpnStack } from './vpn-stack.ts';
import { writeWhole } from './write-whole.ts';

export interface CreateOptions {
  readonly repository: string;
  readonly grid: string;
  /** Where the server runs; `null`: anywhere. */
  readonly node: string | null;
  /** How people reach it; `null`: `gridops vpn config` asks for it. */
  readonly endpoint: string | null;
  readonly recipient: string | null;
  readonly flags: Flags;
  readonly json: boolean;
}

/** Puts a VPN into the grid's working tree: a stack, nobody in it, and its server's key, which nobody has seen. */
export async function createVpn(io: Io, options: CreateOptions): Promise<ExitCode> {
  const { grid, node } = options;
  checkNode(node);
  const endpoint = options.endpoint === null ? null : parseEndpoint(options.endpoint);
  const secrets = await openGridSecrets(io, options);
  refuseSecond(secrets);
  const stack = newFile(
    `${stackFolder(grid)}/kontena.yml`,
    vpnStack({ version: packageVersion(), node }),
  );
  const subnet = subnetOf(secrets, stack);
  const { recipient: written } = readSecrets(secrets.file);
  const recipient = await chooseRecipient(io, { ...options, given: options.recipient, written });
  const { privateKey, publicKey } = createKeyPair();
  const text = await sealValue(recipient, { grid, kind: 'secret', name: SERVER_KEY }, privateKey);
  const sealed = changedFile(secrets, {
    recipient,
    put: [{ kind: 'secret', name: SERVER_KEY, text }],
  });
  const people = newFile(peoplePath(grid), newPeople({ subnet, publicKey, endpoint }));
  await writeSecrets(secrets, sealed);
  await writeWhole(secrets.root, people);
  // Last: without it nothing of the rest is looked at.
  await writeWhole(secrets.root, stack);
  tell(io, options, { endpoint, files: [stack.path, people.path, sealed.path] });
  return EXIT.done;
}

function newFile(path: string, text: string): TextFile {
  return { kind: 'text', path, blob: 'new', text };
}

function checkNode(node: string | null): void {
  if (node === null || new RegExp(nodeNameRule.pattern).test(node)) return;
  throw new GridError({
    code: 'invalid-request',
    message: `'${node}' cannot be the name of a node`,
    hint: nodeNameRule.description,
  });
}

function refuseSecond({ source, grid }: GridSecrets): void {
  const folder = stackFolder(grid);
  const there = [...source.files.keys()].find((path) => path.startsWith(`${folder}/`));
  if (there === undefined) return;
  throw new GridError({
    code: 'invalid-request',
    message: `grid ${grid} has a stack vpn: ${there}`,
    hint: `Let somebody in with "gridops vpn config NAME --grid ${grid}"; to begin anew, remove ${folder} first.`,
  });
}

/** Of a grid that can be read: its people have addresses in it for good. A grid without a stack is none yet: with this one it is. */
function subnetOf({ source, grid }: GridSecrets, stack: TextFile): string {
  const files = new Map([...source.files, [stack.path, stack] as const]);
  const { grid: read } = createCompiler().compile({ ...source, files }, grid);
  if (read !== null) return read.subnet;
  throw new GridError({
    code: 'invalid-request',
    message: `grids/${grid}/grid.yml has problems, so its subnet is not known`,
    hint: '`gridops validate` shows them.',
  });
}

interface Made {
  readonly endpoint: string | null;
  readonly files: readonly string[];
}

function tell(io: Io, { grid, node, json }: CreateOptions, { endpoint, files }: Made): void {
  if (json) return io.stdout(`${printJson({ grid, node, endpoint, files })}\n`);
  const lines = [
    `The VPN of grid ${grid} is in ${stackFolder(grid)}, its key in ${files.at(-1)}`,
    ...(endpoint === null
      ? ['How people reach it is not known yet: gridops vpn config NAME --endpoint HOST']
      : [`Let somebody in: gridops vpn config NAME --grid ${grid}`]),
    `UDP port ${VPN_PORT} of ${node ?? 'the node that it is placed on'} must be open to people.`,
    `Commit and push it: git add ${files.join(' ')}`,
  ];
  io.stderr(harmless(`${lines.join('\n')}\n`));
}
