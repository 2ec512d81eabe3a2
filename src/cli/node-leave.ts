import { agentOptions } from './agent-options.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import type { Departure, Launch } from './launch.ts';
import { show } from './output.ts';
import { readSettingsFile } from './settings-file.ts';
import { type Flags, loadSettings } from './settings-load.ts';

/** Takes the host that this runs on out of its grid; needs no master. */
export async function leaveGrid(
  io: Io,
  launch: Launch,
  options: { readonly flags: Flags; readonly withContainers: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const { flags, withContainers, json } = options;
  const { config } = flags;
  const file = await readSettingsFile(io, typeof config === 'string' ? config : undefined);
  const { values } = await loadSettings({ section: 'agent', flags, file, io });
  const { directory, dockerSocket, network } = agentOptions({ ...values, master: [] }, io);
  const { hostsFile, wireguardImage } = network;
  const value = await launch.leaveGrid({
    directory,
    dockerSocket,
    hostsFile,
    wireguardImage,
    withContainers,
  });
  show(io, { json, value, text: printDeparture });
  return EXIT.done;
}

function printDeparture({ grid, node, containers, volumes }: Departure): string {
  const lines = [
    `This host is node ${node} of grid ${grid} no more.`,
    ...(containers.length === 0 ? [] : [`Removed containers: ${containers.join(', ')}`]),
    ...(volumes.length === 0
      ? []
      : [`Volumes that are still here: ${volumes.join(', ')} (docker volume rm removes them)`]),
    `The master still knows the node: gridops node rm ${grid} ${node}`,
  ];
  return lines.join('\n');
}
