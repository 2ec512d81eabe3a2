/**
 * Bitbucket shows HTML as it is written. Comments in it become definitions of links, which its Markdown does not show, and
 * what folds a text up is left out: the text itself stays.
 */
export function forBitbucket(markdown: string): string {
  return markdown
    .split('\n')
    .map((line) => plainLine(line))
    .filter((line) => line !== null)
    .join('\n');
}

const comment = /^<!--\s*(.*?)\s*-->$/;
const folding = /^<\/?details[^>]*>$/;
const summary = /^(?:<details[^>]*>)?<summary>(.*)<\/summary>$/;

/** `null`: nothing of the line is left. */
function plainLine(line: string): string | null {
  const hidden = comment.exec(line)?.[1];
  if (hidden !== undefined) return `[//]: # (${hidden.replace(/[()\\]/g, '\\$&')})`;
  if (folding.test(line)) return null;
  const shown = summary.exec(line)?.[1];
  return shown === undefined ? line : `**${shown.replace(/<\/?\w+>/g, '')}**`;
}
