import { GridError } from '../model/error.ts';

// What `git check-ref-format` refuses, plus names that could be read as an option.
const forbidden = /^[-/.]|[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/[/.]|\.lock(\/|$)|[/.]$|^@$/u;

/**
 * The fully qualified name of a branch: a tag of the same name can never be meant.
 * @throws GridError invalid-configuration
 */
export function branchRef(branch: string): string {
  if (!isBranchName(branch)) {
    throw new GridError({
      code: 'invalid-configuration',
      message: `${JSON.stringify(branch)} is not the name of a branch.`,
      hint: 'Write the short name of a branch, such as "main".',
    });
  }
  return `refs/heads/${branch}`;
}

/** Whether it can stand below `refs/heads/`, or be a ref by itself. */
export function isBranchName(text: string): boolean {
  return text !== '' && text.length <= 200 && !forbidden.test(text);
}
