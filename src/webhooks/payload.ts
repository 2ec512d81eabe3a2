import { isObject } from './fields.ts';

/** Real payloads nest about eight deep. */
const MAX_DEPTH = 64;

/** The object that a body is in JSON; `null`: it is none, is not UTF-8 or is nested too deep. Never throws. */
export function parsePayload(rawBody: Uint8Array): object | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(rawBody);
    const value: unknown = isTooDeep(text) ? null : JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Counts brackets outside of strings; on text that is no JSON the answer does not matter. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString && character === '\\') at += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
