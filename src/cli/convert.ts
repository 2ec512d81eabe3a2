import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Conversion, convertFile } from '../manifest/convert.ts';
import { nameFault } from '../manifest/names.ts';
import { GridError } from '../model/error.ts';
import { shownProblem } from '../model/problem-code.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint, printJson } from './output.ts';
import { printProblems } from './problem-text.ts';

export interface ConvertOptions {
  readonly file: string;
  /** What the stack is called; `null`: as the folder of the file. */
  readonly name: string | null;
  /** Where to write the stack file; `null`: print it. */
  readonly output: string | null;
  readonly json: boolean;
}

/** Larger files are not read by a master, either. */
const MOST_BYTES = 1024 * 1024;

/** Turns a Compose or app file into a stack file. What was changed, and what is left to do, is said on stderr. */
export async function convert(io: Io, options: ConvertOptions): Promise<ExitCode> {
  const path = resolve(io.cwd, options.file);
  const name = options.name ?? basename(dirname(path)).toLowerCase();
  const fault = nameFault('stack', name);
  if (fault !== null)
    throw new GridError({
      code: 'invalid-request',
      message: fault.message,
      hint: 'Say which: --name NAME.',
    });
  const file = { kind: 'text', path: options.file, blob: '', text: await read(path) } as const;
  const environment = await readEnvironment(join(dirname(path), '.env'));
  const conversion = convertFile({ file, name, environment });
  if (conversion.text !== null && options.output !== null)
    await write(resolve(io.cwd, options.output), conversion.text);
  if (options.json) io.stdout(`${printJson(conversion)}\n`);
  else print(io, conversion, options);
  return conversion.text === null ? EXIT.failed : EXIT.done;
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MOST_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    throw new GridError({ code: 'not-found', message: `${path} cannot be read`, cause: error });
  }
  throw new GridError({
    code: 'invalid-request',
    message: `${path} is larger than a stack file may be`,
  });
}

/** Lines `NAME=value`; a value may be in quotes. No file, no values. */
async function readEnvironment(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^\s*(?:export\s+)?(\w+)=(.*?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value.replace(/^(["'])(.*)\1$/, '$2')] as const];
  });
  return new Map(lines);
}

/** Never over a file that is there. */
async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    throw new GridError({
      code: 'invalid-request',
      message: `${path} cannot be written, or is there already`,
      cause: error,
    });
  }
}

function print(io: Io, { text, notes, problems }: Conversion, options: ConvertOptions): void {
  const colours = paint(io, 'stderr');
  if (text !== null && options.output === null) io.stdout(harmless(text));
  const shown = problems.map((problem) => shownProblem(problem, null));
  if (shown.length > 0) io.stderr(`${printProblems(harmless(shown), colours)}\n`);
  for (const { line, message } of harmless(notes))
    io.stderr(`${colours.dim(`${options.file}:${line}`)}  ${message}\n`);
  if (text !== null) io.stderr(next);
}

const next =
  'Put it at grids/<grid>/stacks/<name>/kontena.yml with the files that it refers to, and run `gridops validate`.\n';
