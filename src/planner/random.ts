/**
 * Rendezvous hashing: each pair of an instance and a node has a weight that looks random and never changes, and the
 * heaviest node wins. A node that comes or goes moves nothing but what was, or would have been, on it.
 */
export function weight(instanceHash: number, nodeHash: number): number {
  return scramble(Math.imul(instanceHash, 0x9e3779b1) ^ nodeHash);
}

/** FNV-1a over UTF-16 code units, 32 bits. Good enough to spread; not against someone who picks names to collide. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return scramble(hash);
}

/** Murmur3's finaliser: every bit of the input changes about half of the output's. */
function scramble(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
