import type { TarSource } from "../../src/runtimes/tar/tar_writer.ts";
import { runProgram } from "../testutil/run_program.ts";

const BUSYBOX = "/bin/busybox";

/**
 * The files of an image with nothing but busybox, which other programs are only names of; undefined if
 * this machine has none that needs no libraries.
 *
 * @param isWanted whether the image has a program of that name
 */
export async function readBusyboxRootfs(
  isWanted: (name: string) => boolean = () => true,
): Promise<TarSource[] | undefined> {
  const { code, stdout } = await runProgram(BUSYBOX, ["--list"]);
  // What "ldd" cannot read links to nothing.
  const { code: dynamic } = await runProgram("ldd", [BUSYBOX]);
  if (code !== 0 || dynamic === 0) return undefined;
  const content = await Deno.readFile(BUSYBOX);
  const applets = stdout.trim().split("\n").filter((name) => name !== "busybox" && isWanted(name));
  return [
    ...["bin", "etc", "proc", "sys", "dev"].map((name) => ({ type: "directory" as const, name })),
    { type: "directory", name: "tmp", mode: 0o1777 },
    { type: "file", name: "bin/busybox", mode: 0o755, content },
    ...applets.map((name) => ({
      type: "symlink" as const,
      name: `bin/${name}`,
      linkName: "busybox",
    })),
  ];
}
