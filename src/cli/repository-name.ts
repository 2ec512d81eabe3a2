/** What a repository is called whose name nobody has given: as the last part of its address, `grids` for want of one. */
export function repositoryName(url: string): string {
  const last = url.replace(/\/+$/, '').split(/[/:]/).at(-1) ?? '';
  const plain = last
    .toLowerCase()
    .replace(/\.git$/, '')
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return plain === '' ? 'grids' : plain;
}

/** Names stand in `grid.yml`, in addresses and before the paths of files. */
export const repositoryNameForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
