/** What a person can ask for in a comment on a pull request. There is none to deploy: merging does that. */
export type RequestCommand =
  | { readonly kind: 'help' }
  /** The plan once more; on a fork's pull request, for the first time. */
  | { readonly kind: 'plan' }
  | { readonly kind: 'freeze'; readonly grid: string; readonly hours: number | null }
  | { readonly kind: 'unfreeze'; readonly grid: string }
  /** At least as much of the plan's hash as is shown. */
  | { readonly kind: 'approve'; readonly hash: string }
  /** It is for us, and nothing that we know. */
  | { readonly kind: 'unknown' };

/** What is no command is not even looked at further. */
const LONGEST = 200;
/** As much of a plan's hash as `gridops plan` shows. */
export const SHOWN_HASH = 12;

/**
 *   command  = "/gridops" [ verb ]                       one line; anything else is talk between people
 *   verb     = "help" | "plan"
 *            | "freeze" grid [ hours "h" ] | "unfreeze" grid
 *            | "approve" hash
 *
 * `null`: not for us. Nothing of it is ever given to a shell, and no word has other characters than names have.
 */
export function parseRequestCommand(comment: string): RequestCommand | null {
  const line = comment.trim();
  if (line.length > LONGEST || /[\r\n]/.test(line)) return null;
  const [call, verb = 'help', ...words] = line.split(/[ \t]+/);
  if (call !== '/gridops') return null;
  const read = Object.hasOwn(verbs, verb.toLowerCase()) ? verbs[verb.toLowerCase()] : undefined;
  const isPlain = words.every((word) => /^[A-Za-z0-9_.-]+$/.test(word));
  return (isPlain ? read?.(words) : undefined) ?? { kind: 'unknown' };
}

/** `undefined`: the words do not fit the verb. */
const verbs: Readonly<Record<string, (words: readonly string[]) => RequestCommand | undefined>> = {
  help: (words) => (words.length === 0 ? { kind: 'help' } : undefined),
  plan: (words) => (words.length === 0 ? { kind: 'plan' } : undefined),
  freeze: ([grid, time, ...more]) => {
    const hours = time === undefined ? null : hoursOf(time);
    const fits = grid !== undefined && hours !== undefined && more.length === 0;
    return fits ? { kind: 'freeze', grid, hours } : undefined;
  },
  unfreeze: ([grid, ...more]) =>
    grid === undefined || more.length > 0 ? undefined : { kind: 'unfreeze', grid },
  approve: ([hash, ...more]) => {
    const fits = hash !== undefined && /^[0-9a-f]{12,64}$/.test(hash) && more.length === 0;
    return fits ? { kind: 'approve', hash } : undefined;
  },
};

function hoursOf(text: string): number | undefined {
  const [, digits] = /^([1-9]\d{0,3})h$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Markdown. */
export const commandHelp = `| Command | |
|---|---|
| \`/gridops plan\` | Plans this pull request once more. On one from a fork: for the first time, as it is now. |
| \`/gridops freeze GRID [12h]\` | No commit is deployed to the grid, until then or until it is lifted. |
| \`/gridops unfreeze GRID\` | Lifts it. |
| \`/gridops approve HASH\` | Confirms the plan with that hash, of a deploy that is held. |

Who may push to this repository may use them. Merging deploys; a revert takes it back.`;
