import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/** An IPv4 address in dotted form, without leading zeros: some programs read those as octal. */
export function isAddress(text: string): boolean {
  return toNumber(text) !== null;
}

/** An IPv6 address without brackets and without a zone. */
export function isIpv6Address(text: string): boolean {
  return (
    /^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`)
  );
}

/** An IPv4 network, `address/length`, with no bits set behind its length. */
export function parseSubnet(text: string): Parsed<string> {
  const [address = '', length = '', ...rest] = text.split('/');
  const number = toNumber(address);
  const bits = /^(?:[0-9]|[12][0-9]|3[0-2])$/.test(length) ? Number(length) : null;
  if (number === null || bits === null || rest.length > 0)
    return bad(text, 'is not an IPv4 network');
  if (number % 2 ** (32 - bits) !== 0) return bad(text, 'has bits set behind its length');
  return { value: text };
}

function toNumber(address: string): number | null {
  const parts = address.split('.');
  if (parts.length !== 4) return null;
  let number = 0;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    number = number * 256 + Number(part);
  }
  return number;
}

function bad(text: string, reason: string): Parsed<string> {
  const hint = 'Write it as an address and a length, for example "10.81.0.0/16".';
  return { fault: { code: 'bad-subnet', message: `${quote(text)} ${reason}`, hint } };
}
