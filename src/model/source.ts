/** One file of the grid repository at one commit. `blob` is its object id: equal ids, equal text. */
export type SourceFile = TextFile | RefusedFile;

export interface TextFile {
  readonly kind: 'text';
  readonly path: string;
  readonly blob: string;
  readonly text: string;
}

/** In the tree, but not to be read: whoever refers to it gets a problem that says why. */
export interface RefusedFile {
  readonly kind: 'refused';
  readonly path: string;
  readonly reason: 'symlink' | 'submodule' | 'too-large' | 'not-text';
}

/**
 * What one grid is compiled from: the files below `grids/<grid>/` and `stacks/` at one commit, by path from the
 * repository's root. `inputs` is a digest of the tree ids of the two folders; equal inputs, equal files.
 */
export interface SourceTree {
  readonly sha: string;
  readonly inputs: string;
  readonly files: ReadonlyMap<string, SourceFile>;
}
