import { GridError } from '../model/error.ts';

export interface ImageReference {
  readonly name: string;
  /** A tag, or a digest with its algorithm. */
  readonly tag: string;
}

/** No way out of a URL's path segment, and nothing that ends one. Whether the name exists is the registry's business. */
const form = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,1023}$/;

/**
 * `name[:tag][@digest]` in the two halves that the engine's pull wants; without a tag it would fetch every tag there is.
 * Throws `image-not-found` for text that cannot name an image.
 */
export function imageReference(image: string): ImageReference {
  if (!form.test(image) || image.includes('..') || image.includes('//'))
    throw new GridError({
      code: 'image-not-found',
      message: `'${image.slice(0, 200)}' is not the name of an image`,
      hint: 'Write [registry/]name[:tag], in lower case.',
    });
  const at = image.indexOf('@');
  if (at >= 0) return { name: image.slice(0, at), tag: image.slice(at + 1) };
  const colon = image.lastIndexOf(':');
  // A colon before a slash belongs to the registry's port.
  if (colon < 0 || image.includes('/', colon)) return { name: image, tag: 'latest' };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1) };
}
