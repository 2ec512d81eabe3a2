import { createSocket } from 'node:dgram';

/** Sends one datagram: `node datagram.mjs <address> <port> <payload in hex> [<source address>]`. */
const [address, port, payload, source] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.bind({ port: 0, address: source }, () => {
  socket.send(Buffer.from(payload, 'hex'), Number(port), address, (error) => {
    socket.close();
    if (error) throw error;
  });
});
