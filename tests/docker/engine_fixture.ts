import {
  containerSpec,
  KEEPER_USER,
  SANDBOX_HOME,
  SANDBOX_UID,
  SERVER_LABEL,
} from "../../src/runtimes/docker/container_spec.ts";
import { archivePut } from "../../src/runtimes/docker/engine/archive_put.ts";
import { containerCreate } from "../../src/runtimes/docker/engine/container_create.ts";
import { containerList } from "../../src/runtimes/docker/engine/container_list.ts";
import { containerRemove } from "../../src/runtimes/docker/engine/container_remove.ts";
import { containerStart } from "../../src/runtimes/docker/engine/container_start.ts";
import { parseEngineAddress } from "../../src/runtimes/docker/engine/engine_address.ts";
import { EngineClient } from "../../src/runtimes/docker/engine/engine_client.ts";
import { isEngineError } from "../../src/runtimes/docker/engine/engine_error.ts";
import { execCreate } from "../../src/runtimes/docker/engine/exec_create.ts";
import { execStart } from "../../src/runtimes/docker/engine/exec_start.ts";
import { imageImport } from "../../src/runtimes/docker/engine/image_import.ts";
import { imageInspect } from "../../src/runtimes/docker/engine/image_inspect.ts";
import { imageRemove } from "../../src/runtimes/docker/engine/image_remove.ts";
import { StreamDemux } from "../../src/runtimes/docker/engine/stream_demux.ts";
import { type TarSource, writeTar } from "../../src/runtimes/tar/tar_writer.ts";
import { reportMissing, type Requirement, requirement } from "../testutil/requirement.ts";

/** Images that tests run in: any that the build has. */
const IMAGES = ["codebeaker-bash:latest", "codebeaker-python:latest"] as const;

/** What a container of a test may use. */
export interface TestLimits {
  /** @default {256} */
  readonly memoryLimitMB?: number;
  /** @default {128} */
  readonly pidsLimit?: number;
  /** The volume with the agent. */
  readonly agentVolume?: string;
}

const OWNER = { uid: SANDBOX_UID, gid: SANDBOX_UID, mode: 0o755 } as const;
const PROCESSES = `for place in /proc/[0-9]*; do
  while read -r key value rest; do
    case $key in
      Name:) name=$value ;;
      State:) state=$value ;;
      Uid:) echo "\${place#/proc/} $state $value $name" ;;
    esac
  done <"$place/status"
done 2>/dev/null`;

/** A process as it is seen from outside of the sandbox's user. */
export interface SeenProcess {
  readonly pid: number;
  readonly name: string;
}

/** The engine of this machine, and containers that are removed in the end. */
export class EngineFixture implements AsyncDisposable {
  readonly engine: EngineClient;
  readonly #serverId = `test-${crypto.randomUUID().slice(0, 8)}`;
  readonly #images: string[] = [];

  private constructor(engine: EngineClient) {
    this.engine = engine;
  }

  /** Connects. */
  static async open(): Promise<EngineFixture> {
    const certPath = Deno.env.get("DOCKER_CERT_PATH");
    const address = parseEngineAddress(Deno.env.get("DOCKER_HOST") ?? "", { certPath });
    return new EngineFixture(await EngineClient.open(address));
  }

  /** Starts a container that is confined as those of sessions are, with a workspace. */
  async container(image: string, limits: TestLimits = {}): Promise<string> {
    const { memoryLimitMB = 256, pidsLimit = 128, agentVolume } = limits;
    const { Id } = await containerCreate(
      this.engine,
      containerSpec({
        name: `codebeaker-${this.#serverId}-${crypto.randomUUID().slice(0, 8)}`,
        image,
        serverId: this.#serverId,
        limits: { memoryLimitMB, pidsLimit, cpuShares: 1024, cpus: 0 },
        diskLimitMB: 256,
        diskQuota: false,
        network: "none",
        readOnlyRoot: false,
        tmpMB: 64,
        agentVolume,
      }),
    );
    await this.put(
      Id,
      ["workspace", SANDBOX_HOME.slice(1)].map((name) => ({ type: "directory", name, ...OWNER })),
    );
    await containerStart(this.engine, Id);
    return Id;
  }

  /** Puts files into a container, as root. */
  async put(id: string, entries: readonly TarSource[]): Promise<void> {
    await archivePut(this.engine, id, "/", writeTar(entries));
  }

  /** The processes of the sandbox's user that live. */
  async processes(id: string): Promise<SeenProcess[]> {
    const { Id } = await execCreate(this.engine, id, {
      Cmd: ["/bin/sh", "-c", PROCESSES],
      User: KEEPER_USER,
      AttachStdout: true,
      AttachStderr: true,
    });
    using connection = await execStart(this.engine, Id);
    let text = "";
    const demux = new StreamDemux((_, bytes) => void (text += new TextDecoder().decode(bytes)));
    for (let bytes = await connection.read(); bytes !== null; bytes = await connection.read()) {
      demux.write(bytes);
    }
    return text.trimEnd().split("\n").flatMap((line) => {
      const [pid, state, uid, name = ""] = line.split(" ");
      return Number(uid) === SANDBOX_UID && state !== "Z" ? [{ pid: Number(pid), name }] : [];
    });
  }

  /** Removes a container. */
  async remove(id: string): Promise<void> {
    await containerRemove(this.engine, id, { force: true, volumes: true });
  }

  /** Makes an image of these files, with these settings. */
  async image(entries: readonly TarSource[], changes: readonly string[]): Promise<string> {
    const name = `codebeaker-${this.#serverId}`;
    await imageImport(this.engine, writeTar(entries), { repo: name, changes });
    this.#images.push(name);
    return name;
  }

  /** Removes all that was made. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const filters = { label: [`${SERVER_LABEL}=${this.#serverId}`] };
      for (const { Id } of await containerList(this.engine, { all: true, filters })) {
        await this.remove(Id);
      }
      for (const name of this.#images) await imageRemove(this.engine, name, { force: true });
    } finally {
      this.engine[Symbol.dispose]();
    }
  }
}

/** An image to test in, or why there is none. */
export async function testImage(): Promise<Requirement & { readonly image: string }> {
  const [image] = IMAGES;
  const docker = await requirement("docker");
  if (docker.ignore) return { ...docker, image };
  await using fixture = await EngineFixture.open();
  for (const name of IMAGES) {
    if (await hasImage(fixture.engine, name)) return { ignore: false, image: name };
  }
  const why = "build the images first: deno task images --from-debian";
  return { ...await reportMissing("docker", why), image };
}

async function hasImage(engine: EngineClient, name: string): Promise<boolean> {
  try {
    await imageInspect(engine, name);
    return true;
  } catch (error) {
    if (isEngineError(error, "not_found")) return false;
    throw error;
  }
}
