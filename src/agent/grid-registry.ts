/** A registry that runs in the grid: images of it are called `registry.<grid>.kontena.local:5000/…`. */
export interface GridRegistry {
  readonly host: string;
  readonly port: number;
}

/** The registry that a grid has by its stack `registry`, whether or not an image names it. */
export function ownRegistry(grid: string): GridRegistry {
  return { host: `registry.${grid}.kontena.local`, port: 5000 };
}

const form = /^([a-z0-9][a-z0-9.-]{0,252}):([1-9]\d{0,4})\//;

/** The registry in the grid that an image comes from; `null`: it comes from elsewhere. Only one with its port is taken. */
export function gridRegistry(image: string, grid: string): GridRegistry | null {
  const [, host = '', port = ''] = form.exec(image) ?? [];
  if (!host.endsWith(`.${grid}.kontena.local`) || Number(port) > 65_535) return null;
  return { host, port: Number(port) };
}

/** Those of many images, each once. */
export function gridRegistries(images: Iterable<string>, grid: string): readonly GridRegistry[] {
  const found = new Map<string, GridRegistry>();
  for (const image of images) {
    const registry = gridRegistry(image, grid);
    if (registry !== null) found.set(`${registry.host}:${registry.port}`, registry);
  }
  return [...found.values()];
}
