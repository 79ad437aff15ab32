import { getLogger } from "@logtape/logtape";
import { countCall, endpointOf } from "./app_metrics.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { DispatcherOptions } from "./rpc/dispatcher.ts";
import type { TransportEvents } from "./transport/transport_events.ts";

/** Logs and counts requests. */
export function rpcEvents(metrics: Metrics): DispatcherOptions {
  const logger = getLogger(["codebeaker", "rpc"]);
  return {
    onCall(record) {
      countCall(metrics, record);
      const { method, requestId, peer, durationMs, error } = record;
      const properties = {
        method,
        requestId,
        connectionId: peer.id,
        caller: peer.caller,
        durationMs: Math.round(durationMs * 10) / 10,
      };
      if (error === undefined) logger.debug("{method} answered", properties);
      else logger.info("{method} failed: {errorCode}", { ...properties, errorCode: error.code });
    },
    onInternalError({ reference, thrown, method, requestId, peer }) {
      metrics.internalError({ component: "rpc" });
      const properties = { reference, method, requestId, connectionId: peer.id, error: thrown };
      logger.error("{method} failed inside, reference {reference}: {error}", properties);
    },
  };
}

/** Logs and counts connections and HTTP requests. */
export function transportEvents(metrics: Metrics): TransportEvents {
  const logger = getLogger(["codebeaker", "transport"]);
  return {
    connectionOpened({ id, caller, remote }) {
      metrics.connectionOpened();
      logger.debug("Connection {connectionId} opened", { connectionId: id, caller, remote });
    },
    connectionClosed({ id, code: closeCode, reason, durationMs }) {
      metrics.connectionClosed({ code: closeCode });
      logger.debug("Connection {connectionId} closed: {closeCode}", {
        connectionId: id,
        closeCode,
        reason,
        durationMs: Math.round(durationMs),
      });
    },
    requestAnswered({ method, path, status, durationMs }) {
      metrics.httpRequest({ path: endpointOf(path), status });
      logger.debug("{method} {path} {status}", {
        method,
        path,
        status,
        durationMs: Math.round(durationMs),
      });
    },
    failed({ reference, thrown, doing }) {
      metrics.internalError({ component: "transport" });
      logger.error("Cannot {doing}, reference {reference}: {error}", {
        doing,
        reference,
        error: thrown,
      });
    },
  };
}
