/**
 * Swaps a name between a directory and a symlink, as hostile code in a session would, until its standard
 * input ends. Arguments: the name, the real directory's parking place, the symlink's target.
 */
const [name = "", parked = "", target = ""] = Deno.args;
let done = false;
Deno.stdin.read(new Uint8Array(1)).then(() => done = true);
for (let round = 0; !done && round < 2_000_000; round++) {
  Deno.renameSync(name, parked);
  Deno.symlinkSync(target, name);
  Deno.removeSync(name);
  Deno.renameSync(parked, name);
  if (round % 256 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
}
