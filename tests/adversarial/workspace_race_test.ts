import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CommandError } from "../../src/errors.ts";
import { RunDirectory } from "../../src/runtimes/deno/run_directory.ts";
import { Slots } from "../../src/runtimes/deno/slots.ts";
import { Workspace } from "../../src/runtimes/deno/workspace.ts";
import { WorkspaceFiles } from "../../src/runtimes/deno/workspace_files.ts";

const ROUNDS = 4000;
const SWAPPER = fromFileUrl(import.meta.resolve("../testutil/swapper.ts"));

Deno.test({
  name: "WorkspaceFiles never leaves the workspace while a directory is swapped for a symlink",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const base = await Deno.makeTempDir();
    const outside = join(base, "outside");
    await Deno.mkdir(outside);
    await Deno.writeTextFile(join(outside, "file"), "secret");
    {
      await using directory = await RunDirectory.open(join(base, "data"), () => {});
      const skeleton = { directories: [], files: [], symlinks: [] };
      await using slots = new Slots(directory, undefined, skeleton);
      using workspace = new Workspace(directory, slots, "w");
      const files = new WorkspaceFiles(workspace, { scratch: directory, maxFileBytes: 1024 });
      await files.write("dir/file", new TextEncoder().encode("inside"));
      await using _swapper = swap(join(workspace.path, "dir"), join(workspace.path, "p"), outside);
      const seen = await attack(files);
      assert(seen.inside > 0, "the swaps left no moment in which the file was there");
      assert(seen.refused > 0, "the swaps never got in the way");
    }
    assertEquals(await Deno.readTextFile(join(outside, "file")), "secret");
    assertEquals([...Deno.readDirSync(outside)].map(({ name }) => name), ["file"]);
    await Deno.remove(base, { recursive: true });
  },
});

/** Uses every operation on paths below the swapped name; none may see or change what lies outside. */
async function attack(files: WorkspaceFiles): Promise<{ inside: number; refused: number }> {
  const seen = { inside: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const actions = [
      async () => {
        const { content } = await files.read("dir/file");
        assertEquals(new TextDecoder().decode(content), "inside");
      },
      () => files.write("dir/file", new TextEncoder().encode("inside")),
      () => files.write(`dir/new${round % 7}`, new TextEncoder().encode("x")),
      () => files.createDirectory("dir/sub"),
      () => files.remove("dir/sub", true),
      async () => {
        const names = (await files.list("dir")).map(({ name }) => name);
        assert(names.every((name) => /^(?:file|new\d|sub)$/.test(name)), names.join());
      },
    ];
    const action = actions[round % actions.length] ?? actions[0];
    try {
      await action?.();
      seen.inside++;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      seen.refused++;
    }
  }
  return seen;
}

function swap(name: string, parked: string, target: string): AsyncDisposable {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", SWAPPER, name, parked, target],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await child.status;
    },
  };
}
