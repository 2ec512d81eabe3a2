import type { Problem } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import type { LinkedStack } from './dependencies.ts';
import type { Tree } from './read.ts';
import type { SourceIndex } from './source-index.ts';
import type { TreeCache } from './sources.ts';

/** A stack as it was compiled, and from what. */
export interface CachedStack {
  readonly stack: LinkedStack;
  /** Those of the stack by itself. */
  readonly problems: readonly Problem[];
  /** Everything that the stack is made from beside files. */
  readonly inputs: string;
  /** Path → identity of each file and folder that was asked for. */
  readonly consulted: ReadonlyMap<string, string>;
}

/** What compiles of one grid keep for the next. It holds what the last compile used, and nothing else. */
export interface GridCache extends TreeCache {
  /** The stack of that name, when all that it was compiled from is the same. */
  find(name: string, inputs: string, files: SourceIndex): CachedStack | null;
  put(name: string, stack: CachedStack): void;
  /** Ends a compile: drops what it did not use. False when nothing is left. */
  sweep(): boolean;
}

export function createGridCache(): GridCache {
  let trees = new Map<string, Tree>();
  let stacks = new Map<string, CachedStack>();
  let usedTrees = new Map<string, Tree>();
  let usedStacks = new Map<string, CachedStack>();
  return {
    get(file, duplicates, parse) {
      if (!isShared(file)) return parse();
      const key = `${duplicates} ${file.blob} ${file.path}`;
      const tree = usedTrees.get(key) ?? trees.get(key) ?? parse();
      usedTrees.set(key, tree);
      return tree;
    },
    find(name, inputs, files) {
      const stack = stacks.get(name);
      if (stack === undefined || stack.inputs !== inputs || !isCurrent(stack, files)) return null;
      usedStacks.set(name, stack);
      return stack;
    },
    put(name, stack) {
      usedStacks.set(name, stack);
    },
    sweep() {
      [trees, stacks] = [usedTrees, usedStacks];
      [usedTrees, usedStacks] = [new Map(), new Map()];
      return trees.size + stacks.size > 0;
    },
  };
}

// A file in a stack's own folder is read again only when its stack is: its tree is not worth its memory.
function isShared(file: TextFile): boolean {
  return !/^grids\/[^/]+\/stacks\//.test(file.path);
}

function isCurrent(stack: CachedStack, files: SourceIndex): boolean {
  for (const [path, identity] of stack.consulted) {
    if (files.identity(path) !== identity) return false;
  }
  return true;
}
