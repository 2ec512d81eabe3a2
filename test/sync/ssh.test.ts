import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWorld, faultOf, files, never, type World } from './world.ts';

const run = promisify(execFile);
const daemon = '/usr/sbin/sshd';
const missing = await whatIsMissing();

describe.skipIf(missing !== null)(`native over ssh${missing ?? ''}`, () => {
  let ssh: SshServer;
  let world: World;

  beforeAll(async () => {
    ssh = await startSshServer();
  });
  afterAll(() => ssh.close());
  beforeEach(async () => {
    world = await createWorld({ engine: 'native', transport: 'path' });
  });
  afterEach(() => world.dispose());

  const url = () => `ssh://${userInfo().username}@127.0.0.1:${ssh.port}${world.bare}`;

  it('clones and fetches with a key, from a host that is known', async () => {
    await world.push(files);
    const { knownHosts, sshKeyFile } = ssh;
    const repository = await world.open({ url: url(), knownHosts, sshKeyFile });
    await repository.sync(never);
    const sha = await world.push({ 'grids/prod/grid.yml': 'a: 1\n' });

    expect(await repository.sync(never)).toEqual({ head: sha, moved: true });

    const { files: read } = await repository.source(sha, 'prod');
    expect(read.get('grids/prod/grid.yml')).toMatchObject({ text: 'a: 1\n' });
  });

  it('pushes a commit of ours, and only from where the branch was', async () => {
    const first = await world.push(files);
    const last = await world.push({ 'README.md': 'new\n' });
    const { knownHosts, sshKeyFile } = ssh;
    const repository = await world.open({ url: url(), knownHosts, sshKeyFile });
    await repository.sync(never);
    const wish = { author: 'ada', message: 'Roll back', at: 0, files: ['README.md'] };
    const commit = await repository.restore({ ...wish, onto: last, from: first });
    const push = { branch: 'main', commit, expected: last };

    expect(await repository.push({ ...push, expected: first }, never)).toBe(false);
    expect(await repository.push(push, never)).toBe(true);
    expect((await repository.sync(never)).head).toBe(commit);
  });

  it('takes paths with odd characters for what they are', async () => {
    const directory = join(world.directory, 'it\'s "100%" odd');
    await mkdir(directory);
    const [knownHosts, sshKeyFile] = [join(directory, 'known hosts'), join(directory, 'key')];
    await writeFile(knownHosts, await readFile(ssh.knownHosts));
    await writeFile(sshKeyFile, await readFile(ssh.sshKeyFile), { mode: 0o600 });
    const sha = await world.push(files);
    const repository = await world.open({ url: url(), knownHosts, sshKeyFile });

    expect((await repository.sync(never)).head).toBe(sha);
  });

  it.each([
    ['not known', ''],
    ['known with another key', 'other'],
  ])('refuses a host that is %s', async (_, line) => {
    await world.push(files);
    const knownHosts = join(world.directory, 'known_hosts');
    const other = `[127.0.0.1]:${ssh.port} ${await readFile(`${ssh.sshKeyFile}.pub`, 'utf8')}`;
    await writeFile(knownHosts, line === 'other' ? other : '');
    const { sshKeyFile } = ssh;
    const repository = await world.open({ url: url(), knownHosts, sshKeyFile });

    const fault = await faultOf(repository.sync(never));

    expect([fault.code, fault.retry]).toEqual(['repository-refused', 'never']);
    expect(fault.hint).toContain('known_hosts');
    expect(await readFile(knownHosts, 'utf8')).toBe(line === 'other' ? other : '');
  });

  it('is refused with a key that the host does not know', async () => {
    await world.push(files);
    const sshKeyFile = join(world.directory, 'stranger');
    await makeKey(sshKeyFile);
    const { knownHosts } = ssh;
    const repository = await world.open({ url: url(), knownHosts, sshKeyFile });

    expect((await faultOf(repository.sync(never))).code).toBe('repository-refused');
  });

  it('cannot reach a host where nobody listens', async () => {
    const { knownHosts, sshKeyFile } = ssh;
    const nobody = `ssh://git@127.0.0.1:1${world.bare}`;
    const repository = await world.open({ url: nobody, knownHosts, sshKeyFile });

    const fault = await faultOf(repository.sync(never));

    expect([fault.code, fault.retry]).toEqual(['repository-unreachable', 'later']);
  });
});

interface SshServer {
  readonly port: number;
  readonly knownHosts: string;
  readonly sshKeyFile: string;
  close(): Promise<void>;
}

/** Why there can be no ssh server here; null when there can. */
async function whatIsMissing(): Promise<string | null> {
  if (!existsSync(daemon)) return ` (skipped: there is no ${daemon}; apt install openssh-server)`;
  if (process.getuid?.() !== 0) return null;
  const passwd = await readFile('/etc/passwd', 'utf8');
  return /^sshd:/m.test(passwd) ? null : ' (skipped: as root, sshd needs a user "sshd")';
}

/** Our own server on a loopback port: nothing of the machine's ssh configuration is used or changed. */
async function startSshServer(): Promise<SshServer> {
  const directory = await mkdtemp(join(tmpdir(), 'gridops-sshd-'));
  const file = (name: string) => join(directory, name);
  await makeKey(file('host'));
  await makeKey(file('client'));
  const port = await freePort();
  const host = await readFile(file('host.pub'), 'utf8');
  await writeFile(file('known_hosts'), `[127.0.0.1]:${port} ${host}`);
  const config = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: file('host'),
    AuthorizedKeysFile: file('client.pub'),
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
  };
  const lines = Object.entries(config).map(([key, value]) => `${key} ${value}\n`);
  await writeFile(file('config'), lines.join(''));
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const child = spawn(daemon, ['-D', '-e', '-f', file('config')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await vi
    .waitFor(() => answers(port), { timeout: 10_000 })
    .catch((error: unknown) => {
      child.kill();
      throw error;
    });
  return {
    port,
    knownHosts: file('known_hosts'),
    sshKeyFile: file('client'),
    close: async () => {
      child.kill();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}

async function makeKey(path: string): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  }).finally(() => socket.destroy());
}
