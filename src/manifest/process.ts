import type { ContainerExtras, Ulimit } from '../model/extras.ts';
import { compareText } from '../model/identity.ts';
import { unordered } from './lists.ts';
import { readPairs } from './pairs.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

/** What a service says about its process: where it starts, what it may do, what it sees of its node. */
export function readProcess(section: Section<ServiceEntry>) {
  const { value } = section;
  // In the node's own process namespace nothing of ours is process 1: there it is only there when it is asked for.
  const init = value.init === (value.pid !== 'host') ? undefined : value.init;
  return {
    init,
    tty: onlyTrue(value.tty),
    stdinOpen: onlyTrue(value.stdin_open),
    workingDir: value.working_dir,
    groups: unordered(value.group_add),
    ulimits: readUlimits(section),
    sysctls: readPairs(section, 'sysctls'),
    securityOptions: readSecurityOptions(section),
    annotations: readPairs(section, 'annotations'),
    ipc: value.ipc,
    uts: value.uts,
    userns: value.userns_mode,
    cgroup: value.cgroup,
    cgroupParent: value.cgroup_parent,
    runtime: value.runtime,
    platform: value.platform,
  };
}

/** What is off by default is the same as what is not written. */
export function onlyTrue(flag: boolean | undefined): true | undefined {
  return flag === true ? true : undefined;
}

export function readUlimits({
  value,
  node,
  report,
}: Section<Pick<ServiceEntry, 'ulimits'>>): ContainerExtras['ulimits'] | undefined {
  const limits = Object.entries(value.ulimits ?? {}).map(([name, written]): Ulimit => {
    const { soft, hard } = typeof written === 'number' ? { soft: written, hard: written } : written;
    if (hard !== -1 && (soft > hard || soft === -1)) {
      const message = `the soft limit of ${quote(name)} is above its hard limit`;
      report.error(locate(node, ['ulimits', name]), { code: 'bad-limit', message });
    }
    return { name, soft, hard };
  });
  if (limits.length === 0) return undefined;
  return limits.toSorted((a, b) => compareText(a.name, b.name));
}

const words = ['no-new-privileges', 'systempaths=unconfined'];
const option =
  /^(?:(?:label|apparmor)=.+|seccomp=(?:unconfined|builtin)|no-new-privileges=(?:true|false))$/s;

function readSecurityOptions(section: Section<ServiceEntry>) {
  const options = parseEach(section, 'security_opt', section.value.security_opt, parseOption);
  return unordered(options.map((one) => one.value));
}

/** Docker's former spelling has a colon where the engine's has an equals sign. */
function parseOption(text: string): Parsed<string> {
  const value = text.replace(/^([a-z-]+):/, '$1=');
  if (words.includes(value) || option.test(value)) return { value };
  const message = `${quote(text)} is not a security option that can be passed on`;
  const hint = value.startsWith('seccomp=')
    ? 'A profile in a file is not read; "seccomp=unconfined" and "seccomp=builtin" are possible.'
    : 'Options are "no-new-privileges", "apparmor=…", "label=…", "seccomp=…" and "systempaths=unconfined".';
  return { fault: { code: 'bad-security-option', message, hint } };
}
