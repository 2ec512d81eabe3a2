/** A server as HAProxy has it now. */
export interface ServerState {
  readonly address: string;
  readonly port: number;
  readonly admin: 'ready' | 'drain' | 'maint';
}

/** Backend → server → state. */
export type ServerStates = ReadonlyMap<string, ReadonlyMap<string, ServerState>>;

/** HAProxy's own bits of the administrative state: what it was told, and what it inherited. */
const maintenance = 0x01 | 0x02 | 0x20;
const drained = 0x08 | 0x10;

/** The answer to `show servers state`: a line of column names, and a line for each server. */
export function parseStates(text: string): ServerStates {
  const lines = text.split('\n');
  const header = lines.find((line) => line.startsWith('# be_id'));
  const columns = header?.slice(2).split(' ') ?? [];
  const states = new Map<string, Map<string, ServerState>>();
  for (const line of lines) {
    const cells = line.split(' ');
    if (line.startsWith('#') || cells.length < columns.length || columns.length === 0) continue;
    const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
    const backend = states.get(cell('be_name')) ?? new Map<string, ServerState>();
    states.set(cell('be_name'), backend);
    backend.set(cell('srv_name'), {
      address: cell('srv_addr'),
      port: Number(cell('srv_port')),
      admin: adminOf(Number(cell('srv_admin_state'))),
    });
  }
  return states;
}

/** The answer to `show stat`: how many requests, or connections, each server of one backend has under way. */
export function parseUnderWay(text: string): ReadonlyMap<string, number> {
  const [header = '', ...lines] = text.split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const [server, current] = [columns.indexOf('svname'), columns.indexOf('scur')];
  const rows = lines.map((line) => line.split(','));
  return new Map(
    rows
      .filter((cells) => cells.length >= columns.length - 1)
      .map((cells) => [cells[server] ?? '', Number(cells[current] ?? 0)]),
  );
}

/** What the answer to `show info` says that the running configuration is. */
export function parseStructure(info: string): string | null {
  return /^description: (\S+)$/m.exec(info)?.[1] ?? null;
}

/** What the answer to `show proc` says of the last time that the configuration was read. */
export function parseReloads(
  processes: string,
): { readonly count: number; readonly hasFailed: boolean } | null {
  const [, count, failed] = /^\d+\s+master\s+(\d+)(?:\s+\[failed: (\d+)\])?/m.exec(processes) ?? [];
  if (count === undefined) return null;
  return { count: Number(count), hasFailed: Number(failed ?? 0) > 0 };
}

function adminOf(bits: number): ServerState['admin'] {
  if ((bits & maintenance) !== 0) return 'maint';
  return (bits & drained) === 0 ? 'ready' : 'drain';
}
