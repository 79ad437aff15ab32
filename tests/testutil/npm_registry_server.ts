import { type TarSource, writeTar } from "../../src/runtimes/tar/tar_writer.ts";

/** A version of a package that {@linkcode NpmRegistryServer} has. */
export interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  /** Path to text; a `package.json` is made of the rest. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Entries of the archive beside the files. */
  readonly extra?: readonly TarSource[];
  /** Begins to answer with the archive, and never goes on. */
  readonly endless?: boolean;
}

interface Stored {
  readonly published: PublishedPackage;
  readonly archive: Uint8Array<ArrayBuffer>;
  readonly integrity: string;
}

/** A registry of npm packages on this machine: what a client needs to install from it, and no more. */
export class NpmRegistryServer implements AsyncDisposable {
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  readonly #stored: readonly Stored[];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ending = new AbortController();

  private constructor(stored: readonly Stored[]) {
    this.#stored = stored;
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** Starts one with packages. */
  static async start(packages: readonly PublishedPackage[]): Promise<NpmRegistryServer> {
    return new NpmRegistryServer(await Promise.all(packages.map(store)));
  }

  /** Its name and port. */
  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** Its address. */
  get url(): string {
    return `http://${this.host}/`;
  }

  /** Ends it, and what it still answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#server.shutdown();
  }

  #answer(request: Request): Response {
    const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
    this.requests.push(path);
    const archive = this.#stored.find(({ published }) => path === archivePath(published));
    if (archive?.published.endless) return new Response(this.#endless());
    if (archive !== undefined) return new Response(archive.archive);
    const versions = this.#stored.filter(({ published }) => published.name === path);
    if (versions.length === 0) return new Response("{}", { status: 404 });
    return Response.json({
      name: path,
      "dist-tags": { latest: versions.at(-1)?.published.version },
      versions: Object.fromEntries(versions.map(({ published, integrity }) => [
        published.version,
        {
          ...manifestOf(published),
          dist: { tarball: `${this.url}${archivePath(published)}`, integrity },
        },
      ])),
    });
  }

  #endless(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array([0x1f, 0x8b, 8, 0]));
        this.#ending.signal.addEventListener("abort", () => {
          try {
            controller.close();
          } catch {
            // Whoever read it has gone.
          }
        });
      },
    });
  }
}

function archivePath({ name, version }: PublishedPackage): string {
  return `${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
}

function manifestOf({ name, version, manifest }: PublishedPackage): Record<string, unknown> {
  return { name, version, type: "module", ...manifest };
}

async function store(published: PublishedPackage): Promise<Stored> {
  const encoder = new TextEncoder();
  const files = { "package.json": JSON.stringify(manifestOf(published)), ...published.files };
  const entries: TarSource[] = Object.entries(files).map(([name, content]) => ({
    type: "file",
    name: `package/${name}`,
    content: typeof content === "string" ? encoder.encode(content) : content,
  }));
  const packed = writeTar([...entries, ...published.extra ?? []])
    .pipeThrough(new CompressionStream("gzip"));
  const archive = new Uint8Array(await new Response(packed).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", archive));
  return { published, archive, integrity: `sha512-${digest.toBase64()}` };
}
