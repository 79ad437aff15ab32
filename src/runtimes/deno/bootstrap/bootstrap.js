// Runs in a child before the program does: tells the server that the child is up, waits for what
// is to be run, and leaves the rest of standard input to the program.
// It is loaded with --preload, so that the program is still Deno's main module.

/** Reads exactly `count` bytes; the server going away ends the child. */
function readExactly(count) {
  const bytes = new Uint8Array(count);
  for (let filled = 0; filled < count;) {
    const read = Deno.stdin.readSync(bytes.subarray(filled));
    if (read === null) Deno.exit(0);
    filled += read;
  }
  return bytes;
}

Deno.stdout.writeSync(new Uint8Array([0]));
const size = new DataView(readExactly(4).buffer).getUint32(0);
const start = JSON.parse(new TextDecoder().decode(readExactly(size)));

Object.defineProperty(Deno, "args", {
  value: start.args,
  enumerable: true,
  configurable: true,
  writable: true,
});
// The mark by which the server finds this process is none of the program's business.
if (Deno.permissions.querySync({ name: "env", variable: "CODEBEAKER_CHILD" }).state === "granted") {
  Deno.env.delete("CODEBEAKER_CHILD");
}
for (const [name, value] of Object.entries(start.env)) {
  // The program may not read the variables that its permissions leave out, so they need not be there.
  if (Deno.permissions.querySync({ name: "env", variable: name }).state === "granted") {
    Deno.env.set(name, value);
  }
}
if (start.directory !== undefined) Deno.chdir(start.directory);
