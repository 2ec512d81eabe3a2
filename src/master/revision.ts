import { GridError } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import type { ForeignFault, SourceTree } from '../model/source.ts';
import { type CompiledGrid, type LastGood, type Prepared, prepare } from './prepare.ts';

/** The newest commit of the branch and this grid's inputs in it; `null` inputs: the commit has no such grid. */
export interface GridHead {
  /** Which one has the commit, as the settings call it. */
  readonly repository: string;
  readonly sha: string;
  readonly inputs: string | null;
  /** Commits of other repositories that stacks of it are from; absent: none. */
  readonly sources?: readonly HeadSource[];
  /** What its stacks from other repositories are at; absent: it has none. */
  readonly foreign?: readonly ForeignRead[];
  /** Warnings that are not of its files; absent: none. */
  readonly remarks?: readonly Problem[];
}

/** A stack from another repository, or why it is not to be had: then `sha` is empty. */
export interface ForeignRead {
  readonly stack: string;
  readonly repository: string;
  readonly sha: string;
  readonly path: string;
  readonly fault?: ForeignFault;
}

export interface HeadSource {
  readonly repository: string;
  readonly sha: string;
}

/** A head as a deploy remembers it. */
export function originOf({ repository, sha, inputs, sources = [] }: GridHead) {
  return { repository, sha, inputs: inputs ?? '', from: sources };
}

/** Whether the one has nothing for a grid that the other has not. */
export function changesNothing(head: GridHead, before: GridHead | null): boolean {
  if (head.inputs === null || head.inputs !== before?.inputs) return false;
  if (head.repository !== before.repository) return false;
  return JSON.stringify(head.remarks ?? []) === JSON.stringify(before.remarks ?? []);
}

/** How commits are read. */
export interface ReadingPorts {
  readonly source: (head: GridHead, grid: string) => Promise<SourceTree>;
  /** Why the commit may not be read for the grid; `null`: it may. */
  readonly verify: (head: GridHead, grid: string) => Promise<Problem | null>;
  readonly compile: (source: SourceTree, grid: string) => CompiledGrid | Promise<CompiledGrid>;
  readonly lastGood: (grid: string) => Promise<(LastGood & { inputs: string }) | null>;
}

export interface RevisionPorts extends ReadingPorts {
  readonly putLastGood: (grid: string, good: LastGood & { inputs: string }) => Promise<void>;
}

export interface Revision {
  readonly compiled: CompiledGrid;
  /** `null` where nothing is known to be wanted. */
  readonly prepared: Prepared | null;
  /** What it says is wanted already: it changes nothing. */
  readonly isWanted: boolean;
}

/** What a head says of one grid, completed by what was good last. Throws what trying again may cure. */
export async function readRevision(
  of: { readonly grid: string; readonly ports: ReadingPorts },
  head: GridHead,
): Promise<Revision> {
  const { grid, ports } = of;
  const compiled = remarked(await compile(of, head), head);
  const good = await ports.lastGood(grid);
  // A grid that cannot be read keeps what it has.
  const isWanted = compiled.grid === null || good?.inputs === (head.inputs ?? '');
  return { compiled, prepared: prepare(compiled, good, head.sha), isWanted };
}

/** Remembers what is wanted from now on. */
export async function keepRevision(
  { grid, ports }: { readonly grid: string; readonly ports: RevisionPorts },
  head: GridHead,
  { compiled, prepared }: Revision,
): Promise<void> {
  if (compiled.grid === null || prepared === null) return;
  const { stacks, held } = prepared.desired;
  const good = { sha: head.sha, inputs: head.inputs ?? '', grid: compiled.grid, stacks, held };
  await ports.putLastGood(grid, good);
}

/** Faults that trying again cannot cure (a grid that is too large to read) are problems of the commit. */
async function compile(
  { grid, ports }: { readonly grid: string; readonly ports: ReadingPorts },
  head: GridHead,
): Promise<CompiledGrid> {
  // Before anything of it is read.
  const objection = await ports.verify(head, grid);
  if (objection !== null) return { grid: null, stacks: [], failed: [], problems: [objection] };
  if (head.inputs === null)
    return await ports.compile({ sha: head.sha, inputs: '', files: new Map() }, grid);
  try {
    return await ports.compile(await ports.source(head, grid), grid);
  } catch (error) {
    if (!(error instanceof GridError) || error.retry !== 'never') throw error;
    return unreadable(grid, error);
  }
}

function remarked(compiled: CompiledGrid, { remarks = [] }: GridHead): CompiledGrid {
  if (remarks.length === 0) return compiled;
  return { ...compiled, problems: [...compiled.problems, ...remarks] };
}

function unreadable(grid: string, error: GridError): CompiledGrid {
  const problem: Problem = {
    severity: 'error',
    code: error.code,
    message: error.message,
    position: { file: `grids/${grid}`, line: 1, column: 1 },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
  return { grid: null, stacks: [], failed: [], problems: [problem] };
}

export function unreadError(grid: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `no commit with grid ${grid} was read yet`,
    hint: 'See `gridops status` for why the repository cannot be read.',
  });
}
