import { parseArgs, type ParseArgsConfig } from "node:util";

/** What `deno task images` is asked to do. */
export interface BuildOptions {
  /** Languages, aliases or folders; none stands for all. */
  readonly languages: readonly string[];
  readonly help: boolean;
  readonly list: boolean;
  /** Whether the base images are made out of Debian's packages instead of being pulled. */
  readonly fromDebian: boolean;
  /** Where `--from-debian` gets Debian; undefined for debootstrap's own choice. */
  readonly mirror: string | undefined;
  /** The base image to use instead of the one that the Dockerfile names. */
  readonly base: string | undefined;
  /** A file of certificates that builds of `--from-debian` trust in addition. */
  readonly certificates: string | undefined;
  /** The network of the build's steps, such as `host`. */
  readonly network: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly noCache: boolean;
  readonly jobs: number;
  readonly verbose: boolean;
}

/** What `--help` prints. */
export const HELP = `Builds the images that languages run in.

Usage: deno task images [OPTION]... [LANGUAGE]...

LANGUAGE is a language, one of its other names, or a folder of runtimes/; without any, all are built.

  --list               Show the images and where each comes from, and build nothing
  --from-debian        Make the base images out of Debian's packages, for machines that cannot pull;
                       needs Linux, root and debootstrap
  --mirror URL         Where --from-debian gets Debian (default: what debootstrap takes)
  --certificates FILE  Certificates that --from-debian trusts in addition, such as a company's; no
                       image keeps them (default: the file that SSL_CERT_FILE names)
  --base IMAGE         Use this base image, for one LANGUAGE
  --network MODE       Network of the build's steps, such as host (default: the engine's)
  --build-arg KEY=VAL  Pass a value to the Dockerfiles, such as HTTP_PROXY=...; may be repeated
  --no-cache           Use nothing of earlier builds
  --jobs N             Build so many at the same time (default: 2)
  --verbose            Show all that the steps write
  --help               Show this

The engine is the one at DOCKER_HOST, or else at /var/run/docker.sock.
`;

const FLAGS = {
  help: { type: "boolean", short: "h", default: false },
  list: { type: "boolean", default: false },
  "from-debian": { type: "boolean", default: false },
  mirror: { type: "string" },
  base: { type: "string" },
  certificates: { type: "string" },
  network: { type: "string" },
  "build-arg": { type: "string", multiple: true, default: [] },
  "no-cache": { type: "boolean", default: false },
  jobs: { type: "string", default: "2" },
  verbose: { type: "boolean", default: false },
} as const satisfies ParseArgsConfig["options"];

/** Reads the arguments. Throws a `RangeError` or `TypeError` that says what is wrong with them. */
export function parseBuildOptions(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): BuildOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: FLAGS,
    allowPositionals: true,
  });
  const fromDebian = values["from-debian"];
  if (fromDebian && values.base !== undefined) {
    throw new RangeError("Cannot take both --from-debian and --base: each says what to build on");
  }
  if (!fromDebian && values.mirror !== undefined) {
    throw new RangeError("Cannot take --mirror without --from-debian");
  }
  return {
    languages: positionals,
    help: values.help,
    list: values.list,
    fromDebian,
    mirror: values.mirror,
    base: values.base,
    certificates: values.certificates ?? (env["SSL_CERT_FILE"] || undefined),
    network: values.network,
    buildArgs: Object.fromEntries(values["build-arg"].map(parseBuildArg)),
    noCache: values["no-cache"],
    jobs: parseJobs(values.jobs),
    verbose: values.verbose,
  };
}

function parseBuildArg(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new RangeError(`Cannot take --build-arg "${text}": expected KEY=VALUE`);
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= 16) return jobs;
  throw new RangeError(`Cannot take --jobs "${text}": expected a number from 1 to 16`);
}
