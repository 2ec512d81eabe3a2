/** One server-sent event; `id` and `event` are empty when the server gave none. */
export interface StreamMessage {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** No message of a master comes near; whoever sends more is not one. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/**
 * Splits a `text/event-stream` into messages: fields are lines `name: value`, a blank line ends a message, lines that begin
 * with a colon are comments. Ends when the stream does.
 */
export async function* readMessages(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_CHARACTERS) throw new Error('a message of the stream is too long');
    for (const block of blocks) {
      const message = parseMessage(block);
      if (message.data !== '') yield message;
    }
  }
}

function parseMessage(block: string): StreamMessage {
  const fields = { id: '', event: '', data: [] as string[] };
  for (const line of block.split('\n')) {
    const match = /^(id|event|data): ?(.*)$/.exec(line);
    if (match === null) continue;
    const [, name, value = ''] = match;
    if (name === 'data') fields.data.push(value);
    else fields[name as 'id' | 'event'] = value;
  }
  return { ...fields, data: fields.data.join('\n') };
}
