import type { ContainerSpec } from '../model/spec.ts';
import { alternatives, quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate } from './tree.ts';

type NetworkMode = ContainerSpec['networkMode'];

const modes: readonly NetworkMode[] = ['bridge', 'host', 'none'];

export function readNetworkMode(section: Section<ServiceEntry>): NetworkMode {
  const { value, report, node } = section;
  const mode = parseAt(section, ['network_mode'], value.network_mode, parseNetworkMode) ?? 'bridge';
  if (mode !== 'none') return mode;
  if (value.deploy?.wait_for_port !== undefined)
    report.error(locate(node, ['deploy', 'wait_for_port']), unreachable('wait_for_port'));
  if (value.health_check !== undefined)
    report.error(locate(node, ['health_check']), unreachable('health_check'));
  return mode;
}

export function parseNetworkMode(text: string): Parsed<NetworkMode> {
  const mode = modes.find((one) => one === text);
  if (mode !== undefined) return { value: mode };
  if (/^(?:service|container):/.test(text)) return { fault: borrowed(text) };
  const message = `"network_mode" must be ${alternatives(modes)}, not ${quote(text)}`;
  return { fault: { code: 'wrong-value', message, ...didYouMean(text, modes) } };
}

/** A network that is another container's ends with it: whoever uses it would have to be started anew each time. */
function borrowed(text: string): Fault {
  return {
    code: 'not-supported-yet',
    message: `a container cannot use another one's network (${quote(text)}) yet`,
    hint: 'Leave "network_mode" out: services of a grid reach each other by name. What insists on localhost can use "host" on both sides, with an affinity "service==NAME".',
  };
}

function unreachable(key: string): Fault {
  return {
    code: 'wrong-value',
    message: `"${key}" can never be fulfilled: nobody reaches a container without a network`,
    hint: 'Remove it, or "network_mode: none".',
  };
}
