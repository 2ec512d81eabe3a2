import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/**
 * `[host[:port]/]path[:tag][@digest]` → the same with `:latest` where neither tag nor digest says which image is meant.
 * The colon of a registry's port is not a tag's.
 */
export function parseImage(text: string): Parsed<string> {
  const match = reference.exec(text);
  if (match?.groups === undefined) return bad(text);
  const { tag, digest } = match.groups;
  return { value: tag === undefined && digest === undefined ? `${text}:latest` : text };
}

// After Docker's reference grammar: the host may have capitals and a port, the path may not.
const reference =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[a-z0-9+._-]+:[0-9a-f]{32,128}))?$/;

function bad(text: string): Parsed<string> {
  return {
    fault: {
      code: 'bad-image',
      message: `${quote(text)} is not the name of an image`,
      hint: 'Write it as "[registry/]name[:tag]"; the name has lower-case letters only.',
    },
  };
}
