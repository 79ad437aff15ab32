import { execute, http, script, step, write } from "./calls.ts";
import type { Call, Scenario, Step } from "./scenario.ts";

const read = (path: string, fields = {}): Call => execute({ type: "read_file", path, ...fields });
const plain = { "accept-encoding": "identity" };

function sign(path: string, params: Record<string, unknown> = {}): Step {
  return step(
    { method: "files.sign", params: { sessionId: "$session", path, ...params } },
    { url: "$string", method: params.method ?? "GET", expiresAt: "$time" },
    { url: "/result/url" },
  );
}

/** Files of a session over plain HTTP. */
export const httpFileScenarios: readonly Scenario[] = [
  {
    name: "a file that is put over HTTP is the session's",
    steps: [
      http("PUT", "files/put-${file}/a%20b.txt", { status: 201, headers: { etag: "$string" } }, {
        body: "one é 🦕",
      }),
      step(read("put-${file}/a b.txt"), { result: { content: "one é 🦕", bytes: 11 } }),
      step(script('cat "put-${file}/a b.txt"'), { result: { stdout: "one é 🦕" } }),
      http("PUT", "files/put-${file}/a%20b.txt", { status: 204 }, { body: "two" }),
      step(read("put-${file}/a b.txt"), { result: { content: "two" } }),
      http("PUT", "files/put-${file}/a%20b.txt", { status: 412 }, {
        body: "three",
        headers: { "if-none-match": "*" },
      }),
      http("DELETE", "files/put-${file}/a%20b.txt", { status: 204 }),
      step(read("put-${file}/a b.txt"), { success: false }),
    ],
  },
  {
    name: "a file that the session wrote is read over HTTP, by ranges and versions",
    steps: [
      step(write("get-${file}.txt", "0123456789"), { success: true }),
      http("GET", "files/get-${file}.txt", {
        status: 200,
        headers: {
          "content-type": "$match:^text/plain",
          "content-disposition": "$match:^attachment",
          "x-content-type-options": "nosniff",
          "accept-ranges": "bytes",
          "etag": "$string",
        },
        body: "0123456789",
      }, { headers: plain, bind: { etag: "/headers/etag" } }),
      http("HEAD", "files/get-${file}.txt", {
        status: 200,
        headers: { "content-length": "10", "etag": "$etag" },
        body: "",
      }, { headers: plain }),
      ...([["2-4", "2-4", "234"], ["7-", "7-9", "789"], ["-2", "8-9", "89"]] as const).map(
        ([range, got, body]) =>
          http("GET", "files/get-${file}.txt", {
            status: 206,
            headers: { "content-range": `bytes ${got}/10`, "etag": "$etag" },
            body,
          }, { headers: { range: `bytes=${range}` } }),
      ),
      http("GET", "files/get-${file}.txt", {
        status: 416,
        headers: { "content-range": "bytes */10" },
      }, { headers: { range: "bytes=10-" } }),
      http("GET", "files/get-${file}.txt", { status: 304, headers: { etag: "$etag" }, body: "" }, {
        headers: { "if-none-match": "$etag" },
      }),
      step(write("get-${file}.txt", "another"), { success: true }),
      http("GET", "files/get-${file}.txt", { status: 200, body: "another" }, {
        headers: { "if-none-match": "$etag" },
      }),
      http("PUT", "files/get-${file}.txt", {
        status: 412,
        body: { error: { code: "precondition_failed", message: "$string" } },
      }, { headers: { "if-match": "$etag" }, body: "lost" }),
      step(read("get-${file}.txt"), { result: { content: "another" } }),
    ],
  },
  {
    name: "a signed URL is good for one thing",
    steps: [
      step(write("signed-${file}.txt", "for you"), { success: true }),
      sign("signed-${file}.txt"),
      { http: { method: "GET", path: "$url" }, expect: { status: 200, body: "for you" } },
      {
        http: { method: "PUT", path: "$url", body: "mine" },
        expect: { status: 403, body: { error: { code: "signature_wrong", message: "$string" } } },
      },
      {
        http: { method: "GET", path: "${url}&maxBytes=5" },
        expect: { status: 403, body: { error: { code: "signature_wrong" } } },
      },
      sign("up-${file}.txt", { method: "PUT", maxBytes: 5 }),
      { http: { method: "PUT", path: "$url", body: "123456" }, expect: { status: 413 } },
      { http: { method: "PUT", path: "$url", body: "12345" }, expect: { status: 201 } },
      step(read("up-${file}.txt"), { result: { content: "12345" } }),
    ],
  },
  {
    name: "an archive of a directory unpacks as it was",
    steps: [
      step(
        script(
          "mkdir -p ${file}/deep/empty && cd ${file} && echo run >run.sh && chmod 750 run.sh && " +
            "ln -s run.sh way && printf '\\377\\000' >deep/bytes",
        ),
        { status: "ok" },
      ),
      http("GET", "archive?path=${file}", {
        status: 200,
        headers: { "content-type": "application/x-tar" },
      }, { headers: plain, bind: { archive: "/bytes" } }),
      http("PUT", "archive?path=copy-${file}", {
        status: 200,
        body: { path: "$match:^copy-", entries: 5, bytes: 6 },
      }, { body: "$archive", headers: { "content-type": "application/x-tar" } }),
      step(
        script(
          "cd copy-${file} && find . | sort | tr '\\n' ' ' && stat -c %a run.sh && readlink way && cat way",
        ),
        {
          status: "ok",
          result: {
            stdout: ". ./deep ./deep/bytes ./deep/empty ./run.sh ./way 750\nrun.sh\nrun\n",
          },
        },
      ),
      step(read("copy-${file}/deep/bytes", { encoding: "base64" }), {
        result: { content: "/wA=", bytes: 2 },
      }),
    ],
  },
  {
    name: "nothing outside of the workspace is read or written over HTTP",
    steps: [
      http("GET", "files/..%2f..%2fetc%2fpasswd", {
        status: 400,
        body: { error: { code: "bad_path", message: "$string" } },
      }),
      http("PUT", "files/..%2fout-${file}", {
        status: 400,
        body: { error: { code: "bad_path" } },
      }, { body: "x" }),
      http("GET", "archive?path=/etc", {
        status: 400,
        body: { error: { code: "outside_workspace" } },
      }),
      http("PUT", "archive?path=..", { status: 400 }, {
        body: { tar: [{ name: "x", content: "x" }] },
        headers: { "content-type": "application/x-tar" },
      }),
      ...[
        [{ name: "ok-${file}", content: "1" }, { name: "../out-${file}", content: "2" }],
        [{ name: "ok-${file}", content: "1" }, { name: "/tmp/out-${file}", content: "2" }],
        [{ name: "ok-${file}", content: "1" }, { name: "way-${file}", linkName: "/etc" }],
      ].map((tar) =>
        http("PUT", "archive", {
          status: 400,
          body: { error: { code: "invalid_archive", message: "$match:1 entry with 1 bytes" } },
        }, { body: { tar }, headers: { "content-type": "application/x-tar" } })
      ),
      step(read("ok-${file}"), { result: { content: "1" } }),
      step(script("ls -d ../out-${file} /tmp/out-${file} way-${file} 2>/dev/null | wc -l"), {
        result: { stdout: "0\n" },
      }),
      http("GET", "files/missing-${file}", {
        status: 404,
        body: { error: { code: "file_not_found" } },
      }),
      {
        http: { method: "GET", path: "/sessions/none/files/x" },
        expect: { status: 404, body: { error: { code: "session_not_found" } } },
      },
    ],
  },
];
