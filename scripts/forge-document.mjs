// Makes .cache/github-openapi-<version>.json: the part of GitHub's own API document that the stand-in forge of the tests
// implements, or will soon. The document is taken from the npm registry (pinned, checked against its integrity), cut down to
// the operations and webhooks below with all the schemas that they reach, and otherwise left as GitHub wrote it.
//
//   node scripts/forge-document.mjs            make the file if it is missing, incomplete or made from another selection
//   node scripts/forge-document.mjs --check    only say whether it is ready; never uses the network
//   node scripts/forge-document.mjs --into DIR put the file in DIR instead of .cache
//
// Exit code 0: the file is ready. 1: it is not, and stderr says why.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PACKAGE = '@octokit/openapi';
const VERSION = '23.0.2';
/** As the registry publishes it for this version: the same bytes on every machine, today and later. */
const INTEGRITY =
  'sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==';
const MEMBER = 'package/generated/api.github.com.json';
const TIME_LIMIT_MS = 300_000;

const OPERATIONS = [
  'meta/root',
  'users/get-authenticated',
  'rate-limit/get',
  // repositories and what is in them
  'repos/get',
  'repos/update',
  'repos/get-branch',
  'repos/list-branches',
  'repos/get-commit',
  'repos/list-commits',
  'repos/compare-commits-with-basehead',
  'repos/compare-commits',
  'repos/get-content',
  'repos/create-or-update-file-contents',
  'repos/get-collaborator-permission-level',
  'repos/list-pull-requests-associated-with-commit',
  'git/get-ref',
  'git/list-matching-refs',
  'git/create-ref',
  'git/update-ref',
  'git/delete-ref',
  'git/get-commit',
  'git/get-tree',
  'git/get-blob',
  // what a deploy reports
  'repos/create-commit-status',
  'repos/list-commit-statuses-for-ref',
  'repos/get-combined-status-for-ref',
  'repos/create-deployment',
  'repos/get-deployment',
  'repos/list-deployments',
  'repos/delete-deployment',
  'repos/create-deployment-status',
  'repos/get-deployment-status',
  'repos/list-deployment-statuses',
  'checks/create',
  'checks/get',
  'checks/update',
  'checks/list-for-ref',
  'checks/rerequest-run',
  // pull requests and their conversation
  'pulls/list',
  'pulls/get',
  'pulls/create',
  'pulls/update',
  'pulls/merge',
  'pulls/check-if-merged',
  'pulls/list-files',
  'pulls/list-commits',
  'pulls/list-reviews',
  'pulls/create-review',
  'issues/get',
  'issues/create',
  'issues/update',
  'issues/list-comments',
  'issues/list-comments-for-repo',
  'issues/create-comment',
  'issues/get-comment',
  'issues/update-comment',
  'issues/delete-comment',
  'issues/list-labels-on-issue',
  'issues/add-labels',
  'issues/remove-label',
  'issues/create-label',
  'reactions/create-for-issue-comment',
  'reactions/list-for-issue-comment',
  // webhooks and their deliveries
  'repos/list-webhooks',
  'repos/create-webhook',
  'repos/get-webhook',
  'repos/update-webhook',
  'repos/delete-webhook',
  'repos/ping-webhook',
  'repos/list-webhook-deliveries',
  'repos/get-webhook-delivery',
  'repos/redeliver-webhook-delivery',
  // GitHub Apps
  'apps/get-authenticated',
  'apps/list-installations',
  'apps/get-installation',
  'apps/get-repo-installation',
  'apps/create-installation-access-token',
  'apps/list-repos-accessible-to-installation',
  'apps/revoke-installation-access-token',
  'apps/list-webhook-deliveries',
  'apps/get-webhook-delivery',
  'apps/redeliver-webhook-delivery',
];

const WEBHOOKS = [
  'ping',
  'push',
  'create',
  'delete',
  'status',
  'issue-comment-created',
  'issue-comment-edited',
  'issue-comment-deleted',
  'pull-request-opened',
  'pull-request-reopened',
  'pull-request-synchronize',
  'pull-request-edited',
  'pull-request-closed',
  'pull-request-labeled',
  'pull-request-unlabeled',
  'pull-request-ready-for-review',
  'pull-request-converted-to-draft',
  'pull-request-review-submitted',
  'check-run-created',
  'check-run-completed',
  'check-run-rerequested',
  'check-suite-rerequested',
  'deployment-created',
  'deployment-status-created',
  'merge-group-checks-requested',
  'merge-group-destroyed',
  'repository-renamed',
  'repository-transferred',
  'repository-deleted',
  'installation-created',
  'installation-deleted',
  'installation-repositories-added',
  'installation-repositories-removed',
];

