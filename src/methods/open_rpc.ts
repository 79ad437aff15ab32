import { z } from "zod";
import { ERROR_CODES } from "../protocol/errors.ts";
import { METHODS } from "../protocol/methods.ts";

/** An OpenRPC document (https://spec.open-rpc.org, version 1.3). */
export interface OpenRpcDocument {
  readonly openrpc: string;
  readonly [key: string]: unknown;
}

/** Describes every method from the schemas that validate it. */
export function openRpcDocument(version: string): OpenRpcDocument {
  return {
    openrpc: "1.3.2",
    info: { title: "CodeBeaker", version },
    methods: Object.entries(METHODS).map(([name, { summary, params, result }]) => ({
      name,
      summary,
      paramStructure: "by-name",
      params: contentDescriptors(params),
      result: { name: "result", schema: jsonSchema(result, "output") },
      errors: Object.entries(ERROR_CODES).map(([message, code]) => ({ code, message })),
    })),
  };
}

function contentDescriptors(params: z.ZodType): unknown[] {
  const { properties = {}, required = [] } = jsonSchema(params, "input") as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    ...(schema.description !== undefined && { description: schema.description }),
    schema,
  }));
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
