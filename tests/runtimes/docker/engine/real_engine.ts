import { parseEngineAddress } from "../../../../src/runtimes/docker/engine/engine_address.ts";
import { containerCreate } from "../../../../src/runtimes/docker/engine/container_create.ts";
import { containerList } from "../../../../src/runtimes/docker/engine/container_list.ts";
import { containerRemove } from "../../../../src/runtimes/docker/engine/container_remove.ts";
import { containerStart } from "../../../../src/runtimes/docker/engine/container_start.ts";
import type { HostConfig } from "../../../../src/runtimes/docker/engine/container_config.ts";
import { EngineClient } from "../../../../src/runtimes/docker/engine/engine_client.ts";
import { imageImport } from "../../../../src/runtimes/docker/engine/image_import.ts";
import { imageList, type ImageSummary } from "../../../../src/runtimes/docker/engine/image_list.ts";
import { imageRemove } from "../../../../src/runtimes/docker/engine/image_remove.ts";
import { volumeList } from "../../../../src/runtimes/docker/engine/volume_list.ts";
import { volumeRemove } from "../../../../src/runtimes/docker/engine/volume_remove.ts";
import { readTinyRootfs } from "./tiny_rootfs.ts";
import { writeTar } from "../../../../src/runtimes/tar/tar_writer.ts";

/** The engine of this machine, with an image to run and a label by which all is removed in the end. */
export class RealEngine implements AsyncDisposable {
  readonly client: EngineClient;
  /** `codebeaker.test=…`, for all that a test makes. */
  readonly labels: Readonly<Record<string, string>>;
  /** Unique to this test, for names. */
  readonly id: string;
  /** The name of an image with `sh`, `cat`, `sleep` and `ls`. */
  readonly image: string;

  private constructor(client: EngineClient) {
    this.client = client;
    this.id = `cb-test-${crypto.randomUUID().slice(0, 8)}`;
    this.labels = { "codebeaker.test": this.id };
    this.image = `${this.id}:tiny`;
  }

  /** Connects and makes the image. */
  static async start(): Promise<RealEngine> {
    const host = Deno.env.get("DOCKER_HOST") ?? "";
    const certPath = Deno.env.get("DOCKER_CERT_PATH");
    const engine = new RealEngine(await EngineClient.open(parseEngineAddress(host, { certPath })));
    try {
      await imageImport(engine.client, writeTar(await readTinyRootfs()), {
        repo: engine.id,
        tag: "tiny",
        changes: [`LABEL codebeaker.test=${engine.id}`, `CMD ["sleep", "600"]`, "ENV PATH=/bin"],
      });
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What makes a list show only what belongs to this test. */
  get filters(): { label: string[] } {
    return { label: [`codebeaker.test=${this.id}`] };
  }

  /** Starts a container that sleeps. */
  async container(config: HostConfig = {}): Promise<string> {
    const { Id } = await containerCreate(this.client, {
      Image: this.image,
      Labels: this.labels,
      HostConfig: { NetworkMode: "none", Init: false, ...config },
    });
    await containerStart(this.client, Id);
    return Id;
  }

  /** Removes all that has the label. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { client, filters } = this;
    try {
      for (const { Id } of await containerList(client, { all: true, filters })) {
        await containerRemove(client, Id, { force: true, volumes: true });
      }
      for (const { Name } of await volumeList(client, { filters })) {
        await volumeRemove(client, Name, { force: true });
      }
      await this.#removeImages();
    } finally {
      client[Symbol.dispose]();
    }
  }

  /** Removes images as often as it takes: one that another is built on can only go after that. */
  async #removeImages(): Promise<void> {
    for (let left = await this.#images(); left.length > 0;) {
      const failures: unknown[] = [];
      for (const { Id } of left) {
        await imageRemove(this.client, Id, { force: true }).catch((error) => failures.push(error));
      }
      const now = await this.#images();
      if (now.length === left.length) throw failures[0];
      left = now;
    }
  }

  #images(): Promise<ImageSummary[]> {
    return imageList(this.client, { filters: this.filters });
  }
}
