import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TarEntry } from './tar.ts';

const SKELETON = ['bin', 'dev', 'etc', 'proc', 'root', 'run', 'sys', 'var'];
/** glibc opens these itself when it looks up names; ldd does not know. */
const NAME_SERVICE = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/** The root of an image, put together from what is installed on this machine. */
export class RootFs {
  readonly #entries = new Map<string, TarEntry>();
  readonly #unpacked: string;

  /** `unpacked`: a folder with further packages' files, which take the place they would be installed at. */
  constructor({ unpacked = '/nonexistent' }: { readonly unpacked?: string } = {}) {
    this.#unpacked = unpacked;
    for (const folder of SKELETON) this.folder(folder);
    this.folder('tmp', 0o1777);
    this.link('var/run', '/run');
    this.text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nhaproxy:x:101:101::/:/bin/false\n');
    this.text('etc/group', 'root:x:0:\nhaproxy:x:101:\n');
    this.text('etc/nsswitch.conf', 'hosts: files dns\n');
  }

  /** Sorted, each folder before what is in it. */
  get entries(): readonly TarEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  folder(name: string, mode = 0o755): this {
    this.#parents(name);
    this.#entries.set(name, { kind: 'folder', path: name, mode });
    return this;
  }

  link(name: string, target: string): this {
    this.#parents(name);
    this.#entries.set(name, { kind: 'link', path: name, target });
    return this;
  }

  text(name: string, text: string, mode = 0o644): this {
    this.#parents(name);
    this.#entries.set(name, { kind: 'file', path: name, mode, content: Buffer.from(text) });
    return this;
  }

  /** A script, and Debian's shell: that of busybox would take its own commands for the programs of the same name. */
  script(name: string, text: string): this {
    this.busybox().programs('dash').link('bin/sh', '/usr/bin/dash');
    return this.text(name, text, 0o755);
  }

  /** The static one, with all of its commands. */
  busybox(): this {
    const file = installed('busybox');
    this.file(file, 'bin/busybox');
    // `ip` of busybox is another one than that of iproute2.
    for (const applet of lines(file, ['--list']))
      if (!['busybox', 'ip'].includes(applet) && !this.#entries.has(`bin/${applet}`))
        this.link(`bin/${applet}`, 'busybox');
    return this;
  }

  /** One file, at its own place unless another is given. */
  file(source: string, name = this.#placeOf(source)): this {
    const { size, mode } = statSync(source);
    this.#parents(name);
    const content = { file: source, size };
    this.#entries.set(name, { kind: 'file', path: name, mode: mode & 0o777, content });
    return this;
  }

  /** Everything below a folder. */
  tree(source: string): this {
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const inside = path.join(source, entry.name);
      if (entry.isDirectory()) this.tree(inside);
      else if (statSync(inside, { throwIfNoEntry: false })?.isFile() === true) this.file(inside);
      else if (entry.isSymbolicLink()) this.#keepLink(inside);
    }
    return this;
  }

  /** Programs with the libraries that they need, also to be found in /bin; a name alone is looked up as a shell would. */
  programs(...names: readonly string[]): this {
    for (const name of names) {
      const source = name.startsWith('/') ? name : installed(name);
      const place = this.#placeOf(source);
      this.file(source).libraries(source);
      if (path.dirname(place) !== 'bin') this.link(`bin/${path.basename(place)}`, `/${place}`);
    }
    return this;
  }

  libraries(source: string): this {
    for (const library of this.#needs(source)) this.file(library);
    for (const name of NAME_SERVICE) {
      const library = `/lib/${triplet()}/${name}`;
      if (existsSync(library)) this.file(library);
    }
    return this;
  }

  #needs(source: string): readonly string[] {
    const libraries = ['usr/lib', 'lib'].map((at) => path.join(this.#unpacked, at, triplet()));
    const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
    const said = lines('ldd', [source], env);
    const missing = said.find((line) => line.includes('not found'));
    if (missing !== undefined) throw new Error(`${source} needs ${missing.trim()}`);
    return said.flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  }

  #keepLink(source: string): void {
    this.link(this.#placeOf(source), readlinkSync(source));
  }

  #placeOf(source: string): string {
    const inside = path.relative(this.#unpacked, source);
    return inside.startsWith('..') ? source.slice(1) : inside;
  }

  #parents(name: string): void {
    const parent = path.dirname(name);
    if (parent !== '.' && !this.#entries.has(parent)) this.folder(parent);
  }
}

export function isInstalled(program: string): boolean {
  return placeOf(program) !== undefined;
}

/** Where a program is installed. Throws when it is not. */
export function installed(program: string): string {
  const found = placeOf(program);
  if (found === undefined) throw new Error(`an image needs the program ${program}`);
  return found;
}

function placeOf(program: string): string | undefined {
  const folders = ['/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file));
}

/** As in `/lib/x86_64-linux-gnu`. */
export function triplet(): string {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string];
  return `${machine ?? process.arch}-linux-gnu`;
}

function lines(program: string, args: readonly string[], env = process.env): readonly string[] {
  try {
    const said = execFileSync(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    return said.toString().trimEnd().split('\n');
  } catch (error) {
    // ldd's way to say that a program is static.
    if (program === 'ldd') return [];
    throw error;
  }
}
