/** The agent's socket: whether it is up, and who hears its frames. Delivery is the business of the conversations. */

import { ReconnectingSocket } from "@baton/shared";
import type { Frame, SocketStatus } from "@baton/shared";
import { defineStore } from "pinia";
import { ref } from "vue";

export interface LinkListener {
  onReady: (welcome: Frame) => void;
  onFrame: (frame: Frame) => void;
}

export interface LinkOptions {
  url?: string;
  createSocket?: (url: string) => WebSocket;
  onRefused?: () => void;
}

export const useLink = defineStore("link", () => {
  const status = ref<SocketStatus>("stopped");
  const listeners = new Set<LinkListener>();
  let socket: ReconnectingSocket | null = null;

  function start(options: LinkOptions = {}): void {
    stop();
    socket = new ReconnectingSocket({
      url: options.url ?? agentSocketUrl(),
      hello: () => ({ type: "hello", handoffs_in_one: true }),
      onReady: (welcome) => listeners.forEach((listener) => listener.onReady(welcome)),
      onFrame: (frame) => listeners.forEach((listener) => listener.onFrame(frame)),
      onStatus: (changed) => {
        status.value = changed;
      },
      onRefused: () => options.onRefused?.(),
      ...(options.createSocket ? { createSocket: options.createSocket } : {}),
    });
    socket.start();
  }

  function stop(): void {
    socket?.stop();
    socket = null;
  }

  /** Returns how to stop listening. */
  function listen(listener: LinkListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** False when there is no connection: the frame is then gone, whoever needs it keeps it. */
  function send(frame: Frame): boolean {
    return socket?.send(frame) ?? false;
  }

  function probe(): void {
    socket?.probe();
  }

  return { status, start, stop, listen, send, probe };
});

function agentSocketUrl(): string {
  const url = new URL("/ws/agent", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
