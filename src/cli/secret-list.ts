import { readSecrets } from '../manifest/secrets-edit.ts';
import { parseSealed } from '../model/secret.ts';
import { openGridSecrets, type SecretsPlace } from './grid-secrets.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { paint, show, table } from './output.ts';
import { findUses, printUsers, tellUnread } from './secret-uses.ts';

export interface ListOptions extends SecretsPlace {
  readonly json: boolean;
}

/** Names, and who uses them. The values only the master can read. */
export async function listSecrets(io: Io, options: ListOptions): Promise<ExitCode> {
  const secrets = await openGridSecrets(io, options);
  const { recipient, items } = readSecrets(secrets.file);
  const uses = findUses(secrets);
  const rows = items
    .filter(({ kind }) => kind === 'secret')
    .map((item) => ({
      name: item.name,
      id: parseSealed(item.text)?.id ?? null,
      usedBy: uses.of(item),
    }));
  show(io, {
    json: options.json,
    value: { grid: options.grid, recipient, secrets: rows, unread: uses.unread },
    text: (value) => printSecrets(io, value),
  });
  if (!options.json) tellUnread(io, uses.unread);
  return EXIT.done;
}

interface Listed {
  readonly grid: string;
  readonly secrets: readonly {
    readonly name: string;
    readonly id: string | null;
    readonly usedBy: readonly string[];
  }[];
  readonly unread: readonly string[];
}

function printSecrets(io: Io, { grid, secrets: rows, unread }: Listed): string {
  if (rows.length === 0) return `No secrets. Seal one with \`gridops secret seal ${grid} <name>\`.`;
  const colours = paint(io);
  return table(
    ['NAME', 'ID', 'USED BY'].map(colours.dim),
    rows.map(({ name, id, usedBy }) => [
      name,
      id?.slice(0, 7) ?? colours.red('not sealed'),
      printUsers(io, usedBy, unread),
    ]),
  );
}
