import { fromFileUrl, join } from "@std/path";
import { parseEngineAddress } from "../../src/runtimes/docker/engine/engine_address.ts";
import { EngineClient } from "../../src/runtimes/docker/engine/engine_client.ts";
import { imageImport } from "../../src/runtimes/docker/engine/image_import.ts";
import { writeTar } from "../../src/runtimes/tar/tar_writer.ts";
import { runProgram } from "../testutil/run_program.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const BUILD_MS = 300_000;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
/** What says how to reach a registry from here. */
const NETWORK_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NPM_CONFIG_REGISTRY"];

/** The image of the server, built for a test from the Dockerfile without a registry of images. */
export class ServerImage implements AsyncDisposable {
  /** Its name. */
  readonly name: string;
  readonly #names: string[] = [];

  private constructor(tag: string) {
    this.name = `codebeaker-test-server:${tag}`;
  }

  /** Builds it on a Debian that the engine has, with the Deno that runs the test. */
  static async build(debian: string): Promise<ServerImage> {
    const tag = crypto.randomUUID().slice(0, 8);
    const image = new ServerImage(tag);
    try {
      const deno = await image.#denoImage(tag);
      const base = await image.#baseImage(tag, debian);
      const args = ["--build-arg", `BASE=${base}`, "--build-arg", `DENO=${deno}`, ROOT];
      // With a name, so that its layers can be removed: the classic builder keeps nameless ones.
      await image.#build(
        `codebeaker-test-dependencies:${tag}`,
        "--target",
        "dependencies",
        ...args,
      );
      await image.#build(image.name, ...args);
      return image;
    } catch (error) {
      await image[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes it, with what it was built on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names.toReversed()) {
      await runProgram("docker", ["image", "rm", "--force", name]);
    }
  }

  async #denoImage(tag: string): Promise<string> {
    const repo = "codebeaker-test-deno";
    this.#names.push(`${repo}:${tag}`);
    using engine = await EngineClient.open(parseEngineAddress(""));
    const file = await Deno.open(Deno.execPath());
    const { size } = await file.stat();
    const entry = {
      type: "file" as const,
      name: "deno",
      mode: 0o755,
      content: file.readable,
      size,
    };
    await imageImport(engine, writeTar([entry]), { repo, tag });
    return `${repo}:${tag}`;
  }

  /** The Debian, with what this machine needs to reach a registry of packages. */
  async #baseImage(tag: string, debian: string): Promise<string> {
    const context = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    try {
      const lines = [`FROM ${debian}`];
      const bundle = Deno.env.get("SSL_CERT_FILE");
      if (bundle !== undefined) {
        await Deno.copyFile(bundle, join(context, "certificates"));
        lines.push(`COPY certificates ${CERTIFICATES}`);
      }
      for (const name of NETWORK_VARIABLES) {
        const value = Deno.env.get(name);
        if (value !== undefined) lines.push(`ENV ${name}=${JSON.stringify(value)}`);
      }
      await Deno.writeTextFile(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
      const name = `codebeaker-test-base:${tag}`;
      await this.#build(name, context);
      return name;
    } finally {
      await Deno.remove(context, { recursive: true });
    }
  }

  async #build(name: string, ...args: string[]): Promise<void> {
    this.#names.push(name);
    const { code, stdout, stderr } = await runProgram(
      "docker",
      ["build", "--network", "host", "--tag", name, ...args],
      // It is there wherever there is an engine, and builds on images that only the engine has.
      { env: { ...Deno.env.toObject(), DOCKER_BUILDKIT: "0" }, timeoutMs: BUILD_MS },
    );
    if (code !== 0) throw new Error(`Cannot build ${name}: ${stderr}\n${stdout.slice(-4000)}`);
  }
}
