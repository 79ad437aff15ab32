import { assertEquals } from "@std/assert";
import { formatFilters } from "../../../../src/runtimes/docker/engine/engine_filters.ts";
import { formatQuery } from "../../../../src/runtimes/docker/engine/engine_request.ts";

Deno.test("formatQuery() writes every kind of value and leaves out undefined", () => {
  assertEquals(formatQuery(), "");
  assertEquals(formatQuery({ a: undefined }), "");
  assertEquals(
    formatQuery({ text: "a b&c=ü", number: 0, yes: true, no: false, list: ["x", "y"], none: [] }),
    "?text=a+b%26c%3D%C3%BC&number=0&yes=1&no=0&list=x&list=y",
  );
});

Deno.test("formatFilters() writes what is given", () => {
  assertEquals(formatFilters(undefined), undefined);
  assertEquals(formatFilters({}), undefined);
  assertEquals(formatFilters({ label: undefined }), undefined);
  assertEquals(
    formatFilters({ label: ["a=b", "c"], event: undefined, id: ["1"] }),
    '{"label":["a=b","c"],"id":["1"]}',
  );
});
