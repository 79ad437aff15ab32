import { runScript } from "./run_script.ts";

// Programs outside the server: a tree may be large. What is hard-linked within the tree counts once.
const MEASURE = 'du -sk -- "$1" 2>/dev/null | cut -f 1';
// Deno needs no program of a package, and nothing else may lead out of the workspace.
const CLEAN = `
find "$1" ! -type f ! -type d -exec rm -f -- {} +
rm -rf -- "$1/.bin" "$1/.deno"
chmod -R u+rwX,go+rX,go-w -- "$1"
find "$1" | wc -l`;

const LOOK_MS = 500;

/** Bytes on the disk of a directory and all in it, which may change meanwhile. */
export async function measureTree(path: string): Promise<number> {
  const { stdout } = await runScript(MEASURE, [path]);
  return Number(stdout) * 1024;
}

/** Leaves nothing but files and directories, with rights for their owner; resolves to how many. */
export async function cleanTree(path: string): Promise<number> {
  const { success, stdout, stderr } = await runScript(CLEAN, [path]);
  if (!success) throw new Error(`Cannot clean ${path}: ${stderr.trim()}`);
  return Number(stdout);
}

/** Watches the size of a directory until disposed, and calls `onExceeded` once if it is above. */
export function watchSize(path: string, maxBytes: number, onExceeded: () => void): Disposable {
  let disposed = false;
  let timer: ReturnType<typeof setTimeout>;
  const look = async () => {
    const bytes = await measureTree(path);
    if (disposed) return;
    if (bytes > maxBytes) onExceeded();
    else timer = setTimeout(look, LOOK_MS);
  };
  timer = setTimeout(look, LOOK_MS);
  return {
    [Symbol.dispose]() {
      disposed = true;
      clearTimeout(timer);
    },
  };
}
