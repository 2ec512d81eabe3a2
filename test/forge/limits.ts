import type { ValidationError } from './refusal.ts';

/**
 * What GitHub refuses though its API document does not say so. Each limit says where its number or sentence is from;
 * the sentences are those of answers that GitHub really gave.
 */
export function limitErrors(
  operationId: string,
  body: Readonly<Record<string, unknown>>,
): readonly ValidationError[] {
  return (LIMITS[operationId] ?? []).flatMap((limit) => {
    const message = limit.refuses(body[limit.key ?? limit.error.field ?? '']);
    if (message === null) return [];
    return [message === '' ? limit.error : { ...limit.error, message }];
  });
}

/** "there is a limit of 1000 statuses per sha and context within a repository": the description of create-commit-status. */
export const MAX_STATUSES_PER_CONTEXT = 1000;

/** The answer to the 1001st: renovatebot/renovate#1779, wip/app#79. */
export const TOO_MANY_STATUSES: ValidationError = {
  resource: 'Status',
  code: 'custom',
  message: 'This SHA and context has reached the maximum number of statuses.',
};

/** "The array includes a maximum of 2048 commits": the schema of the push event. */
export const MAX_COMMITS_PER_PUSH = 2048;

/** "A maximum of 3000 changed files will be reported per commit": the schema of the push event. */
export const MAX_FILES_PER_COMMIT = 3000;

/** "Events will not be created for tags when more than three tags are pushed at once": the description of the push event. */
export const MAX_TAGS_PER_PUSH = 3;

/** "Payloads are capped at 25 MB": GitHub's page on webhook events and payloads; a larger one is never delivered. */
export const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024;

/** "your server should respond with a 2XX response within 10 seconds": GitHub's page on best practices for webhooks. */
export const DELIVERY_TIMEOUT_MS = 10_000;

/** 5,000 requests an hour for a user or an installation: GitHub's page on rate limits of the REST API. */
export const REQUESTS_PER_HOUR = 5000;

interface Limit {
  readonly error: Omit<ValidationError, 'message'>;
  /** Where the value is in the body, when that is not the field that the error names. */
  readonly key?: string;
  /** GitHub's sentence when it would refuse the value; empty where it refuses without one. */
  refuses(value: unknown): string | null;
}

/** 140 characters: seen in countless logs, among them zalando/zappr#378 (2016) and vince-riv/argo-diff#49 (2024). */
const DESCRIPTION_LENGTH = 140;
/** 255 characters: runatlantis/atlantis#2506; the sentence is inferred from the one for descriptions. */
const CONTEXT_LENGTH = 255;
/** 65,536 characters: atlantis, renovate and many others cut their comments for it. */
const COMMENT_LENGTH = 65_536;

const STATES = new Set(['error', 'failure', 'pending', 'success']);

const STATUS_LIMITS: readonly Limit[] = [
  {
    error: { resource: 'Status', code: 'custom', field: 'state' },
    refuses: (value) =>
      value === undefined || (typeof value === 'string' && STATES.has(value))
        ? null
        : 'state is not included in the list',
  },
  {
    error: { resource: 'Status', code: 'custom', field: 'description' },
    refuses: (value) => tooLong('description', value, DESCRIPTION_LENGTH),
  },
  {
    // An emoji is enough: ouzi-dev/commit-status-updater#526 (2023), unicode-org/jira-github-pr-check#28 (2021).
    error: { resource: 'Status', code: 'custom', field: 'description' },
    refuses: (value) =>
      typeof value === 'string' && /[\u{10000}-\u{10ffff}]/u.test(value)
        ? "description doesn't accept 4-byte Unicode"
        : null,
  },
  {
    error: { resource: 'Status', code: 'custom', field: 'context' },
    refuses: (value) => tooLong('context', value, CONTEXT_LENGTH),
  },
  {
    // projectbluefin/lab#689 (2026): "Target url must use http(s) scheme".
    error: { resource: 'Status', code: 'custom', field: 'target_url' },
    refuses: (value) =>
      typeof value === 'string' && value !== '' && !/^https?:\/\//i.test(value)
        ? 'target_url must use http(s) scheme'
        : null,
  },
];

const COMMENT_LIMITS: readonly Limit[] = [
  {
    error: { resource: 'IssueComment', code: 'unprocessable', field: 'data' },
    key: 'body',
    refuses: (value) =>
      tooLong('', value, COMMENT_LENGTH) === null
        ? null
        : `Body is too long (maximum is ${COMMENT_LENGTH} characters)`,
  },
];

/** Issues and pull requests share the rule and, oddly, the resource. */
const ISSUE_BODY_LIMITS: readonly Limit[] = [
  {
    error: { resource: 'Issue', code: 'custom', field: 'body' },
    refuses: (value) => tooLong('body', value, COMMENT_LENGTH),
  },
];

const LIMITS: Readonly<Record<string, readonly Limit[]>> = {
  'repos/create-commit-status': STATUS_LIMITS,
  'repos/create-deployment-status': [
    {
      // Shopify/shipit-engine#1004: the same 140 characters, another resource.
      error: { resource: 'DeploymentStatus', code: 'custom', field: 'description' },
      refuses: (value) => tooLong('description', value, DESCRIPTION_LENGTH),
    },
  ],
  'issues/create-comment': COMMENT_LIMITS,
  'issues/update-comment': COMMENT_LIMITS,
  'issues/create': ISSUE_BODY_LIMITS,
  'issues/update': ISSUE_BODY_LIMITS,
  'pulls/create': ISSUE_BODY_LIMITS,
  'pulls/update': ISSUE_BODY_LIMITS,
  'issues/create-label': [
    {
      // The recorded scenario "errors" of @octokit/fixtures.
      error: { resource: 'Label', code: 'invalid', field: 'color' },
      refuses: (value) => (typeof value !== 'string' || /^[0-9a-f]{6}$/i.test(value) ? null : ''),
    },
  ],
};

function tooLong(name: string, value: unknown, maximum: number): string | null {
  if (typeof value !== 'string' || Array.from(value).length <= maximum) return null;
  return `${name} is too long (maximum is ${maximum} characters)`;
}
