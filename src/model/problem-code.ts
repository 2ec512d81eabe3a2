import { compareText } from './identity.ts';
import type { Problem, ShownProblem } from './problem.ts';

/**
 * Every code that a `Problem` can have, and what it means in general (Markdown). The table of docs/grid-repository.md and the
 * rules of SARIF are made of it; a test finds codes that are missing here.
 */
export interface ProblemCode {
  readonly code: string;
  readonly severity: Problem['severity'];
  readonly meaning: string;
}

/** The page that explains every code, from the root of this project; its anchors are the codes. */
const page = 'docs/grid-repository.md';

/** Where a problem's code is explained, as people are shown it everywhere. */
export function problemHelp(code: string): string {
  return `${page}#${code}`;
}

export function shownProblem(problem: Problem, frame: string | null): ShownProblem {
  const help = problemHelp(problem.code);
  return { ...problem, help, ...(frame === null ? {} : { frame }) };
}

const errors: Readonly<Record<string, string>> = {
  'bad-affinity': 'Not `KEY==VALUE` or `KEY!=VALUE`.',
  'bad-command': 'A command or entrypoint that cannot be split into words, or has none.',
  'bad-device': 'Not `/dev/host[:/dev/container[:rwm]]`, or two devices at one place.',
  'bad-duration': 'Not a duration such as `1m30s`.',
  'bad-preview':
    'A stack of a pull request asks for what only reviewed stacks get, or is in another repository.',
  'bad-schedule': 'Not a cron expression, or not the name of a time zone.',
  'bad-environment': 'An environment variable without a name or value, or too long.',
  'bad-health-check': '`interval` is shorter than `timeout`, or a `test` that says nothing to run.',
  'bad-hook': 'A hook for no instance, or hooks that are too large together.',
  'bad-host': 'Not a host name with an address, or a DNS server that is not an address.',
  'bad-image': 'Not the name of an image.',
  'bad-key': 'A key that is empty, or is not a word.',
  'bad-label': 'A label without a name, or one that Docker does not take.',
  'bad-limit': 'A soft limit above its hard limit.',
  'bad-link': 'Not `[stack/]service[:alias]`, or one alias for two services.',
  'bad-load-balancing':
    'A `KONTENA_LB_` variable that a load balancer cannot go by, or a port that it cannot have twice.',
  'bad-merge-key': '`<<` takes a map or a list of maps.',
  'bad-mode': 'Not an octal file mode such as `0440`.',
  'bad-pair': 'A name or value in `sysctls`, `annotations` or build arguments that cannot be one.',
  'bad-path': 'A path that is absolute, leads out of the repository, or is none.',
  'bad-port': 'Not `[ip:]node:container[/protocol]`, or too many ports.',
  'bad-resolver': "A variable's `from` that cannot be asked here. Give the value in grid.yml.",
  'bad-security-option': 'A security option that cannot be passed on.',
  'bad-size': 'Not a size such as `512m`.',
  'bad-subnet': 'Not an IPv4 network between /8 and /24.',
  'bad-template':
    'Liquid or a percent sign that means nothing. Text that is no template goes between `{% raw %}` and `{% endraw %}`; a percent sign in an app file is `%%`.',
  'bad-tmpfs': 'Not `/path[:options]`, or an option that tmpfs does not have.',
  'bad-variable': "A variable's value does not fit its type or limits.",
  'bad-volume': 'Not `/path`, `./file:/path:ro`, `/host/path:/path[:ro]` or `volume:/path[:ro]`.',
  'bad-volumes-from': '`volumes_from` of something that cannot lend its volumes.',
  'conflicting-keys': 'Two keys that say different things about the same.',
  'control-character': 'A character that YAML does not allow.',
  'delivery-too-large':
    'A file, or all files of a service together, are more than is delivered to nodes.',
  'dependency-cycle': 'Services that wait for each other.',
  'depends-cycle': 'Stacks that bring each other along.',
  'duplicate-key': 'A key, or a name in a list, is there twice.',
  'duplicate-mount': 'Two mounts at one place.',
  'duplicate-port': 'One port of the node is published twice.',
  'duplicate-stack': 'A stack has a folder and another `file` in grid.yml.',
  'extends-cycle': 'Services that extend each other.',
  'extends-too-deep': 'A chain of `extends` that is too long.',
  'file-missing': 'A file that is referred to is not there.',
  'file-refused':
    'A symbolic link, a submodule, a file that Git LFS keeps, that is too large or is not text.',
  'file-too-large': 'More characters than are read from one file.',
  'forbidden-key': '`__proto__`.',
  'grid-missing':
    'The commit has nothing in this grid any more. Nothing is removed because of that.',
  'grid-taken': 'Two repositories have a grid of this name.',
  'internal-error': 'gridops itself failed. Nothing of the stack is changed; please report it.',
  'interpolation-syntax': 'A `${…}` that is not complete. A dollar sign as such is `$$`.',
  'interpolation-too-large': 'Variables make a text too long.',
  'invalid-name': 'A name with characters that names cannot have.',
  'missing-key': 'A key that has to be there.',
  'multiple-documents': 'A second YAML document in one file.',
  'name-too-long': 'The names of the instances would not fit into DNS.',
  'not-possible':
    'A key or value of Compose that has no meaning on a grid, with what to write instead.',
  'not-supported-yet': 'A key or form of Kontena or Compose that gridops does not act on yet.',
  'not-utf8': 'The file is not valid UTF-8.',
  'reserved-label': 'Labels that gridops sets itself.',
  'repository-refused': 'The repository cannot be read with the credentials that the master has.',
  'commit-unverified':
    'The master wants trusted signatures for these files, and the commit has none: see docs/verified-commits.md.',
  'repository-too-large': 'The commit has more files, or more text, than are read for one grid.',
  'stack-elsewhere': 'A stack is in another repository, which was not looked at.',
  'stack-empty': 'A stack file without services. To remove a stack, remove its folder.',
  'stack-file-missing': 'A stack without a stack file.',
  'stack-source-unreachable': 'The repository that a stack is in cannot be read.',
  'stack-too-large':
    'Too many services, or services that are too large together, in a stack or in what it brings along.',
  'too-many-problems': 'The rest is not shown.',
  'undefined-variable': 'A variable that is not declared, or has no value.',
  'secret-inspected':
    'Something would have to read a secret, whose value is not known before it is on its node.',
  'secret-misplaced': 'A secret stands where it would be known before it is on its node.',
  'secret-not-opened':
    'The master cannot open a sealed value: it was sealed for another key, grid or name.',
  'secret-not-sealed': 'A value of secrets.yml is there in the clear, or was damaged.',
  'unknown-alias': 'A YAML alias of nothing.',
  'unknown-certificate': 'A certificate that the grid has not sealed.',
  'unknown-config': 'A config that is not declared in `configs`.',
  'unknown-dependency': 'A link to a service that is not there.',
  'unknown-key': 'A key that nobody knows, with a guess at what was meant.',
  'unknown-ref': 'A repository has no such branch, tag or commit.',
  'unknown-repository': 'Stacks may not be taken from a repository of this name.',
  'unknown-secret': 'A secret that the grid has not sealed, and that `secrets` does not declare.',
  'unknown-service': '`extends` of a service, or an affinity to one, that is not there.',
  'unknown-tag': 'A YAML tag such as `!reset`.',
  'unknown-variable': 'grid.yml gives a value to a variable that the stack does not declare.',
  'unknown-volume': 'A volume that is not declared in `volumes`.',
  'unsupported-repository': 'The repository uses a format of Git that gridops does not read.',
  'variable-cycle': 'Variables whose values come from each other.',
  'variable-without-value': 'A required variable without a value.',
  'vpn-conflict': 'Two people on the VPN have one address, or one key.',
  'wrong-type': 'A text where a list or a map belongs, or the other way round.',
  'wrong-value': 'A value outside of what is allowed.',
  'yaml-syntax': 'Not YAML.',
  'yaml-too-deep': 'Nested too deep.',
  'yaml-too-large':
    'More values than are read from one file, aliases counted as often as they are used.',
};

