import type { EngineCheck } from '../model/extras.ts';
import { present } from '../model/present.ts';
import { parseMilliseconds } from './durations.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey } from './tree.ts';

type Written = NonNullable<ServiceEntry['healthcheck']>;
type TimeKey = 'interval' | 'timeout' | 'start_period' | 'start_interval';

/** Compose's `healthcheck`, which the engine runs. Times that nobody wrote are left to the image and the engine. */
export function readEngineCheck(section: Section<ServiceEntry>): EngineCheck | undefined {
  const { value, node, report } = section;
  const written = value.healthcheck;
  if (written === undefined) return undefined;
  if (value.health_check !== undefined) report.error(locateKey(node, ['healthcheck']), twoChecks);
  if (written.disable === true) return disabled(section, written);
  const test = readTest(section, written.test);
  if (test?.[0] === 'NONE') return { test };
  return present({
    test,
    interval: readTime(section, 'interval'),
    timeout: readTime(section, 'timeout'),
    // The engine takes nothing for its default here, too.
    retries: written.retries === 0 ? undefined : written.retries,
    startPeriod: readTime(section, 'start_period'),
    startInterval: readTime(section, 'start_interval'),
  });
}

const twoChecks: Fault = {
  code: 'conflicting-keys',
  message: 'a service has either a "health_check" or a "healthcheck"',
  hint: 'Keep "health_check" to have the agent ask over the network, or "healthcheck" to have Docker run a command.',
};

function disabled({ node, report }: Section<ServiceEntry>, written: Written): EngineCheck {
  if (written.test !== undefined) {
    const message = '"disable: true" switches off the "test" that is written beside it';
    const hint = 'Take one of the two out.';
    report.warn(locate(node, ['healthcheck', 'test']), { code: 'no-effect', message, hint });
  }
  return { test: ['NONE'] };
}

function readTest(
  section: Section<ServiceEntry>,
  written: Written['test'],
): readonly string[] | undefined {
  if (written === undefined) return undefined;
  const test = parseTest(typeof written === 'string' ? ['CMD-SHELL', written] : written);
  if (test.fault === undefined) return test.value;
  section.report.error(locate(section.node, ['healthcheck', 'test']), test.fault);
  return undefined;
}

function parseTest(words: readonly string[]): Parsed<readonly string[]> {
  const [kind, ...command] = words;
  const hasCommand = command.length > 0 && command[0] !== '';
  if (kind === 'NONE' && command.length === 0) return { value: ['NONE'] };
  if (kind === 'CMD' && hasCommand) return { value: words };
  if (kind === 'CMD-SHELL' && hasCommand && command.length === 1) return { value: words };
  const message = 'a list in "test" must begin with CMD, CMD-SHELL or NONE, and say what to run';
  const hint =
    'Write [CMD, program, argument], [CMD-SHELL, "a command line"] or the command line itself.';
  return { fault: { code: 'bad-health-check', message, hint } };
}

function readTime(section: Section<ServiceEntry>, key: TimeKey): number | undefined {
  const text = section.value.healthcheck?.[key];
  const time = parseAt(section, ['healthcheck', key], text, parseMilliseconds);
  // The engine takes nothing for its default, and so does Compose.
  return time === null || time === 0 ? undefined : time;
}
