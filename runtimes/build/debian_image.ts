import { fromFileUrl, join } from "@std/path";
import type { EngineClient } from "../../src/runtimes/docker/engine/engine_client.ts";
import { imageImport } from "../../src/runtimes/docker/engine/image_import.ts";
import { DEBIAN_IMAGE, SUITE } from "./build_plan.ts";
import type { BuildReporter } from "./build_reporter.ts";
import { RUNTIMES } from "./recipe.ts";

/** What an imported archive cannot say by itself. */
const CONFIGURATION = [
  "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  'CMD ["bash"]',
];
const TAIL_LINES = 15;

/** Options of {@linkcode makeDebianImage}. */
export interface DebianImageOptions {
  /** Where to get Debian; without it, debootstrap decides. */
  mirror?: string | undefined;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

/** Makes the base of `--from-debian` with debootstrap and imports it. */
export async function makeDebianImage(
  engine: EngineClient,
  reporter: BuildReporter,
  options: DebianImageOptions = {},
): Promise<void> {
  const { mirror, signal } = options;
  await checkMachine();
  const scratch = await Deno.makeTempDir({ prefix: "codebeaker-debian-" });
  try {
    const root = join(scratch, "root");
    reporter.say(`debootstrap ${SUITE}`);
    await bootstrap(root, mirror);
    signal?.throwIfAborted();
    reporter.say("importing");
    await importRoot(engine, root, signal);
  } finally {
    await removeAll(scratch);
  }
}

async function checkMachine(): Promise<void> {
  if (Deno.build.os !== "linux") {
    throw new Error("Cannot build --from-debian: debootstrap needs Linux; build without it");
  }
  try {
    await new Deno.Command("debootstrap", { args: ["--version"], stdout: "null" }).output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      "Cannot build --from-debian: debootstrap is not on the PATH; install it, as in " +
        "`apt-get install debootstrap`",
      { cause },
    );
  }
  if (Deno.uid() !== 0) {
    throw new Error("Cannot build --from-debian: debootstrap needs root; run it with sudo");
  }
}

// A terminal's interrupt reaches debootstrap by itself, and it has to clean up behind itself.
async function bootstrap(root: string, mirror: string | undefined): Promise<void> {
  const script = fromFileUrl(new URL("debian/bootstrap", RUNTIMES));
  const { success, code, stdout, stderr } = await new Deno.Command("sh", {
    args: [script, SUITE, root, ...(mirror === undefined ? [] : [mirror])],
    stdin: "null",
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const tail = said.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  throw new Error(`Cannot make a Debian with debootstrap: it ended with code ${code}:\n${tail}`);
}

async function importRoot(
  engine: EngineClient,
  root: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using tar = new Deno.Command("tar", {
    args: ["--directory", root, "--numeric-owner", "--create", "."],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const [repo, tag] = DEBIAN_IMAGE.split(":") as [string, string];
  await imageImport(engine, tar.stdout, { repo, tag, changes: CONFIGURATION, signal });
  const { code } = await tar.status;
  if (code !== 0) throw new Error(`Cannot pack ${root}: tar ended with code ${code}`);
}

async function removeAll(directory: string): Promise<void> {
  // A debootstrap that was killed leaves /proc mounted in there.
  const args = ["-rf", "--one-file-system", directory];
  const { success } = await new Deno.Command("rm", { args }).output();
  if (!success) throw new Error(`Cannot remove ${directory}: remove it by hand`);
}
