import type { TarSource } from "../../../../src/runtimes/tar/tar_writer.ts";
import { runProgram } from "../../../testutil/run_program.ts";

const PROGRAMS = ["sh", "cat", "sleep", "ls"];

/**
 * The files of an image with a shell and a few programs: those of this machine and the libraries that
 * they need, as no image can be assumed to be there or to be pulled.
 */
export async function readTinyRootfs(): Promise<TarSource[]> {
  const files = new Map<string, string>();
  for (const name of PROGRAMS) {
    const path = await find(name);
    files.set(`bin/${name}`, path);
    const { stdout } = await runProgram("ldd", [path]);
    // Such as `libc.so.6 => /lib/libc.so.6 (0x…)`; a program that needs none has no such line.
    for (const [library] of stdout.matchAll(/\/\S+(?= \(0x)/g)) {
      files.set(library.slice(1), library);
    }
  }
  const directories = ["bin", "etc", "proc", "sys", "dev"].map((name) => directory(name, 0o755));
  const read = [...files].map(async ([name, path]) => ({
    type: "file" as const,
    name,
    mode: 0o755,
    content: await Deno.readFile(path),
  }));
  return [
    ...directories,
    directory("tmp", 0o1777),
    directory("data", 0o755),
    { type: "file", name: "etc/greeting", content: new TextEncoder().encode("hello\n") },
    ...await Promise.all(read),
  ];
}

function directory(name: string, mode: number): TarSource {
  return { type: "directory", name, mode };
}

async function find(program: string): Promise<string> {
  for (const place of ["/bin", "/usr/bin"]) {
    const path = `${place}/${program}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  throw new Error(`Cannot find ${program} on this machine`);
}
