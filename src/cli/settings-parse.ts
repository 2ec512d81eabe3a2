import type { Address, Setting } from './settings.ts';

export type ParsedSetting =
  | { readonly value: string | number | readonly string[] | Address }
  | { readonly fault: string };

/** One setting's text as its value. Faults do not repeat the text: it may be a secret. */
export function parseSetting(setting: Setting, text: string): ParsedSetting {
  switch (setting.type) {
    case 'text':
    case 'path':
      return { value: text };
    case 'integer':
      return parseInteger(text, setting.range);
    case 'url':
      return parseUrl(text);
    case 'address':
      return parseAddress(text);
    case 'urls':
      return parseUrls(partsOf(text));
    case 'list':
      return { value: partsOf(text) };
    case 'choice':
      return parseChoice(setting.choices ?? [], text);
  }
}

function partsOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseUrls(texts: readonly string[]): ParsedSetting {
  if (texts.length === 0) return { fault: 'must be at least one URL' };
  const fault = texts.map(urlFault).find((one) => one !== null);
  return fault === undefined ? { value: texts.map(plainUrl) } : { fault };
}

function parseInteger(text: string, range: Setting['range']): ParsedSetting {
  if (!/^\d{1,15}$/.test(text)) return { fault: 'must be a whole number' };
  const value = Number(text);
  const [least, most] = range ?? [0, Number.MAX_SAFE_INTEGER];
  if (value < least || value > most) return { fault: `must be from ${least} to ${most}` };
  return { value };
}

function parseUrl(text: string): ParsedSetting {
  const fault = urlFault(text);
  return fault === null ? { value: plainUrl(text) } : { fault };
}

function urlFault(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^(https?|wss?):$/.test(url.protocol))
    return 'must be a URL like https://gridops.example.com';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  return null;
}

function plainUrl(text: string): string {
  return text.replace(/\/+$/, '');
}

/** `host:port`, `:port` for all addresses, `[::1]:port`. */
function parseAddress(text: string): ParsedSetting {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return { fault: 'must be HOST:PORT like 127.0.0.1:8080' };
  return { value: { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '')), port } };
}

function parseChoice(choices: readonly string[], text: string): ParsedSetting {
  if (choices.includes(text)) return { value: text };
  return { fault: `must be one of ${choices.join(', ')}` };
}
