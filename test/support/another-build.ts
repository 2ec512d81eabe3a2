import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The build that everything else is compared with. */
export const THIS_BUILD = fileURLToPath(new URL('../..', import.meta.url));

/** What another version has in place of a text that the build has once. */
interface Difference {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

/**
 * As an agent was before nodes said what they can do: it knows no network map, no questions and no jobs, says nothing of its
 * host and its engine, and has no time in its pings.
 */
const OLDER: readonly Difference[] = [
  {
    file: 'protocol/agent.js',
    text: '    Network,\n    Resync,\n    QuestionMessage,\n',
    instead: '    Resync,\n',
  },
  {
    file: 'agent/session.js',
    text: 'capabilities: [CAPABILITY.questions]',
    instead: 'capabilities: []',
  },
  {
    file: 'agent/session.js',
    text: 'this.#capabilities = challenge.capabilities',
    instead: 'this.#capabilities = []',
  },
  { file: 'agent/session.js', text: 'networkVersion: host.networkVersion(),', instead: '' },
  {
    file: 'agent/session.js',
    text: '.ping(String(this.#options.clock.now()))',
    instead: '.ping()',
  },
  { file: 'agent/main.js', text: 'jobs: true,', instead: '' },
  {
    file: 'protocol/codec.js',
    text: 'const { jobs = [], ...assignment } =',
    instead: 'const jobs = [], assignment =',
  },
];

/** Another version of the protocol beside this one, something new to be told of, and a table more in the store. */
const NEWER: readonly Difference[] = [
  {
    file: 'protocol/agent.js',
    text: 'PROTOCOL = { min: 1, max: 1 }',
    instead: 'PROTOCOL = { min: 1, max: 2 }',
  },
  {
    file: 'protocol/agent.js',
    text: "questions: 'questions',",
    instead: "questions: 'questions', tomorrow: 'tomorrow',",
  },
  {
    file: 'agent/session.js',
    text: "type: 'proof',",
    instead: "type: 'proof', tomorrow: { is: ['another', 'day'] },",
  },
  {
    file: 'master/session.js',
    text: "type: 'welcome',",
    instead: "type: 'welcome', tomorrow: { is: ['another', 'day'] },",
  },
  {
    file: 'master/session.js',
    text: "type: 'assignment',",
    instead: "type: 'assignment', tomorrow: { is: ['another', 'day'] },",
  },
  {
    file: 'store/migrations.js',
    text: '    ],\n];\n',
    instead: "    ],\n    ['create table tomorrow (day text not null primary key)'],\n];\n",
  },
];

/** A copy of the build that is, and behaves like, another version. Whoever makes it removes it. */
export class AnotherBuild {
  readonly root: string;
  readonly version: string;

  private constructor(root: string, version: string) {
    this.root = root;
    this.version = version;
  }

  static async older(): Promise<AnotherBuild> {
    return await AnotherBuild.#of('0.0.1', OLDER);
  }

  static async newer(): Promise<AnotherBuild> {
    return await AnotherBuild.#of('99.0.0', NEWER);
  }

  static async #of(version: string, differences: readonly Difference[]): Promise<AnotherBuild> {
    const root = await mkdtemp(join(tmpdir(), `gridops-${version}-`));
    await cp(join(THIS_BUILD, 'dist'), join(root, 'dist'), { recursive: true });
    await symlink(join(THIS_BUILD, 'node_modules'), join(root, 'node_modules'));
    await writeFile(join(root, 'package.json'), JSON.stringify({ type: 'module', version }));
    for (const difference of differences) await apply(join(root, 'dist'), difference);
    return new AnotherBuild(root, version);
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

async function apply(dist: string, { file, text, instead }: Difference): Promise<void> {
  const parts = (await readFile(join(dist, file), 'utf8')).split(text);
  if (parts.length !== 2) throw new Error(`${file} has '${text}' ${parts.length - 1} times`);
  await writeFile(join(dist, file), parts.join(instead));
}
