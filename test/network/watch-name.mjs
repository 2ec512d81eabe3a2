import { createSocket } from 'node:dgram';
import dnsPacket from 'dns-packet';

/**
 * Asks a DNS server for a name again and again, and prints a JSON line whenever the answer is another one: `{at, answer}`,
 * where `answer` is the sorted addresses, or why there are none. Ends by a signal. An answer that does not come within
 * 250 ms is `timeout`.
 */
const [server, name] = process.argv.slice(2);
const PAUSE_MS = 5;
const LIMIT_MS = 250;

const socket = createSocket('udp4');
let id = 0;
let waiting = null;
let last = null;

socket.on('message', (message) => {
  const answer = dnsPacket.decode(message);
  if (answer.id !== id) return;
  clearTimeout(waiting);
  const addresses = (answer.answers ?? []).flatMap(({ type, data }) => (type === 'A' ? data : []));
  tell(addresses.length > 0 ? addresses.toSorted().join(' ') : answer.rcode);
});
socket.on('error', (error) => tell(error.code ?? 'error'));
ask();

function ask() {
  id = (id + 1) % 65_536;
  waiting = setTimeout(() => tell('timeout'), LIMIT_MS);
  const packet = {
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'A', name }],
  };
  socket.send(dnsPacket.encode(packet), 53, server, (error) => {
    if (error === null || error === undefined) return;
    clearTimeout(waiting);
    tell(error.code ?? 'error');
  });
}

function tell(answer) {
  if (answer !== last) process.stdout.write(`${JSON.stringify({ at: Date.now(), answer })}\n`);
  last = answer;
  setTimeout(ask, PAUSE_MS);
}
