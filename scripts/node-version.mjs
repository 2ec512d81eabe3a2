// Imported first by scripts that a person starts: it has to speak before a newer feature of Node is used anywhere.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `gridops needs Node 20.19 or newer; this is Node ${process.versions.node}.\n`,
  );
  process.exit(1);
}
