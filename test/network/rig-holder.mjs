import { importTypeScript } from '../../scripts/type-script.mjs';

/** A process that has a rig and does not let go of it: it tells its parent the rig's identity and waits for its end. */
const { Rig } = await importTypeScript('test/network/rig/rig.ts');
const rig = await Rig.up(1);
process.send(rig.claim);
