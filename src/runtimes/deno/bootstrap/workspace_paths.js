// Runs in a child that has no file system of its own: makes `/workspace` mean the session's directory in
// Deno's own functions. Imports are mapped by an import map; Node's modules take relative paths.

const VIRTUAL = "/workspace";
const real = new URL(import.meta.url).searchParams.get("root");

/** `/workspace/x` as a path of this machine; everything else as it is. */
function toReal(path) {
  if (path instanceof URL) {
    if (path.protocol !== "file:" || !isVirtual(path.pathname)) return path;
    return real + decodeURIComponent(path.pathname).slice(VIRTUAL.length);
  }
  if (typeof path !== "string" || !isVirtual(path)) return path;
  return real + path.slice(VIRTUAL.length);
}

function isVirtual(path) {
  return path === VIRTUAL || path.startsWith(`${VIRTUAL}/`);
}

function toVirtual(path) {
  if (typeof path !== "string") return path;
  return path === real || path.startsWith(`${real}/`) ? VIRTUAL + path.slice(real.length) : path;
}

/** Function name to the number of leading arguments that are paths. */
const PATH_FUNCTIONS = {
  chdir: 1,
  chmod: 1,
  chown: 1,
  copyFile: 2,
  create: 1,
  link: 2,
  lstat: 1,
  mkdir: 1,
  open: 1,
  readDir: 1,
  readFile: 1,
  readLink: 1,
  readTextFile: 1,
  realPath: 1,
  remove: 1,
  rename: 2,
  stat: 1,
  symlink: 2,
  truncate: 1,
  utime: 1,
  writeFile: 1,
  writeTextFile: 1,
  watchFs: 1,
};
const RETURNS_PATH = new Set(["realPath", "readLink", "makeTempDir", "makeTempFile"]);

function wrap(name, convert) {
  const original = Deno[name];
  if (typeof original !== "function") return;
  const finish = RETURNS_PATH.has(name.replace(/Sync$/, ""))
    ? (result) => result instanceof Promise ? result.then(toVirtual) : toVirtual(result)
    : (result) => result;
  Deno[name] = Object.defineProperty(
    (...args) => finish(original(...convert(args))),
    "name",
    { value: name },
  );
}

function convertLeading(count) {
  return (args) =>
    args.map((arg, index) =>
      index >= count ? arg : Array.isArray(arg) ? arg.map(toReal) : toReal(arg)
    );
}

function convertTemporary([options, ...rest]) {
  return [options?.dir === undefined ? options : { ...options, dir: toReal(options.dir) }, ...rest];
}

for (const [name, count] of Object.entries(PATH_FUNCTIONS)) {
  wrap(name, convertLeading(count));
  wrap(`${name}Sync`, convertLeading(count));
}
for (const name of ["makeTempDir", "makeTempFile", "makeTempDirSync", "makeTempFileSync"]) {
  wrap(name, convertTemporary);
}
const cwd = Deno.cwd;
Deno.cwd = () => toVirtual(cwd());

// What the child was started with names real paths; code that may read it is told what holds for it.
for (const [name, value] of [["HOME", VIRTUAL], ["TMPDIR", VIRTUAL], ["DENO_DIR", undefined]]) {
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") continue;
  if (value === undefined) Deno.env.delete(name);
  else Deno.env.set(name, value);
}
