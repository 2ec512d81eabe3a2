import type { EngineOptions } from './engine-options.ts';

/**
 * The ssh command line for git, which gives it to a shell: every word is quoted. Host keys must be known beforehand;
 * nobody is there to be asked, and nothing of the user's own ssh configuration applies.
 */
export function sshCommand(options: EngineOptions): string {
  const words = [
    'ssh',
    '-T',
    // No configuration file but the options that follow.
    '-F',
    'none',
    ...option('BatchMode', 'yes'),
    ...option('StrictHostKeyChecking', 'yes'),
    ...option('UpdateHostKeys', 'no'),
    ...option('ForwardAgent', 'no'),
    ...option('ClearAllForwardings', 'yes'),
    ...option('ConnectTimeout', String(Math.ceil(options.limits.listTimeout / 1000))),
    ...option('ServerAliveInterval', '15'),
  ];
  if (options.knownHosts !== null) {
    words.push(...option('UserKnownHostsFile', literal(options.knownHosts)));
    words.push(...option('GlobalKnownHostsFile', '/dev/null'));
  }
  if (options.sshKeyFile !== null) {
    words.push(...option('IdentitiesOnly', 'yes'));
    words.push(...option('IdentityFile', literal(options.sshKeyFile)));
  }
  return words.map(quote).join(' ');
}

function option(name: string, value: string): readonly string[] {
  return ['-o', `${name}=${value}`];
}

/** A path as a value of ssh's configuration: quoted there, too, and without its percent tokens. */
function literal(path: string): string {
  return `"${path.replaceAll('%', '%%').replaceAll(/["\\]/g, '\\$&')}"`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
