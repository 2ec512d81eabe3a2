/** What an outsider would send to a host's VXLAN port, to be let into the network behind it. */
export function vxlan(id: number, frame: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x08;
  header.writeUIntBE(id, 4, 3);
  return Buffer.concat([header, frame]);
}

export interface Arp {
  readonly from: { readonly mac: string; readonly address: string };
  readonly to: { readonly mac: string; readonly address: string };
}

/** "`from.address` is at `from.mac`", as an Ethernet frame. */
export function arpReply({ from, to }: Arp): Buffer {
  return Buffer.concat([
    mac(to.mac),
    mac(from.mac),
    // ARP; Ethernet and IPv4 with 6 and 4 bytes; a reply.
    Buffer.from('08060001080006040002', 'hex'),
    mac(from.mac),
    ipv4(from.address),
    mac(to.mac),
    ipv4(to.address),
  ]);
}

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

function ipv4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}