const warnings: Readonly<Record<string, string>> = {
  'ambiguous-name': 'A service `web-1` beside a service `web`: both would answer to one DNS name.',
  'ambiguous-route':
    'Two services are to answer for one path of one host behind a load balancer: the first by name does.',
  'dependency-failed':
    'A service is not waited for, because its stack, or the one that brings that along, has problems.',
  'image-replaced': 'An image of Kontena that could not work here: another one runs in its place.',
  'no-effect': 'What is written here does nothing.',
  'plain-secret': 'A secret lies in the repository in the clear.',
  'read-only-files': 'Files of the repository are mounted without `:ro`; they can only be read.',
  'unbalanced-braces':
    '`${NAME` or `$NAME}`: it is the variable, as in Kontena, with the brace that is there.',
  'unknown-stack': '`previews` in grid.yml names a stack that the grid does not list.',
  'unusual-name': 'A service name with upper-case letters.',
};

/** By code. */
export const problemCodes: readonly ProblemCode[] = [
  ...toCodes('error', errors),
  ...toCodes('warning', warnings),
].toSorted((a, b) => compareText(a.code, b.code));

function toCodes(
  severity: ProblemCode['severity'],
  meanings: Readonly<Record<string, string>>,
): readonly ProblemCode[] {
  return Object.entries(meanings).map(([code, meaning]) => ({ code, severity, meaning }));
}
