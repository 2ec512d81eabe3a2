/** One image that `docker build` makes of a folder, for the services that run it. */
export interface ImageBuild {
  /** With its tag. */
  readonly image: string;
  /** More names of it, each with its tag. */
  readonly tags: readonly string[];
  /** `grid/stack/service` of each that wants it. */
  readonly services: readonly string[];
  readonly context: BuildContext;
  /** `null`: the builder's default. */
  readonly dockerfile: Dockerfile | null;
  /** By name. */
  readonly args: readonly BuildArgument[];
  /** What else the builder is told, as its command line has it. */
  readonly options: readonly BuildOption[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly hooks: readonly PreBuildHook[];
}

export type BuildContext =
  /** From the root of the repository; empty: the root itself. */
  | { readonly kind: 'folder'; readonly path: string }
  /** The builder fetches it itself. */
  | { readonly kind: 'remote'; readonly address: string };

export type Dockerfile =
  /** From the root of what the context is from. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string };

export interface BuildArgument {
  readonly name: string;
  /** `null`: from the environment of whoever builds. */
  readonly value: string | null;
}

export interface BuildOption {
  readonly name: `--${string}`;
  readonly value: string;
}

/** A command that runs before the image is built. */
export interface PreBuildHook {
  readonly name: string;
  readonly command: string;
  /** Where it runs, from the root of the repository: the folder of the file that it is written in. */
  readonly folder: string;
  /** The one that has it: `grid/stack/service`. */
  readonly service: string;
}