process.exitCode = main();

function main() {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, into: { type: 'string' } },
  });
  const folder = values.into ?? fileURLToPath(new URL('../.cache', import.meta.url));
  const file = join(resolve(folder), `github-openapi-${VERSION}.json`);
  const shown = relative(process.cwd(), file);
  try {
    if (!isReady(file)) {
      if (values.check) throw new Error(`${shown} is missing or incomplete`);
      write(file, trim(fetchDocument()));
    }
    process.stdout.write(`GitHub's API document is ready: ${shown}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`forge-document: ${error.message}\n`);
    return 1;
  }
}

/** Complete = written by this selection, and every byte of it still there. */
function isReady(file) {
  try {
    const { 'x-trimmed': stamp, ...document } = JSON.parse(readFileSync(file, 'utf8'));
    return stamp.selection === selectionDigest() && stamp.digest === digest(document);
  } catch {
    return false;
  }
}

/** Written beside its place and moved there: a half-written file is never taken for the document. */
function write(file, document) {
  const stamp = {
    source: `${PACKAGE}@${VERSION} ${MEMBER} (MIT licence, Copyright (c) Octokit contributors)`,
    selection: selectionDigest(),
    digest: digest(document),
  };
  const unfinished = `${file}.${process.pid}.tmp`;
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(unfinished, JSON.stringify({ 'x-trimmed': stamp, ...document }));
  renameSync(unfinished, file);
}

function fetchDocument() {
  const folder = mkdtempSync(join(tmpdir(), 'gridops-openapi-'));
  try {
    const tarball = download(folder);
    run('tar', ['-xzf', tarball, '-C', folder, MEMBER], 'cannot unpack the package');
    return JSON.parse(readFileSync(join(folder, MEMBER), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function download(folder) {
  const fault = `cannot get ${PACKAGE}@${VERSION} from the npm registry (is it reachable? see \`npm ping\`)`;
  const options = ['--pack-destination', folder, '--loglevel=error'];
  run('npm', ['pack', `${PACKAGE}@${VERSION}`, ...options], fault);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== INTEGRITY) {
    throw new Error(`the registry's ${PACKAGE}@${VERSION} is not the pinned one: ${integrity}`);
  }
  return tarball;
}

function run(command, args, fault) {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (done.error !== undefined) throw new Error(`${fault}: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`${fault}\n${done.stderr.trim()}`);
}

function trim(full) {
  const paths = pickOperations(full);
  const webhooks = pickWebhooks(full);
  return {
    openapi: full.openapi,
    info: full.info,
    paths,
    'x-webhooks': webhooks,
    components: reachable(full.components, [paths, webhooks]),
  };
}

function pickOperations(full) {
  const wanted = new Set(OPERATIONS);
  const paths = {};
  for (const [path, item] of Object.entries(full.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!wanted.delete(operation.operationId)) continue;
      paths[path] ??= {};
      paths[path][method] = operation;
    }
  }
  if (wanted.size > 0) throw new Error(`the document has no operation ${[...wanted].join(', ')}`);
  return withoutExamples(paths);
}

function pickWebhooks(full) {
  const picked = {};
  for (const name of WEBHOOKS) {
    const webhook = full['x-webhooks'][name];
    if (webhook === undefined) throw new Error(`the document has no webhook ${name}`);
    picked[name] = webhook;
  }
  return withoutExamples(picked);
}

/** Examples of media types are half of the document, and a fifth of them contradict the schema that they illustrate. */
function withoutExamples(tree) {
  if (Array.isArray(tree)) return tree.map(withoutExamples);
  if (tree === null || typeof tree !== 'object') return tree;
  const isMediaType = 'schema' in tree && 'examples' in tree;
  const kept = Object.entries(tree).filter(([key]) => !(isMediaType && key === 'examples'));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutExamples(value)]));
}

/** The components that the roots refer to, and those that these refer to, and so on. */
function reachable(components, roots) {
  const found = {};
  const open = roots.flatMap(references);
  for (let reference = open.pop(); reference !== undefined; reference = open.pop()) {
    const [, , kind, name] = reference.split('/');
    found[kind] ??= {};
    if (name in found[kind]) continue;
    found[kind][name] = withoutExamples(components[kind][name]);
    open.push(...references(found[kind][name]));
  }
  return found;
}

function references(tree) {
  if (tree === null || typeof tree !== 'object') return [];
  const own = typeof tree.$ref === 'string' ? [tree.$ref] : [];
  return [...own, ...Object.values(tree).flatMap(references)];
}

function selectionDigest() {
  return digest({ VERSION, OPERATIONS, WEBHOOKS });
}

function digest(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
