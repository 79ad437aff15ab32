import { type ProgramOutput, runProgram } from "../../testutil/run_program.ts";
import { reportMissing, type Requirement, requirement } from "../../testutil/requirement.ts";

/** How sessions run: as nobody in particular, with no network and no capability. */
const HARDENED = [
  ["--network", "none"],
  ["--cap-drop", "ALL"],
  ["--security-opt", "no-new-privileges"],
  ["--pids-limit", "256"],
  ["--memory", "512m"],
  ["--tmpfs", "/tmp:rw,nosuid,nodev,exec,size=256m"],
  ["--user", "65532:65532"],
].flat();

/** Tells whether an engine and these images are there; `deno task images` makes them. */
export async function requireImages(names: readonly string[]): Promise<Requirement> {
  const docker = await requirement("docker");
  if (docker.ignore) return docker;
  const found = await runProgram("docker", ["image", "inspect", "--format", "{{.Id}}", ...names]);
  if (found.code === 0) return { ignore: false };
  return await reportMissing("images", "not all images of languages are there (deno task images)");
}

/** Options of {@linkcode runInImage}. */
export interface RunInImageOptions {
  /** Files to write first, by path and content. @default {{}} */
  files?: Readonly<Record<string, string>>;
}

/** Runs a shell script in a fresh container of an image, without network or capabilities. */
export async function runInImage(
  image: string,
  script: string,
  options: RunInImageOptions = {},
): Promise<ProgramOutput> {
  const { files = {} } = options;
  const writes = Object.entries(files).map(([path, content]) =>
    `cat > '${path}' <<'END_OF_FILE'\n${content}\nEND_OF_FILE\n`
  );
  const args = ["run", "--rm", ...HARDENED, image, "sh", "-c", writes.join("") + script];
  return await runProgram("docker", args, { timeoutMs: 120_000 });
}
