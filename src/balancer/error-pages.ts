import { quoteWord } from './words.ts';

function page(title: string, text: string): string {
  return quoteWord(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><body style="font:16px/1.5 system-ui,sans-serif;margin:20vh auto;max-width:32em;padding:0 1em"><h1>${title}</h1><p>${text}</p></body></html>`,
  );
}

const pages = {
  502: page('Bad gateway', 'The service gave an answer that makes no sense.'),
  503: page(
    'Service unavailable',
    'The service is there, and nothing answers for it at the moment.',
  ),
  504: page('Gateway timeout', 'The service did not answer in time.'),
};

const html = 'content-type "text/html; charset=utf-8" string';

/** What clients are shown when there is nothing else to show. */
export const errorPages = {
  all: Object.entries(pages).map(([status, text]) => `http-error status ${status} ${html} ${text}`),
  none: `http-request return status 503 ${html} ${page('Service unavailable', 'No service answers for this address.')}`,
} as const;
