/** The REST API of the model server: `/api/model`. The server keeps the key, and no answer has one. */

import type { Api } from "./api";

export interface Provider {
  readonly id: string;
  readonly name: string;
  /** Base URL of its API. A program's address is on the machine of the llm worker. */
  readonly address: string;
  readonly needs_key: boolean;
  /** Where one gets a key; `""` if it needs none. */
  readonly keys_page: string;
  /** A program on this machine, not a service in the internet. */
  readonly is_local: boolean;
}

export interface Connection {
  readonly source: "environment" | "page" | "demo";
  readonly address: string;
  readonly model: string;
  readonly has_key: boolean;
  /** A connection that was made in a page is kept, even if the environment's settings win. */
  readonly kept: boolean;
  /** Why the kept connection cannot be used; `""` if it can. */
  readonly fault: string;
}

export interface ModelOverview extends Connection {
  readonly in_container: boolean;
  readonly may_change: boolean;
  readonly providers: readonly Provider[];
}

export interface FoundServer {
  readonly provider: string;
  readonly name: string;
  readonly address: string;
  /** A few of its models. */
  readonly models: readonly string[];
  readonly count: number;
}

export interface ServerModels {
  /** The address, corrected if the API is at a similar one. */
  readonly address: string;
  readonly models: readonly string[];
}

export class ModelApi {
  constructor(private readonly api: Api) {}

  async overview(): Promise<ModelOverview> {
    return (await this.api.ask("GET", "api/model")) as ModelOverview;
  }

  /** The servers that answer on the llm worker's machine. */
  async servers(): Promise<readonly FoundServer[]> {
    return ((await this.api.ask("GET", "api/model/servers")) as { servers: FoundServer[] }).servers;
  }

  /** @param key `""`: none, or the kept one if it is of this server */
  async models(address: string, key: string): Promise<ServerModels> {
    return (await this.api.ask("POST", "api/model/models", { address, key })) as ServerModels;
  }

  async connect(address: string, key: string, model: string): Promise<Connection> {
    return (await this.api.ask("PUT", "api/model", { address, key, model })) as Connection;
  }

  async forget(): Promise<Connection> {
    return (await this.api.ask("DELETE", "api/model")) as Connection;
  }
}
