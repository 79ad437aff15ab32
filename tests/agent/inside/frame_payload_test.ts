import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeCredit,
  decodeJson,
  encodeCredit,
  encodeJson,
} from "../../../src/agent/inside/frame_payload.ts";
import { FrameError } from "../../../src/agent/inside/frames.ts";

Deno.test("decodeJson() does give back objects and refuse everything else", () => {
  assertEquals(decodeJson("exit", encodeJson({ code: 1, text: "ü" })), { code: 1, text: "ü" });
  for (const value of [1, null, "text", [1], true]) {
    assertThrows(
      () => decodeJson("exit", encodeJson(value)),
      FrameError,
      '"exit" is not an object',
    );
  }
  for (const bytes of [Uint8Array.of(0xff), new Uint8Array(0), Uint8Array.of(0x7b)]) {
    assertThrows(() => decodeJson("fail", bytes), FrameError, '"fail" is not JSON');
  }
});

Deno.test("decodeCredit() does give back a number and refuse another length", () => {
  assertEquals(decodeCredit(encodeCredit(4_000_000_000)), 4_000_000_000);
  assertThrows(() => decodeCredit(new Uint8Array(3)), FrameError, "3 bytes");
});
